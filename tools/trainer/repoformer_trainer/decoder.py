"""A decoder-only transformer for training: Llama or Qwen2.

A hole is evaluated once: its trunk, and behind it each way to go on (without context, with it), which see the trunk and
themselves but not each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from .attention import attend
from .gguf_model import ModelShape
from .rotary import frequencies, rotated

MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
NORMS = ("attn_norm", "ffn_norm")


@dataclass(frozen=True)
class Tree:
    """Tokens of one hole."""

    trunk: list[int]
    branches: list[list[int]]

    @property
    def tokens(self) -> list[int]:
        return [*self.trunk, *(token for branch in self.branches for token in branch)]


class Decoder(nn.Module):
    """What all ways to train have in common: they differ in what of it are parameters.

    Whoever makes one sets `embedding` and `output` [vocabulary, width], `norms` by name and `linears` by layer and name.
    """

    embedding: torch.Tensor
    output: torch.Tensor

    def __init__(self, shape: ModelShape, device: str, dtype: torch.dtype) -> None:
        super().__init__()
        self.shape, self.dtype = shape, dtype
        self.linears = nn.ModuleDict()
        self.register_buffer("frequencies", frequencies(shape).to(device), persistent=False)

    def norm(self, name: str) -> torch.Tensor:
        """Weights of a norm, by its name in GGUF files."""
        raise NotImplementedError

    def matrices(self) -> dict[str, nn.Module]:
        """By the names that GGUF files have for them."""
        return {
            f"blk.{layer}.{name}.weight": self.linears[f"{layer}_{name}"]
            for layer in range(self.shape.layers)
            for name in MATRICES
        }

    def forward(self, trees: list[Tree], wanted: list[list[int]]) -> torch.Tensor:
        """Logits, float32, [all wanted, vocabulary].

        Args:
            wanted: for each tree, places in its `tokens` after which logits are wanted.
        """
        device = self.embedding.device
        tokens = torch.tensor([token for tree in trees for token in tree.tokens], device=device)
        hidden = F.embedding(tokens, self.embedding).to(self.dtype)
        angles = torch.cat([_positions(tree) for tree in trees]).to(device)[:, None] * self.frequencies
        cosines, sines = angles.cos()[:, None], angles.sin()[:, None]
        rows, start = [], 0
        for tree, places in zip(trees, wanted):
            rows.extend(start + place for place in places)
            start += len(tree.tokens)
        for layer in range(self.shape.layers):
            hidden = hidden + self._attention(
                layer, self._norm(hidden, f"blk.{layer}.attn_norm.weight"), trees, cosines, sines
            )
            if layer == self.shape.layers - 1:
                hidden = hidden[rows]
            normed = self._norm(hidden, f"blk.{layer}.ffn_norm.weight")
            gate, up = (self.linears[f"{layer}_{name}"](normed) for name in ("ffn_gate", "ffn_up"))
            hidden = hidden + self.linears[f"{layer}_ffn_down"](F.silu(gate) * up)
        return F.linear(self._norm(hidden, "output_norm.weight"), self.output.to(self.dtype)).float()

    def _attention(self, layer, normed, trees, cosines, sines) -> torch.Tensor:
        shape = self.shape
        query, key, value = (self.linears[f"{layer}_{name}"](normed) for name in ("attn_q", "attn_k", "attn_v"))
        query = rotated(query.view(-1, shape.heads, shape.head_dim), cosines, sines, shape)
        key = rotated(key.view(-1, shape.kv_heads, shape.head_dim), cosines, sines, shape)
        value = value.view(-1, shape.kv_heads, shape.head_dim)
        outputs = []
        start = 0
        for tree in trees:
            trunk = slice(start, start + len(tree.trunk))
            outputs.append(_attend(query[trunk], key[trunk], value[trunk]))
            start = trunk.stop
            for branch in tree.branches:
                own = slice(start, start + len(branch))
                keys, values = (torch.cat([each[trunk], each[own]]) for each in (key, value))
                outputs.append(_attend(query[own], keys, values))
                start = own.stop
        return self.linears[f"{layer}_attn_output"](torch.cat(outputs))

    def _norm(self, values: torch.Tensor, name: str) -> torch.Tensor:
        return F.rms_norm(values, (values.shape[-1],), self.norm(name).to(self.dtype), self.shape.norm_epsilon)


def _positions(tree: Tree) -> torch.Tensor:
    """Each branch goes on where the trunk ends."""
    size = len(tree.trunk)
    return torch.cat(
        [torch.arange(size), *(torch.arange(size, size + len(branch)) for branch in tree.branches)]
    ).float()


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """[tokens, heads, head size] each, the last tokens of `key` being those of `query`; [tokens, width]."""
    query, key, value = (each.transpose(0, 1) for each in (query, key, value))
    return attend(query, key, value).transpose(0, 1).flatten(1)
