"""Makes a model to be trained: a smaller one with the vocabulary of another, of fewer layers or of a shape of its own;
or one that knows nothing, a Llama with the vocabulary of a tokenizer.

To make another's vocabulary smaller, too, leave tokens out first: `repoformer model merge --vocabulary`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch
from gguf import GGML_QUANT_VERSION, GGUFWriter

from .architectures import ARCHITECTURES, Model, Rope
from .checkpoint import ConversionError
from .fresh_weights import ShapeError, fresh_tensors, keep_layers, random_tensors
from .gguf_model import GgufModel, ModelFileError, ModelShape, read_gguf_model
from .model_file import TYPES, write_described, write_model
from .narrow import keep_units, what_units_say
from .run_folder import digest
from .samples import SampleFileError, read_samples
from .tokenizer_file import read_vocabulary

SIZES = ("layers", "width", "heads", "kv_heads", "feed_forward")
CONTEXT = 2048
"""Tokens; as the embedded model has it."""
NORM_EPSILON = 1e-5
ROPE_BASE = 10000.0

Sizes = TypeVar("Sizes", ModelShape, Model)


def fresh_llama(
    vocabulary: int, context: int, layers: int, width: int, heads: int, feed_forward: int, kv_heads: int | None = None
) -> Model:
    """What describes a Llama whose heads divide its width among them.

    Args:
        vocabulary, context: tokens
        kv_heads: default: as many as heads

    Raises:
        ShapeError: its sizes do not fit each other.
    """
    model = checked(
        Model(
            architecture=ARCHITECTURES["LlamaForCausalLM"],
            layers=layers,
            width=width,
            heads=heads,
            kv_heads=heads if kv_heads is None else kv_heads,
            head_dim=width // max(heads, 1),
            feed_forward=feed_forward,
            vocabulary=vocabulary,
            context=context,
            norm_epsilon=NORM_EPSILON,
            rope=Rope("default", ROPE_BASE, {}),
            tied=True,
            remarks=[],
        )
    )
    if width % (2 * heads):
        raise ShapeError(f"width: must be a multiple of {2 * heads}: pairs of numbers in each of {heads} heads")
    if context < 1:
        raise ShapeError("context: must be 1 or more")
    return model


def checked(shape: Sizes) -> Sizes:
    """
    Raises:
        ShapeError: its sizes do not fit each other.
    """
    if min(shape.layers, shape.width, shape.heads, shape.kv_heads, shape.feed_forward) < 1:
        raise ShapeError("layers, width, heads, kv-heads, feed-forward: must be 1 or more")
    if shape.heads % shape.kv_heads:
        raise ShapeError(f"heads: {shape.heads} cannot share {shape.kv_heads} keys")
    if shape.width % 32 or shape.feed_forward % 32:
        raise ShapeError("width, feed-forward: must be multiples of 32, for quantised rows")
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
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--like", type=Path, help="GGUF file whose vocabulary it has")
    origin.add_argument("--tokenizer", type=Path, help="folder with tokenizer.json, whose vocabulary it has")
    parser.add_argument("--keep-layers", type=_numbers, help="the model with only these layers, such as 0,2,5")
    parser.add_argument(
        "--samples",
        type=Path,
        help="made with that file: tell which hidden units stay of layers with a smaller --feed-forward",
    )
    for name in SIZES:
        flag = name.replace("_", "-")
        parser.add_argument(f"--{flag}", type=int, help="default with --like: as the other's")
    parser.add_argument("--context", type=int, help=f"tokens, of a model with --tokenizer; default {CONTEXT}")
    parser.add_argument("--seed", type=int, default=0, help="of fresh weights")
    parser.add_argument("--type", choices=TYPES, default="f16", help="of matrices; default f16")
    parser.add_argument("--name", help="default: the file's")
    arguments = parser.parse_args()
    name = arguments.name or arguments.model.stem
    try:
        tensors = _write_like(arguments, name) if arguments.like else _write_with_tokenizer(arguments, name)
    except (ModelFileError, ConversionError, SampleFileError, ShapeError) as error:
        sys.exit(f"error: {error}")
    count = sum(tensor.numel() for tensor in tensors.values())
    print(f"{arguments.model}: {count / 1e6:.1f} million parameters")


def _write_like(arguments: argparse.Namespace, name: str) -> dict[str, torch.Tensor]:
    if arguments.context is not None:
        raise ShapeError("context: is that of the other model")
    model = read_gguf_model(arguments.like)
    shape, tensors = _made(model, arguments)
    write_model(arguments.model, arguments.like, tensors, arguments.type, described(shape, name))
    return tensors


def _made(model: GgufModel, arguments: argparse.Namespace) -> tuple[ModelShape, dict[str, torch.Tensor]]:
    sizes = _given(arguments)
    if arguments.keep_layers is not None:
        if sizes.keys() - {"feed_forward"}:
            raise ShapeError("keep-layers: leaves all sizes but feed-forward as they are")
        shape = checked(replace(model.shape, layers=len(arguments.keep_layers), **sizes))
        tensors = keep_layers(model, arguments.keep_layers)
        if not sizes:
            return shape, tensors
        if arguments.samples is None:
            raise ShapeError("samples: must be given, for it depends on them which hidden units stay")
        data = read_samples(arguments.samples)
        if data.model_sha256 != digest(arguments.like):
            raise ShapeError(f"samples: {arguments.samples} has tokens of another model than {arguments.like}")
        said = what_units_say(model, data.samples)
        return shape, keep_units(tensors, [said[layer] for layer in arguments.keep_layers], shape.feed_forward)
    shape = checked(replace(model.shape, **sizes))
    return shape, fresh_tensors(model, shape, arguments.seed)


def _write_with_tokenizer(arguments: argparse.Namespace, name: str) -> dict[str, torch.Tensor]:
    if arguments.keep_layers is not None:
        raise ShapeError("keep-layers: needs a model that has layers (--like)")
    sizes = _given(arguments)
    lacking = [size.replace("_", "-") for size in SIZES if size not in sizes and size != "kv_heads"]
    if lacking:
        raise ShapeError(f"{', '.join(lacking)}: must be given, for there is no other model to take them from")
    vocabulary = read_vocabulary(arguments.tokenizer, {})
    context = CONTEXT if arguments.context is None else arguments.context
    model = fresh_llama(len(vocabulary.tokens), context, **sizes)
    tensors = random_tensors(model, arguments.seed)

    def describe(writer: GGUFWriter) -> None:
        writer.add_type("model")
        writer.add_name(name)
        writer.add_quantization_version(GGML_QUANT_VERSION)
        model.describe(writer)
        vocabulary.describe(writer)

    write_described(arguments.model, model.name, describe, tensors, arguments.type)
    for remark in vocabulary.remarks:
        print(f"note: {remark}", file=sys.stderr)
    return tensors


def _given(arguments: argparse.Namespace) -> dict[str, int]:
    return {name: value for name in SIZES if (value := getattr(arguments, name)) is not None}


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


if __name__ == "__main__":
    main()
