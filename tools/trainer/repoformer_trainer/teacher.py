"""Teachers: a larger model that is asked while another learns, or a file of what one has said once for all passes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .decoder import Decoder
from .full_decoder import FullDecoder
from .gguf_model import GgufModel, read_gguf_model
from .objective import Layout, counts_of, laid_out
from .samples import Sample, SampleSet

LEAST = 1e-7
"""What a probability is taken for if it is less, so that its logarithm is finite."""


class TeachingError(Exception):
    """What a teacher said cannot be used; the message says why."""


class LiveTeacher:
    """A model with the same vocabulary, asked for each sample each time."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder

    def count(self, samples: list[Sample], data: SampleSet, with_text: bool) -> int:
        return rows_of(samples, data, with_text)

    def divergence(self, samples: list[Sample], layout: Layout, logs: torch.Tensor) -> tuple[torch.Tensor, int]:
        at = taught_places(layout)
        return F.kl_div(logs[at], self.told(layout)[at], reduction="sum", log_target=True), len(at)

    @torch.no_grad()
    def told(self, layout: Layout) -> torch.Tensor:
        """Log-probabilities after each place of the layout, [places, vocabulary]."""
        return self.decoder(layout.trees, layout.wanted).log_softmax(-1)


def read_teacher(path: str | Path, learner: GgufModel, device: str = "cpu") -> LiveTeacher:
    """
    Raises:
        ModelFileError: it is no model.
        TeachingError: it has another vocabulary.
    """
    model = read_gguf_model(path)
    if model.tokens != learner.tokens:
        raise TeachingError(
            f"{path} has another vocabulary; leave out the same tokens (`repoformer model merge --vocabulary`)"
        )
    return LiveTeacher(FullDecoder(model, device, frozen=True))


@dataclass(frozen=True)
class Lesson:
    """What a file of teaching is of."""

    samples_sha256: str
    teacher_sha256: str
    top: int
    """Next tokens that are named, after each token."""
    with_text: bool
    """Of prefix, suffix and context, too."""


class Teaching:
    """A file of the likeliest next tokens that a teacher named, with their probabilities: of all samples, or of some.

    A line of JSON says what it is of; then, for each sample in their order by chance, the tokens, [rows, top], and their
    log-probabilities in float16, [rows, top].
    """

    def __init__(self, path: str | Path, data: SampleSet, samples_sha256: str) -> None:
        """
        Raises:
            TeachingError: it is no such file, or of other samples.
        """
        self.path = Path(path)
        with self.path.open("rb") as file:
            try:
                head = json.loads(file.readline(4096))
            except ValueError as error:
                raise TeachingError(f"{path}: this is neither a GGUF file nor what `teach` writes") from error
            self._start = file.tell()
        if head.get("schema") != 1:
            raise TeachingError(f"{path}: is not of this version; write it anew")
        self.lesson = Lesson(**{field.name: head[field.name] for field in fields(Lesson)})
        if self.lesson.samples_sha256 != samples_sha256:
            raise TeachingError(f"{path}: is of other samples; write it anew for these")
        self._token_type = np.dtype(head["token_type"])
        self._ends: dict[str, tuple[int, int]] = {}
        """By a sample's id: where its part begins, in bytes from the start, and its rows."""
        size = self.path.stat().st_size - self._start
        at = 0
        for sample in by_chance(data.samples):
            rows = rows_of([sample], data, self.lesson.with_text)
            end = at + rows * self.row_bytes
            if end > size:
                break
            self._ends[sample.id] = at, rows
            at = end
        self.whole_bytes = self._start + at
        """Of the file without a part that was being written when it was interrupted."""
        self._content = np.memmap(self.path, np.uint8, "r", self._start, (at,)) if at else np.empty(0, np.uint8)

    @staticmethod
    def begin(path: Path, lesson: Lesson, vocabulary: int) -> None:
        """Writes a file with nothing in it."""
        token_type = "uint16" if vocabulary <= 1 << 16 else "uint32"
        path.write_text(json.dumps({"schema": 1, **asdict(lesson), "token_type": token_type}) + "\n")

    @property
    def row_bytes(self) -> int:
        return self.lesson.top * (self._token_type.itemsize + 2)

    def __len__(self) -> int:
        """Samples of which there is all."""
        return len(self._ends)

    def add(self, logs: torch.Tensor) -> None:
        """Writes what was said of the next sample: log-probabilities, [rows, vocabulary]."""
        values, tokens = logs.topk(self.lesson.top)
        with self.path.open("ab") as file:
            file.write(tokens.cpu().numpy().astype(self._token_type).tobytes())
            file.write(values.half().cpu().numpy().tobytes())

    def of(self, sample: Sample) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and log-probabilities, [rows, top] each."""
        at, rows = self._ends[sample.id]
        top = self.lesson.top
        middle = at + rows * top * self._token_type.itemsize
        tokens = self._content[at:middle].view(self._token_type).reshape(rows, top)
        values = self._content[middle : at + rows * self.row_bytes].view(np.float16).reshape(rows, top)
        return torch.from_numpy(tokens.astype(np.int64)), torch.from_numpy(values.astype(np.float32))

    def count(self, samples: list[Sample], data: SampleSet, with_text: bool) -> int:
        return sum(self._ends[sample.id][1] for sample in samples if sample.id in self._ends)

    def divergence(self, samples: list[Sample], layout: Layout, logs: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Of the tokens that were named, and of all others as one; nothing of samples that are not in the file."""
        total, count, start = logs.new_zeros(()), 0, 0
        kinds = iter(layout.kinds)
        for sample, places in zip(samples, layout.wanted):
            own = [place for place, kind in zip(range(start, start + len(places)), kinds) if kind != "decision"]
            start += len(places)
            if sample.id not in self._ends:
                continue
            tokens, told = (each.to(logs.device) for each in self.of(sample))
            found = logs[own].gather(1, tokens)
            chance = told.exp()
            rest = (1 - chance.sum(1)).clamp(min=LEAST)
            found_rest = (1 - found.exp().sum(1)).clamp(min=LEAST)
            total = total + (chance * (told - found)).sum() + (rest * (rest.log() - found_rest.log())).sum()
            count += len(own)
        return total, count


def by_chance(samples: list[Sample]) -> list[Sample]:
    """Always the same order, whose beginning is of all repositories."""
    return sorted(samples, key=lambda sample: hashlib.sha256(sample.id.encode()).digest())


def rows_of(samples: list[Sample], data: SampleSet, with_text: bool) -> int:
    """After how many tokens of samples a teacher has something to say: all that are learnt but decisions."""
    counts = counts_of(samples, data, with_text)
    return counts["generation"] + counts["text"]


def taught_places(layout: Layout) -> torch.Tensor:
    return layout.places_of("generation", "text")


def write_teaching(
    path: Path,
    teacher: LiveTeacher,
    data: SampleSet,
    lesson: Lesson,
    should_stop: Callable[[], bool] = lambda: False,
    say: Callable[[int], None] = lambda done: None,
) -> bool:
    """Writes what a teacher says of samples; goes on where it was interrupted. Returns whether it came to the end.

    Args:
        say: is told how many samples are done

    Raises:
        TeachingError: the file is there, and of something else.
    """
    vocabulary = teacher.decoder.output.shape[0]
    lesson = replace(lesson, top=min(lesson.top, vocabulary))
    if not path.exists():
        Teaching.begin(path, lesson, vocabulary)
    teaching = Teaching(path, data, lesson.samples_sha256)
    changed = [name for name, value in asdict(lesson).items() if getattr(teaching.lesson, name) != value]
    if changed:
        raise TeachingError(f"{path} was begun with another {', '.join(changed)}: name another file")
    os.truncate(path, teaching.whole_bytes)
    for done, sample in enumerate(by_chance(data.samples)[len(teaching) :], len(teaching)):
        if should_stop():
            return False
        layout = laid_out([sample], data, lesson.with_text)
        teaching.add(teacher.told(layout)[taught_places(layout)])
        say(done + 1)
    return True
