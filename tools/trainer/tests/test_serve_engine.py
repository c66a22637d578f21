import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from repoformer_trainer.gguf_model import GgufModel
from repoformer_trainer.ragged_decoder import RaggedDecoder, Work
from repoformer_trainer.serve_engine import Engine
from repoformer_trainer.vocabulary import TokenBytes

from .conftest import NANO

PROMPT = [1, *range(300, 330), 3, 2]


class Client:
    """Talks to an engine in this process."""

    def __init__(self, nano: GgufModel) -> None:
        self.decoder = RaggedDecoder(nano, context_tokens=128, dtype=torch.float32)
        self.token_bytes = TokenBytes(nano.tokens, nano.token_types)
        self.replies: list[dict] = []
        self.engine = Engine(self.decoder, self.token_bytes, self.replies.append)

    def ask(self, *requests: dict) -> list[dict]:
        self.replies.clear()
        for request in requests:
            self.engine.handle(request)
        while not self.engine.is_idle:
            self.engine.step()
        return list(self.replies)


@pytest.fixture(scope="module")
def client(nano: GgufModel) -> Client:
    return Client(nano)


def generate(
    id: int, lane: int, tokens: list[int], forced: bytes = b"", stops: tuple[int, ...] = (), most: int = 8
) -> dict:
    return {
        "type": "generate", "id": id, "lane": lane, "tokens": tokens,
        "maxTokens": most, "forced": forced.hex(), "stopTokens": list(stops),
    }  # fmt: skip


def copying(before: list[int], passage: list[int], weight: float = 0.6) -> dict:
    return {"weight": weight, "before": before, "passages": [passage], "copiesItself": False}


def text_of(replies: list[dict], id: int) -> bytes:
    return b"".join(
        bytes.fromhex(reply["bytes"]) for reply in replies if reply["id"] == id and reply["type"] == "piece"
    )


def greedy(client: Client, tokens: list[int], count: int) -> list[int]:
    """Each token from an evaluation of everything before it."""
    chosen: list[int] = []
    for _ in range(count):
        work = Work(client.decoder.new_sequence(), tokens + chosen)
        client.decoder.step([work])
        chosen.append(int(work.logits.argmax()))
    return chosen


def test_generates_greedily_many_at_a_time(client: Client) -> None:
    prompts = [PROMPT[: 10 + 3 * number] for number in range(6)]
    replies = client.ask(*(generate(number, number, prompt) for number, prompt in enumerate(prompts)))
    for number, prompt in enumerate(prompts):
        expected = b"".join(client.token_bytes[token] for token in greedy(client, prompt, 8))
        assert text_of(replies, number) == expected
        assert [reply["end"] for reply in replies if reply["id"] == number and reply["type"] == "ended"] == [
            "max_tokens"
        ]


def test_ends_at_a_stop_token(client: Client) -> None:
    expected = greedy(client, PROMPT, 8)
    at = next(at for at in range(1, 8) if expected[at] not in expected[:at])
    replies = client.ask(generate(1, 0, PROMPT, stops=(expected[at],)))
    assert replies[-1] == {"id": 1, "type": "ended", "end": "end_token"}
    assert [reply["generatedTokens"] for reply in replies[:-1]] == list(range(1, at + 1))


def test_begins_with_what_is_typed(client: Client) -> None:
    typed = b"    return frob"
    replies = client.ask(generate(1, 0, PROMPT, forced=typed, most=3))
    text = text_of(replies, 1)
    # Pieces hold what goes beyond it only: together they are the greedy continuation of some tokens that spell it.
    assert text and replies[-1]["end"] == "max_tokens"
    assert client.engine._lanes[0].tokens[: len(PROMPT)] == PROMPT
    written = b"".join(client.token_bytes[token] for token in client.engine._lanes[0].tokens[len(PROMPT) :])
    assert (typed + text).startswith(written)


def test_scores_as_one_token_after_the_other(client: Client) -> None:
    targets = [400, 20, 77]
    [reply] = client.ask({"type": "score", "id": 5, "lane": 3, "tokens": PROMPT + targets, "from": len(PROMPT)})
    expected = []
    for at, target in enumerate(targets):
        work = Work(client.decoder.new_sequence(), PROMPT + targets[:at])
        client.decoder.step([work])
        expected.append(float(work.logits[-1].double().log_softmax(-1)[target]))
    assert reply["logProbabilities"] == pytest.approx(expected, abs=1e-3)


def test_keeps_the_state_that_requests_have_in_common(client: Client) -> None:
    def evaluate(tokens: list[int]) -> dict:
        [reply] = client.ask({"type": "evaluate", "id": 1, "lane": 9, "tokens": tokens, "watch": [5, 6], "top": 2})
        return reply

    first = evaluate(PROMPT)
    assert (first["reused"], first["evaluated"]) == (0, len(PROMPT))
    other = evaluate([*PROMPT[:-2], 9, 10, 11])
    assert (other["reused"], other["evaluated"]) == (len(PROMPT) - 2, 3)
    again = evaluate(PROMPT)
    assert again["probabilities"] == pytest.approx(first["probabilities"], rel=1e-3)
    assert again["top"] == sorted(again["top"], reverse=True) and again["argmax"] == first["argmax"]


def test_gives_up_what_is_cancelled(client: Client) -> None:
    client.replies.clear()
    client.engine.handle(generate(1, 0, PROMPT, most=50))
    client.engine.step()
    client.engine.handle({"type": "cancel", "request": 1})
    assert client.engine.is_idle
    client.engine.handle({"type": "cancel", "request": 77})
    [*_, last] = client.ask(generate(2, 0, PROMPT, most=1))
    assert last == {"id": 2, "type": "ended", "end": "max_tokens"}


def test_fails_one_request_that_is_too_long_and_no_other(client: Client) -> None:
    long = {"type": "evaluate", "id": 1, "lane": 0, "tokens": [5] * 129, "watch": [], "top": 0}
    replies = client.ask(long, generate(2, 1, PROMPT, most=1))
    assert {reply["id"]: reply["type"] for reply in replies} == {1: "failed", 2: "ended"}


def test_speaks_lines_of_json(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "repoformer_trainer.serve_engine"]
    request = json.dumps({"type": "score", "id": 1, "lane": 0, "tokens": PROMPT, "from": 1})
    model = NANO

    def run(path: Path, requests: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, str(path)], input=requests, capture_output=True, text=True, timeout=120, check=False
        )

    done = run(model, f"{request}\n")
    ready, reply = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 0 and ready == {"type": "ready"}
    assert len(reply["logProbabilities"]) == len(PROMPT) - 1
    refused = run(tmp_path / "none", "")
    assert refused.returncode == 1 and json.loads(refused.stdout)["type"] == "refused"


def test_copies_from_passages_that_it_does_not_read(client: Client) -> None:
    passage = [*PROMPT[-6:-2], 400, 401, 402, 403, 404]
    alone = client.ask(generate(1, 0, PROMPT))
    helped = client.ask(generate(2, 0, PROMPT) | {"copying": copying(PROMPT[1:-2], passage)})
    expected = b"".join(client.token_bytes[token] for token in passage[4:])
    assert text_of(helped, 2).startswith(expected)
    assert not text_of(alone, 1).startswith(expected)


def test_copies_only_what_agrees_with_what_is_typed(client: Client) -> None:
    passage = [*PROMPT[-6:-2], 400, 401, 402]
    forced = client.token_bytes[400][:1]
    helped = client.ask(generate(1, 0, PROMPT, forced) | {"copying": copying(PROMPT[1:-2], passage)})
    expected = b"".join(client.token_bytes[token] for token in passage[4:])
    assert (forced + text_of(helped, 1)).startswith(expected)
    other = next(bytes([byte]) for byte in b"abcxyz" if bytes([byte]) != forced)
    unlike = client.ask(generate(2, 0, PROMPT, other) | {"copying": copying(PROMPT[1:-2], passage)})
    assert not (other + text_of(unlike, 2)).startswith(expected)


def test_scores_what_it_would_copy_as_it_chooses(client: Client) -> None:
    passage = [*PROMPT[-6:-2], 400, 401, 402]
    tokens = PROMPT + passage[4:]
    request = {"type": "score", "id": 1, "lane": 0, "tokens": tokens, "from": len(PROMPT)}
    (alone,) = client.ask(request)
    (helped,) = client.ask(request | {"copying": copying(PROMPT[1:-2], passage)})
    assert all(more > less for more, less in zip(helped["logProbabilities"], alone["logProbabilities"]))
    assert helped["logProbabilities"][-1] > -0.1
