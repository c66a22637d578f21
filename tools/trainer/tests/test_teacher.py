"""What larger models say, asked each time or written down once."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from repoformer_trainer import create, teach, train
from repoformer_trainer.full_decoder import FullDecoder
from repoformer_trainer.gguf_model import GgufModel, read_gguf_model
from repoformer_trainer.objective import losses_of
from repoformer_trainer.run_folder import digest
from repoformer_trainer.teacher import (
    Lesson,
    LiveTeacher,
    Teaching,
    TeachingError,
    by_chance,
    read_teacher,
    write_teaching,
)

from .conftest import NANO
from .test_training import decoder_of, sample_set, stirred, write_samples

SAMPLES, TEACHER = "1" * 64, "2" * 64
DATA = sample_set(6)


@pytest.fixture
def live(nano: GgufModel) -> LiveTeacher:
    return LiveTeacher(FullDecoder(nano, dtype=torch.float32))


def write(path: Path, live: LiveTeacher, top: int, with_text: bool = True, **more) -> Teaching:
    write_teaching(path, live, DATA, Lesson(SAMPLES, TEACHER, top, with_text), **more)
    return Teaching(path, DATA, SAMPLES)


def test_a_teacher_diverges_from_all_but_itself(nano: GgufModel) -> None:
    teacher, other = stirred(decoder_of(nano)), decoder_of(nano)
    live = LiveTeacher(teacher)
    assert float(losses_of(teacher, DATA.samples, DATA, True, live).teacher) == pytest.approx(0, abs=1e-3)
    assert float(losses_of(other, DATA.samples, DATA, True, live).teacher) > 0.01


@pytest.mark.parametrize("with_text", [True, False])
def test_what_is_written_down_teaches_what_is_said(
    nano: GgufModel, live: LiveTeacher, tmp_path: Path, with_text: bool
) -> None:
    learner = stirred(decoder_of(nano))
    asked = losses_of(learner, DATA.samples, DATA, with_text, live)
    # All that a teacher says, to float16; then the likeliest tokens, and the rest as one: a little less is known.
    written = losses_of(
        learner, DATA.samples, DATA, with_text, write(tmp_path / "all", live, len(nano.tokens), with_text)
    )
    assert written.teacher_count == asked.teacher_count
    assert float(written.teacher) == pytest.approx(float(asked.teacher), abs=0.001 * asked.teacher_count)
    some = losses_of(learner, DATA.samples, DATA, with_text, write(tmp_path / "some", live, 64, with_text))
    assert 0.2 * float(asked.teacher) < float(some.teacher) <= float(written.teacher)
    some.teacher.backward()
    assert all(each.grad.isfinite().all() for each in learner.parameters())
    itself = losses_of(live.decoder, DATA.samples, DATA, with_text, Teaching(tmp_path / "some", DATA, SAMPLES))
    assert abs(float(itself.teacher)) < 0.001 * some.teacher_count


def test_goes_on_where_it_was_interrupted_and_teaches_what_there_is(live: LiveTeacher, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole", live, 4)
    path, asked = tmp_path / "parts", iter(range(100))
    parts = write(path, live, 4, should_stop=lambda: next(asked) == 3)
    assert (len(parts), len(whole)) == (3, 6)
    assert parts.count(DATA.samples, DATA, True) == parts.count(by_chance(DATA.samples)[:3], DATA, True)
    losses = losses_of(live.decoder, DATA.samples, DATA, True, parts)
    assert losses.teacher_count == parts.count(DATA.samples, DATA, True) < losses.generation_count + losses.text_count
    with path.open("ab") as file:
        file.write(b"half of a sample")
    assert len(Teaching(path, DATA, SAMPLES)) == 3
    said = []
    write(path, live, 4, say=said.append)
    assert said == [4, 5, 6]
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()


def test_what_is_of_something_else_is_refused(live: LiveTeacher, tmp_path: Path) -> None:
    path = tmp_path / "taught"
    write(path, live, 4)
    with pytest.raises(TeachingError, match="other samples"):
        Teaching(path, DATA, "3" * 64)
    with pytest.raises(TeachingError, match="another top, with_text"):
        write(path, live, 5, False)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(TeachingError, match="neither"):
        Teaching(path, DATA, SAMPLES)
    path.write_text('{"schema": 2}\n')
    with pytest.raises(TeachingError, match="version"):
        Teaching(path, DATA, SAMPLES)
    model = read_gguf_model(NANO)
    with pytest.raises(TeachingError, match="another vocabulary"):
        read_teacher(NANO, replace(model, tokens=model.tokens[:-1]))


def test_the_commands_work_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, samples, taught = tmp_path / "small.gguf", tmp_path / "samples.jsonl", tmp_path / "taught"

    def run(command, *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["", *arguments])
        command.main()

    sizes = ("--layers", "1", "--width", "64", "--heads", "2", "--kv-heads", "1", "--feed-forward", "96")
    run(create, str(small), "--like", str(NANO), *sizes)
    write_samples(samples, 8, digest(small))
    files = ("--model", str(small), "--samples", str(samples))
    run(teach, str(taught), *files, "--teacher", str(NANO), "--text")
    learn = (str(tmp_path / "run"), *files, "--full", "--type", "q4_0", "--steps", "3", "--batch", "4")
    by = ("--teacher", str(taught), "--teacher-weight", "1")
    with pytest.raises(SystemExit, match="--text"):
        run(train, *learn, *by)
    run(train, *learn, *by, "--text-weight", "1", "--learning-rate", "0.01")
    log = (tmp_path / "run/loss.jsonl").read_text()
    assert log.count('"teacher"') == 3
    assert read_gguf_model(tmp_path / "run/model.gguf").shape.layers == 1
    with pytest.raises(SystemExit, match="No such file"):
        run(train, *learn, "--teacher", str(tmp_path / "none"), "--teacher-weight", "1")
