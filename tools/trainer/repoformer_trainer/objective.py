"""Learning to complete and to decide at once: the joint objective of Repoformer (Wu et al., ICML 2024, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from .lora_decoder import LoraDecoder, Tree
from .samples import Sample, SampleSet


@dataclass(frozen=True)
class Losses:
    """Means in nats: over the tokens of all truths, and over all decisions."""

    generation: torch.Tensor
    decision: torch.Tensor | None
    """None where no sample is labelled."""
    tokens: int

    def joint(self, weight: float) -> torch.Tensor:
        """Two separate means: as one, the few decisions would drown, or be learnt as always the same."""
        return self.generation if self.decision is None else self.generation + weight * self.decision


def losses_of(decoder: LoraDecoder, samples: list[Sample], data: SampleSet) -> Losses:
    """Completes each hole without and, where there is any, with context behind one evaluated trunk.

    No loss on prefix, suffix and context; none on what the prompt's marker or typed text is.
    """
    trees, wanted, targets, labels = [], [], [], []
    for sample in samples:
        ways = [sample.tail] if not sample.context else [sample.tail, sample.context + sample.tail]
        # What the last token of a truth is followed by is not learnt.
        tree = Tree(sample.trunk, [way + sample.target[:-1] for way in ways])
        places = []
        start = len(sample.trunk)
        is_labelled = sample.retrieve is not None and data.retrieve_token is not None
        if is_labelled:
            places.append(start - 1)
            labels.append(sample.retrieve)
        for way, branch in zip(ways, tree.branches):
            places.extend(range(start + len(way) - 1, start + len(branch)))
            start += len(branch)
        trees.append(tree)
        wanted.append(places)
        targets.append((is_labelled, sample.target * len(ways)))
    logits = decoder(trees, wanted)
    generation, decision = [], []
    for (is_labelled, expected), part in zip(targets, logits.split([len(places) for places in wanted])):
        if is_labelled:
            decision.append(part[0])
            part = part[1:]
        generation.append(F.cross_entropy(part, torch.tensor(expected, device=part.device), reduction="none"))
    tokens = torch.cat(generation)
    decided = None
    if decision:
        chance = torch.tensor(labels, device=logits.device)
        logs = torch.stack(decision).log_softmax(-1)
        decided = -(chance * logs[:, data.retrieve_token] + (1 - chance) * logs[:, data.middle_token]).mean()
    return Losses(tokens.mean(), decided, tokens.numel())
