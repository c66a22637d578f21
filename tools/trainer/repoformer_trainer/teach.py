"""Writes what a larger model says comes next in samples: it is asked once, and a smaller one learns it in many passes.

The same command goes on where it was interrupted; what there is so far will do, too.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from .gguf_model import ModelFileError, read_gguf_model
from .run_folder import digest
from .samples import SampleFileError, read_samples
from .teacher import Lesson, TeachingError, read_teacher, write_teaching

EXIT_INTERRUPTED = 130
SAY_EVERY = 100
"""Samples."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teaching", type=Path, help="file to write, for `train --teacher`")
    parser.add_argument("--teacher", type=Path, required=True, help="GGUF file with the same vocabulary")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file that is to learn")
    parser.add_argument("--samples", type=Path, required=True, help="made with that file")
    parser.add_argument("--top", type=int, default=16, help="next tokens that are kept; default 16")
    parser.add_argument("--text", action="store_true", help="also of prefix, suffix and context, for --text-weight")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments = parser.parse_args()
    if arguments.top < 1:
        parser.error("--top: must be 1 or more")
    stopped = []
    signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    try:
        data = read_samples(arguments.samples)
        teacher = read_teacher(arguments.teacher, read_gguf_model(arguments.model), arguments.device)
        started = time.monotonic()
        begun: list[int] = []

        def say(done: int) -> None:
            begun.append(done)
            if done % SAY_EVERY == 0 or done == len(data.samples):
                rate = (time.monotonic() - started) / len(begun)
                left = rate * (len(data.samples) - done) / 60
                print(f"{done} of {len(data.samples)} samples; {rate:.2f} s each, {left:.0f} min left", flush=True)

        lesson = Lesson(digest(arguments.samples), digest(arguments.teacher), arguments.top, arguments.text)
        is_done = write_teaching(arguments.teaching, teacher, data, lesson, lambda: bool(stopped), say)
    except (SampleFileError, ModelFileError, TeachingError) as error:
        sys.exit(f"error: {error}")
    if not is_done:
        print("stopped; the same command goes on from here")
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
