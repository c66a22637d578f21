"""A model with low-rank adapters: its matrices stay as they are, the adapters learn."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from .decoder import MATRICES, Decoder
from .frozen_matrix import FrozenMatrix
from .gguf_model import GgufModel


class _Product(torch.autograd.Function):
    """y = W x + scale * B (A x), of which A and B learn."""

    @staticmethod
    def forward(ctx, values, lora_a, lora_b, matrix: FrozenMatrix, scale: float) -> torch.Tensor:
        first, second = lora_a.to(values.dtype), lora_b.to(values.dtype)
        narrow = F.linear(values, first) * scale
        ctx.save_for_backward(values, narrow, first, second)
        ctx.matrix, ctx.scale = matrix, scale
        return matrix(values).addmm_(narrow, second.t())

    @staticmethod
    def backward(ctx, gradient):
        values, narrow, first, second = ctx.saved_tensors
        of_narrow = (gradient @ second).mul_(ctx.scale)
        of_values = ctx.matrix.back(gradient).addmm_(of_narrow, first)
        return of_values, (of_narrow.t() @ values).float(), (gradient.t() @ narrow).float(), None, None


class _Adapted(nn.Module):
    """A matrix [out, in] that is never changed, with an adapter."""

    def __init__(
        self, weight: torch.Tensor, bias: torch.Tensor | None, rank: int, alpha: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.matrix = FrozenMatrix(weight, bias, is_learnt_through=True)
        size_out, size_in = weight.shape
        first = torch.randn(rank, size_in, generator=generator) / math.sqrt(size_in)
        self.lora_a = nn.Parameter(first.to(weight.device))
        self.lora_b = nn.Parameter(torch.zeros(size_out, rank, device=weight.device))
        self.scale = alpha / rank

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return _Product.apply(values, self.lora_a, self.lora_b, self.matrix, self.scale)


class LoraDecoder(Decoder):
    """Only the adapters are parameters, in float32; everything else is in `dtype`."""

    def __init__(
        self,
        model: GgufModel,
        rank: int = 16,
        alpha: float = 32.0,
        seed: int = 0,
        device: str = "cpu",
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__(model.shape, device, dtype)
        self.rank, self.alpha = rank, alpha
        generator = torch.Generator().manual_seed(seed)

        def load(name: str) -> torch.Tensor | None:
            tensor = model.tensors.get(name)
            return None if tensor is None else tensor.to(device, dtype)

        self.register_buffer("embedding", load("token_embd.weight"), persistent=False)
        output = load("output.weight")
        self.register_buffer("output", self.embedding if output is None else output, persistent=False)
        self._norms = {name: load(name) for name in model.tensors if name.endswith("norm.weight")}
        for layer in range(self.shape.layers):
            for name in MATRICES:
                weight, bias = load(f"blk.{layer}.{name}.weight"), load(f"blk.{layer}.{name}.bias")
                self.linears[f"{layer}_{name}"] = _Adapted(weight, bias, rank, alpha, generator)

    def norm(self, name: str) -> torch.Tensor:
        return self._norms[name]
