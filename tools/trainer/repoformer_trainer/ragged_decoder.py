"""Evaluates many token sequences side by side, each with a state of its own.

The matrices of a decoder are read once a step for the tokens of all sequences together; only attention is done
sequence by sequence. So prompts and single tokens of different sequences share a step, and generating sixteen
completions costs little more than one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch.nn import functional as F

from .frozen_matrix import FrozenMatrix
from .gguf_model import GgufModel
from .rotary import frequencies, rotated

FEW_TOKENS = 16


class Sequence:
    """The state of one sequence: the tokens evaluated so far, with their keys and values."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def keep(self, length: int) -> None:
        """Forgets what follows the first `length` tokens."""
        del self.tokens[length:]


@dataclass
class Work:
    """Tokens to evaluate after those that a sequence holds."""

    sequence: Sequence
    tokens: list[int]
    wanted: int = 1
    """Logits are wanted after so many of the last tokens; 0: none."""
    logits: torch.Tensor | None = field(default=None, repr=False)
    """Result: [wanted, vocabulary], float32."""


class RaggedDecoder:
    """A decoder-only transformer (Llama, Qwen2) for evaluation, its matrices in bfloat16."""

    def __init__(
        self, model: GgufModel, context_tokens: int, device: str = "cpu", dtype: torch.dtype = torch.bfloat16
    ) -> None:
        self.shape = shape = model.shape
        self.context_tokens = context_tokens
        self.device = torch.device(device)
        self.dtype = dtype

        def load(name: str) -> torch.Tensor | None:
            tensor = model.tensors.get(name)
            return None if tensor is None else tensor.to(self.device, dtype)

        def fused(layer: int, *names: str) -> FrozenMatrix:
            weights = [load(f"blk.{layer}.{name}.weight") for name in names]
            biases = [load(f"blk.{layer}.{name}.bias") for name in names]
            return FrozenMatrix(torch.cat(weights), None if biases[0] is None else torch.cat(biases))

        self.embedding = load("token_embd.weight")
        self.output_norm = load("output_norm.weight")
        output = load("output.weight")
        self.output = FrozenMatrix(self.embedding if output is None else output)
        self.blocks = [
            {
                "attn_norm": load(f"blk.{layer}.attn_norm.weight"),
                "ffn_norm": load(f"blk.{layer}.ffn_norm.weight"),
                "qkv": fused(layer, "attn_q", "attn_k", "attn_v"),
                "out": fused(layer, "attn_output"),
                "gate_up": fused(layer, "ffn_gate", "ffn_up"),
                "down": fused(layer, "ffn_down"),
            }
            for layer in range(shape.layers)
        ]
        angles = torch.arange(context_tokens, dtype=torch.float32)[:, None] * frequencies(shape)
        self.cosines, self.sines = angles.cos().to(self.device), angles.sin().to(self.device)

    def new_sequence(self) -> Sequence:
        return Sequence()

    @torch.inference_mode()
    def step(self, works: list[Work]) -> None:
        """Evaluates all works in one pass and fills in their logits.

        Raises:
            ValueError: a sequence would outgrow the context.
        """
        starts = [len(work.sequence.tokens) for work in works]
        sizes = [len(work.tokens) for work in works]
        for start, size in zip(starts, sizes):
            if start + size > self.context_tokens:
                raise ValueError(f"{start + size} tokens do not fit into a context of {self.context_tokens}")
        ids = torch.tensor([token for work in works for token in work.tokens], device=self.device)
        positions = torch.cat([torch.arange(start, start + size) for start, size in zip(starts, sizes)]).to(self.device)
        cosines, sines = self.cosines[positions, None], self.sines[positions, None]
        masks = [self._mask(start, size) for start, size in zip(starts, sizes)]
        hidden = F.embedding(ids, self.embedding)
        for layer, block in enumerate(self.blocks):
            normed = self._norm(hidden, block["attn_norm"])
            attended = self._attention(layer, normed, block, works, starts, sizes, masks, cosines, sines)
            hidden = hidden + block["out"](attended)
            gate, up = block["gate_up"](self._norm(hidden, block["ffn_norm"])).chunk(2, dim=-1)
            hidden = hidden + block["down"](F.silu(gate) * up)
        rows, end = [], 0
        for work, size in zip(works, sizes):
            end += size
            rows.extend(range(end - min(work.wanted, size), end))
            work.sequence.tokens.extend(work.tokens)
        if not rows:
            return
        logits = self.output(self._norm(hidden[rows], self.output_norm)).float()
        for work, part in zip(works, logits.split([min(work.wanted, size) for work, size in zip(works, sizes)])):
            work.logits = part

    def _attention(self, layer, normed, block, works, starts, sizes, masks, cosines, sines) -> torch.Tensor:
        shape = self.shape
        widths = [shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim, shape.kv_heads * shape.head_dim]
        query, key, value = block["qkv"](normed).split(widths, dim=-1)
        query = rotated(query.view(-1, shape.heads, shape.head_dim), cosines, sines, shape)
        key = rotated(key.view(-1, shape.kv_heads, shape.head_dim), cosines, sines, shape)
        value = value.view(-1, shape.kv_heads, shape.head_dim)
        outputs = []
        for work, start, size, mask, q, k, v in zip(
            works, starts, sizes, masks, query.split(sizes), key.split(sizes), value.split(sizes)
        ):
            keys, values = self._state(work.sequence, layer)
            keys[:, start : start + size] = k.transpose(0, 1)
            values[:, start : start + size] = v.transpose(0, 1)
            attended = self._attend(q.transpose(0, 1), keys[:, : start + size], values[:, : start + size], mask)
            outputs.append(attended.transpose(0, 1).reshape(size, -1))
        return torch.cat(outputs)

    def _attend(
        self, query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """One sequence's heads, [heads, tokens, head size]."""
        heads, size, width = query.shape
        if size > FEW_TOKENS:
            attended = F.scaled_dot_product_attention(
                query[None], keys[None], values[None], attn_mask=mask, is_causal=mask is None, enable_gqa=True
            )
            return attended[0]
        # The kernel above lays out keys and values anew, which for few tokens costs more than all the rest.
        grouped = query.reshape(keys.shape[0], -1, width)
        scores = torch.bmm(grouped, keys.transpose(1, 2)).float().mul_(width**-0.5)
        if mask is not None:
            scores.view(heads, size, -1).masked_fill_(~mask, float("-inf"))
        return torch.bmm(scores.softmax(-1).to(values.dtype), values).view(heads, size, width)

    def _state(self, sequence: Sequence, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A layer's keys and values, [kv heads, context, head size]."""
        while len(sequence.keys) <= layer:
            size = (self.shape.kv_heads, self.context_tokens, self.shape.head_dim)
            sequence.keys.append(torch.empty(size, dtype=self.dtype, device=self.device))
            sequence.values.append(torch.empty(size, dtype=self.dtype, device=self.device))
        return sequence.keys[layer], sequence.values[layer]

    def _mask(self, start: int, size: int) -> torch.Tensor | None:
        """Lets a token see all before it and itself; none where the kernel knows by itself."""
        if size == 1 or (start == 0 and size > FEW_TOKENS):
            return None
        return torch.ones(size, start + size, dtype=torch.bool, device=self.device).tril(start)

    def _norm(self, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(values, (values.shape[-1],), weight, self.shape.norm_epsilon)
