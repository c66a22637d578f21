import json
import math
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from repoformer_trainer import train
from repoformer_trainer.adapter_file import read_adapter, write_adapter
from repoformer_trainer.attention import attend
from repoformer_trainer.decoder import Tree
from repoformer_trainer.gguf_model import GgufModel, ModelFileError
from repoformer_trainer.lora_decoder import LoraDecoder
from repoformer_trainer.objective import Weights, counts_of, losses_of
from repoformer_trainer.ragged_decoder import RaggedDecoder, Work
from repoformer_trainer.run_folder import RunError, RunFolder, RunSettings, digest
from repoformer_trainer.samples import Sample, SampleFileError, SampleSet, in_order, read_samples
from repoformer_trainer.teacher import LiveTeacher
from repoformer_trainer.train import EXIT_INTERRUPTED, Training

from .conftest import NANO

END, PRE, MID, SUF, EOF, CC = 0, 1, 2, 3, 5, 6


def sample(number: int, with_context: bool = True, retrieve: float | None = 0.5) -> Sample:
    """A hole whose truth is a token of its context, so that there is something to learn."""
    draw = random.Random(number)
    left, right = ([draw.randrange(300, 8000) for _ in range(size)] for size in (24, 6))
    secret = draw.randrange(300, 8000)
    context = [CC, *(draw.randrange(300, 8000) for _ in range(5)), secret] if with_context else []
    return Sample(str(number), [PRE, *left, SUF, *right, EOF], context, [MID, left[-1]], [secret, 40, END], retrieve)


def sample_set(count: int) -> SampleSet:
    samples = [sample(number, number % 3 > 0, 1.0 if number % 2 else 0.0) for number in range(count)]
    return SampleSet(samples, CC, MID, "0" * 64)


def write_samples(path: Path, count: int, model_sha256: str) -> None:
    records = [{**vars(sample(number)), "retrieve": 1} for number in range(count)]
    head = {"schema": 1, "samples": count, "retrieveToken": CC, "middleToken": MID, "modelSha256": model_sha256}
    path.write_text("".join(f"{json.dumps(line)}\n" for line in [head, *records]))


def decoder_of(nano: GgufModel, seed: int = 0, dtype: torch.dtype = torch.float32) -> LoraDecoder:
    return LoraDecoder(nano, rank=4, alpha=8.0, seed=seed, dtype=dtype)


def stirred(decoder: LoraDecoder) -> LoraDecoder:
    """With adapters that do something."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for matrix in decoder.matrices().values():
            matrix.lora_b.copy_(0.02 * torch.randn(matrix.lora_b.shape, generator=generator))
    return decoder


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (64, 64), (65, 65), (200, 200), (70, 150), (1, 90)])
def test_attention_on_cpus_is_that_of_pytorch(queries: int, keys: int) -> None:
    generator = torch.Generator().manual_seed(queries)

    def drawn(heads: int, tokens: int) -> torch.Tensor:
        return torch.randn(heads, tokens, 16, generator=generator, requires_grad=True)

    values = drawn(6, queries), drawn(2, keys), drawn(2, keys)
    outward = torch.randn(6, queries, 16, generator=generator)
    seen = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)
    known = F.scaled_dot_product_attention(*(each[None] for each in values), attn_mask=seen, enable_gqa=True)[0]
    expected = [known, *torch.autograd.grad(known, values, outward)]
    found = attend(*values)
    for one, other in zip([found, *torch.autograd.grad(found, values, outward)], expected):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_adapters_learn_what_autograd_says_of_the_plain_formula(nano: GgufModel, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    for tokens, name in ((1, "ffn_down"), (70, "ffn_up"), (70, "attn_q")):
        adapted = stirred(decoder_of(nano, dtype=dtype)).linears[f"1_{name}"]
        weight = nano.tensors[f"blk.1.{name}.weight"].to(dtype).double()
        values = torch.randn(tokens, weight.shape[1], generator=generator).to(dtype).requires_grad_()
        outward = torch.randn(tokens, weight.shape[0], generator=generator).to(dtype)
        learnt = (values, adapted.lora_a, adapted.lora_b)
        found = adapted(values)
        of_values, first, second = (each.detach().double().requires_grad_() for each in learnt)
        expected = of_values @ (weight + adapted.scale * second @ first).t()
        gradients = torch.autograd.grad(expected, (of_values, first, second), outward.double())
        tolerance = 1e-5 if dtype == torch.float32 else 1e-2
        for one, other in zip([found, *torch.autograd.grad(found, learnt, outward)], [expected, *gradients]):
            assert (one.double() - other).norm() <= tolerance * other.norm()


def test_a_fresh_adapter_changes_nothing_and_branches_see_only_their_trunk(nano: GgufModel) -> None:
    decoder = decoder_of(nano)
    plain = RaggedDecoder(nano, context_tokens=128, dtype=torch.float32)
    trunk, branches = list(range(300, 330)), [[7, 400, 401], [9, 500], [400]]
    trees = [Tree(trunk, branches), Tree(trunk[:5], [])]
    logits = decoder(trees, [list(range(len(trees[0].tokens))), list(range(5))])
    start = len(trunk)
    for branch in branches:
        work = Work(plain.new_sequence(), trunk + branch, len(branch))
        plain.step([work])
        torch.testing.assert_close(logits[start : start + len(branch)], work.logits, atol=1e-3, rtol=0)
        start += len(branch)
    torch.testing.assert_close(logits[start : start + 5], logits[:5], atol=1e-3, rtol=0)


def test_losses_are_of_what_is_to_be_learnt(nano: GgufModel) -> None:
    decoder = stirred(decoder_of(nano))
    plain, labelled = sample(1, False, None), sample(2, True, 0.3)
    data = SampleSet([plain, labelled], CC, MID, "")
    losses = losses_of(decoder, [plain, labelled], data, with_text=True)

    def logs(tokens: list[int]) -> torch.Tensor:
        return decoder([Tree(tokens, [])], [[len(tokens) - 1]])[0].log_softmax(-1)

    def nats(prompt: list[int], target: list[int]) -> list[float]:
        return [-logs(prompt + target[:at])[token].item() for at, token in enumerate(target)]

    expected = []
    for each, ways in ((plain, [[]]), (labelled, [[], labelled.context])):
        for context in ways:
            expected += nats(each.trunk + context + each.tail, each.target)
    assert losses.generation_count == len(expected) == 9
    assert float(losses.generation) == pytest.approx(sum(expected), abs=1e-3)
    decided = logs(labelled.trunk)
    assert losses.decision_count == 1
    assert float(losses.decision) == pytest.approx(-(0.3 * decided[CC] + 0.7 * decided[MID]).item(), abs=1e-4)
    # All of prefix, suffix and context but the token that begins each.
    text = nats(labelled.trunk + labelled.context[:1], labelled.context[1:])
    for each in (plain, labelled):
        text += nats(each.trunk[:1], each.trunk[1:])
    assert losses.text_count == len(text)
    assert float(losses.text) == pytest.approx(sum(text), rel=1e-4)
    assert float(losses.teacher) == losses.teacher_count == 0


def test_losses_count_what_they_say(nano: GgufModel) -> None:
    decoder = decoder_of(nano)
    data = sample_set(6)
    for with_text in (False, True):
        for teacher in (None, LiveTeacher(decoder)):
            losses = losses_of(decoder, data.samples, data, with_text, teacher)
            for part, count in counts_of(data.samples, data, with_text, teacher).items():
                assert getattr(losses, f"{part}_count") == count
    assert losses_of(decoder, [sample(1, retrieve=None)], data).decision_count == 0


def test_decisions_are_labelled_by_what_context_does_to_the_truth(nano: GgufModel) -> None:
    decoder = stirred(decoder_of(nano))
    data = SampleSet(
        [sample(1, False, 1.0), sample(2, True, None), sample(3, True, 0.0)], CC, MID, "", labels_by_gain=True
    )
    losses = losses_of(decoder, data.samples, data)
    assert losses.decision_count == counts_of(data.samples, data)["decision"] == 2
    known = []
    for each in data.samples[1:]:
        truth, means = each.target, []
        for way in (each.tail, each.context + each.tail):
            tokens = each.trunk + way + truth
            logs = decoder(
                [Tree(tokens, [])], [list(range(len(tokens) - len(truth) - 1, len(tokens) - 1))]
            ).log_softmax(-1)
            means.append(logs.gather(1, torch.tensor(truth)[:, None]).mean().item())
        gain = means[1] - means[0]
        assert abs(gain) > 1e-3
        known.append(replace(each, retrieve=1 / (1 + math.exp(-gain / 0.1))))
    told = losses_of(decoder, known, replace(data, labels_by_gain=False))
    torch.testing.assert_close(losses.decision, told.decision, atol=1e-3, rtol=1e-3)
    # Nor does the loss fall by making context worse: labels are as if told.
    one, other = (torch.autograd.grad(each.decision, list(decoder.parameters())) for each in (losses, told))
    torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-2)


def test_means_are_weighted_apart(nano: GgufModel) -> None:
    data = sample_set(2)
    losses = losses_of(decoder_of(nano), data.samples, data, with_text=True)
    counts = counts_of(data.samples, data, with_text=True)
    means = {part: float(getattr(losses, part)) / count for part, count in counts.items() if count}
    assert float(losses.joint(Weights(decision=2.0), counts)) == pytest.approx(
        means["generation"] + 2 * means["decision"]
    )
    assert float(losses.joint(Weights(0.0, 0.5), counts)) == pytest.approx(means["generation"] + 0.5 * means["text"])


def settings(steps: int, **more) -> RunSettings:
    return RunSettings(
        "0" * 64, "1" * 64, None, steps, **{"batch": 4, "learning_rate": 3e-3, "warmup": 2, "rank": 4, **more}
    )


def training(nano: GgufModel, folder: Path, steps: int, **more) -> Training:
    run = RunFolder.open(folder, settings(steps))
    return Training(decoder_of(nano), sample_set(24), run, **{"checkpoint_every": 3, "look_every": 4, **more})


def quiet(_: str) -> None:
    pass


class Killed(Exception):
    pass


def kill_at_step_7(text: str) -> None:
    if text.startswith("step 7"):
        raise Killed


def test_learns_and_writes_down_how(nano: GgufModel, tmp_path: Path) -> None:
    run = training(nano, tmp_path, 12)
    assert run.run(say=quiet)
    log = run.folder.log()
    steps = [line for line in log if "generation" in line]
    assert [line["step"] for line in steps] == list(range(12))
    assert sum(line["generation"] for line in steps[-3:]) < 0.8 * sum(line["generation"] for line in steps[:3])
    assert sum(line["decision"] for line in steps[-3:]) < 0.5 * sum(line["decision"] for line in steps[:3])
    assert (tmp_path / "curve.svg").read_text().count("<polyline") == 2


def test_goes_on_exactly_where_it_was_interrupted(nano: GgufModel, tmp_path: Path) -> None:
    whole = training(nano, tmp_path / "whole", 8)
    whole.run(say=quiet)
    # Stopped after five steps, then killed after the seventh: the last checkpoint is that of the sixth.
    parts = tmp_path / "parts"
    steps = iter(range(100))
    assert not training(nano, parts, 8).run(should_stop=lambda: next(steps) == 5, say=quiet)
    with pytest.raises(Killed):
        training(nano, parts, 8).run(say=kill_at_step_7)
    with (parts / "loss.jsonl").open("a") as file:
        file.write('{"step": 7, "gener')
    resumed = training(nano, parts, 8)
    assert resumed.step == 6
    assert resumed.run(say=quiet)
    for one, other in zip(whole.decoder.parameters(), resumed.decoder.parameters()):
        assert torch.equal(one, other)
    assert resumed.folder.log() == whole.folder.log()


def test_slow_steps_are_saved_more_often(nano: GgufModel, tmp_path: Path) -> None:
    often = {"checkpoint_every": 100, "checkpoint_seconds": 0.0}
    with pytest.raises(Killed):
        training(nano, tmp_path, 8, **often).run(say=kill_at_step_7)
    assert training(nano, tmp_path, 8).step == 7


def test_what_is_evaluated_at_a_time_changes_only_rounding(nano: GgufModel, tmp_path: Path) -> None:
    runs = [training(nano, tmp_path / str(size), 2, micro_batch=size) for size in (1, 4)]
    for run in runs:
        run.run(say=quiet)
    for one, other in zip(*(run.decoder.parameters() for run in runs)):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=0)


def test_a_folder_is_one_run(tmp_path: Path) -> None:
    RunFolder.open(tmp_path, settings(5))
    RunFolder.open(tmp_path, settings(5))
    with pytest.raises(RunError, match="another seed, steps"):
        RunFolder.open(tmp_path, settings(6, seed=1))
    # As written by a version that did not know of one setting, and by one that knows of more.
    written = json.loads((tmp_path / "run.json").read_text())
    del written["cooldown"]
    (tmp_path / "run.json").write_text(json.dumps(written))
    RunFolder.open(tmp_path, settings(5))
    (tmp_path / "run.json").write_text(json.dumps({**written, "unheard": 1}))
    with pytest.raises(RunError, match="another unheard"):
        RunFolder.open(tmp_path, settings(5))


def test_the_rate_rises_and_falls(tmp_path: Path) -> None:
    run = settings(10)
    rates = [run.rate_at(step) for step in range(10)]
    assert rates[0] == run.learning_rate / 2 and max(rates) == run.learning_rate
    assert rates[1:] == sorted(rates[1:], reverse=True) and 0 < rates[-1] < run.learning_rate / 5


def test_the_rate_falls_only_in_the_cooldown() -> None:
    run = settings(20, cooldown=4)
    rates = [run.rate_at(step) for step in range(20)]
    assert rates[1:17] == [run.learning_rate] * 16
    assert rates[16:] == [run.learning_rate * share for share in (1, 0.75, 0.5, 0.25)]


def test_a_run_may_be_made_longer_or_shorter_until_it_cools_down(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, settings(20, cooldown=4))
    run.note(step=5, generation=1.0)
    shorter = RunFolder.open(tmp_path, settings(10, cooldown=4))
    assert shorter.log() == run.log()
    with pytest.raises(RunError, match="another steps"):
        RunFolder.open(tmp_path, settings(9, cooldown=4))
    shorter.note(step=6, generation=1.0)
    with pytest.raises(RunError, match="another steps"):
        RunFolder.open(tmp_path, settings(20, cooldown=4))


def test_the_order_is_the_same_from_anywhere_and_each_pass_is_whole() -> None:
    first = [index for index, _ in zip(in_order(7, 3, 0), range(21))]
    assert [sorted(first[at : at + 7]) for at in (0, 7, 14)] == [list(range(7))] * 3
    assert first[:7] != first[7:14]
    assert [index for index, _ in zip(in_order(7, 3, 9), range(12))] == first[9:]


def test_adapters_are_written_and_read(nano: GgufModel, tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    decoder = stirred(decoder_of(nano))
    write_adapter(decoder, path, "test", "MIT", {"steps": 3})
    other = decoder_of(nano, seed=5)
    read_adapter(other, path)
    for one, two in zip(decoder.parameters(), other.parameters()):
        torch.testing.assert_close(one, two, atol=1e-3, rtol=1e-3)
    with pytest.raises(ModelFileError, match="lora_a is"):
        read_adapter(LoraDecoder(nano, rank=2, alpha=8.0), path)
    with pytest.raises(ModelFileError, match="alpha is 8"):
        read_adapter(LoraDecoder(nano, rank=4, alpha=4.0), path)


def test_the_command_writes_what_there_is_when_it_is_stopped(
    nano: GgufModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples, run = tmp_path / "samples.jsonl", tmp_path / "run"
    write_samples(samples, 8, digest(NANO))
    command = [str(run), "--model", str(NANO), "--samples", str(samples), "--steps", "3", "--rank", "4", "--alpha", "8"]
    monkeypatch.setattr(sys, "argv", ["train", *command, "--batch", "2"])
    handlers = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)

    def stop_at_second_step(folder: RunFolder, **line: float) -> None:
        note(folder, **line)
        if line["step"] == 1:
            handlers[signal.SIGTERM]()

    note = RunFolder.note
    monkeypatch.setattr(RunFolder, "note", stop_at_second_step)
    with pytest.raises(SystemExit, match=str(EXIT_INTERRUPTED)):
        train.main()
    halfway = (run / "adapter.gguf").read_bytes()
    read_adapter(decoder_of(nano), run / "adapter.gguf")
    train.main()
    assert (run / "adapter.gguf").read_bytes() != halfway
    assert [
        line["step"] for line in RunFolder.open(run, RunSettings(**json.loads((run / "run.json").read_text()))).log()
    ] == [0, 1, 2]


def test_reads_samples_and_says_what_is_wrong_with_them(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    head = {"schema": 1, "samples": 1, "retrieveToken": CC, "middleToken": MID, "modelSha256": "ab"}
    line = {"id": "x", "trunk": [1], "context": [], "tail": [2], "target": [3], "retrieve": 0.25}
    path.write_text(json.dumps(head) + "\n" + json.dumps(line) + "\n")
    found = read_samples(path)
    assert found == SampleSet([Sample("x", [1], [], [2], [3], 0.25)], CC, MID, "ab")
    for text, problem in (
        (json.dumps({**head, "schema": 2}), "no samples of this version"),
        (json.dumps(head), "0 of 1 samples"),
        (json.dumps(head) + '\n{"id": "x"}\n', "line 2"),
        ("", "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(SampleFileError, match=problem):
            read_samples(path)
    with pytest.raises(SampleFileError, match="no such file"):
        read_samples(tmp_path / "none")
