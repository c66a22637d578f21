"""Makes a GGUF file of a published checkpoint, to be taken by `repoformer model import`.

Llama, Qwen2, StarCoder (and so Repoformer's own weights) and StarCoder2, with byte-level BPE.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

import numpy as np
import torch
import yaml
from gguf import GGML_QUANT_SIZES, GGML_QUANT_VERSION, GGMLQuantizationType, GGUFWriter, Metadata, quants

from .architectures import Model, read_model
from .checkpoint import Checkpoint, ConversionError
from .model_file import TYPES, type_of
from .tokenizer_file import read_vocabulary

ROPE_FACTORS = "rope_freqs.weight"
ALWAYS_F32 = ("position_embd.weight", ROPE_FACTORS)
F16_LARGEST = 65504


def convert(folder: str | Path, out: str | Path, kind: str = "f16", name: str | None = None) -> list[str]:
    """Writes beside, and then into place. One tensor at a time is in memory.

    Args:
        folder: config.json, tokenizer.json and weights, as transformers' save_pretrained writes them
        kind: of matrices, one of TYPES; vectors stay float32, and rows that no block fits become float16
        name: default: as its card says, else the folder's

    Returns:
        What is not as in the checkpoint, for the user.

    Raises:
        ConversionError: the checkpoint is not whole, or not of a kind that is supported.
    """
    out = Path(out)
    checkpoint = Checkpoint(folder)
    model = read_model(checkpoint.config)
    vocabulary = read_vocabulary(checkpoint.folder, checkpoint.config, model.vocabulary)
    shapes = checkpoint.shapes
    places = model.places(shapes)
    factors = model.rope.frequency_factors(model.head_dim) if model.rope else None
    quantisation, file_type = TYPES[kind]
    types = {place: _type_of(place, shapes[source], quantisation) for place, source in places.items()}

    partial = out.with_name(f"{out.name}.partial")
    writer = GGUFWriter(partial, model.name)
    try:
        _describe(writer, checkpoint.folder, name)
        writer.add_file_type(int(file_type))
        model.describe(writer)
        vocabulary.describe(writer)
        if factors is not None:
            _announce(writer, ROPE_FACTORS, tuple(factors.shape), GGMLQuantizationType.F32)
        for place, source in places.items():
            _announce(writer, place, shapes[source], types[place])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        if factors is not None:
            writer.write_tensor_data(factors.numpy())
        for place, source in places.items():
            writer.write_tensor_data(_values(checkpoint, model, place, source, types[place]))
        writer.close()
        os.replace(partial, out)
    finally:
        writer.close()
        partial.unlink(missing_ok=True)
    return model.remarks + vocabulary.remarks


def _describe(writer: GGUFWriter, folder: Path, name: str | None) -> None:
    """What the model's card says in front of its text: name and licence."""
    try:
        card = Metadata.load_model_card(folder)
    except (yaml.YAMLError, OSError, ValueError):
        card = {}

    def said(key: str) -> str:
        value = card.get(key)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, str) else ""

    writer.add_type("model")
    writer.add_name(name or said("model_name") or folder.resolve().name)
    writer.add_license(said("license"))
    writer.add_license_name(said("license_name"))
    writer.add_license_link(said("license_link"))
    writer.add_quantization_version(GGML_QUANT_VERSION)


def _type_of(place: str, shape: tuple[int, ...], wanted: GGMLQuantizationType) -> GGMLQuantizationType:
    return GGMLQuantizationType.F32 if place in ALWAYS_F32 else type_of(place, shape, wanted)


def _announce(writer: GGUFWriter, place: str, shape: tuple[int, ...], own: GGMLQuantizationType) -> None:
    block, block_bytes = GGML_QUANT_SIZES[own]
    size_bytes = math.prod(shape) // block * block_bytes
    writer.add_tensor_info(place, shape, np.dtype(np.float32), size_bytes, raw_dtype=own)


def _values(checkpoint: Checkpoint, model: Model, place: str, source: str, own: GGMLQuantizationType) -> np.ndarray:
    tensor = model.arranged(place, checkpoint.read(source))
    if own != GGMLQuantizationType.F32 and torch.max(tensor.abs()) > F16_LARGEST:
        raise ConversionError(f"{source}: its numbers are too large for float16; choose --type f32")
    return quants.quantize(np.ascontiguousarray(tensor.numpy()), own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="folder with config.json, tokenizer.json and weights")
    parser.add_argument("model", type=Path, help="GGUF file to write")
    parser.add_argument("--type", choices=TYPES, default="f16", help="of matrices; default f16")
    parser.add_argument("--name", help="default: as the model's card says, else the folder's")
    arguments = parser.parse_args()
    try:
        remarks = convert(arguments.checkpoint, arguments.model, arguments.type, arguments.name)
    except (ConversionError, OSError) as error:
        sys.exit(f"error: {error}")
    for remark in remarks:
        print(f"note: {remark}", file=sys.stderr)
    print(f"{arguments.model}: {arguments.model.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
