"""Learning to complete and to decide at once: the joint objective of Repoformer (Wu et al., ICML 2024, section 4.2).

Beside it, for models that do not know code yet: the text itself, and what a larger model makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch.nn import functional as F

from .decoder import Decoder, Tree
from .samples import Sample, SampleSet


@dataclass(frozen=True)
class Weights:
    """How much each mean counts, beside 1 for completing."""

    decision: float = 1.0
    text: float = 0.0
    teacher: float = 0.0


@dataclass(frozen=True)
class Losses:
    """Sums in nats, each with the number of what it is of. As one mean, the few decisions would drown."""

    generation: torch.Tensor
    """Over the tokens of truths, end tokens included."""
    generation_count: int
    decision: torch.Tensor
    """Over labelled decisions."""
    decision_count: int
    text: torch.Tensor
    """Over what prefix, suffix and context are made of."""
    text_count: int
    teacher: torch.Tensor
    """Divergence of the teacher's from the model's next tokens, over all tokens above that the teacher knows."""
    teacher_count: int

    def joint(self, weights: Weights, counts: dict[str, int]) -> torch.Tensor:
        """The weighted sum of means, over so many of each: those of a whole batch, of which this may be a part."""
        total = self.generation / counts["generation"]
        for name in ("decision", "text", "teacher"):
            if counts[name] and getattr(weights, name):
                total = total + getattr(weights, name) * getattr(self, name) / counts[name]
        return total


GAIN_UNIT = 0.1
"""In nats a token: what context gained counts as help with a chance of 73 % there, and of 27 % if it lost as much."""

KINDS = ("generation", "decision", "text")
PARTS = tuple(field.name for field in fields(Losses) if not field.name.endswith("_count"))


def counts_of(
    samples: list[Sample], data: SampleSet, with_text: bool = False, teacher: Teacher | None = None
) -> dict[str, int]:
    """How many of each there are to learn."""
    generation = sum(len(sample.target) * (2 if sample.context else 1) for sample in samples)
    decision = sum(_is_labelled(sample, data) for sample in samples)
    text = sum(len(sample.trunk) - 1 + max(0, len(sample.context) - 1) for sample in samples) if with_text else 0
    return {
        "generation": generation,
        "decision": decision,
        "text": text,
        "teacher": 0 if teacher is None else teacher.count(samples, data, with_text),
    }


@dataclass(frozen=True)
class Layout:
    """Samples as they are evaluated: each a tree, and the places after whose tokens something is learnt."""

    trees: list[Tree]
    wanted: list[list[int]]
    """Places in each tree's tokens."""
    kinds: list[str]
    """What is learnt after each, one of KINDS, all trees in a row."""
    targets: list[int]
    """Tokens that follow there; those of decisions mean nothing."""
    decided: list[Sample]
    """Those whose decision is learnt, in order."""

    def places_of(self, *kinds: str) -> torch.Tensor:
        return torch.tensor([at for at, each in enumerate(self.kinds) if each in kinds], dtype=torch.long)


def laid_out(samples: list[Sample], data: SampleSet, with_text: bool = False) -> Layout:
    """Each hole is completed without and, where there is any, with context behind one evaluated trunk.

    Args:
        with_text: also each token of prefix, suffix and context after those before it. Whether there is context is not
            learnt so: that is decided
    """
    trees, wanted, kinds, targets, decided = [], [], [], [], []
    for sample in samples:
        ways = [sample.tail] if not sample.context else [sample.tail, sample.context + sample.tail]
        # What the last token of a truth is followed by is not learnt.
        tree = Tree(sample.trunk, [way + sample.target[:-1] for way in ways])
        tokens, places = tree.tokens, []

        def want(first: int, count: int, kind: str, tokens: list[int] = tokens, places: list[int] = places) -> None:
            """Tokens from a place of the tree on."""
            places.extend(range(first - 1, first - 1 + count))
            kinds.extend([kind] * count)
            targets.extend(tokens[first : first + count])

        start = len(sample.trunk)
        if _is_labelled(sample, data):
            places.append(start - 1)
            kinds.append("decision")
            targets.append(data.middle_token)
            decided.append(sample)
        if with_text:
            want(1, len(sample.trunk) - 1, "text")
        for way, branch in zip(ways, tree.branches):
            own = start + len(way)
            places.extend(range(own - 1, own - 1 + len(sample.target)))
            kinds.extend(["generation"] * len(sample.target))
            targets.extend(sample.target)
            if with_text and way is not sample.tail:
                want(start + 1, len(sample.context) - 1, "text")
            start += len(branch)
        trees.append(tree)
        wanted.append(places)
    return Layout(trees, wanted, kinds, targets, decided)


class Teacher(Protocol):
    """Knows what comes next better than the model that learns from it."""

    def count(self, samples: list[Sample], data: SampleSet, with_text: bool) -> int:
        """After how many tokens it says what comes next."""

    def divergence(self, samples: list[Sample], layout: Layout, logs: torch.Tensor) -> tuple[torch.Tensor, int]:
        """The divergence (Kullback-Leibler) of its next tokens from the model's, summed, and after how many tokens.

        Args:
            logs: of the model, log-probabilities after each place of the layout, [places, vocabulary]
        """


def losses_of(
    decoder: Decoder, samples: list[Sample], data: SampleSet, with_text: bool = False, teacher: Teacher | None = None
) -> Losses:
    """Evaluates the samples, and sums up what is to be learnt from them."""
    layout = laid_out(samples, data, with_text)
    logs = decoder(layout.trees, layout.wanted).log_softmax(-1)
    device = logs.device
    expected = torch.tensor(layout.targets, device=device)
    sums, counts = {}, {}
    for kind in ("generation", "text"):
        at = layout.places_of(kind).to(device)
        sums[kind], counts[kind] = F.nll_loss(logs[at], expected[at], reduction="sum"), len(at)
    nothing = torch.zeros((), device=device)
    decided = nothing
    if layout.decided:
        chance, heads = _chances(samples, data, layout, logs), logs[layout.places_of("decision").to(device)]
        decided = -(chance * heads[:, data.retrieve_token] + (1 - chance) * heads[:, data.middle_token]).sum()
    divergence, taught = (nothing, 0) if teacher is None else teacher.divergence(samples, layout, logs)
    return Losses(
        generation=sums["generation"],
        generation_count=counts["generation"],
        decision=decided,
        decision_count=len(layout.decided),
        text=sums["text"],
        text_count=counts["text"],
        teacher=divergence,
        teacher_count=taught,
    )


def _is_labelled(sample: Sample, data: SampleSet) -> bool:
    is_known = sample.context if data.labels_by_gain else sample.retrieve is not None
    return bool(is_known) and data.retrieve_token is not None


def _chances(samples: list[Sample], data: SampleSet, layout: Layout, logs: torch.Tensor) -> torch.Tensor:
    """That context helps each sample whose decision is learnt, [decisions]."""
    if not data.labels_by_gain:
        return torch.tensor([sample.retrieve for sample in layout.decided], device=logs.device)
    truth = layout.places_of("generation").to(logs.device)
    said = logs.detach()[truth, torch.tensor(layout.targets, device=logs.device)[truth]]
    gains, start = [], 0
    for sample in samples:
        ways, size = 2 if sample.context else 1, len(sample.target)
        if ways == 2:
            without, shown = said[start : start + 2 * size].view(2, size).mean(1)
            gains.append(shown - without)
        start += ways * size
    return torch.sigmoid(torch.stack(gains) / GAIN_UNIT)
