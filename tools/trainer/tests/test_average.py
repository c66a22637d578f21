import sys
from pathlib import Path

import pytest

from repoformer_trainer import average
from repoformer_trainer.adapter_file import open_adapter, write_adapter
from repoformer_trainer.gguf_model import GgufModel
from repoformer_trainer.lora_decoder import LoraDecoder

from .test_training import decoder_of, stirred


def averaged(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["average", *map(str, paths)])
    average.main()


def test_the_command_writes_the_mean_of_each_matrix(
    nano: GgufModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, other, out = (tmp_path / f"{name}.gguf" for name in ("plain", "other", "out"))
    write_adapter(decoder_of(nano), plain, "plain", "MIT", {"steps": 1})
    write_adapter(stirred(decoder_of(nano)), other, "other", "Apache-2.0", {"steps": 2})
    averaged(monkeypatch, out, plain, other)
    first, second, mean = map(open_adapter, (plain, other, out))
    assert (mean.name, mean.licence, mean.alpha) == ("other", "Apache-2.0", first.alpha)
    assert [card["steps"] for card in mean.card["average_of"]] == [1, 2]
    assert mean.matrices.keys() == first.matrices.keys()
    assert any((first.matrices[name] != second.matrices[name]).any() for name in first.matrices)
    for name, values in mean.matrices.items():
        assert values == pytest.approx((first.matrices[name] + second.matrices[name]) / 2, abs=1e-3)


def test_only_adapters_of_one_form_have_a_mean(
    nano: GgufModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, text = tmp_path / "one.gguf", tmp_path / "other.gguf", tmp_path / "text.gguf"
    write_adapter(LoraDecoder(nano, rank=2, alpha=4.0), one, "of rank two", "MIT", {})
    write_adapter(LoraDecoder(nano, rank=4, alpha=4.0), other, "of rank four", "MIT", {})
    text.write_text("not an adapter")
    with pytest.raises(SystemExit, match="another form cannot be averaged: of rank two, of rank four"):
        averaged(monkeypatch, tmp_path / "out.gguf", one, other)
    with pytest.raises(SystemExit, match="text.gguf"):
        averaged(monkeypatch, tmp_path / "out.gguf", one, text)
    with pytest.raises(SystemExit):
        averaged(monkeypatch, tmp_path / "out.gguf", one)
    assert not (tmp_path / "out.gguf").exists()
