"""A decoder-only transformer with low-rank adapters, for training: the matrices stay as they are, the adapters learn.

A hole is evaluated once: its trunk, and behind it each way to go on (without context, with it), which see the trunk and
themselves but not each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from .gguf_model import GgufModel, ModelShape
from .rotary import frequencies, rotated

ADAPTED = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@dataclass(frozen=True)
class Tree:
    """Tokens of one hole."""

    trunk: list[int]
    branches: list[list[int]]

    @property
    def tokens(self) -> list[int]:
        return [*self.trunk, *(token for branch in self.branches for token in branch)]


class _Adapted(nn.Module):
    """A matrix [out, in] that is never changed, with an adapter: y = W x + scale * B (A x)."""

    def __init__(
        self, weight: torch.Tensor, bias: torch.Tensor | None, rank: int, alpha: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", bias, persistent=False)
        size_out, size_in = weight.shape
        first = torch.randn(rank, size_in, generator=generator) / math.sqrt(size_in)
        self.lora_a = nn.Parameter(first.to(weight.device))
        self.lora_b = nn.Parameter(torch.zeros(size_out, rank, device=weight.device))
        self.scale = alpha / rank

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        narrow = F.linear(values, self.lora_a.to(values.dtype))
        return F.linear(values, self.weight, self.bias) + F.linear(narrow, self.lora_b.to(values.dtype)) * self.scale


class LoraDecoder(nn.Module):
    """Llama or Qwen2. Only the adapters are parameters, in float32; everything else is in `dtype`."""

    def __init__(
        self,
        model: GgufModel,
        rank: int = 16,
        alpha: float = 32.0,
        seed: int = 0,
        device: str = "cpu",
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__()
        self.shape: ModelShape = model.shape
        self.rank, self.alpha, self.dtype = rank, alpha, dtype
        generator = torch.Generator().manual_seed(seed)

        def load(name: str) -> torch.Tensor | None:
            tensor = model.tensors.get(name)
            return None if tensor is None else tensor.to(device, dtype)

        self.register_buffer("embedding", load("token_embd.weight"), persistent=False)
        self.register_buffer("output_norm", load("output_norm.weight"), persistent=False)
        output = load("output.weight")
        self.register_buffer("output", self.embedding if output is None else output, persistent=False)
        self.adapted = nn.ModuleDict()
        for layer in range(self.shape.layers):
            for kind in ("attn_norm", "ffn_norm"):
                self.register_buffer(f"{kind}_{layer}", load(f"blk.{layer}.{kind}.weight"), persistent=False)
            for name in ADAPTED:
                weight, bias = load(f"blk.{layer}.{name}.weight"), load(f"blk.{layer}.{name}.bias")
                self.adapted[f"{layer}_{name}"] = _Adapted(weight, bias, rank, alpha, generator)
        self.register_buffer("frequencies", frequencies(self.shape).to(device), persistent=False)

    def matrices(self) -> dict[str, _Adapted]:
        """By the names that GGUF files have for them."""
        return {
            f"blk.{layer}.{name}.weight": self.adapted[f"{layer}_{name}"]
            for layer in range(self.shape.layers)
            for name in ADAPTED
        }

    def forward(self, trees: list[Tree], wanted: list[list[int]]) -> torch.Tensor:
        """Logits, float32, [all wanted, vocabulary].

        Args:
            wanted: for each tree, places in its `tokens` after which logits are wanted.
        """
        device = self.embedding.device
        hidden = F.embedding(
            torch.tensor([token for tree in trees for token in tree.tokens], device=device), self.embedding
        )
        angles = torch.cat([_positions(tree) for tree in trees]).to(device)[:, None] * self.frequencies
        cosines, sines = angles.cos()[:, None], angles.sin()[:, None]
        masks = [[_mask(len(tree.trunk), len(branch), device) for branch in tree.branches] for tree in trees]
        for layer in range(self.shape.layers):
            hidden = hidden + self._attention(
                layer, self._norm(hidden, f"attn_norm_{layer}"), trees, masks, cosines, sines
            )
            normed = self._norm(hidden, f"ffn_norm_{layer}")
            gate, up = (self.adapted[f"{layer}_{name}"](normed) for name in ("ffn_gate", "ffn_up"))
            hidden = hidden + self.adapted[f"{layer}_ffn_down"](F.silu(gate) * up)
        rows, start = [], 0
        for tree, places in zip(trees, wanted):
            rows.extend(start + place for place in places)
            start += len(tree.tokens)
        return F.linear(self._norm(hidden[rows], "output_norm"), self.output).float()

    def _attention(self, layer, normed, trees, masks, cosines, sines) -> torch.Tensor:
        shape = self.shape
        query, key, value = (self.adapted[f"{layer}_{name}"](normed) for name in ("attn_q", "attn_k", "attn_v"))
        query = rotated(query.view(-1, shape.heads, shape.head_dim), cosines, sines, shape)
        key = rotated(key.view(-1, shape.kv_heads, shape.head_dim), cosines, sines, shape)
        value = value.view(-1, shape.kv_heads, shape.head_dim)
        outputs = []
        start = 0
        for tree, tree_masks in zip(trees, masks):
            trunk = slice(start, start + len(tree.trunk))
            outputs.append(_attend(query[trunk], key[trunk], value[trunk], None))
            start = trunk.stop
            for branch, mask in zip(tree.branches, tree_masks):
                own = slice(start, start + len(branch))
                keys, values = (torch.cat([each[trunk], each[own]]) for each in (key, value))
                outputs.append(_attend(query[own], keys, values, mask))
                start = own.stop
        return self.adapted[f"{layer}_attn_output"](torch.cat(outputs))

    def _norm(self, values: torch.Tensor, name: str) -> torch.Tensor:
        return F.rms_norm(values, (values.shape[-1],), getattr(self, name), self.shape.norm_epsilon)


def _positions(tree: Tree) -> torch.Tensor:
    """Each branch goes on where the trunk ends."""
    size = len(tree.trunk)
    return torch.cat(
        [torch.arange(size), *(torch.arange(size, size + len(branch)) for branch in tree.branches)]
    ).float()


def _mask(trunk: int, branch: int, device: torch.device) -> torch.Tensor:
    return torch.ones(branch, trunk + branch, dtype=torch.bool, device=device).tril(trunk)


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """[tokens, heads, head size] each, causal where there is no mask; [tokens, width]."""
    query, key, value = (each.transpose(0, 1)[None] for each in (query, key, value))
    attended = F.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=mask is None, enable_gqa=True
    )
    return attended[0].transpose(0, 1).flatten(1)
