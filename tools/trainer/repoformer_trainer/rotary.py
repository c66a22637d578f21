"""Rotary positions (Su et al., 2021), as GGUF files of Llama and Qwen2 have them."""

from __future__ import annotations

import torch

from .gguf_model import ModelShape


def frequencies(shape: ModelShape) -> torch.Tensor:
    """Radians a position, one for each pair of dimensions.

    In float32: rounded to bfloat16, an angle at position 2,000 is off by several radians.
    """
    dims = shape.rope_dims
    return shape.rope_base ** (-torch.arange(0, dims, 2, dtype=torch.float32) / dims)


def rotated(heads: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor, shape: ModelShape) -> torch.Tensor:
    """Turns each pair of dimensions by its angle.

    Args:
        heads: [tokens, heads, head size]
        cosines, sines: of the angles, [tokens, 1, pairs]
    """
    turned, rest = heads[..., : shape.rope_dims].float(), heads[..., shape.rope_dims :]
    if shape.rotates_halves:
        one, other = turned.chunk(2, dim=-1)
        turned = torch.cat([one * cosines - other * sines, other * cosines + one * sines], dim=-1)
    else:
        one, other = turned[..., 0::2], turned[..., 1::2]
        turned = torch.stack([one * cosines - other * sines, other * cosines + one * sines], dim=-1).flatten(-2)
    return torch.cat([turned.to(heads.dtype), rest], dim=-1)
