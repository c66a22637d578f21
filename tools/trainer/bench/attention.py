"""Times attention as it is trained against PyTorch's own, in turn, on this machine's CPU: `.venv/bin/python bench/attention.py`.

Forward and backward, bfloat16, 14 heads of 64 on 2 of keys, as Qwen2.5-Coder 0.5B has them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from repoformer_trainer.attention import attend

HEADS, KV_HEADS, SIZE = 14, 2, 64
CASES = {"trunk": (531, 531), "branch with context": (270, 801), "branch without": (20, 551)}
"""Queries and keys: those of a mean hole."""
ROUNDS, WARM_UP = 40, 3


def pytorch(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    queries, keys = query.shape[1], key.shape[1]
    mask = None if queries == keys else torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)
    return F.scaled_dot_product_attention(
        query[None], key[None], value[None], attn_mask=mask, is_causal=mask is None, enable_gqa=True
    )[0]


def milliseconds(way: Callable[..., torch.Tensor], queries: int, keys: int) -> float:
    shapes = (HEADS, queries, SIZE), (KV_HEADS, keys, SIZE), (KV_HEADS, keys, SIZE)
    values = [torch.randn(shape, dtype=torch.bfloat16, requires_grad=True) for shape in shapes]
    outward = torch.randn(shapes[0], dtype=torch.bfloat16)
    start = time.perf_counter()
    way(*values).backward(outward)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    print(f"{torch.get_num_threads()} threads; median of {ROUNDS} (tenth to ninetieth percentile), ms")
    for name, (queries, keys) in CASES.items():
        times = [[milliseconds(way, queries, keys) for way in (attend, pytorch)] for _ in range(WARM_UP + ROUNDS)]
        own, other = (torch.tensor(each).quantile(torch.tensor([0.5, 0.1, 0.9])) for each in zip(*times[WARM_UP:]))
        shown = ["{:.1f} ({:.1f} to {:.1f})".format(*each.tolist()) for each in (own, other)]
        print(f"{name}, {queries} on {keys}: {shown[0]}; PyTorch {shown[1]}; {other[0] / own[0]:.1f} times as long")


if __name__ == "__main__":
    main()
