"""Makes a smaller model to be trained, with the vocabulary of another: of fewer layers, or of a shape of its own.

To make the vocabulary smaller, too, leave tokens out first: `repoformer model merge --vocabulary`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch

from .gguf_model import GgufModel, ModelFileError, ModelShape, read_gguf_model
from .model_file import TYPES, write_model

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

    What a layer adds begins as nothing, so that depth does no harm at first.
    """
    draw = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int) -> torch.Tensor:
        return DEVIATION * torch.randn(rows, columns, generator=draw)

    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    tensors = {"token_embd.weight": _main_directions(model.tensors["token_embd.weight"], shape.width)}
    has_biases = "blk.0.attn_q.bias" in model.tensors
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


def checked(shape: ModelShape) -> ModelShape:
    """
    Raises:
        ShapeError: its sizes do not fit each other.
    """
    if shape.heads % shape.kv_heads:
        raise ShapeError(f"heads: {shape.heads} cannot share {shape.kv_heads} keys")
    if shape.width % 32 or shape.feed_forward % 32:
        raise ShapeError("width, feed-forward: must be multiples of 32, for quantised rows")
    if min(shape.layers, shape.width, shape.heads, shape.feed_forward) < 1:
        raise ShapeError("layers, width, heads, feed-forward: must be 1 or more")
    return shape


def described(shape: ModelShape, name: str) -> dict[str, int | str]:
    """The fields of a GGUF file that say its shape."""
    own = {
        "block_count": shape.layers,
        "embedding_length": shape.width,
        "feed_forward_length": shape.feed_forward,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "attention.key_length": shape.head_dim,
        "attention.value_length": shape.head_dim,
        "rope.dimension_count": shape.rope_dims,
    }
    return {f"{shape.architecture}.{key}": value for key, value in own.items()} | {"general.name": name}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="GGUF file to write")
    parser.add_argument("--like", type=Path, required=True, help="GGUF file whose vocabulary it has")
    parser.add_argument("--keep-layers", type=_numbers, help="the model with only these layers, such as 0,2,5")
    for name in ("layers", "width", "heads", "kv-heads", "feed-forward"):
        parser.add_argument(f"--{name}", type=int, help="of a fresh model; default: as the other's")
    parser.add_argument("--seed", type=int, default=0, help="of fresh weights")
    parser.add_argument("--type", choices=TYPES, default="f16", help="of matrices; default f16")
    parser.add_argument("--name", help="default: the file's")
    arguments = parser.parse_args()
    try:
        model = read_gguf_model(arguments.like)
        shape, tensors = _made(model, arguments)
    except (ModelFileError, ShapeError) as error:
        sys.exit(f"error: {error}")
    name = arguments.name or arguments.model.stem
    write_model(arguments.model, arguments.like, tensors, arguments.type, described(shape, name))
    count = sum(tensor.numel() for tensor in tensors.values())
    print(f"{arguments.model}: {count / 1e6:.1f} million parameters")


def _made(model: GgufModel, arguments: argparse.Namespace) -> tuple[ModelShape, dict[str, torch.Tensor]]:
    sizes = {
        name: value
        for name in ("layers", "width", "heads", "kv_heads", "feed_forward")
        if (value := getattr(arguments, name)) is not None
    }
    if arguments.keep_layers is not None:
        if sizes:
            raise ShapeError("keep-layers: leaves all other sizes as they are")
        return replace(model.shape, layers=len(arguments.keep_layers)), keep_layers(model, arguments.keep_layers)
    shape = checked(replace(model.shape, **sizes))
    return shape, fresh_tensors(model, shape, arguments.seed)


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


if __name__ == "__main__":
    main()
