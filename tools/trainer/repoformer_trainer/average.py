"""The mean of adapters that were learnt one from the other: of checkpoints of a run, or of its stages.

Often it is better than each of them, as each still carries the noise of its last steps (Wortsman et al., 2022, "Model soups"). It
is the mean of their factors, not of their products, and so takes no more room; for adapters that began apart it says nothing.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from .adapter_file import Adapter, open_adapter
from .gguf_model import ModelFileError


def average_of(adapters: list[Adapter]) -> Adapter:
    """Each counts as much; name and licence are those of the last.

    Raises:
        ModelFileError: they have not the same matrices, rank and alpha.
    """
    last = adapters[-1]
    form = _form_of(last)
    for adapter in adapters:
        if _form_of(adapter) != form:
            raise ModelFileError(f"adapters of another form cannot be averaged: {adapter.name}, {last.name}")
    matrices = {name: np.mean([each.matrices[name] for each in adapters], axis=0) for name in last.matrices}
    return replace(last, matrices=matrices, card={"average_of": [each.card for each in adapters]})


def _form_of(adapter: Adapter) -> tuple:
    return adapter.architecture, adapter.alpha, {name: each.shape for name, each in adapter.matrices.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="GGUF file to write")
    parser.add_argument(
        "adapters", type=Path, nargs="+", help="GGUF files, two or more; name and licence are those of the last"
    )
    arguments = parser.parse_args()
    if len(arguments.adapters) < 2:
        parser.error("two adapters or more are needed")
    try:
        average_of([open_adapter(path) for path in arguments.adapters]).write(arguments.out)
    except ModelFileError as error:
        sys.exit(f"error: {error}")
    print(f"adapter: {arguments.out}")


if __name__ == "__main__":
    main()
