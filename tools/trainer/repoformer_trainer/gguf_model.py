"""Reads a Llama- or Qwen2-architecture GGUF file back into tensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from gguf import GGUFReader, dequantize


class ModelFileError(Exception):
    """The file cannot be used; the message says why and what would do."""


@dataclass(frozen=True)
class ModelShape:
    """Sizes of a decoder-only transformer with RMS norms, rotary positions and SwiGLU."""

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    feed_forward: int
    vocabulary: int
    norm_epsilon: float
    rope_base: float
    rope_dims: int

    @property
    def rotates_halves(self) -> bool:
        """Qwen2 rotates the halves of a head against each other (NEOX); GGUF files of Llama have neighbours side by side."""
        return self.architecture != "llama"


@dataclass(frozen=True)
class GgufModel:
    shape: ModelShape
    tensors: dict[str, torch.Tensor]
    """By the names of the file, float32, matrices as [out, in]."""
    tokens: list[str]
    token_types: list[int]


ARCHITECTURES = ("llama", "qwen2")


def read_gguf_model(path: str | Path) -> GgufModel:
    """Reads all tensors, dequantised, and what describes them.

    Raises:
        ModelFileError: the file is not there, is no GGUF file, or is of an architecture that is not known here.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelFileError(f"{path}: there is no such file")
    try:
        reader = GGUFReader(path)
    except Exception as error:
        raise ModelFileError(f"{path}: it is no GGUF file, or is damaged ({error})") from error
    architecture = reader.fields["general.architecture"].contents()
    if architecture not in ARCHITECTURES:
        raise ModelFileError(
            f"{path}: architecture {architecture} is not supported, only {' and '.join(ARCHITECTURES)}"
        )

    def field(name: str, default: float | None = None):
        found = reader.fields.get(f"{architecture}.{name}")
        if found is not None:
            return found.contents()
        if default is None:
            raise ModelFileError(f"{path}: {architecture}.{name} is lacking")
        return default

    tensors = {
        tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float()
        for tensor in reader.tensors
    }
    width, heads = int(field("embedding_length")), int(field("attention.head_count"))
    head_dim = int(field("attention.key_length", width // heads))
    shape = ModelShape(
        architecture=architecture,
        layers=int(field("block_count")),
        width=width,
        heads=heads,
        kv_heads=int(field("attention.head_count_kv", heads)),
        head_dim=head_dim,
        feed_forward=int(field("feed_forward_length")),
        vocabulary=tensors["token_embd.weight"].shape[0],
        norm_epsilon=float(field("attention.layer_norm_rms_epsilon")),
        rope_base=float(field("rope.freq_base", 10000.0)),
        rope_dims=int(field("rope.dimension_count", head_dim)),
    )
    return GgufModel(
        shape=shape,
        tensors=tensors,
        tokens=list(reader.fields["tokenizer.ggml.tokens"].contents()),
        token_types=list(reader.fields["tokenizer.ggml.token_type"].contents()),
    )
