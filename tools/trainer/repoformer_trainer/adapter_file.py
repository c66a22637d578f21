"""Adapters as GGUF files, as llama.cpp loads them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, GGUFWriter

from .gguf_model import ModelFileError
from .lora_decoder import LoraDecoder
from .model_file import CARD


@dataclass(frozen=True)
class Adapter:
    """What an adapter's file holds."""

    architecture: str
    alpha: float
    name: str
    licence: str
    card: dict
    """How it was trained; kept in the file as JSON."""
    matrices: dict[str, np.ndarray]
    """By name of the model's matrix and side (`….lora_a`, of shape rank x input; `….lora_b`, output x rank)."""

    def write(self, path: str | Path) -> None:
        """Writes it, in float16, beside and then into place."""
        path = Path(path)
        partial = path.with_name(f"{path.name}.partial")
        writer = GGUFWriter(partial, self.architecture)
        writer.add_type("adapter")
        writer.add_name(self.name)
        writer.add_license(self.licence)
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", self.alpha)
        writer.add_string(CARD, json.dumps({"schema": 1, **self.card}, sort_keys=True))
        for name, values in self.matrices.items():
            writer.add_tensor(name, np.ascontiguousarray(values.astype(np.float16)))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        os.replace(partial, path)


def open_adapter(path: str | Path) -> Adapter:
    """Reads an adapter's file; its matrices are float32.

    Raises:
        ModelFileError: it is none.
    """
    try:
        reader = GGUFReader(path)
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path}: {error}") from error
    told = {key: field.contents() for key, field in reader.fields.items()}
    if told.get("adapter.type") != "lora":
        raise ModelFileError(f"{path} is no LoRA adapter")
    matrices = {tensor.name: tensor.data.astype(np.float32) for tensor in reader.tensors}
    return Adapter(
        architecture=told["general.architecture"],
        alpha=told["adapter.lora.alpha"],
        name=told.get("general.name", ""),
        licence=told.get("general.license", ""),
        card=json.loads(told.get(CARD, "{}")),
        matrices=matrices,
    )


def write_adapter(decoder: LoraDecoder, path: str | Path, name: str, licence: str, card: dict) -> None:
    """Writes the adapters of a model, in the layout of the model's own file, so that nothing is permuted."""
    matrices = {
        f"{matrix_name}.{side}": getattr(matrix, side).detach().cpu().numpy()
        for matrix_name, matrix in decoder.matrices().items()
        for side in ("lora_a", "lora_b")
    }
    Adapter(decoder.shape.architecture, decoder.alpha, name, licence, card, matrices).write(path)


def read_adapter(decoder: LoraDecoder, path: str | Path) -> None:
    """Goes on from the adapters of a file.

    Raises:
        ModelFileError: it has not the same matrices, rank and alpha.
    """
    adapter = open_adapter(path)
    if adapter.alpha != decoder.alpha:
        raise ModelFileError(f"{path}: its alpha is {adapter.alpha}, wanted is {decoder.alpha}")
    found = {name: torch.from_numpy(values) for name, values in adapter.matrices.items()}
    with torch.no_grad():
        for name, matrix in decoder.matrices().items():
            for side in ("lora_a", "lora_b"):
                values, target = found.get(f"{name}.{side}"), getattr(matrix, side)
                if values is None or values.shape != target.shape:
                    shape = None if values is None else list(values.shape)
                    raise ModelFileError(f"{path}: {name}.{side} is {shape}, wanted is {list(target.shape)}")
                target.copy_(values)
