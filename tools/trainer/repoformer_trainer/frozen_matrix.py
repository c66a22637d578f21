"""Matrices that do not learn."""

from __future__ import annotations

import torch
from torch.nn import functional as F


class FrozenMatrix:
    """A matrix [out, in], and a bias where there is one, that never change.

    In bfloat16 on CPUs it is laid out once for the processor's kernels, and not at each product: for hundreds of tokens
    1.3 times as fast, for few twice to three times, and the same to the last bit.

    Args:
        is_learnt_through: gradients are wanted of what comes before it; takes the memory twice
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None, is_learnt_through: bool = False) -> None:
        self.bias = bias
        self.is_packed = (
            weight.device.type == "cpu" and weight.dtype == torch.bfloat16 and torch.backends.mkldnn.is_available()
        )
        self._weight = _packed(weight) if self.is_packed else weight
        self._transposed = _packed(weight.t().contiguous()) if self.is_packed and is_learnt_through else None

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """[tokens, in] to [tokens, out]. Where it is packed, autograd does not see it."""
        if self.is_packed:
            return _product(values, self._weight, self.bias)
        return F.linear(values, self._weight, self.bias)

    def back(self, gradient: torch.Tensor) -> torch.Tensor:
        """The gradient of what went in, [tokens, in], from that of what came out, [tokens, out]."""
        if self.is_packed:
            assert self._transposed is not None, "made without is_learnt_through"
            return _product(gradient, self._transposed, None)
        return gradient @ self._weight


def _packed(weight: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight, None)


def _product(values: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(values, packed, bias, "none", [], "")
