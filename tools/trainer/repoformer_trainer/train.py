"""Trains a model that completes and decides, or an adapter of one: a folder is a run, and the same command goes on with it.

Ctrl-C writes what there is so far; a crash or a kill costs five minutes of work. What comes of it is the same.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch

from .adapter_file import read_adapter, write_adapter
from .decoder import Decoder
from .full_decoder import FullDecoder
from .gguf_model import GgufModel, ModelFileError, read_gguf_model
from .lora_decoder import LoraDecoder
from .loss_curve import write_curve
from .model_file import TYPES, write_model
from .objective import PARTS, Teacher, Weights, counts_of, losses_of
from .run_folder import RunError, RunFolder, RunSettings, digest
from .samples import Sample, SampleFileError, SampleSet, in_order, read_samples
from .teacher import Teaching, TeachingError, read_teacher

EXIT_INTERRUPTED = 130


@dataclass
class Training:
    """One run in memory."""

    decoder: Decoder
    data: SampleSet
    folder: RunFolder
    teacher: Teacher | None = None
    checkpoint_every: int = 50
    """Most steps between checkpoints."""
    checkpoint_seconds: float = 300
    """No more than that much work, and a step, is lost by a crash."""
    look_every: int = 100
    """Steps between looks at held-out samples."""
    look_at: int = 100
    """Most of them that are looked at."""
    micro_batch: int = 1
    """Samples evaluated at a time; more need more memory, and do not change what is learnt but by rounding."""

    def __post_init__(self) -> None:
        settings = self.folder.settings
        torch.manual_seed(settings.seed)
        # Every so-many-th of the ids in order: the same samples are held out whatever file they come in.
        ordered = sorted(self.data.samples, key=lambda sample: sample.id)
        stride = round(1 / settings.held_out) if settings.held_out else len(ordered) + 1
        self.held_out = ordered[stride - 1 :: stride]
        self.training = [sample for at, sample in enumerate(ordered) if at % stride != stride - 1]
        self.optimisers = _optimisers(self.decoder)
        self.weights = Weights(settings.decision_weight, settings.text_weight, settings.teacher_weight)
        self.step = 0
        state = self.folder.load()
        if state is not None:
            self.decoder.load_state_dict(state["parameters"])
            for optimiser, own in zip(self.optimisers, state["optimisers"]):
                optimiser.load_state_dict(own)
            self.step = state["step"]

    def run(self, should_stop: Callable[[], bool] = lambda: False, say: Callable[[str], None] = print) -> bool:
        """Trains to the end, or until told to stop. Returns whether it came to the end."""
        settings = self.folder.settings
        order = in_order(len(self.training), settings.seed, self.step * settings.batch)
        started, begun = time.monotonic(), self.step
        saved = started
        while self.step < settings.steps:
            if should_stop():
                self.save()
                return False
            batch = [self.training[index] for index in islice(order, settings.batch)]
            line = self._learn(batch)
            self.folder.note(step=self.step, **line)
            self.step += 1
            is_last = self.step == settings.steps
            if self.held_out and (self.step % self.look_every == 0 or is_last):
                self.folder.note(step=self.step - 1, **self._look())
            now = time.monotonic()
            if self.step % self.checkpoint_every == 0 or is_last or now - saved >= self.checkpoint_seconds:
                self.save()
                saved = now
            rate = (now - started) / (self.step - begun)
            left = rate * (settings.steps - self.step) / 60
            shown = ", ".join(f"{name} {value:.4f}" for name, value in line.items())
            say(f"step {self.step} of {settings.steps}: {shown}; {rate:.1f} s a step, {left:.0f} min left")
        return True

    def save(self) -> None:
        self.folder.save(
            {
                "step": self.step,
                "parameters": self.decoder.state_dict(),
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            }
        )
        write_curve(self.folder)

    def _losses(self, samples: list[Sample]):
        return losses_of(self.decoder, samples, self.data, self.weights.text > 0, self.teacher)

    def _counts(self, samples: list[Sample]) -> dict[str, int]:
        return counts_of(samples, self.data, self.weights.text > 0, self.teacher)

    def _learn(self, batch: list[Sample]) -> dict[str, float]:
        settings = self.folder.settings
        rate = settings.rate_at(self.step)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad()
        # Means over the whole batch, whatever is evaluated at a time.
        counts = self._counts(batch)
        sums = dict.fromkeys(PARTS, 0.0)
        for start in range(0, len(batch), self.micro_batch):
            losses = self._losses(batch[start : start + self.micro_batch])
            losses.joint(self.weights, counts).backward()
            for part in PARTS:
                sums[part] += float(getattr(losses, part).detach())
        torch.nn.utils.clip_grad_norm_(self.decoder.parameters(), settings.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        return {part: sums[part] / counts[part] for part in PARTS if counts[part]}

    @torch.no_grad()
    def _look(self) -> dict[str, float]:
        """Losses on held-out samples, the same ones each time."""
        looked_at = self.held_out[: self.look_at]
        counts = self._counts(looked_at)
        sums = dict.fromkeys(PARTS, 0.0)
        for sample in looked_at:
            losses = self._losses([sample])
            for part in PARTS:
                sums[part] += float(getattr(losses, part))
        return {f"held_out_{part}": sums[part] / counts[part] for part in PARTS if counts[part]}


def _optimisers(decoder: Decoder) -> list[torch.optim.Optimizer]:
    """AdamW for adapters, vectors and embeddings; Muon for matrices that learn whole, at rates that mean the same."""
    hidden = [each for each in decoder.linears.parameters() if each.ndim == 2 and isinstance(decoder, FullDecoder)]
    known = {id(each) for each in hidden}
    others = [each for each in decoder.parameters() if id(each) not in known]
    adam = torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.95), weight_decay=0.0)
    if not hidden:
        return [adam]
    return [adam, torch.optim.Muon(hidden, lr=0.0, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file to begin with")
    parser.add_argument(
        "--samples", type=Path, required=True, help="made by `repoformer-dataset samples` with that file"
    )
    parser.add_argument("--init-adapter", type=Path, help="adapter to go on from, of the same rank")
    parser.add_argument("--full", action="store_true", help="train the whole model: RUN/model.gguf comes of it")
    parser.add_argument(
        "--type",
        choices=TYPES,
        default="f16",
        help="of the matrices of that file; default f16. As q4_0 they are rounded while they learn, too",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        help="GGUF file with the same vocabulary, whose next tokens are learnt; or what `teach` wrote of one",
    )
    parser.add_argument(
        "--decision-labels",
        choices=("file", "gain"),
        default="file",
        help="whether context helps: as the samples are labelled (default), or as it makes truths likelier while learning",
    )
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--name", default="", help="of the adapter; default: the folder's")
    parser.add_argument("--licence", default="Apache-2.0")
    for name, kind in (("batch", int), ("learning-rate", float), ("warmup", int), ("cooldown", int),
                       ("decision-weight", float), ("text-weight", float), ("teacher-weight", float), ("rank", int),
                       ("alpha", float), ("seed", int)):  # fmt: skip
        default = getattr(RunSettings, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"default {default}")
    parser.add_argument("--micro-batch", type=int, default=1, help="samples evaluated at a time; default 1")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's choice")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    stopped = []
    signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    try:
        training = _open(arguments)
    except (RunError, SampleFileError, ModelFileError, TeachingError, FileNotFoundError) as error:
        sys.exit(f"error: {error}")
    is_done = training.run(should_stop=lambda: bool(stopped))
    print(f"{'model' if arguments.full else 'adapter'}: {_write(training, arguments)}")
    if not is_done:
        print(f"stopped at step {training.step}; the same command goes on from here")
        sys.exit(EXIT_INTERRUPTED)


def _write(training: Training, arguments: argparse.Namespace) -> Path:
    log = training.folder.log()
    card = {
        "settings": training.folder.settings.__dict__,
        "last": log[-1] if log else {},
        "samples": len(training.training),
    }
    name = arguments.name or arguments.run.name
    if arguments.full:
        path = arguments.run / "model.gguf"
        described = {"general.name": name, "general.license": arguments.licence}
        write_model(path, arguments.model, training.decoder.tensors(), arguments.type, described, card)
    else:
        path = arguments.run / "adapter.gguf"
        write_adapter(training.decoder, path, name, arguments.licence, card)
    return path


def _open(arguments: argparse.Namespace) -> Training:
    data = read_samples(arguments.samples)
    model_sha256 = digest(arguments.model)
    if data.model_sha256 != model_sha256:
        raise RunError(
            f"{arguments.samples} has tokens of another model than {arguments.model}; write them with this one"
        )
    if not data.samples:
        raise RunError(f"{arguments.samples} has no samples")
    init, teacher, full = arguments.init_adapter, arguments.teacher, arguments.full
    if full and init:
        raise RunError("a whole model is trained without adapter: merge it first (`repoformer model merge`)")
    if (teacher is None) != (arguments.teacher_weight == 0):
        raise RunError("a teacher needs a weight (--teacher-weight), and the weight a teacher (--teacher)")
    names = ("steps", "batch", "learning_rate", "warmup", "cooldown", "decision_weight", "decision_labels",
             "text_weight", "teacher_weight", "full", "type", "rank", "alpha", "seed")  # fmt: skip
    settings = RunSettings(
        model_sha256=model_sha256,
        samples_sha256=digest(arguments.samples),
        init_adapter_sha256=digest(init) if init else None,
        teacher_sha256=digest(teacher) if teacher else None,
        **{name: getattr(arguments, name) for name in names},
    )
    model, device = read_gguf_model(arguments.model), arguments.device
    taught_by = _read_teacher(teacher, model, data, settings, device) if teacher else None
    folder = RunFolder.open(arguments.run, settings)
    if full:
        decoder = FullDecoder(model, device, is_rounded=settings.type == "q4_0")
    else:
        decoder = LoraDecoder(model, settings.rank, settings.alpha, settings.seed, device)
    if init:
        read_adapter(decoder, init)
    data = replace(data, labels_by_gain=settings.decision_labels == "gain")
    return Training(decoder, data, folder, taught_by, micro_batch=arguments.micro_batch)


def _read_teacher(path: Path, student: GgufModel, data: SampleSet, settings: RunSettings, device: str) -> Teacher:
    with path.open("rb") as file:
        is_model = file.read(4) == b"GGUF"
    if is_model:
        return read_teacher(path, student, device)
    teaching = Teaching(path, data, settings.samples_sha256)
    if teaching.lesson.with_text != (settings.text_weight > 0):
        raise TeachingError(f"{path}: with --text-weight it must be written with --text, and without without")
    return teaching


if __name__ == "__main__":
    main()
