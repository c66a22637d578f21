"""Attention as it is trained. On CPUs in our own way: with PyTorch's, a hole takes 1.18 times as long there in bfloat16.

Scores and their softmax are float32, all other products have the type of the values.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

_ROWS = 64
"""Queries at a time: keys after the last of them are not looked at."""


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Softmax attention of the last tokens of a sequence to all tokens before them and themselves.

    Args:
        query: [heads, queries, head size]
        key, value: [heads of keys, keys, head size]; at least as many keys as queries, the last of which are of the same
            tokens; so many heads in a row share one head of keys

    Returns: [heads, queries, head size]
    """
    if query.device.type == "cpu":
        return _Attention.apply(query, key, value)
    mask = None if query.shape[1] == key.shape[1] else ~_hidden(query.shape[1], key.shape[1], query.device)
    return F.scaled_dot_product_attention(
        query[None], key[None], value[None], attn_mask=mask, is_causal=mask is None, enable_gqa=True
    )[0]


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        attended = torch.empty_like(query)
        chances = []
        keys = key.float().transpose(1, 2)
        for rows, seen in _blocks(query, key):
            scores = torch.bmm(_shared(query[:, rows], key).float(), keys[:, :, :seen])
            scores.mul_(1 / math.sqrt(query.shape[-1]))
            scores.view(query.shape[0], -1, seen).masked_fill_(_hidden(rows.stop - rows.start, seen), -math.inf)
            chances.append(scores.softmax(-1).to(value.dtype))
            attended[:, rows] = torch.bmm(chances[-1], value[:, :seen]).view_as(attended[:, rows])
        ctx.save_for_backward(query, key, value, attended, *chances)
        return attended

    @staticmethod
    def backward(ctx, gradient: torch.Tensor):
        query, key, value, attended, *chances = ctx.saved_tensors
        # What the softmax takes off every score's gradient (Dao et al., FlashAttention, 2022, appendix B).
        common = (gradient.float() * attended.float()).sum(-1, keepdim=True)
        of_query = torch.empty_like(query)
        of_key, of_value = (torch.zeros_like(each, dtype=torch.float32) for each in (key, value))
        scale = 1 / math.sqrt(query.shape[-1])
        for (rows, seen), chance in zip(_blocks(query, key), chances):
            outward, shared = (_shared(each[:, rows], key) for each in (gradient, query))
            of_value[:, :seen] += torch.bmm(chance.transpose(1, 2), outward)
            of_chance = torch.bmm(outward, value[:, :seen].transpose(1, 2)).float()
            of_score = (of_chance.sub_(_shared(common[:, rows], key)).mul_(chance).mul_(scale)).to(query.dtype)
            of_query[:, rows] = torch.bmm(of_score, key[:, :seen]).view_as(of_query[:, rows])
            of_key[:, :seen] += torch.bmm(of_score.transpose(1, 2), shared)
        return of_query, of_key.to(key.dtype), of_value.to(value.dtype)


def _blocks(query: torch.Tensor, key: torch.Tensor) -> list[tuple[slice, int]]:
    """Rows of queries, and how many keys the last of them sees."""
    before, count = key.shape[1] - query.shape[1], query.shape[1]
    stops = [min(start + _ROWS, count) for start in range(0, count, _ROWS)]
    return [(slice(stop - (stop - 1) % _ROWS - 1, stop), before + stop) for stop in stops]


def _hidden(queries: int, keys: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Which keys come after which query, [queries, keys]."""
    return torch.ones(queries, keys, dtype=torch.bool, device=device).triu(keys - queries + 1)


def _shared(values: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """Queries of all heads that share a head of keys, one after another: [heads of keys, queries of them, size]."""
    return values.reshape(key.shape[0], -1, values.shape[-1])
