"""A model of which everything learns."""

from __future__ import annotations

import torch
from torch import nn

from .decoder import MATRICES, NORMS, Decoder
from .frozen_matrix import FrozenMatrix
from .gguf_model import GgufModel
from .rounding import rounded_to_q4_0


class _Product(torch.autograd.Function):
    """y = W x + b, all of which learn. What is evaluated is W as `matrix` has it: rounded, perhaps."""

    @staticmethod
    def forward(ctx, values, weight, bias, matrix: FrozenMatrix) -> torch.Tensor:
        ctx.save_for_backward(values)
        ctx.matrix, ctx.types = matrix, (weight.dtype, None if bias is None else bias.dtype)
        return matrix(values)

    @staticmethod
    def backward(ctx, gradient):
        (values,) = ctx.saved_tensors
        of_weight, of_bias = ctx.types
        return (
            ctx.matrix.back(gradient),
            (gradient.t() @ values).to(of_weight),
            None if of_bias is None else gradient.sum(0, dtype=of_bias),
            None,
        )


class _Linear(nn.Module):
    """A matrix [out, in], and a bias where there is one, both in float32, evaluated as the values are.

    Args:
        is_rounded: evaluated are the values that Q4_0 has for the matrix
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, is_rounded: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)
        self._is_rounded = is_rounded
        self._evaluated: FrozenMatrix | None = None
        self._versions: tuple[int, int | None] | None = None

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return _Product.apply(values, self.weight, self.bias, self._matrix(values.dtype))

    def _matrix(self, dtype: torch.dtype) -> FrozenMatrix:
        """Made anew when the parameters have changed: once a step, and not for each sample of it."""
        versions = self.weight._version, None if self.bias is None else self.bias._version
        if self._evaluated is None or versions != self._versions:
            weight = rounded_to_q4_0(self.weight.detach()) if self._is_rounded else self.weight.detach()
            bias = None if self.bias is None else self.bias.detach().to(dtype)
            self._evaluated = FrozenMatrix(weight.to(dtype), bias, self.weight.requires_grad)
            self._versions = versions
        return self._evaluated


class FullDecoder(Decoder):
    """All tensors are parameters, in float32; what is evaluated is in `dtype`.

    Args:
        frozen: nothing learns, and the parameters are in `dtype`, too: a teacher
        is_rounded: layers are evaluated as Q4_0 has them, and learn as if they were not rounded (Bengio et al., 2013): what
            is lost by writing them so is learnt about
    """

    def __init__(
        self,
        model: GgufModel,
        device: str = "cpu",
        dtype: torch.dtype = torch.bfloat16,
        frozen: bool = False,
        is_rounded: bool = False,
    ) -> None:
        super().__init__(model.shape, device, dtype)

        def load(name: str) -> torch.Tensor | None:
            tensor = model.tensors.get(name)
            return None if tensor is None else tensor.to(device, dtype if frozen else torch.float32, copy=True)

        self.embedding = nn.Parameter(load("token_embd.weight"))
        own_output = load("output.weight")
        self.own_output = None if own_output is None else nn.Parameter(own_output)
        names = [f"blk.{layer}.{kind}.weight" for layer in range(self.shape.layers) for kind in NORMS]
        self._places = {name: place for place, name in enumerate([*names, "output_norm.weight"])}
        self._norms = nn.ParameterList(load(name) for name in self._places)
        for layer in range(self.shape.layers):
            for name in MATRICES:
                weight, bias = load(f"blk.{layer}.{name}.weight"), load(f"blk.{layer}.{name}.bias")
                self.linears[f"{layer}_{name}"] = _Linear(weight, bias, is_rounded)
        self.requires_grad_(not frozen)

    @property
    def output(self) -> torch.Tensor:
        """[vocabulary, width]; the embedding where the model has no other."""
        return self.embedding if self.own_output is None else self.own_output

    def norm(self, name: str) -> torch.Tensor:
        return self._norms[self._places[name]]

    def tensors(self) -> dict[str, torch.Tensor]:
        """All there is, by the names that GGUF files have for it."""
        found = {"token_embd.weight": self.embedding} | {name: self.norm(name) for name in self._places}
        if self.own_output is not None:
            found["output.weight"] = self.own_output
        for name, linear in self.matrices().items():
            found[name] = linear.weight
            if linear.bias is not None:
                found[name.removesuffix("weight") + "bias"] = linear.bias
        return {name: tensor.detach() for name, tensor in found.items()}
