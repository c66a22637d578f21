"""Training samples: prompts and truths as tokens, as `repoformer-dataset samples` writes them."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class SampleFileError(Exception):
    """A file of samples cannot be used; the message says which line and why."""


@dataclass(frozen=True)
class Sample:
    """One hole. Without context the model reads `trunk + tail`, with it `trunk + context + tail`; then it writes `target`."""

    id: str
    trunk: list[int]
    """Prefix and suffix, up to where it is decided whether to retrieve."""
    context: list[int]
    """From the retrieval token on; empty where nothing was retrieved."""
    tail: list[int]
    """The middle marker and what is typed on the line."""
    target: list[int]
    """The truth, with the typed bytes that are generated again in front and an end token behind."""
    retrieve: float | None
    """The chance that context helps, as the label of the decision; None: not labelled."""


@dataclass(frozen=True)
class SampleSet:
    samples: list[Sample]
    retrieve_token: int | None
    middle_token: int
    model_sha256: str
    """Of the GGUF file whose tokens these are."""
    labels_by_gain: bool = False
    """Decisions are labelled by what context does to the truth's likelihood for the model that learns, at each sample
    anew; otherwise by `retrieve`, where that is known."""


def read_samples(path: str | Path) -> SampleSet:
    """Reads a file of samples, gzip by its name's end.

    Raises:
        SampleFileError: a line is no sample, or the file is cut short.
    """
    path = Path(path)
    number = 0
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            head = json.loads(next(lines))
            if head.get("schema") != 1:
                raise SampleFileError(f"{path}: these are no samples of this version; write them anew")
            samples = []
            for number, line in enumerate(lines, 2):
                record = json.loads(line)
                fields = {name: record[name] for name in ("id", "trunk", "context", "tail", "target")}
                samples.append(Sample(**fields, retrieve=record.get("retrieve")))
    except SampleFileError:
        raise
    except FileNotFoundError as error:
        raise SampleFileError(f"{path}: there is no such file") from error
    except (ValueError, KeyError, StopIteration, EOFError, OSError) as error:
        raise SampleFileError(f"{path}, line {number}: it cannot be read ({error!r}); write the file anew") from error
    if len(samples) != head["samples"]:
        raise SampleFileError(f"{path}: {len(samples)} of {head['samples']} samples are there; the file is cut short")
    return SampleSet(samples, head.get("retrieveToken"), head["middleToken"], head["modelSha256"])


def in_order(count: int, seed: int, start: int) -> Iterator[int]:
    """Indices of samples without end from a place on: each pass in another order, the same one for a seed."""
    place = start
    while True:
        epoch, at = divmod(place, count)
        order = list(range(count))
        random.Random(f"{seed} {epoch}").shuffle(order)
        for index in order[at:]:
            yield index
            place += 1
