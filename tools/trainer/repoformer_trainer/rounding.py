"""What is left of a matrix in a quantised file."""

from __future__ import annotations

import torch

BLOCK = 32
"""Numbers in a row that share a scale."""


def rounded_to_q4_0(matrix: torch.Tensor) -> torch.Tensor:
    """The values that GGUF's type Q4_0 has for a matrix: in each block, 16 steps of its largest number's eighth.

    Args:
        matrix: [rows, a multiple of BLOCK], float32
    """
    blocks = matrix.reshape(-1, BLOCK)
    largest = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    step = largest / -8
    inverse = torch.where(step == 0, 0, 1 / step)
    return (blocks * inverse + 8.5).floor_().clamp_(0, 15).sub_(8).mul_(step.half()).view_as(matrix)
