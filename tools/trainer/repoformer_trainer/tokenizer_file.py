"""The vocabulary of a checkpoint as fields of a GGUF file: byte-level BPE as tokenizer.json has it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from gguf import GGUFWriter, Keys, TokenType

from .checkpoint import ConversionError, read_object

BYTES, BYTES_OF_WORDS = ("ByteLevel", False), ("ByteLevel", True)
"""Whether it also splits, as GPT-2 does."""


def _words(digits: str) -> tuple:
    contractions = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    rest = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    return ("Split", rf"{contractions}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}|{rest}", "Isolated", False)


PRE_TOKENIZERS = {
    "gpt-2": ((BYTES_OF_WORDS,), False),
    "starcoder": ((("Digits", True), BYTES_OF_WORDS), False),
    "qwen2": ((_words(r"\p{N}"), BYTES), False),
    "llama-bpe": ((_words(r"\p{N}{1,3}"), BYTES), True),
    "dbrx": ((_words(r"\p{N}{1,3}"), BYTES), False),
}
"""By llama.cpp's names: the steps by which tokenizer.json splits text, and whether whole words need no merges."""

FIM_MARKERS = (
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    ("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"),
    ("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
    ("<|prefix|>", "<|suffix|>", "<|middle|>"),
)
FIM_KEYS = (Keys.Tokenizer.FIM_PRE_ID, Keys.Tokenizer.FIM_SUF_ID, Keys.Tokenizer.FIM_MID_ID)
FIM_PADS = ("<fim_pad>", "<fim-pad>", "<|fim_pad|>")
TURN_ENDS = ("<|eot_id|>", "<|im_end|>", "<|endoftext|>", "<｜end▁of▁sentence｜>", "<EOT>")
OTHER_MARKERS = (
    *("<eof>", "<cc>", "<end_rc>", "<cfc_info>"),
    *("<file_sep>", "<repo_name>", "<filename>", "<reponame>", "<pad>"),
)
MARKERS = frozenset(text for texts in (*FIM_MARKERS, FIM_PADS, TURN_ENDS, OTHER_MARKERS) for text in texts)
"""Texts of added tokens that prompts are made of (libs/fim/src/family-table.ts): control tokens, whatever the checkpoint
says. The product finds the family by them, and plain text must never become one."""

LOOKS_SPECIAL = re.compile(r"<\|.*\|>|<｜.*｜>|<unused.*>", re.DOTALL)


@dataclass(frozen=True)
class Vocabulary:
    pre_tokenizer: str
    tokens: list[str]
    types: list[TokenType]
    merges: list[str]
    ids: dict[str, int]
    """Of tokens with a role, by their keys in the file."""
    adds: dict[str, bool]
    """Whether begin and end are put around a text, by their keys in the file."""
    remarks: list[str]
    """For the user: what is not as in the checkpoint."""

    def describe(self, writer: GGUFWriter) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(self.pre_tokenizer)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        writer.add_token_merges(self.merges)
        for key, token in self.ids.items():
            writer.add_uint32(key, token)
        for key, value in self.adds.items():
            writer.add_bool(key, value)


def read_vocabulary(folder: Path, config: dict, size: int | None = None) -> Vocabulary:
    """
    Args:
        config: what config.json holds; tells roles where the tokenizer's files do not
        size: tokens of the model; those that the tokenizer lacks become unused ones; None: as many as it has

    Raises:
        ConversionError: a file is missing, or it is a tokenizer that llama.cpp is not known to have.
    """
    tokenizer = _read_tokenizer(folder)
    pre_tokenizer = _pre_tokenizer_of(tokenizer)
    tokens, types = _tokens_of(tokenizer, size)
    merges = tokenizer["model"].get("merges", [])
    id_of = {text: token for token, text in enumerate(tokens)}
    files = [folder / name for name in ("tokenizer_config.json", "special_tokens_map.json")]
    settings = [read_object(file) for file in files if file.is_file()]
    roles = {role: _role(role, settings, config, id_of) for role in ("bos", "eos", "pad")}
    if roles["eos"] is None:
        raise ConversionError(f"{folder}: no token ends a text; name one as eos_token in tokenizer_config.json")
    # Without a beginning of its own llama.cpp would take token 11.
    roles["bos"] = roles["eos"] if roles["bos"] is None else roles["bos"]
    return Vocabulary(
        pre_tokenizer=pre_tokenizer,
        tokens=tokens,
        types=types,
        merges=[each if isinstance(each, str) else " ".join(each) for each in merges],
        ids={f"tokenizer.ggml.{role}_token_id": id for role, id in roles.items() if id is not None}
        | _markers(id_of, types),
        adds={
            Keys.Tokenizer.ADD_BOS: _adds("bos", 0, settings, tokenizer, tokens[roles["bos"]]),
            Keys.Tokenizer.ADD_EOS: _adds("eos", -1, settings, tokenizer, tokens[roles["eos"]]),
        },
        remarks=_remarks(tokenizer),
    )


def _read_tokenizer(folder: Path) -> dict:
    path = folder / "tokenizer.json"
    if not path.is_file() and (folder / "vocab.json").is_file():
        raise ConversionError(
            f"{path}: there is no such file, and vocab.json does not tell how text is split: "
            "load the folder by transformers' AutoTokenizer, and save it there by save_pretrained"
        )
    if not path.is_file() and (folder / "tokenizer.model").is_file():
        raise ConversionError(f"{folder}: its tokenizer is SentencePiece; only byte-level BPE is supported")
    tokenizer = read_object(path)
    model = tokenizer.get("model") or {}
    kind = "SentencePiece" if model.get("byte_fallback") else model.get("type")
    if kind != "BPE" or model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise ConversionError(f"{path}: its tokenizer is {kind}; only byte-level BPE is supported")
    return tokenizer


def _pre_tokenizer_of(tokenizer: dict) -> str:
    given = tokenizer.get("pre_tokenizer") or {}
    steps = tuple(_step(each) for each in given.get("pretokenizers", [given]))
    found = (steps, bool(tokenizer["model"].get("ignore_merges")))
    for name, known in PRE_TOKENIZERS.items():
        if found == known and _normalizers(tokenizer) in ([], ["NFC"]):
            return name
    raise ConversionError(
        "tokenizer.json: it splits text as no tokenizer that is known here "
        f"({', '.join(PRE_TOKENIZERS)}): pre_tokenizer {json.dumps(given, ensure_ascii=False)}, "
        f"ignore_merges {json.dumps(found[1])}, normalizer {json.dumps(tokenizer.get('normalizer'))}"
    )


def _step(step: dict) -> tuple:
    """What of a step decides how text is split."""
    kind = step.get("type")
    if kind == "ByteLevel" and not step.get("add_prefix_space", True):
        return (kind, step.get("use_regex", True))
    if kind == "Digits":
        return (kind, step.get("individual_digits"))
    if kind == "Split":
        return (kind, step["pattern"].get("Regex"), step.get("behavior"), step.get("invert"))
    return (kind, "unknown")


def _normalizers(tokenizer: dict) -> list[str]:
    given = tokenizer.get("normalizer") or {"normalizers": []}
    return [each.get("type") for each in given.get("normalizers", [given])]


def _remarks(tokenizer: dict) -> list[str]:
    if not _normalizers(tokenizer):
        return []
    return ["its tokenizer composes characters first (NFC), which llama.cpp does not: decomposed ones stay as they are"]


def _tokens_of(tokenizer: dict, size: int | None) -> tuple[list[str], list[TokenType]]:
    text_of = {token: text for text, token in tokenizer["model"]["vocab"].items()}
    type_of = dict.fromkeys(text_of, TokenType.NORMAL)
    for added in tokenizer.get("added_tokens") or []:
        text = added["content"]
        special = added.get("special") or text in MARKERS or LOOKS_SPECIAL.fullmatch(text)
        text_of[added["id"]] = text
        type_of[added["id"]] = TokenType.CONTROL if special else TokenType.USER_DEFINED
    size = max(text_of) + 1 if size is None else size
    if max(text_of) >= size:
        raise ConversionError(
            f"tokenizer.json has {max(text_of) + 1} tokens, config.json says {size} (vocab_size): "
            "the two are not of the same checkpoint"
        )
    tokens = [text_of.get(token, f"[PAD{token}]") for token in range(size)]
    twice = {text for text in tokens if tokens.count(text) > 1} if len(set(tokens)) < size else set()
    if twice:
        raise ConversionError(f"tokenizer.json: several tokens are {min(twice)!r}, which llama.cpp cannot tell apart")
    return tokens, [type_of.get(token, TokenType.UNUSED) for token in range(size)]


def _role(role: str, settings: list[dict], config: dict, id_of: dict[str, int]) -> int | None:
    """The token with a role, such as eos: named by the tokenizer's files, numbered by config.json."""
    for file in settings:
        named = file.get(f"{role}_token")
        text = named.get("content") if isinstance(named, dict) else named
        if text in id_of:
            return id_of[text]
    numbered = config.get(f"{role}_token_id")
    token = numbered[0] if isinstance(numbered, list) and numbered else numbered
    return token if isinstance(token, int) and 0 <= token < len(id_of) else None


def _markers(id_of: dict[str, int], types: list[TokenType]) -> dict[str, int]:
    """Tokens that llama.cpp would otherwise have to guess: only control tokens, never text that looks the same."""

    def found(text: str) -> bool:
        return text in id_of and types[id_of[text]] == TokenType.CONTROL

    markers = next((texts for texts in FIM_MARKERS if all(map(found, texts))), ())
    ids = {key: id_of[text] for key, text in zip(FIM_KEYS, markers)}
    for key, texts in ((Keys.Tokenizer.FIM_PAD_ID, FIM_PADS), (Keys.Tokenizer.EOT_ID, TURN_ENDS)):
        first = next(filter(found, texts), None)
        if first is not None:
            ids[key] = id_of[first]
    return ids


def _adds(role: str, place: int, settings: list[dict], tokenizer: dict, text: str) -> bool:
    """Whether a text gets this token at its first (0) or last (-1) place."""
    for file in settings:
        if isinstance(file.get(f"add_{role}_token"), bool):
            return file[f"add_{role}_token"]
    processor = tokenizer.get("post_processor") or {}
    for each in processor.get("processors", [processor]):
        if each.get("type") == "TemplateProcessing" and each.get("single"):
            return each["single"][place].get("SpecialToken", {}).get("id") == text
    return False
