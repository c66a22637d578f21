"""What TypeScript and Python must agree on: both test suites read test/fixtures/trainer."""

import json
from math import log
from pathlib import Path

import pytest
from gguf import TokenType

from repoformer_trainer.gguf_model import GgufModel
from repoformer_trainer.prompt_copier import PromptCopier
from repoformer_trainer.samples import Sample, read_samples
from repoformer_trainer.vocabulary import TokenBytes

FIXTURES = Path(__file__).resolve().parents[3] / "test/fixtures/trainer"
TYPES = {
    "normal": TokenType.NORMAL,
    "control": TokenType.CONTROL,
    "user-defined": TokenType.USER_DEFINED,
    "unused": TokenType.UNUSED,
    "unknown": TokenType.UNKNOWN,
}


def test_tokens_have_the_same_bytes_and_agree_with_the_same_text() -> None:
    fixture = json.loads((FIXTURES / "vocabulary.json").read_text())
    own = TokenBytes([text for text, _, _ in fixture["tokens"]], [TYPES[kind] for _, kind, _ in fixture["tokens"]])
    assert [own[token].hex() for token in range(len(fixture["tokens"]))] == [each for _, _, each in fixture["tokens"]]
    for forced, expected in fixture["agreeing"]:
        assert own.agreeing_with(bytes.fromhex(forced)) == expected, forced


def test_the_same_is_copied() -> None:
    fixture = json.loads((FIXTURES / "copying.json").read_text())
    texts = [bytes.fromhex(each).decode() for each in fixture["bytes"]]
    own_bytes = TokenBytes(texts, [TYPES["user-defined" if text else "control"] for text in texts])
    for case in fixture["cases"]:
        copier = PromptCopier(case["copying"], own_bytes, fixture["ends"])
        for step in case["steps"]:
            allowed = step.get("allowed")
            found = copier.candidates(allowed.__contains__) if allowed else copier.candidates()
            assert found == step["candidates"]
            chosen = copier.choose(step["best"], found, step["said"].__getitem__)
            assert chosen == step["chosen"]
            assert copier.score(chosen, log(step["said"][chosen])) == pytest.approx(step["score"], abs=1e-9)
            copier.push(chosen)


@pytest.fixture(scope="module")
def holes() -> list[dict]:
    lines = (FIXTURES / "samples.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory, holes: list[dict]) -> list[Sample]:
    """As the command writes them."""
    path = tmp_path_factory.mktemp("shared") / "samples.jsonl"
    head = {**json.loads((FIXTURES / "samples.jsonl").read_text().split("\n")[0]), "modelSha256": "0" * 64}
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *(hole["sample"] for hole in holes)]))
    found = read_samples(path)
    assert (found.retrieve_token, found.middle_token) == (6, 2)
    return found.samples


def test_tokens_read_the_same(nano: GgufModel, holes: list[dict], samples: list[Sample]) -> None:
    token_bytes = TokenBytes(nano.tokens, nano.token_types)

    def text(tokens: list[int]) -> str:
        return b"".join(token_bytes[token] or nano.tokens[token].encode() for token in tokens).decode()

    for hole, sample in zip(holes, samples, strict=True):
        read = {name: text(getattr(sample, name)) for name in ("trunk", "context", "tail", "target")}
        assert read == hole["reads"]


def test_prompts_are_the_source_around_an_anchored_hole(
    nano: GgufModel, holes: list[dict], samples: list[Sample]
) -> None:
    marker = {text: token for token, text in enumerate(nano.tokens)}
    token_bytes = TokenBytes(nano.tokens, nano.token_types)

    def text(tokens: list[int]) -> str:
        return b"".join(token_bytes[token] for token in tokens).decode()

    for case, sample in zip(holes, samples, strict=True):
        hole = case["hole"]
        first, second = (marker[name] for name in ("<fim_prefix>", "<fim_suffix>"))
        if hole["suffixFirst"]:
            first, second = second, first
        assert (sample.trunk[0], sample.trunk[-1]) == (first, marker["<eof>"])
        at = sample.trunk.index(second)
        parts = text(sample.trunk[:at]), text(sample.trunk[at:])
        above, suffix = reversed(parts) if hole["suffixFirst"] else parts
        assert above == "" or above.endswith("\n")
        assert sample.tail[0] == marker["<fim_middle>"]
        assert sample.target[-1] == marker["<|endoftext|>"]
        assert above + text(sample.tail) + text(sample.target) + suffix == (
            hole["prefix"] + hole["middle"] + hole["suffix"]
        )
        assert sample.context[:1] == ([marker["<cc>"]] if hole["chunks"] else [])
        assert sample.retrieve == hole.get("retrieve")
        # Only what the format puts there is a marker: source that looks like one stays text.
        control = [token for token in (*sample.trunk, *sample.tail, *sample.target) if not token_bytes[token]]
        assert len(control) == 5
