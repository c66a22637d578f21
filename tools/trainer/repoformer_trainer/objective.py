"""Learning to complete and to decide at once: the joint objective of Repoformer (Wu et al., ICML 2024, section 4.2).

Beside it, for models that do not know code yet: the text itself, and what a larger model makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

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
    """Divergence of the teacher's from the model's next tokens, over all tokens above."""
    teacher_count: int

    def joint(self, weights: Weights, counts: dict[str, int]) -> torch.Tensor:
        """The weighted sum of means, over so many of each: those of a whole batch, of which this may be a part."""
        total = self.generation / counts["generation"]
        for name in ("decision", "text", "teacher"):
            if counts[name] and getattr(weights, name):
                total = total + getattr(weights, name) * getattr(self, name) / counts[name]
        return total


PARTS = tuple(field.name for field in fields(Losses) if not field.name.endswith("_count"))


def counts_of(
    samples: list[Sample], data: SampleSet, with_text: bool = False, with_teacher: bool = False
) -> dict[str, int]:
    """How many of each there are to learn."""
    generation = sum(len(sample.target) * (2 if sample.context else 1) for sample in samples)
    decision = sum(_is_labelled(sample, data) for sample in samples)
    text = sum(len(sample.trunk) - 1 + max(0, len(sample.context) - 1) for sample in samples) if with_text else 0
    return {
        "generation": generation,
        "decision": decision,
        "text": text,
        "teacher": generation + text if with_teacher else 0,
    }


def losses_of(
    decoder: Decoder, samples: list[Sample], data: SampleSet, with_text: bool = False, teacher: Decoder | None = None
) -> Losses:
    """Completes each hole without and, where there is any, with context behind one evaluated trunk.

    Args:
        with_text: also each token of prefix, suffix and context after those before it. Whether there is context is not
            learnt so: that is decided
        teacher: has the same vocabulary
    """
    trees, wanted, targets, kinds = [], [], [], []
    labels = []
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
            labels.append(sample.retrieve)
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
    logs = decoder(trees, wanted).log_softmax(-1)
    device = logs.device
    rows = {
        kind: torch.tensor([at for at, each in enumerate(kinds) if each == kind], dtype=torch.long, device=device)
        for kind in _KINDS
    }
    expected = torch.tensor(targets, device=device)
    sums = {
        kind: F.nll_loss(logs[at], expected[at], reduction="sum") for kind, at in rows.items() if kind != "decision"
    }
    nothing = torch.zeros((), device=device)
    decided = nothing
    if labels:
        chance, heads = torch.tensor(labels, device=device), logs[rows["decision"]]
        decided = -(chance * heads[:, data.retrieve_token] + (1 - chance) * heads[:, data.middle_token]).sum()
    divergence, taught = nothing, 0
    if teacher is not None:
        at = torch.cat([rows["generation"], rows["text"]])
        taught = len(at)
        with torch.no_grad():
            told = teacher(trees, wanted).log_softmax(-1)[at]
        divergence = F.kl_div(logs[at], told, reduction="sum", log_target=True)
    return Losses(
        generation=sums["generation"],
        generation_count=len(rows["generation"]),
        decision=decided,
        decision_count=len(labels),
        text=sums["text"],
        text_count=len(rows["text"]),
        teacher=divergence,
        teacher_count=taught,
    )


_KINDS = ("generation", "decision", "text")


def _is_labelled(sample: Sample, data: SampleSet) -> bool:
    return sample.retrieve is not None and data.retrieve_token is not None
