"""Layers with fewer hidden units between their feed-forward matrices: those stay that say most."""

from __future__ import annotations

import torch

from .decoder import Tree
from .fresh_weights import ShapeError
from .full_decoder import FullDecoder
from .gguf_model import GgufModel
from .samples import Sample

LOOKED_AT = 64
"""Samples from which it is told what a unit says."""


@torch.no_grad()
def what_units_say(model: GgufModel, samples: list[Sample]) -> list[torch.Tensor]:
    """For each layer the size of what each hidden unit adds to the stream, as root mean square over tokens (Sun et al.,
    2023, for whole units): [units] each. Tokens are those of the first LOOKED_AT samples.
    """
    decoder = FullDecoder(model, frozen=True)
    downs = [decoder.linears[f"{layer}_ffn_down"] for layer in range(model.shape.layers)]
    squares = [torch.zeros(model.shape.feed_forward) for _ in downs]

    def count(place: int):
        def hook(_, values) -> None:
            squares[place] += values[0].float().square().sum(0)

        return hook

    tokens_seen = 0
    hooks = [down.register_forward_pre_hook(count(place)) for place, down in enumerate(downs)]
    for sample in samples[:LOOKED_AT]:
        tokens = [*sample.trunk, *sample.context, *sample.tail, *sample.target]
        tokens_seen += len(tokens)
        # Of the last layer, too, all tokens.
        decoder([Tree(tokens, [])], [list(range(len(tokens)))])
    for hook in hooks:
        hook.remove()
    return [(square / tokens_seen).sqrt() * down.weight.float().norm(dim=0) for square, down in zip(squares, downs)]


def keep_units(
    tensors: dict[str, torch.Tensor], said: list[torch.Tensor], feed_forward: int
) -> dict[str, torch.Tensor]:
    """Tensors with only so many units a layer, those that say most, in their order.

    Args:
        said: for each layer of `tensors`, [units]

    Raises:
        ShapeError: there are fewer.
    """
    if not 0 < feed_forward <= len(said[0]):
        raise ShapeError(f"feed-forward: must be 1 to {len(said[0])}, of which as many stay")
    narrow = dict(tensors)
    for layer, own in enumerate(said):
        kept = own.topk(feed_forward).indices.sort().values
        for name in ("ffn_gate", "ffn_up"):
            narrow[f"blk.{layer}.{name}.weight"] = tensors[f"blk.{layer}.{name}.weight"][kept]
        narrow[f"blk.{layer}.ffn_down.weight"] = tensors[f"blk.{layer}.ffn_down.weight"][:, kept]
    return narrow
