"""Tokenizers of their own, and models made from scratch with them."""

import json
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from gguf import GGUFReader, TokenType
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from repoformer_trainer import create, tokenizer
from repoformer_trainer.create import fresh_llama
from repoformer_trainer.decoder import Tree
from repoformer_trainer.fresh_weights import DEVIATION
from repoformer_trainer.full_decoder import FullDecoder
from repoformer_trainer.gguf_model import GgufModel, read_gguf_model
from repoformer_trainer.model_file import write_model
from repoformer_trainer.run_folder import RunFolder
from repoformer_trainer.samples import Sample, SampleSet
from repoformer_trainer.tokenizer import (
    LEAST_SIZE,
    MARKERS,
    TokenizerError,
    bytes_per_token,
    read_texts,
    train_tokenizer,
    write_tokenizer,
)
from repoformer_trainer.tokenizer_file import read_vocabulary
from repoformer_trainer.train import Training

from .checkpoints import SOURCE
from .conftest import NANO
from .test_convert import NASTY_TEXTS
from .test_training import quiet, settings

SIZE = 400
EOF, CC = MARKERS.index("<eof>"), MARKERS.index("<cc>")
MARKED = "".join(MARKERS)
SHAPE = ["--layers", "2", "--width", "64", "--heads", "4", "--kv-heads", "2", "--feed-forward", "96"]


def hole(path: str, text: str, **other) -> dict:
    """As `repoformer-dataset build` writes it, but for what a tokenizer has no use for."""
    start, end = len(text) // 3, len(text) // 2
    texts = {"prefix": text[:start], "middle": text[start:end], "suffix": text[end:]}
    record = {"schema": 1, "repository": "path:one", "split": "train", "path": path, "language": "python"}
    return {**record, **texts, "context": {"chunks": []}, **other}


def write_holes(dataset: Path, name: str, *holes: dict) -> None:
    file = dataset / "holes" / f"{name}.0123456789ab.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(each)}\n" for each in holes))


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two repositories to learn from, and one of the benchmark."""
    folder = tmp_path_factory.mktemp("dataset")
    chunk = {"context": {"chunks": [{"text": f"chunk of {MARKED}\n"}, {"text": "half a \ud83d"}]}}
    write_holes(folder, "one", hole("a.py", SOURCE, **chunk), hole("a.py", SOURCE), hole("b.py", MARKED * 20))
    other = {"repository": "path:other", "split": "calibration", "language": "typescript"}
    write_holes(folder, "other", hole("a.py", SOURCE + MARKED, **other))
    write_holes(folder, "benchmark", hole("c.py", "zyzzyva " * 50, repository="path:third", split="benchmark"))
    return folder


@dataclass(frozen=True)
class Made:
    """A tokenizer, and a fresh model with it."""

    folder: Path
    path: Path
    tokenizer: Tokenizer
    model: GgufModel


def run(monkeypatch: pytest.MonkeyPatch, command, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    command.main()


@pytest.fixture(scope="session")
def made(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    path = folder / "fresh.gguf"
    with pytest.MonkeyPatch.context() as patch:
        run(patch, tokenizer, folder / "tokenizer", "--dataset", dataset, "--size", str(SIZE))
        run(patch, create, path, "--tokenizer", folder / "tokenizer", *SHAPE, "--context", "192", "--type", "f32")
    written = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
    return Made(folder / "tokenizer", path, written, read_gguf_model(path))


def test_texts_are_those_of_each_file_once_and_none_of_the_benchmark(dataset: Path) -> None:
    assert list(read_texts(dataset)) == [
        ("python", SOURCE),
        ("python", f"chunk of {MARKED}\n"),
        ("python", "half a "),
        ("python", MARKED * 20),
        ("typescript", SOURCE + MARKED),
    ]


def test_the_vocabulary_is_markers_bytes_and_what_is_learnt(made: Made) -> None:
    vocabulary = read_vocabulary(made.folder, {})
    assert tuple(vocabulary.tokens[:9]) == MARKERS
    assert tuple(read_gguf_model(NANO).tokens[:9]) == MARKERS
    assert vocabulary.types == [TokenType.CONTROL] * 9 + [TokenType.NORMAL] * (SIZE - 9)
    assert all(len(token) == 1 for token in vocabulary.tokens[9:265])
    assert len(vocabulary.merges) == SIZE - 265
    assert vocabulary.pre_tokenizer == "starcoder"
    assert not any(vocabulary.adds.values())
    assert vocabulary.remarks == []
    assert "Ġnumber" in vocabulary.tokens
    assert not any("zy" in token for token in vocabulary.tokens)


def test_transformers_reads_the_folder(made: Made) -> None:
    found = AutoTokenizer.from_pretrained(made.folder)
    assert (found.eos_token_id, len(found)) == (0, SIZE)
    for text in NASTY_TEXTS:
        assert found.encode(text) == made.tokenizer.encode(text).ids
        assert found.decode(found.encode(text)) == text


def test_the_same_dataset_makes_the_same_file(
    dataset: Path, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_order = Path.glob
    monkeypatch.setattr(Path, "glob", lambda *given: sorted(in_order(*given), reverse=True))
    run(monkeypatch, tokenizer, tmp_path, "--dataset", dataset, "--size", str(SIZE))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / name).read_bytes() == (made.folder / name).read_bytes()
    texts = [text for _, text in read_texts(dataset)]
    assert train_tokenizer(reversed(texts), SIZE).to_str() == made.tokenizer.to_str()


def test_markers_in_sources_are_text(dataset: Path, made: Made) -> None:
    plain = Tokenizer.from_str(made.tokenizer.to_str())
    plain.encode_special_tokens = True
    for marker in MARKERS:
        tokens = plain.encode(marker).ids
        assert len(tokens) > 2 and min(tokens) >= len(MARKERS)
    texts = [("b", "é"), ("a", MARKED), ("b", "0")]
    expected = {"a": len(MARKED) / len(plain.encode(MARKED).ids), "b": 3 / len(plain.encode("é0").ids)}
    assert bytes_per_token(made.tokenizer, texts) == expected


def test_the_command_says_how_well_it_fits(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    run(monkeypatch, tokenizer, tmp_path, "--dataset", dataset, "--size", str(LEAST_SIZE))
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.endswith(f"{LEAST_SIZE} tokens")
    assert [line.split(" of ")[1] for line in lines] == ["python", "typescript"]
    assert all(1 <= float(line.split()[0]) < 1.2 for line in lines)


@pytest.mark.parametrize(
    ("holes", "size", "message"),
    [
        ([], SIZE, "holds no holes; make them with"),
        ([hole("a.py", SOURCE, split="benchmark")], SIZE, "no hole to learn from"),
        ([hole("a.py", SOURCE, schema=2)], SIZE, "line 1: .*schema"),
        ([hole("a.py", SOURCE), {"schema": 1}], SIZE, "line 2: .*prefix"),
        ([hole("a.py", SOURCE, context=None)], SIZE, "line 1: "),
        ([hole("a.py", SOURCE)], LEAST_SIZE - 1, "must be 266 or more"),
        ([hole("a.py", SOURCE)], 5000, r"makes \d\d\d tokens, not 5000"),
    ],
)
def test_errors_say_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holes: list[dict], size: int, message: str
) -> None:
    if holes:
        write_holes(tmp_path, "one", *holes)
    with pytest.raises(SystemExit, match=f"error: .*{message}"):
        run(monkeypatch, tokenizer, tmp_path / "made", "--dataset", tmp_path, "--size", str(size))
    assert not (tmp_path / "made").exists()


def test_a_line_that_is_cut_short_is_named(tmp_path: Path) -> None:
    write_holes(tmp_path, "one", hole("a.py", SOURCE))
    file = next(tmp_path.glob("holes/*"))
    file.write_text(file.read_text() + '{"schema": 1, "pre')
    with pytest.raises(TokenizerError, match=f"{file.name}, line 2"):
        list(read_texts(tmp_path))


def test_text_becomes_the_same_tokens_in_llama_cpp(made: Made, llama) -> None:
    said = llama(made.path, NASTY_TEXTS)
    plain = Tokenizer.from_str(made.tokenizer.to_str())
    plain.encode_special_tokens = True
    for text, marked, unmarked in zip(NASTY_TEXTS, said["marked"], said["plain"]):
        assert marked == made.tokenizer.encode(text).ids
        assert unmarked == plain.encode(text).ids
    assert (said["family"], said["decisionToken"]) == ("repoformer", CC)
    info = said["info"]
    assert [info["specialTokens"][marker] for marker in MARKERS] == list(range(9))
    assert 0 in info["endTokens"] and "bosToken" not in info
    assert (info["vocabularySize"], info["contextTokens"]) == (SIZE, 191)


def test_the_least_vocabulary_can_be_used(
    dataset: Path, llama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    least = train_tokenizer((text for _, text in read_texts(dataset)), LEAST_SIZE)
    write_tokenizer(least, tmp_path)
    run(monkeypatch, create, tmp_path / "least.gguf", "--tokenizer", tmp_path, *SHAPE)
    said = llama(tmp_path / "least.gguf", (SOURCE,), serve=False)
    assert said["marked"] == [least.encode(SOURCE).ids]


def scattered(model: GgufModel) -> dict[str, torch.Tensor]:
    """No tensor is zero or one, so that each shows."""
    draw = torch.Generator().manual_seed(7)
    tensors = {}
    for name, tensor in model.tensors.items():
        noise = torch.randn(tensor.shape, generator=draw)
        scale = 0.5 if "embd" in name else 1.5 / math.sqrt(tensor.shape[-1])
        tensors[name] = 1 + 0.3 * noise if tensor.ndim == 1 else scale * noise
    return tensors


def logits_of(model: GgufModel, prompt: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return FullDecoder(model, dtype=torch.float32)([Tree(prompt, [])], [list(range(len(prompt)))])


def test_logits_are_those_of_llama_cpp(made: Made, llama, tmp_path: Path) -> None:
    stirred = tmp_path / "scattered.gguf"
    write_model(stirred, made.path, scattered(made.model), "f32")
    prompts = [made.tokenizer.encode(text).ids for text in ("return shape", SOURCE[:200])]
    for path, least in ((made.path, 0.1), (stirred, 1.0)):
        model = read_gguf_model(path)
        for prompt, said in zip(prompts, llama(path, prompts=prompts, serve=False)["logits"]):
            expected = logits_of(model, prompt)
            assert expected.isfinite().all() and expected.std() > least
            torch.testing.assert_close(torch.tensor(said), expected, atol=1e-4, rtol=0)


def test_a_fresh_model_is_of_the_shape_that_is_asked_for(made: Made, tmp_path: Path, monkeypatch) -> None:
    shape = made.model.shape
    assert (shape.architecture, shape.layers, shape.width, shape.feed_forward) == ("llama", 2, 64, 96)
    assert (shape.heads, shape.kv_heads, shape.head_dim, shape.rope_dims, shape.vocabulary) == (4, 2, 16, 16, SIZE)
    assert "output.weight" not in made.model.tensors
    assert made.model.tensors["token_embd.weight"].std().item() == pytest.approx(DEVIATION, rel=0.02)
    fields = {key: field.contents() for key, field in GGUFReader(made.path).fields.items()}
    assert (fields["general.name"], fields["general.file_type"]) == ("fresh", 0)
    # The same seed makes the same file, another seed another.
    arguments = ["--tokenizer", made.folder, *SHAPE, "--context", "192", "--type", "f32", "--name", "fresh"]
    for seed in (0, 1):
        run(monkeypatch, create, tmp_path / f"{seed}.gguf", *arguments, "--seed", str(seed))
    assert (tmp_path / "0.gguf").read_bytes() == made.path.read_bytes()
    assert (tmp_path / "1.gguf").read_bytes() != made.path.read_bytes()
    # As many keys as heads, where nothing else is said.
    assert fresh_llama(SIZE, 128, layers=1, width=64, heads=2, feed_forward=96).kv_heads == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layers", "2", "--width", "64"], "error: heads, feed-forward: must be given"),
        ([*SHAPE, "--keep-layers", "0"], "keep-layers: needs a model"),
        ([*SHAPE, "--context", "0"], "context: must be 1"),
        ([*SHAPE, "--heads", "0"], "1 or more"),
        ([*SHAPE, "--kv-heads", "3"], "share"),
        ([*SHAPE, "--width", "96", "--heads", "6", "--feed-forward", "100"], "multiples of 32"),
        ([*SHAPE, "--heads", "6"], "multiple of 12"),
        ([*SHAPE, "--heads", "64"], "multiple of 128"),
    ],
)
def test_what_cannot_be_made_is_refused(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, create, tmp_path / "none.gguf", "--tokenizer", made.folder, *arguments)
    assert not any(tmp_path.iterdir())


def test_a_vocabulary_is_of_one_origin(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    path = tmp_path / "none.gguf"
    for arguments in ([], ["--like", NANO, "--tokenizer", made.folder]):
        with pytest.raises(SystemExit):
            run(monkeypatch, create, path, *arguments, *SHAPE)
        assert "--tokenizer" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="context: is that of the other"):
        run(monkeypatch, create, path, "--like", NANO, "--context", "64")
    with pytest.raises(SystemExit, match="there is no such file"):
        run(monkeypatch, create, path, "--tokenizer", tmp_path, *SHAPE)


def test_a_fresh_model_learns(made: Made, tmp_path: Path) -> None:
    pre, mid, suf = (MARKERS.index(f"<fim_{name}>") for name in ("prefix", "middle", "suffix"))
    draw = random.Random(1)

    def sample(number: int) -> Sample:
        left, right, context = ([draw.randrange(265, SIZE) for _ in range(size)] for size in (12, 4, 6))
        trunk = [pre, *left, suf, *right, EOF]
        return Sample(str(number), trunk, [CC, *context], [mid, left[-1]], [left[0], 300, 0], number % 2)

    data = SampleSet([sample(number) for number in range(16)], CC, mid, "0" * 64)
    folder = RunFolder.open(tmp_path, settings(6, full=True, text_weight=0.5))
    decoder = FullDecoder(made.model, dtype=torch.float32)
    before = {name: tensor.clone() for name, tensor in decoder.tensors().items()}
    assert Training(decoder, data, folder).run(say=quiet)
    first, *_, last = (line for line in folder.log() if "text" in line)
    assert last["generation"] < first["generation"]
    for name, tensor in decoder.tensors().items():
        assert tensor.isfinite().all() and not torch.equal(tensor, before[name])
