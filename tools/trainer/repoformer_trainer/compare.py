"""Which adapter is the better one: each at the same held-out holes, without and with context.

Differences are from the first adapter, hole by hole, with 95 % intervals by the normal approximation; holes count as
independent, which those of one repository are not quite.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import torch

from .adapter_file import read_adapter
from .gguf_model import ModelFileError, read_gguf_model
from .lora_decoder import LoraDecoder
from .objective import laid_out
from .run_folder import RunSettings, digest
from .samples import Sample, SampleFileError, SampleSet, read_samples

NO_ADAPTER = "none"


@dataclass(frozen=True)
class Completion:
    """What a model makes of one truth."""

    loss: float
    """Nats a token, end token included."""
    end_loss: float
    """Nats of the end token."""
    right: bool
    """Each token, end token included, is the likeliest one: greedy choice writes the truth and ends there."""


@torch.no_grad()
def completions_of(decoder: LoraDecoder, sample: Sample, data: SampleSet) -> list[Completion]:
    """Without context, and with it where there is any."""
    layout = laid_out([sample], data)
    logs = decoder(layout.trees, layout.wanted).log_softmax(-1)
    at = layout.places_of("generation")
    size = len(sample.target)
    expected = torch.tensor(sample.target, device=logs.device)
    found = []
    for way in logs[at.to(logs.device)].split(size):
        losses = -way[torch.arange(size, device=logs.device), expected]
        right = bool((way.argmax(-1) == expected).all())
        found.append(Completion(float(losses.mean()), float(losses[-1]), right))
    return found


@dataclass(frozen=True)
class Comparison:
    """One adapter at all holes, one way."""

    loss: float
    end_loss: float
    right: float
    """Share, 0 to 1."""
    difference: float
    """Of the loss from the first adapter's: below 0 is better."""
    margin: float
    """Half of the 95 % interval of that."""


def compared(mine: list[Completion], first: list[Completion]) -> Comparison:
    differences = [own.loss - other.loss for own, other in zip(mine, first, strict=True)]
    spread = stdev(differences) if len(differences) > 1 else 0.0
    return Comparison(
        loss=fmean(each.loss for each in mine),
        end_loss=fmean(each.end_loss for each in mine),
        right=fmean(each.right for each in mine),
        difference=fmean(differences),
        margin=1.96 * spread / len(differences) ** 0.5,
    )


def lines_of(
    decoder: LoraDecoder, adapters: list[str], data: SampleSet, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """A table, a line for each adapter and way."""
    by_adapter = {}
    for name in adapters:
        if name == NO_ADAPTER:
            for matrix in decoder.matrices().values():
                torch.nn.init.zeros_(matrix.lora_b)
        else:
            read_adapter(decoder, name)
        by_adapter[name] = []
        for number, sample in enumerate(data.samples, 1):
            by_adapter[name].append(completions_of(decoder, sample, data))
            say(f"{name}: {number} of {len(data.samples)} holes")
    lines = [f"{'adapter':40} {'context':8} {'holes':>5} {'loss':>6} {'difference':>16} {'right':>6} {'end':>6}"]
    for way, shown in enumerate(("without", "with")):
        here = {name: [each[way] for each in holes if way < len(each)] for name, holes in by_adapter.items()}
        for name, mine in here.items():
            if not mine:
                continue
            found = compared(mine, here[adapters[0]])
            difference = "" if name == adapters[0] else f"{found.difference:+.3f} ± {found.margin:.3f}"
            lines.append(
                f"{name[-40:]:40} {shown:8} {len(mine):5} {found.loss:6.3f} {difference:>16} {found.right:6.1%} {found.end_loss:6.3f}"
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("adapters", nargs="+", help=f"GGUF files, or `{NO_ADAPTER}` for the model without")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file that they belong to")
    parser.add_argument("--samples", type=Path, required=True, help="holes that none of them learnt from")
    parser.add_argument("--limit", type=int, default=200, help="only the first so many; default 200")
    parser.add_argument("--rank", type=int, default=RunSettings.rank)
    parser.add_argument("--alpha", type=float, default=RunSettings.alpha)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments = parser.parse_args()
    try:
        data = read_samples(arguments.samples)
        if data.model_sha256 != digest(arguments.model):
            raise SampleFileError(f"{arguments.samples} has tokens of another model than {arguments.model}")
        data = SampleSet(data.samples[: arguments.limit], data.retrieve_token, data.middle_token, data.model_sha256)
        decoder = LoraDecoder(
            read_gguf_model(arguments.model), arguments.rank, arguments.alpha, device=arguments.device
        )
        lines = lines_of(decoder, arguments.adapters, data, lambda text: print(text, end="\r", file=sys.stderr))
    except (SampleFileError, ModelFileError, FileNotFoundError) as error:
        sys.exit(f"error: {error}")
    print(file=sys.stderr)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
