"""Models of which everything is trained, and smaller ones made for it."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader, quants

from repoformer_trainer import create
from repoformer_trainer.create import checked
from repoformer_trainer.decoder import Tree
from repoformer_trainer.fresh_weights import ShapeError, fresh_tensors, keep_layers
from repoformer_trainer.full_decoder import FullDecoder
from repoformer_trainer.gguf_model import GgufModel, read_gguf_model
from repoformer_trainer.lora_decoder import LoraDecoder
from repoformer_trainer.model_file import write_model
from repoformer_trainer.narrow import keep_units, what_units_say
from repoformer_trainer.rounding import rounded_to_q4_0
from repoformer_trainer.run_folder import RunFolder, digest
from repoformer_trainer.teacher import LiveTeacher
from repoformer_trainer.train import Training

from .conftest import NANO
from .test_training import quiet, sample_set, settings, write_samples

TREE = Tree(list(range(300, 330)), [[7, 400, 401], [9, 500]])
PLACES = [list(range(len(TREE.tokens)))]


def logits(model: GgufModel) -> torch.Tensor:
    with torch.no_grad():
        return FullDecoder(model, dtype=torch.float32)([TREE], PLACES)


def test_a_whole_model_says_what_one_with_adapters_says(nano: GgufModel) -> None:
    adapted = LoraDecoder(nano, rank=4, dtype=torch.float32)([TREE], PLACES)
    torch.testing.assert_close(logits(nano), adapted, atol=1e-3, rtol=0)
    frozen = FullDecoder(nano, frozen=True)
    assert not any(each.requires_grad for each in frozen.parameters())
    assert {each.dtype for each in frozen.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(("kind", "tolerance"), [("f32", 1e-4), ("f16", 0.05), ("q8_0", 0.5), ("q4_0", 5)])
def test_models_are_written_and_read(nano: GgufModel, tmp_path: Path, kind: str, tolerance: float) -> None:
    path = tmp_path / "model.gguf"
    tensors = FullDecoder(nano).tensors()
    assert tensors.keys() == nano.tensors.keys()
    write_model(path, NANO, tensors, kind, {"general.name": "again"}, {"steps": 3})
    found = read_gguf_model(path)
    assert (found.shape, found.tokens, found.token_types) == (nano.shape, nano.tokens, nano.token_types)
    torch.testing.assert_close(logits(found), logits(nano), atol=tolerance, rtol=0)


def test_what_a_file_says_of_its_weights_is_not_said_of_others(nano: GgufModel, tmp_path: Path) -> None:
    tensors = FullDecoder(nano).tensors()
    told = {"general.size_label": "7M", "tokenizer.chat_template": "{{ messages }}", "general.author": "us"}
    write_model(tmp_path / "first.gguf", NANO, tensors, fields=told)
    write_model(tmp_path / "second.gguf", tmp_path / "first.gguf", tensors)
    first, second = (GGUFReader(tmp_path / f"{name}.gguf").fields for name in ("first", "second"))
    assert set(told) <= set(first)
    assert set(told) & set(second) == {"general.author"}


def test_a_model_is_made_of_some_layers_of_another(nano: GgufModel, tmp_path: Path) -> None:
    tensors = keep_layers(nano, [0, 4])
    torch.testing.assert_close(tensors["blk.1.ffn_up.weight"], nano.tensors["blk.4.ffn_up.weight"])
    assert max(int(name.split(".")[1]) for name in tensors if name.startswith("blk.")) == 1
    for layers in ([], [1, 1], [3, 2], [0, 6], [-1]):
        with pytest.raises(ShapeError, match="0 to 5"):
            keep_layers(nano, layers)


def test_rounds_as_files_do() -> None:
    matrix = torch.randn(64, 96, generator=torch.Generator().manual_seed(0))
    matrix[3, 32:64] = 0
    written = quants.quantize(matrix.numpy(), GGMLQuantizationType.Q4_0)
    expected = torch.from_numpy(quants.dequantize(written, GGMLQuantizationType.Q4_0))
    assert torch.equal(rounded_to_q4_0(matrix), expected)


def test_what_learns_rounded_says_what_its_file_says(nano: GgufModel, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    decoder = FullDecoder(nano, dtype=torch.float32, is_rounded=True)
    optimiser = torch.optim.SGD(decoder.parameters(), lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        decoder([TREE], PLACES)[0].log_softmax(-1)[7].neg().backward()
        optimiser.step()
    write_model(path, NANO, decoder.tensors(), "q4_0")
    torch.testing.assert_close(logits(read_gguf_model(path)), decoder([TREE], PLACES).detach(), atol=0.2, rtol=0)
    change = decoder.tensors()["blk.0.ffn_up.weight"] - nano.tensors["blk.0.ffn_up.weight"]
    assert change.abs().max() > 0
    sizes = {tensor.name: tensor.tensor_type for tensor in GGUFReader(path).tensors}
    assert sizes["token_embd.weight"] == GGMLQuantizationType.Q8_0
    assert sizes["blk.0.ffn_up.weight"] == GGMLQuantizationType.Q4_0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_whole_matrices_learn_what_autograd_says(nano: GgufModel, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    bias = torch.randn(nano.shape.width, generator=generator)
    model = replace(nano, tensors={**nano.tensors, "blk.1.attn_q.bias": bias})
    linear = FullDecoder(model, dtype=dtype).linears["1_attn_q"]
    values = torch.randn(70, nano.shape.width, generator=generator).to(dtype).requires_grad_()
    outward = torch.randn(70, len(linear.weight), generator=generator).to(dtype)
    learnt = (values, linear.weight, linear.bias)
    plain = [each.detach().double().requires_grad_() for each in learnt]
    expected = torch.nn.functional.linear(*plain)
    gradients = torch.autograd.grad(expected, plain, outward.double())
    for _ in range(2):
        found = linear(values)
        tolerance = 1e-5 if dtype == torch.float32 else 1e-2
        for one, other in zip([found, *torch.autograd.grad(found, learnt, outward)], [expected, *gradients]):
            assert (one.double() - other).norm() <= tolerance * other.norm()
    with torch.no_grad():
        linear.weight.mul_(2), linear.bias.zero_()
        torch.testing.assert_close(linear(values), 2 * (found - plain[2].to(dtype)), atol=0.1, rtol=0.02)


def test_units_that_say_nothing_are_left_out(nano: GgufModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = torch.randperm(nano.shape.feed_forward, generator=torch.Generator().manual_seed(0))[:96]
    tensors = {name: tensor.clone() for name, tensor in nano.tensors.items()}
    for name, tensor in tensors.items():
        if name.endswith("ffn_down.weight"):
            tensor[:, silent] = 0
    muted = replace(nano, tensors=tensors)
    size = nano.shape.feed_forward - 96
    narrow = keep_units(tensors, what_units_say(muted, sample_set(4).samples), size)
    made = replace(nano, shape=replace(nano.shape, feed_forward=size), tensors=narrow)
    torch.testing.assert_close(logits(made), logits(muted), atol=1e-3, rtol=0)
    with pytest.raises(ShapeError, match=f"1 to {nano.shape.feed_forward}"):
        keep_units(tensors, [torch.ones(nano.shape.feed_forward)], nano.shape.feed_forward + 32)

    samples, path = tmp_path / "samples.jsonl", tmp_path / "small.gguf"
    arguments = ["create", str(path), "--like", str(NANO), "--keep-layers", "1,3", "--feed-forward", "64"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match="samples: must be given"):
        create.main()
    for sha256, is_own in (("0" * 64, False), (digest(NANO), True)):
        write_samples(samples, 4, sha256)
        monkeypatch.setattr(sys, "argv", [*arguments, "--samples", str(samples)])
        if is_own:
            create.main()
        else:
            with pytest.raises(SystemExit, match="another model"):
                create.main()
    found = read_gguf_model(path)
    assert (found.shape.layers, found.shape.feed_forward) == (2, 64)
    assert logits(found).isfinite().all()


def test_a_fresh_model_begins_with_what_tokens_are_alike(nano: GgufModel) -> None:
    shape = replace(nano.shape, width=64, heads=2, kv_heads=1, layers=2, feed_forward=96)
    tensors = fresh_tensors(nano, shape, seed=3)
    made = replace(nano, shape=shape, tensors=tensors)
    assert logits(made).isfinite().all()
    embedding, given = tensors["token_embd.weight"], nano.tensors["token_embd.weight"]
    one, other = (torch.nn.functional.normalize(each - each.mean(0)) for each in (embedding, given))
    alike = torch.corrcoef(torch.stack([(each[300:500] @ each[300:500].T).flatten() for each in (one, other)]))
    assert alike[0, 1] > 0.5
    assert torch.equal(fresh_tensors(nano, shape, seed=3)["blk.0.attn_q.weight"], tensors["blk.0.attn_q.weight"])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [({"heads": 3, "kv_heads": 2}, "share"), ({"width": 100}, "multiples"), ({"layers": 0}, "1 or more")],
)
def test_sizes_must_fit(nano: GgufModel, sizes: dict[str, int], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        checked(replace(nano.shape, **sizes))


def test_the_command_makes_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "small.gguf"
    arguments = ["create", str(path), "--like", str(NANO), "--layers", "2", "--width", "64", "--heads", "2"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--kv-heads", "1", "--feed-forward", "96"])
    create.main()
    found = read_gguf_model(path)
    assert (found.shape.layers, found.shape.width, found.shape.heads, found.shape.kv_heads) == (2, 64, 2, 1)
    monkeypatch.setattr(sys, "argv", [*arguments, "--keep-layers", "0,1"])
    with pytest.raises(SystemExit, match="leaves all sizes"):
        create.main()


def test_learns_text_truths_and_a_teacher_and_goes_on_exactly(nano: GgufModel, tmp_path: Path) -> None:
    shape = replace(nano.shape, width=64, heads=2, kv_heads=1, layers=2, feed_forward=96)
    small = replace(nano, shape=shape, tensors=fresh_tensors(nano, shape, seed=0))
    teacher = LiveTeacher(FullDecoder(nano, frozen=True))

    def training(folder: str) -> Training:
        run = RunFolder.open(tmp_path / folder, settings(8, full=True, text_weight=0.5, teacher_weight=0.5))
        return Training(FullDecoder(small, dtype=torch.float32), sample_set(24), run, teacher, checkpoint_every=3)

    whole = training("whole")
    assert whole.run(say=quiet)
    first, *_, last = (line for line in whole.folder.log() if "text" in line)
    for part in ("generation", "text", "teacher"):
        assert last[part] < first[part]
    steps = iter(range(100))
    assert not training("parts").run(should_stop=lambda: next(steps) == 5, say=quiet)
    resumed = training("parts")
    assert resumed.step == 5 and resumed.run(say=quiet)
    for one, other in zip(whole.decoder.parameters(), resumed.decoder.parameters()):
        assert torch.equal(one, other)
