"""Trains a tokenizer of its own on the sources of a dataset: byte-level BPE, in a folder as transformers saves it.

Text counts as it is: a language has as many of the tokens as its share of the text makes, none is weighted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"
MARKERS = (
    *(END, "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>"),
    *("<eof>", "<cc>", "<file_sep>", "<repo_name>"),
)
"""Tokens 0 to 8, as the embedded model has them: by them the product finds its family `repoformer`."""

LEAST_SIZE = len(MARKERS) + 256 + 1
"""Markers, bytes, and one merge: llama.cpp loads no vocabulary without."""

LEAST_COUNT = 2
"""Two tokens that stand beside each other only once are not merged."""

SPLITS = ("train", "calibration")
"""Nothing is learnt from any other."""


class TokenizerError(Exception):
    """No tokenizer can be made; the message says why and what would do."""


def read_texts(dataset: str | Path) -> Iterator[tuple[str, str]]:
    """Language and text of each source file that has holes, then of the context found for its first hole.

    One hole at a time is in memory. The order is that of the names of the files of holes.

    Args:
        dataset: folder that `repoformer-dataset build` made; its benchmark is left out

    Raises:
        TokenizerError: it holds no holes or none to learn from, or a line is no hole.
    """
    files = sorted(Path(dataset).glob("holes/*.jsonl"))
    if not files:
        raise TokenizerError(f"{dataset} holds no holes; make them with `repoformer-dataset build`")
    seen: set[tuple[str, str]] = set()
    for file in files:
        for hole in _read_holes(file):
            if hole.split in SPLITS and hole.source not in seen:
                seen.add(hole.source)
                for text in hole.texts:
                    yield hole.language, text
    if not seen:
        raise TokenizerError(f"{dataset} has no hole to learn from")


class _Hole(NamedTuple):
    source: tuple[str, str]
    """Repository and path."""
    split: str
    language: str
    texts: list[str]


def _read_holes(file: Path) -> Iterator[_Hole]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                hole = _parse_hole(line)
            except (ValueError, LookupError, TypeError) as error:
                raise TokenizerError(
                    f"{file}, line {number}: it is no hole of this version ({error!r}); build the dataset again"
                ) from error
            yield hole


def _parse_hole(line: str) -> _Hole:
    record = json.loads(line)
    if record["schema"] != 1:
        raise ValueError("schema is not 1")
    texts = [record["prefix"] + record["middle"] + record["suffix"]]
    texts += (chunk["text"] for chunk in record["context"]["chunks"])
    # Where a suffix is cut within a character, half of one is left, which is no text.
    whole = [text.encode(errors="ignore").decode() for text in texts]
    return _Hole((record["repository"], record["path"]), record["split"], record["language"], whole)


def train_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """The same texts make the same tokenizer, whatever their order. Their distinct words are in memory.

    It splits text as llama.cpp's `starcoder` and `smollm` do: digits apart, then words as GPT-2 has them. Markers in
    the texts are text, and no token that is learnt is one: letters and signs are split apart.

    Args:
        size: tokens, markers among them; at least LEAST_SIZE

    Raises:
        TokenizerError: the size is too small, or too large for these texts.
    """
    if size < LEAST_SIZE:
        raise TokenizerError(f"size: must be {LEAST_SIZE} or more: {len(MARKERS)} markers, 256 bytes, and a merge")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=LEAST_COUNT,
        special_tokens=list(MARKERS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    found = tokenizer.get_vocab_size()
    if found < size:
        raise TokenizerError(f"size: the text makes {found} tokens, not {size}; take more text or a smaller size")
    return tokenizer


def write_tokenizer(tokenizer: Tokenizer, folder: str | Path) -> None:
    """Each file is written beside, and then into place."""
    folder = Path(folder)
    settings = {"clean_up_tokenization_spaces": False, "eos_token": END, "tokenizer_class": "PreTrainedTokenizerFast"}
    files = {
        "tokenizer.json": tokenizer.to_str(pretty=True),
        "tokenizer_config.json": json.dumps(settings, indent=2),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        partial = folder / f"{name}.partial"
        partial.write_text(f"{text}\n", encoding="utf-8")
        os.replace(partial, folder / name)


def bytes_per_token(tokenizer: Tokenizer, texts: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Of each language's text, bytes as UTF-8; markers in it are text, as in the product.

    Args:
        texts: language and text
    """
    plain = Tokenizer.from_str(tokenizer.to_str())
    plain.encode_special_tokens = True
    sizes, tokens = Counter(), Counter()
    for language, text in texts:
        sizes[language] += len(text.encode())
        tokens[language] += len(plain.encode(text).ids)
    return {language: sizes[language] / tokens[language] for language in sorted(sizes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="to write tokenizer.json and tokenizer_config.json to")
    parser.add_argument("--dataset", type=Path, required=True, help="made by `repoformer-dataset build`")
    parser.add_argument("--size", type=int, default=8192, help="tokens, markers among them; default 8192")
    arguments = parser.parse_args()
    try:
        tokenizer = train_tokenizer((text for _, text in read_texts(arguments.dataset)), arguments.size)
        write_tokenizer(tokenizer, arguments.folder)
        found = bytes_per_token(tokenizer, read_texts(arguments.dataset))
    except (TokenizerError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{arguments.folder}: {tokenizer.get_vocab_size()} tokens")
    for language, size in found.items():
        print(f"  {size:.2f} bytes a token of {language}")


if __name__ == "__main__":
    main()
