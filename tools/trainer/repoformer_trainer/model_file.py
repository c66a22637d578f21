"""Whole models as GGUF files: what describes them is taken over from another file, or told anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, quants

TYPES = {
    "f32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "f16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
    "q4_0": (GGMLQuantizationType.Q4_0, LlamaFileType.MOSTLY_Q4_0),
}
"""Of matrices. Beside Q4_0 those that read and write tokens are Q8_0."""
CARD = "repoformer.training_card"
OF_WEIGHTS = ("general.basename", "general.finetune", "general.size_label", "tokenizer.chat_template")
"""Fields that tell what the weights are and can do."""
OWN = ("general.architecture", "general.file_type", CARD, *OF_WEIGHTS)
"""Fields that each file has of its own."""


def write_model(
    path: str | Path,
    like: str | Path,
    tensors: dict[str, torch.Tensor],
    kind: str = "f16",
    fields: dict[str, int | float | str] | None = None,
    card: dict | None = None,
) -> None:
    """Writes a model that differs from another in its tensors, and in some fields.

    Args:
        like: GGUF file with the vocabulary and all other fields
        tensors: by their names, in the layout of that file
        fields: instead of that file's; their types stay
        kind, card: see write_described
    """
    reader = GGUFReader(like)

    def describe(writer: GGUFWriter) -> None:
        _take_over(reader, writer, fields or {})

    write_described(path, reader.fields["general.architecture"].contents(), describe, tensors, kind, card)


def _take_over(reader: GGUFReader, writer: GGUFWriter, fields: dict[str, int | float | str]) -> None:
    changed = dict(fields)
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in OWN:
            continue
        value = changed.pop(key, None)
        value = field.contents() if value is None else value
        if field.types[0] == GGUFValueType.ARRAY:
            writer.add_key_value(key, value, GGUFValueType.ARRAY, sub_type=field.types[-1])
        else:
            writer.add_key_value(key, value, field.types[0])
    for key, value in changed.items():
        # Only what a file need not have, such as a name.
        writer.add_key_value(key, value, GGUFValueType.STRING if isinstance(value, str) else GGUFValueType.UINT32)


def write_described(
    path: str | Path,
    architecture: str,
    describe: Callable[[GGUFWriter], None],
    tensors: dict[str, torch.Tensor],
    kind: str = "f16",
    card: dict | None = None,
) -> None:
    """Writes beside, and then into place.

    Args:
        architecture: its name in GGUF files
        describe: writes all fields but OWN
        tensors: by their names, in the layout of that architecture
        kind: of matrices, one of TYPES; vectors stay float32, and rows that no block fits become float16
        card: how it was trained; kept in the file as JSON
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    quantisation, file_type = TYPES[kind]
    writer = GGUFWriter(partial, architecture)
    describe(writer)
    writer.add_file_type(int(file_type))
    if card is not None:
        writer.add_string(CARD, json.dumps({"schema": 1, **card}, sort_keys=True))
    for name, tensor in tensors.items():
        values = np.ascontiguousarray(tensor.detach().float().cpu().numpy())
        own = type_of(name, values.shape, quantisation)
        writer.add_tensor(name, quants.quantize(values, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(partial, path)


def type_of(name: str, shape: tuple[int, ...], wanted: GGMLQuantizationType) -> GGMLQuantizationType:
    """The type of a tensor in a file whose matrices are to be of one type."""
    if len(shape) < 2:
        return GGMLQuantizationType.F32
    if wanted in (GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_0) and shape[-1] % 32:
        return GGMLQuantizationType.F16
    if wanted == GGMLQuantizationType.Q4_0 and name in ("token_embd.weight", "output.weight"):
        return GGMLQuantizationType.Q8_0
    return wanted
