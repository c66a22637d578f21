"""The bytes of tokens, and which tokens agree with bytes that are typed already."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

NORMAL, USER_DEFINED = 1, 4
"""Token types of GGUF whose text is text; all others (unknown, control, unused) have no bytes."""


def _byte_of_character() -> dict[str, int]:
    """GPT-2's table: printable bytes stand for themselves, the others for characters from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in printable)
    table.update({chr(256 + number): byte for number, byte in enumerate(others)})
    return table


class TokenBytes:
    """Of a byte-level vocabulary, as nearly all code models have one."""

    def __init__(self, texts: list[str], types: list[int]) -> None:
        table = _byte_of_character()
        self._bytes = [self._read(text, kind, table) for text, kind in zip(texts, types)]
        self._sorted = sorted((data, token) for token, data in enumerate(self._bytes) if data)
        self._tokens_of: dict[bytes, list[int]] = {}
        for data, token in self._sorted:
            self._tokens_of.setdefault(data, []).append(token)

    @staticmethod
    def _read(text: str, kind: int, table: dict[str, int]) -> bytes:
        if kind == NORMAL and all(character in table for character in text):
            return bytes(table[character] for character in text)
        return text.encode() if kind in (NORMAL, USER_DEFINED) else b""

    def __getitem__(self, token: int) -> bytes:
        return self._bytes[token]

    def tokens_of(self, data: bytes) -> Sequence[int]:
        """Tokens with exactly these bytes, ascending."""
        return self._tokens_of.get(data, ())

    def agreeing_with(self, forced: bytes) -> list[int]:
        """Tokens whose bytes are a beginning of `forced`, or begin with it; ascending, none without bytes."""
        found = [token for end in range(1, len(forced)) for token in self._tokens_of.get(forced[:end], ())]
        at = bisect_left(self._sorted, (forced, -1))
        while at < len(self._sorted) and self._sorted[at][0].startswith(forced):
            found.append(self._sorted[at][1])
            at += 1
        return sorted(found)
