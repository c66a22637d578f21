"""A training run on disk: what it is made with, where it stands, how its loss went."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

import torch


class RunError(Exception):
    """A run cannot be begun or gone on with; the message says why and what would do."""


@dataclass(frozen=True)
class RunSettings:
    """Everything that the result depends on. Files are known by content."""

    model_sha256: str
    samples_sha256: str
    init_adapter_sha256: str | None
    steps: int
    batch: int = 8
    """Samples a step."""
    learning_rate: float = 1.5e-4
    warmup: int = 20
    """Steps until the learning rate is reached."""
    cooldown: int = 0
    """Last steps, in which it falls in a straight line to nothing; 0: all after the warm-up."""
    decision_weight: float = 1.0
    decision_labels: str = "file"
    """Whether context helps, by the labels in the file of samples; "gain": by the likelihood of truths while learning."""
    text_weight: float = 0.0
    """Of prefix, suffix and context as text to be learnt, too."""
    teacher_sha256: str | None = None
    teacher_weight: float = 0.0
    """Of the divergence from a teacher."""
    full: bool = False
    """All of the model learns, and no adapter."""
    type: str = "f16"
    """Of the matrices of the model that comes of it."""
    rank: int = 16
    alpha: float = 32.0
    clip: float = 1.0
    """Largest norm of the gradient."""
    seed: int = 0
    held_out: float = 0.02
    """Share of the samples that is never trained on, for the curve."""

    def rate_at(self, step: int) -> float:
        """Of a step counted from 0."""
        rising = min(1.0, (step + 1) / max(1, self.warmup))
        falling = (self.steps - step) / max(1, self.cooldown or self.steps - self.warmup)
        return self.learning_rate * min(rising, falling)

    @property
    def steady(self) -> int:
        """Steps that are the same however many follow: those before the cool-down, if that has a length of its own."""
        return self.steps - self.cooldown if self.cooldown else 0


_DEFAULTS = {field.name: field.default for field in fields(RunSettings) if field.default is not MISSING}


class RunFolder:
    """`run.json`, `checkpoint.pt` (the last), `loss.jsonl` (a line a step, and one for each look at held-out samples)."""

    def __init__(self, path: Path, settings: RunSettings) -> None:
        self.path = path
        self.settings = settings

    @classmethod
    def open(cls, path: str | Path, settings: RunSettings) -> RunFolder:
        """Makes a run, or finds the same one again. Until it cools down, it may be made longer or shorter.

        Raises:
            RunError: the folder holds a run of other settings.
        """
        path = Path(path)
        path.mkdir(parents=True, exist_ok=True)
        folder, wanted = cls(path, settings), asdict(settings)
        file = path / "run.json"
        if file.exists():
            # What a run of an older version does not name is as it was then.
            found = {**_DEFAULTS, **json.loads(file.read_text())}
            changed = sorted(name for name in wanted.keys() | found.keys() if found.get(name) != wanted.get(name))
            if changed and not (changed == ["steps"] and folder._is_steady(RunSettings(**found))):
                raise RunError(f"{path} holds a run with another {', '.join(changed)}: name another folder")
        _write_whole(file, json.dumps(wanted, indent=2) + "\n")
        return folder

    def _is_steady(self, before: RunSettings) -> bool:
        """Whether all steps taken are those of a run of other length."""
        taken = max((line["step"] + 1 for line in self.log()), default=0)
        return taken <= min(self.settings.steady, before.steady)

    def load(self) -> dict | None:
        """The last checkpoint; what was logged after it is forgotten, for it comes again."""
        file = self.path / "checkpoint.pt"
        state = torch.load(file, weights_only=True) if file.exists() else None
        step = 0 if state is None else state["step"]
        kept = [line for line in self.log() if line["step"] < step]
        _write_whole(self.path / "loss.jsonl", "".join(json.dumps(line) + "\n" for line in kept))
        return state

    def save(self, state: dict) -> None:
        partial = self.path / "checkpoint.pt.partial"
        torch.save(state, partial)
        os.replace(partial, self.path / "checkpoint.pt")

    def note(self, **line: float) -> None:
        with (self.path / "loss.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def log(self) -> list[dict]:
        """What was noted; a line that was being written when the run was killed is left out."""
        file = self.path / "loss.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def digest(path: str | Path) -> str:
    """SHA-256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    os.replace(partial, path)
