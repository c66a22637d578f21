"""Weights to begin with: of a model's layers, or fresh ones."""

from __future__ import annotations

import torch

from .architectures import Model
from .gguf_model import GgufModel, ModelShape

DEVIATION = 0.02
"""Of fresh weights, and of embeddings."""


class ShapeError(Exception):
    """There is no such model; the message says why."""


def keep_layers(model: GgufModel, layers: list[int]) -> dict[str, torch.Tensor]:
    """The tensors of a model with only these of its layers, counted from 0.

    Raises:
        ShapeError: it has not these layers, or they are not in order.
    """
    if not layers or layers != sorted(set(layers)) or layers[0] < 0 or layers[-1] >= model.shape.layers:
        raise ShapeError(f"layers: must be some of 0 to {model.shape.layers - 1}, ascending, each once")
    kept = {name: tensor for name, tensor in model.tensors.items() if not name.startswith("blk.")}
    for place, layer in enumerate(layers):
        start = f"blk.{layer}."
        for name, tensor in model.tensors.items():
            if name.startswith(start):
                kept[f"blk.{place}.{name.removeprefix(start)}"] = tensor
    return kept


def fresh_tensors(model: GgufModel, shape: ModelShape, seed: int) -> dict[str, torch.Tensor]:
    """Tensors that know nothing but which tokens are alike: the embedding is the model's, in its main directions.

    Args:
        model: whose vocabulary it has
    """
    embedding = _main_directions(model.tensors["token_embd.weight"], shape.width)
    has_biases = "blk.0.attn_q.bias" in model.tensors
    return _with_layers(shape, embedding, has_biases, torch.Generator().manual_seed(seed))


def random_tensors(model: Model, seed: int) -> dict[str, torch.Tensor]:
    """Tensors that know nothing: the embedding is random. It is that of the output, too."""
    draw = torch.Generator().manual_seed(seed)
    embedding = DEVIATION * torch.randn(model.vocabulary, model.width, generator=draw)
    return _with_layers(model, embedding, False, draw)


def _with_layers(
    shape: ModelShape | Model, embedding: torch.Tensor, has_biases: bool, draw: torch.Generator
) -> dict[str, torch.Tensor]:
    """What a layer adds begins as nothing, so that depth does no harm at first.

    Args:
        embedding: [vocabulary, width]
    """

    def matrix(rows: int, columns: int) -> torch.Tensor:
        return DEVIATION * torch.randn(rows, columns, generator=draw)

    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    tensors = {"token_embd.weight": embedding}
    for layer in range(shape.layers):
        own = {
            "attn_norm.weight": torch.ones(shape.width),
            "attn_q.weight": matrix(queries, shape.width),
            "attn_k.weight": matrix(keys, shape.width),
            "attn_v.weight": matrix(keys, shape.width),
            "attn_output.weight": torch.zeros(shape.width, queries),
            "ffn_norm.weight": torch.ones(shape.width),
            "ffn_gate.weight": matrix(shape.feed_forward, shape.width),
            "ffn_up.weight": matrix(shape.feed_forward, shape.width),
            "ffn_down.weight": torch.zeros(shape.width, shape.feed_forward),
        }
        if has_biases:
            sizes = (("attn_q", queries), ("attn_k", keys), ("attn_v", keys))
            own |= {f"{name}.bias": torch.zeros(size) for name, size in sizes}
        tensors |= {f"blk.{layer}.{name}": tensor for name, tensor in own.items()}
    return tensors | {"output_norm.weight": torch.ones(shape.width)}


def _main_directions(embedding: torch.Tensor, width: int) -> torch.Tensor:
    """The embedding in the `width` directions in which its tokens differ most, scaled to DEVIATION."""
    centred = embedding - embedding.mean(0)
    _, directions = torch.linalg.eigh(centred.T @ centred)
    narrow = centred @ directions[:, -min(width, embedding.shape[1]) :]
    narrow = torch.nn.functional.pad(narrow, (0, width - narrow.shape[1]))
    return narrow * (DEVIATION / narrow.std())
