"""Copying while a model writes, as the product does it (`libs/engine/src/prompt-copier.ts`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log
from typing import Any

from .vocabulary import TokenBytes

LONGEST = 8
"""Longest match that is looked for, in tokens."""
MOST_CANDIDATES = 32
"""Most tokens that may be chosen in place of the model's own."""
BLANKS = frozenset(b"\t\n\r ")


class PromptCopier:
    """An n-gram model of some passages, mixed into what a model says: the longer a match, the more it has to say.

    Args:
        copying: `weight` of each longer match, `before` (tokens of the text up to here), `passages` (tokens of each), and
            whether `before` is copied from, too (`copiesItself`).
        token_bytes: of a token; none of a marker, which is never copied.
        ends: tokens that end what is written.
    """

    def __init__(self, copying: dict[str, Any], token_bytes: TokenBytes, ends: Sequence[int] = ()) -> None:
        self._ends = ends
        self._weight: float = copying["weight"]
        self._bytes = token_bytes
        self._written: list[int] = list(copying["before"])
        self._passages: list[list[int]] = [*copying["passages"], *([self._written] if copying["copiesItself"] else [])]
        self._followers: list[dict[int, int]] = []
        """Of the shortest matches that say something, of those a token longer, …: how often each token came next."""
        self._match()

    def push(self, token: int) -> None:
        """Goes on behind a token that was chosen."""
        self._written.append(token)
        self._match()

    def candidates(self, is_allowed: Callable[[int], bool] = lambda _: True) -> list[int]:
        """The most promising of the tokens that may be chosen in place of the model's own, and how what is written may end."""
        proposed = dict.fromkeys(token for each in self._followers for token in each)
        shares = {token: self._mixed(token, 0.0) for token in proposed if is_allowed(token)}
        promising = sorted(shares, key=lambda token: -shares[token])[:MOST_CANDIDATES]
        endings = (ending for token in promising for ending in self._endings_of(token) if is_allowed(ending))
        return list(dict.fromkeys([*promising, *endings]))

    def choose(self, best: int, candidates: list[int], probability_of: Callable[[int], float]) -> int:
        """The likeliest token of the mixture; `best` is the model's own choice. How likely the end is the model alone says.

        Where a line ends in a passage, what is written may end: which of the two, the model says.
        """
        own = probability_of(best)
        end = 0.0 if self._bytes[best] else own
        chosen, highest = best, end or self._mixed(best, own)
        for token in candidates:
            goes_on, share = probability_of(token), self._mixed(token, 0.0)
            endings = [ending for ending in self._endings_of(token) if ending in candidates]
            ending = max(endings, key=probability_of, default=None)
            ends = 0.0 if ending is None else probability_of(ending)
            is_last = ending is not None and not self._bytes[ending]
            probability = self._mixed(token, goes_on + ends) - (0.0 if is_last else end * share)
            if probability > highest:
                chosen, highest = ending if ending is not None and ends > goes_on else token, probability
        return chosen

    def score(self, token: int, log_probability: float) -> float:
        """The log-probability of a token in the mixture."""
        return log(self._mixed(token, exp(log_probability))) if self._followers else log_probability

    def _mixed(self, token: int, probability: float) -> float:
        for followers in self._followers:
            probability += self._weight * (followers.get(token, 0) / sum(followers.values()) - probability)
        return probability

    def _endings_of(self, token: int) -> Sequence[int]:
        """What may be written in place of a token that ends a line, if what is written ends there."""
        head, line_end, _ = self._bytes[token].partition(b"\n")
        if not line_end:
            return ()
        return self._ends if BLANKS.issuperset(head) else self._bytes.tokens_of(head)[:1]

    def _match(self) -> None:
        found: list[dict[int, int]] = []
        least = self._least_match()
        written = self._written
        for passage in self._passages:
            for last in range(len(passage) - 1):
                length = 0
                while length < LONGEST and length <= last and length < len(written):
                    if passage[last - length] != written[-1 - length]:
                        break
                    length += 1
                follower = passage[last + 1]
                if length < least or not self._bytes[follower]:
                    continue
                for index in range(length - least + 1):
                    if index == len(found):
                        found.append({})
                    found[index][follower] = found[index].get(follower, 0) + 1
        self._followers = found

    def _least_match(self) -> int:
        """So many tokens that they are more than white space: what follows that says nothing."""
        length = 1
        while (
            length < LONGEST and length <= len(self._written) and BLANKS.issuperset(self._bytes[self._written[-length]])
        ):
            length += 1
        return length
