"""Which layers of a model copy: `.venv/bin/python bench/copying_heads.py MODEL.gguf`.

Random tokens are evaluated twice in a row. A head that copies looks from a token's second place to what came after its first
one ("induction", Olsson et al., 2022); heads of an earlier layer that look at the token before make that possible. Without a
layer of each kind a smaller model cannot take copying over from a larger one. Whether with them it does is not measured here.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from unittest.mock import patch

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from repoformer_trainer import decoder
from repoformer_trainer.decoder import Tree
from repoformer_trainer.full_decoder import FullDecoder
from repoformer_trainer.gguf_model import read_gguf_model

TOKENS = 128
"""Distinct places; the prompt is twice as long."""
SHOWN = 0.15
"""Least mean attention that is worth a word."""


def attention_of_layers(model: FullDecoder, tokens: list[int]) -> list[torch.Tensor]:
    """For each layer [heads, queries, keys], float32."""
    seen: list[torch.Tensor] = []
    attend = decoder.attend

    def watched(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        keys = key.repeat_interleave(query.shape[0] // key.shape[0], 0).float()
        scores = query.float() @ keys.transpose(1, 2) / query.shape[-1] ** 0.5
        later = torch.ones(scores.shape[1:], dtype=torch.bool).triu(1)
        seen.append(scores.masked_fill(later, -torch.inf).softmax(-1))
        return attend(query, key, value)

    with torch.no_grad(), patch.object(decoder, "attend", watched):
        model([Tree(tokens, [])], [[len(tokens) - 1]])
    return seen


def described(attention: torch.Tensor) -> str:
    return " ".join(f"{head}:{value:.2f}" for head, value in enumerate(attention.tolist()) if value > SHOWN)


def main() -> None:
    parser = argparse.ArgumentParser(description="which layers of a model copy")
    parser.add_argument("model", help="GGUF file")
    path = parser.parse_args().model
    model = FullDecoder(read_gguf_model(path), frozen=True)
    torch.manual_seed(0)
    tokens = torch.randint(model.shape.vocabulary, (TOKENS,)).tolist()
    print(f"head:mean attention, where above {SHOWN}")
    for layer, attention in enumerate(attention_of_layers(model, [*tokens, *tokens])):
        before = attention.diagonal(-1, 1, 2).mean(-1)
        copying = attention.diagonal(1 - TOKENS, 1, 2).mean(-1)
        print(f"layer {layer:2}  the token before: {described(before):60} what came after: {described(copying)}")


if __name__ == "__main__":
    main()
