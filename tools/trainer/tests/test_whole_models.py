"""Models of which everything is trained, and smaller ones made for it."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from repoformer_trainer import create
from repoformer_trainer.create import checked
from repoformer_trainer.decoder import Tree
from repoformer_trainer.fresh_weights import ShapeError, fresh_tensors, keep_layers
from repoformer_trainer.full_decoder import FullDecoder
from repoformer_trainer.gguf_model import GgufModel, read_gguf_model
from repoformer_trainer.lora_decoder import LoraDecoder
from repoformer_trainer.model_file import write_model
from repoformer_trainer.run_folder import RunFolder
from repoformer_trainer.train import Training

from .conftest import NANO
from .test_training import quiet, sample_set, settings

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


@pytest.mark.parametrize(("kind", "tolerance"), [("f32", 1e-4), ("f16", 0.05), ("q8_0", 0.5)])
def test_models_are_written_and_read(nano: GgufModel, tmp_path: Path, kind: str, tolerance: float) -> None:
    path = tmp_path / "model.gguf"
    tensors = FullDecoder(nano).tensors()
    assert tensors.keys() == nano.tensors.keys()
    write_model(path, NANO, tensors, kind, {"general.name": "again"}, {"steps": 3})
    found = read_gguf_model(path)
    assert (found.shape, found.tokens, found.token_types) == (nano.shape, nano.tokens, nano.token_types)
    torch.testing.assert_close(logits(found), logits(nano), atol=tolerance, rtol=0)


def test_a_model_is_made_of_some_layers_of_another(nano: GgufModel, tmp_path: Path) -> None:
    tensors = keep_layers(nano, [0, 4])
    torch.testing.assert_close(tensors["blk.1.ffn_up.weight"], nano.tensors["blk.4.ffn_up.weight"])
    assert max(int(name.split(".")[1]) for name in tensors if name.startswith("blk.")) == 1
    for layers in ([], [1, 1], [3, 2], [0, 6], [-1]):
        with pytest.raises(ShapeError, match="0 to 5"):
            keep_layers(nano, layers)


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
    with pytest.raises(SystemExit, match="other sizes"):
        create.main()


def test_learns_text_truths_and_a_teacher_and_goes_on_exactly(nano: GgufModel, tmp_path: Path) -> None:
    shape = replace(nano.shape, width=64, heads=2, kv_heads=1, layers=2, feed_forward=96)
    small = replace(nano, shape=shape, tensors=fresh_tensors(nano, shape, seed=0))
    teacher = FullDecoder(nano, frozen=True)

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
