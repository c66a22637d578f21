"""A model of which everything learns."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .decoder import MATRICES, NORMS, Decoder
from .gguf_model import GgufModel


class _Linear(nn.Module):
    """A matrix [out, in], and a bias where there is one; both in float32, evaluated as the values are."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        bias = None if self.bias is None else self.bias.to(values.dtype)
        return F.linear(values, self.weight.to(values.dtype), bias)


class FullDecoder(Decoder):
    """All tensors are parameters, in float32; what is evaluated is in `dtype`.

    Args:
        frozen: nothing learns, and the parameters are in `dtype`, too: a teacher
    """

    def __init__(
        self, model: GgufModel, device: str = "cpu", dtype: torch.dtype = torch.bfloat16, frozen: bool = False
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
                self.linears[f"{layer}_{name}"] = _Linear(weight, bias)
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
