"""Trains an adapter that completes and decides: a folder is a run, and the same command goes on with it.

Ctrl-C, a crash or a kill costs the steps since the last checkpoint; what comes of it is the same.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from .adapter_file import read_adapter, write_adapter
from .gguf_model import ModelFileError, read_gguf_model
from .lora_decoder import LoraDecoder
from .loss_curve import write_curve
from .objective import losses_of
from .run_folder import RunError, RunFolder, RunSettings, digest
from .samples import Sample, SampleFileError, SampleSet, in_order, read_samples

EXIT_INTERRUPTED = 130


@dataclass
class Training:
    """One run in memory."""

    decoder: LoraDecoder
    data: SampleSet
    folder: RunFolder
    checkpoint_every: int = 50
    """Steps between checkpoints."""
    look_every: int = 100
    """Steps between looks at the held-out samples."""
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
        self.optimiser = torch.optim.AdamW(self.decoder.parameters(), lr=0.0, betas=(0.9, 0.95), weight_decay=0.0)
        self.step = 0
        state = self.folder.load()
        if state is not None:
            self.decoder.load_state_dict(state["adapters"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = state["step"]

    def run(self, should_stop: Callable[[], bool] = lambda: False, say: Callable[[str], None] = print) -> bool:
        """Trains to the end, or until told to stop. Returns whether it came to the end."""
        settings = self.folder.settings
        order = in_order(len(self.training), settings.seed, self.step * settings.batch)
        started, begun = time.monotonic(), self.step
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
            if self.step % self.checkpoint_every == 0 or is_last:
                self.save()
            rate = (time.monotonic() - started) / (self.step - begun)
            left = rate * (settings.steps - self.step) / 60
            shown = ", ".join(f"{name} {value:.4f}" for name, value in line.items())
            say(f"step {self.step} of {settings.steps}: {shown}; {rate:.1f} s a step, {left:.0f} min left")
        return True

    def save(self) -> None:
        self.folder.save(
            {"step": self.step, "adapters": self.decoder.state_dict(), "optimiser": self.optimiser.state_dict()}
        )
        write_curve(self.folder)

    def _learn(self, batch: list[Sample]) -> dict[str, float]:
        settings = self.folder.settings
        rate = settings.rate_at(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        # Means over the whole batch, whatever is evaluated at a time.
        tokens = sum(len(sample.target) * (2 if sample.context else 1) for sample in batch)
        decisions = sum(sample.retrieve is not None for sample in batch)
        sums = {"generation": 0.0, "decision": 0.0}
        for start in range(0, len(batch), self.micro_batch):
            part = batch[start : start + self.micro_batch]
            losses = losses_of(self.decoder, part, self.data)
            loss = losses.generation * (losses.tokens / tokens)
            sums["generation"] += float(losses.generation.detach()) * losses.tokens / tokens
            if losses.decision is not None:
                share = sum(sample.retrieve is not None for sample in part) / decisions
                loss = loss + settings.decision_weight * losses.decision * share
                sums["decision"] += float(losses.decision.detach()) * share
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.decoder.parameters(), settings.clip)
        self.optimiser.step()
        return sums if decisions else {"generation": sums["generation"]}

    @torch.no_grad()
    def _look(self) -> dict[str, float]:
        """Losses on the held-out samples."""
        generation, decision, tokens, decisions = 0.0, 0.0, 0, 0
        for sample in self.held_out:
            losses = losses_of(self.decoder, [sample], self.data)
            generation += float(losses.generation) * losses.tokens
            tokens += losses.tokens
            if losses.decision is not None:
                decision += float(losses.decision)
                decisions += 1
        line = {"held_out_generation": generation / tokens}
        return line | {"held_out_decision": decision / decisions} if decisions else line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file that stays as it is")
    parser.add_argument(
        "--samples", type=Path, required=True, help="made by `repoformer-dataset samples` with that file"
    )
    parser.add_argument("--init-adapter", type=Path, help="adapter to go on from, of the same rank")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--name", default="", help="of the adapter; default: the folder's")
    parser.add_argument("--licence", default="Apache-2.0")
    for name, kind in (("batch", int), ("learning-rate", float), ("warmup", int), ("decision-weight", float),
                       ("rank", int), ("alpha", float), ("seed", int)):  # fmt: skip
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
    except (RunError, SampleFileError, ModelFileError) as error:
        sys.exit(f"error: {error}")
    if not training.run(should_stop=lambda: bool(stopped)):
        print(f"stopped at step {training.step}; the same command goes on from here")
        sys.exit(EXIT_INTERRUPTED)
    settings = training.folder.settings
    path = arguments.run / "adapter.gguf"
    log = training.folder.log()
    card = {"settings": settings.__dict__, "last": log[-1] if log else {}, "samples": len(training.training)}
    write_adapter(training.decoder, path, arguments.name or arguments.run.name, arguments.licence, card)
    print(f"adapter: {path}")


def _open(arguments: argparse.Namespace) -> Training:
    data = read_samples(arguments.samples)
    model_sha256 = digest(arguments.model)
    if data.model_sha256 != model_sha256:
        raise RunError(
            f"{arguments.samples} has tokens of another model than {arguments.model}; write them with this one"
        )
    if not data.samples:
        raise RunError(f"{arguments.samples} has no samples")
    init = arguments.init_adapter
    names = ("steps", "batch", "learning_rate", "warmup", "decision_weight", "rank", "alpha", "seed")
    settings = RunSettings(
        model_sha256=model_sha256,
        samples_sha256=digest(arguments.samples),
        init_adapter_sha256=digest(init) if init else None,
        **{name: getattr(arguments, name) for name in names},
    )
    folder = RunFolder.open(arguments.run, settings)
    model = read_gguf_model(arguments.model)
    decoder = LoraDecoder(model, settings.rank, settings.alpha, settings.seed, arguments.device)
    del model
    if init:
        read_adapter(decoder, init)
    return Training(decoder, data, folder, micro_batch=arguments.micro_batch)


if __name__ == "__main__":
    main()
