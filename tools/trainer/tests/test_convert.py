"""Published checkpoints as GGUF files: llama.cpp says what transformers says."""

import copy
import json
import subprocess
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from repoformer_trainer.convert import convert

from .checkpoints import END, MODELS, OWN_WORD, PLAIN, SOURCE, UNMERGED, make_checkpoint, make_tokenizer
from .conftest import PROJECT

NASTY_TEXTS = (
    SOURCE,
    "",
    " ",
    "\r\n\r\n\t\tif x:\r\n\t\t    pass\r",
    "a = b  \n\n\n   \n \t x\t\n    ",
    "0 12 123 1234 12345 1234567890 3.14159 0xDEADBEEF 1_000 ½ Ⅷ ٣٤٥",
    "It's WE'LL don'T 'Ve x's'S I'm'd",
    "größe café cafe\u0301 n\u0303o \u1100\u1161\u11a8 \ufb01 Å \u212b",
    "你好，世界。これは、テスト！ привет мир שלום مرحبا हिन्दी ไทย",
    "🙂👩‍👩‍👧‍👦 🏳️‍🌈 ✅\ufe0f \u200b\u00a0\u3000\u2028\ufeff|",
    "\x00\x01\x7f \x1b[31m",
    f"x{END}y <fim_prefix>a<fim_suffix> b<fim_middle><|fim_prefix|><| end<|endoftext|",
    f"self.{OWN_WORD}(x){OWN_WORD} unmerged unmerged",
)


@dataclass(frozen=True)
class Converted:
    name: str
    folder: Path
    path: Path
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    prompts: list[list[int]]
    said: dict


@pytest.fixture(scope="session", params=MODELS)
def converted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, llama) -> Converted:
    folder = tmp_path_factory.mktemp(request.param)
    model, tokenizer = make_checkpoint(folder, request.param)
    path = folder / "model.gguf"
    convert(folder, path, "f32")
    prompts = [tokenizer.encode(text) for text in ("return shape", SOURCE[:200])]
    return Converted(request.param, folder, path, model, tokenizer, prompts, llama(path, NASTY_TEXTS, prompts))


class TableGelu(torch.nn.Module):
    """GELU as llama.cpp has it on a CPU: looked up in a table of float16."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        looked_up = torch.nn.functional.gelu(values.half().float(), approximate="tanh").half().float()
        return torch.where(values >= 10, values, torch.where(values <= -10, 0, looked_up))


def logits_of(model: PreTrainedModel, prompt: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([prompt])).logits[0]


def test_logits_are_those_of_the_checkpoint(converted: Converted) -> None:
    has_gelu = "starcoder" in converted.name
    for prompt, said in zip(converted.prompts, converted.said["logits"]):
        expected = logits_of(converted.model, prompt)
        assert expected.std() > 1
        torch.testing.assert_close(torch.tensor(said), expected, atol=0.01 if has_gelu else 1e-4, rtol=0)
    if not has_gelu:
        return
    # But for its table the same as well. Where rounding chooses another entry, that is seen in some logits.
    looking_up = copy.deepcopy(converted.model)
    for layer in looking_up.modules():
        if hasattr(layer, "act"):
            layer.act = TableGelu()
    for prompt, said in zip(converted.prompts, converted.said["logits"]):
        difference = (torch.tensor(said) - logits_of(looking_up, prompt)).abs()
        assert difference.quantile(0.9) < 1e-4
        assert difference.max() < 2e-3


def test_the_product_completes_with_it(converted: Converted) -> None:
    said = converted.said
    for prompt, likelihoods in zip(converted.prompts, said["likelihoods"]):
        logs = logits_of(converted.model, prompt).log_softmax(-1)
        expected = [logs[place, token].item() for place, token in enumerate(prompt[1:])]
        # The engine keeps its state as float16.
        assert likelihoods == pytest.approx(expected, abs=0.1)
    assert all(said["completions"])
    info, tokenizer = said["info"], converted.tokenizer
    is_qwen = converted.name == "qwen2"
    assert said["family"] == ("granite-4" if is_qwen else "stable-code")
    ends = [tokenizer.eos_token, "<|fim_pad|>"] if is_qwen else [tokenizer.eos_token]
    assert info["endTokens"] == tokenizer.convert_tokens_to_ids(ends)
    assert info.get("bosToken") == (tokenizer.bos_token_id if tokenizer.encode("")[:1] else None)
    assert info["vocabularySize"] == len(tokenizer) + 3
    assert (info["contextTokens"], info["metadata"]["name"]) == (127, converted.folder.name)


def test_text_becomes_the_same_tokens(converted: Converted) -> None:
    marked = converted.tokenizer.backend_tokenizer
    written = json.loads(marked.to_str())
    for text, tokens in zip(NASTY_TEXTS, converted.said["marked"]):
        if unicodedata.is_normalized("NFC", text) or not written["normalizer"]:
            assert tokens == marked.encode(text, add_special_tokens=False).ids
    # Qwen composes characters, llama.cpp does not; but for that the tokens are the same.
    plain = Tokenizer.from_str(json.dumps({**written, "normalizer": None}))
    plain.encode_special_tokens = True
    for text, tokens in zip(NASTY_TEXTS, converted.said["plain"]):
        assert tokens == plain.encode(text, add_special_tokens=False).ids


def test_whole_words_need_no_merges_where_the_tokenizer_says_so(converted: Converted) -> None:
    token = converted.tokenizer.convert_tokens_to_ids(UNMERGED)
    assert converted.said["plain"][-1].count(token) == (2 if converted.name == "llama-3" else 0)


@pytest.mark.parametrize(("kind", "largest"), [("f16", 1e-4), ("q8_0", 0.03)])
def test_smaller_files_say_nearly_the_same(converted: Converted, llama, tmp_path: Path, kind: str, largest: float):
    path = tmp_path / "model.gguf"
    convert(converted.folder, path, kind)
    assert path.stat().st_size < 0.7 * converted.path.stat().st_size
    said = llama(path, prompts=converted.prompts[1:], serve=False)["logits"][0]
    expected = logits_of(converted.model, converted.prompts[1]).log_softmax(-1)
    divergence = expected.exp() * (expected - torch.tensor(said).log_softmax(-1))
    assert 0 < divergence.sum(-1).mean() < largest


@pytest.mark.parametrize(("end", "decide"), [("<end_rc>", "<cfc_info>"), ("<eof>", "<cc>")])
@pytest.mark.parametrize("special", [True, False])
def test_repoformers_own_weights_are_recognised(llama, tmp_path: Path, end: str, decide: str, special: bool) -> None:
    """StarCoder with two more tokens, which older tools did not always mark as special."""
    own = ("<filename>", "<reponame>") if end == "<end_rc>" else ("<file_sep>",)
    tokenizer = make_tokenizer("starcoder", (*PLAIN, *own))
    tokenizer.add_tokens([end, decide], special_tokens=special)
    make_checkpoint(tmp_path, "starcoder", tokenizer)
    path = tmp_path / "repoformer.gguf"
    convert(tmp_path, path, "q8_0")
    said = llama(path, (f"{end}{decide}",))
    assert said["family"] == ("repoformer-starcoder" if end == "<end_rc>" else "repoformer")
    assert said["decisionToken"] == tokenizer.convert_tokens_to_ids(decide)
    assert said["marked"] == [tokenizer.convert_tokens_to_ids([end, decide])]
    # What stands in a file is text, whatever it looks like.
    assert len(said["plain"][0]) > 2


def test_the_product_imports_it(converted: Converted, tmp_path: Path) -> None:
    arguments = ["model", "import", str(converted.path), "--models-dir", str(tmp_path), "--json"]
    run = subprocess.run(
        ["node", PROJECT / "apps/cli/bin/repoformer.mjs", *arguments], check=True, capture_output=True, text=True
    )
    said = json.loads(run.stdout)
    assert said["title"] == converted.folder.name
    assert said["architecture"] == converted.said["info"]["architecture"]
    assert said["contextTokens"] == 128
    assert Path(said["path"]).read_bytes() == converted.path.read_bytes()
