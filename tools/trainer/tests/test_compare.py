import json
import sys
from pathlib import Path
from statistics import fmean, stdev

import pytest
import torch

from repoformer_trainer import compare
from repoformer_trainer.adapter_file import read_adapter, write_adapter
from repoformer_trainer.compare import Completion, compared, completions_of
from repoformer_trainer.gguf_model import GgufModel
from repoformer_trainer.objective import losses_of
from repoformer_trainer.ragged_decoder import RaggedDecoder, Work
from repoformer_trainer.run_folder import digest
from repoformer_trainer.samples import Sample, SampleSet

from .conftest import NANO
from .test_training import decoder_of, sample, sample_set, stirred, write_samples


def test_completions_are_what_training_counts(nano: GgufModel) -> None:
    decoder, data = stirred(decoder_of(nano)), sample_set(6)
    for each in data.samples:
        found = completions_of(decoder, each, data)
        assert len(found) == (2 if each.context else 1)
        total = sum(completion.loss for completion in found) * len(each.target)
        assert total == pytest.approx(losses_of(decoder, [each], data).generation.item(), rel=1e-4)


def test_right_is_what_greedy_choice_writes(nano: GgufModel) -> None:
    decoder, data = decoder_of(nano), sample_set(1)
    plain = sample(1, with_context=False)
    engine = RaggedDecoder(nano, context_tokens=64, dtype=torch.float32)
    sequence, tokens = engine.new_sequence(), [*plain.trunk, *plain.tail]
    written: list[int] = []
    for _ in range(3):
        work = Work(sequence, tokens)
        engine.step([work])
        tokens = [int(work.logits[-1].argmax())]
        written += tokens
    right = Sample("right", plain.trunk, [], plain.tail, written, None)
    wrong = Sample("wrong", plain.trunk, [], plain.tail, [*written[:2], (written[2] + 1) % 8000], None)
    assert [completions_of(decoder, each, data)[0].right for each in (right, wrong)] == [True, False]


def test_differences_are_taken_hole_by_hole() -> None:
    first = [Completion(loss, 0.5, False) for loss in (1.0, 2.0, 3.0)]
    mine = [Completion(loss, 0.1, loss < 1) for loss in (0.9, 1.7, 3.1)]
    found = compared(mine, first)
    differences = [-0.1, -0.3, 0.1]
    assert found.difference == pytest.approx(fmean(differences))
    assert found.margin == pytest.approx(1.96 * stdev(differences) / 3**0.5)
    assert (found.right, found.end_loss) == (pytest.approx(1 / 3), pytest.approx(0.1))


def test_the_command_compares_adapters_at_the_same_holes(
    nano: GgufModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, adapter = tmp_path / "samples.jsonl", tmp_path / "stirred.gguf"
    write_samples(samples, 6, digest(NANO))
    write_adapter(stirred(decoder_of(nano)), adapter, "stirred", "Apache-2.0", {})
    arguments = ["--model", str(NANO), "--samples", str(samples), "--rank", "4", "--alpha", "8", "--limit", "5"]
    monkeypatch.setattr(sys, "argv", ["compare", "none", str(adapter), *arguments])
    compare.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(line.split()[2] == "5" for line in lines[1:])
    # The same numbers, taken one by one in the precision that the command takes.
    decoder = decoder_of(nano, dtype=torch.bfloat16)
    read_adapter(decoder, adapter)
    records = [json.loads(line) for line in samples.read_text().splitlines()[1:6]]
    data = SampleSet([Sample(**record) for record in records], 6, 2, digest(NANO))
    shown = fmean(completions_of(decoder, each, data)[1].loss for each in data.samples)
    assert float(lines[4].split()[3]) == pytest.approx(shown, abs=0.001)
    assert "±" in lines[4] and "±" not in lines[3]


def test_the_command_refuses_samples_of_another_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = tmp_path / "samples.jsonl"
    write_samples(samples, 2, "0" * 64)
    monkeypatch.setattr(sys, "argv", ["compare", "none", "--model", str(NANO), "--samples", str(samples)])
    with pytest.raises(SystemExit, match="tokens of another model"):
        compare.main()
