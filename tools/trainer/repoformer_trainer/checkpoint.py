"""A checkpoint as it is published: a folder with the files that the library `transformers` writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In one file of that name, or in several that NAME.index.json lists. The first that is there counts."""


class ConversionError(Exception):
    """The checkpoint cannot be converted; the message says why and what would do."""


class Checkpoint:
    """Configuration and weights. Weights are read one at a time: no more than one need be in memory."""

    def __init__(self, folder: str | Path):
        """
        Raises:
            ConversionError: there is no such folder, a file is missing or damaged.
        """
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise ConversionError(f"{folder}: there is no such folder")
        self.config = read_object(self.folder / "config.json")
        self._tensors: dict[str, tuple[tuple[int, ...], Callable[[], torch.Tensor]]] = {}
        for path in _weight_files(self.folder):
            self._tensors |= _open(path)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of all tensors, by their names; matrices as (out, in)."""
        return {name: shape for name, (shape, _) in self._tensors.items()}

    def read(self, name: str) -> torch.Tensor:
        """A tensor as float32.

        Raises:
            ConversionError: its numbers are no floats, or not all of them are finite.
        """
        tensor = self._tensors[name][1]()
        if not tensor.is_floating_point() or tensor.element_size() < 2:
            raise ConversionError(
                f"{name}: it is {str(tensor.dtype).removeprefix('torch.')}, as in quantised checkpoints: "
                "convert the one that it was made of"
            )
        tensor = tensor.float()
        if not tensor.isfinite().all():
            raise ConversionError(f"{name}: not all of its numbers are finite; download the checkpoint anew")
        return tensor


def read_object(path: Path) -> dict:
    """
    Raises:
        ConversionError: the file is missing, or holds no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConversionError(f"{path}: there is no such file; the folder must be a whole checkpoint") from None
    except (OSError, ValueError) as error:
        raise ConversionError(f"{path}: it cannot be read ({error})") from error
    if not isinstance(found, dict):
        raise ConversionError(f"{path}: it holds no JSON object")
    return found


def _weight_files(folder: Path) -> list[Path]:
    for name in WEIGHTS:
        index = folder / f"{name}.index.json"
        if index.is_file():
            return _parts(index)
        if (folder / name).is_file():
            return [folder / name]
    raise ConversionError(f"{folder}: there is neither {' nor '.join(WEIGHTS)}, whole or in parts with their index")


def _parts(index: Path) -> list[Path]:
    listed = read_object(index).get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(each, str) for each in listed.values()):
        raise ConversionError(f"{index}: it has no weight_map that names files")
    files = [index.parent / name for name in sorted(set(listed.values()))]
    for file in files:
        # A folder from elsewhere has no business with files outside of it.
        if file.parent != index.parent or not file.is_file():
            raise ConversionError(f"{index.parent}: {file.name} is missing, a part that {index.name} lists")
    return files


def _open(path: Path) -> dict[str, tuple[tuple[int, ...], Callable[[], torch.Tensor]]]:
    try:
        if path.suffix == ".safetensors":
            file = safe_open(path, framework="pt")
            names = file.keys()
            return {name: (tuple(file.get_slice(name).get_shape()), partial(file.get_tensor, name)) for name in names}
        # Pickled files could run code: only tensors are let in. Mapped, they come into memory as they are read.
        tensors = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
        return {name: (tuple(tensor.shape), partial(torch.clone, tensor)) for name, tensor in tensors.items()}
    except Exception as error:
        raise ConversionError(f"{path}: it holds no tensors, or is damaged ({error})") from error
