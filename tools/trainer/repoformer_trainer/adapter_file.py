"""Adapters as GGUF files, as llama.cpp loads them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, GGUFWriter

from .gguf_model import ModelFileError
from .lora_decoder import LoraDecoder


def write_adapter(decoder: LoraDecoder, path: str | Path, name: str, licence: str, card: dict) -> None:
    """Writes the adapters, in float16, beside and then into place.

    Matrices are in the layout of the model's own file, so that nothing is permuted.

    Args:
        card: how it was trained; kept in the file as JSON.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    writer = GGUFWriter(partial, decoder.shape.architecture)
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_license(licence)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", decoder.alpha)
    writer.add_string("repoformer.training_card", json.dumps({"schema": 1, **card}, sort_keys=True))
    for matrix_name, matrix in decoder.matrices().items():
        for side in ("lora_a", "lora_b"):
            values = getattr(matrix, side).detach().cpu().numpy().astype(np.float16)
            writer.add_tensor(f"{matrix_name}.{side}", np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(partial, path)


def read_adapter(decoder: LoraDecoder, path: str | Path) -> None:
    """Goes on from the adapters of a file.

    Raises:
        ModelFileError: it has not the same matrices, rank and alpha.
    """
    reader = GGUFReader(path)
    alpha = reader.fields["adapter.lora.alpha"].contents()
    if alpha != decoder.alpha:
        raise ModelFileError(f"{path}: its alpha is {alpha}, wanted is {decoder.alpha}")
    found = {tensor.name: torch.from_numpy(tensor.data.astype(np.float32)) for tensor in reader.tensors}
    with torch.no_grad():
        for name, matrix in decoder.matrices().items():
            for side in ("lora_a", "lora_b"):
                values, target = found.get(f"{name}.{side}"), getattr(matrix, side)
                if values is None or values.shape != target.shape:
                    shape = None if values is None else list(values.shape)
                    raise ModelFileError(f"{path}: {name}.{side} is {shape}, wanted is {list(target.shape)}")
                target.copy_(values)
