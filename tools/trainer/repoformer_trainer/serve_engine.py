"""Evaluates a GGUF model for `repoformer-dataset label`, many holes at a time: JSON lines in, JSON lines out.

Requests name a sequence of their own (`lane`), whose state stays from one request to the next; all requests at hand share
each step of the decoder. Replies carry the request's `id`; several for a generation, one for all others.
"""

from __future__ import annotations

import argparse
import json
import queue
import sys
import threading
from collections.abc import Generator
from typing import Any, TextIO

import torch

from .gguf_model import ModelFileError, read_gguf_model
from .prompt_copier import PromptCopier
from .ragged_decoder import RaggedDecoder, Sequence, Work
from .vocabulary import TokenBytes

Steps = Generator[Work, None, None]
STEP_TOKENS = 1024
"""Tokens of a step, unless a single request has more: beyond, a step only grows longer."""


class Engine:
    """Turns requests into steps of a decoder, and what comes of them into replies."""

    def __init__(self, decoder: RaggedDecoder, token_bytes: TokenBytes, reply: Any) -> None:
        self.decoder = decoder
        self.token_bytes = token_bytes
        self.reply = reply
        self._lanes: dict[int, Sequence] = {}
        self._running: dict[int, tuple[Steps, Work]] = {}

    @property
    def is_idle(self) -> bool:
        return not self._running

    def handle(self, request: dict[str, Any]) -> None:
        """Begins a request, or ends one (`cancel`)."""
        if request["type"] == "cancel":
            running = self._running.pop(request["request"], None)
            if running:
                running[0].close()
            return
        handlers = {"evaluate": self._evaluate, "score": self._score, "generate": self._generate}
        lane = self._lanes.setdefault(request["lane"], self.decoder.new_sequence())
        self._advance(request["id"], handlers[request["type"]](lane, request))

    def step(self) -> None:
        """One pass over what fits of the requests at hand, oldest first."""
        chosen: list[tuple[int, Steps, Work]] = []
        tokens = 0
        for id, (steps, work) in self._running.items():
            if chosen and tokens + len(work.tokens) > STEP_TOKENS:
                continue
            chosen.append((id, steps, work))
            tokens += len(work.tokens)
        self.decoder.step([work for _, _, work in chosen])
        for id, steps, _ in chosen:
            del self._running[id]
            self._advance(id, steps)

    def _advance(self, id: int, steps: Steps) -> None:
        try:
            self._running[id] = (steps, next(steps))
        except StopIteration:
            pass
        except ValueError as error:
            self.reply({"id": id, "type": "failed", "message": str(error)})

    def _adapt(self, lane: Sequence, tokens: list[int], most: int) -> list[int]:
        """Keeps what the state has in common with `tokens`, at most `most` of it. Returns what it lacks.

        Raises:
            ValueError: they do not fit into the context.
        """
        if len(tokens) > self.decoder.context_tokens:
            raise ValueError(f"{len(tokens)} tokens do not fit into a context of {self.decoder.context_tokens}")
        same = 0
        limit = min(most, len(lane.tokens), len(tokens))
        while same < limit and lane.tokens[same] == tokens[same]:
            same += 1
        lane.keep(same)
        return tokens[same:]

    def _evaluate(self, lane: Sequence, request: dict[str, Any]) -> Steps:
        tokens, watch = request["tokens"], request.get("watch")
        reused = len(tokens) - len(lacking := self._adapt(lane, tokens, len(tokens) - (watch is not None)))
        reply = {"id": request["id"], "type": "evaluated", "reused": reused, "evaluated": len(lacking)}
        reply |= {"probabilities": [], "argmax": -1, "top": []}
        if lacking:
            yield (work := Work(lane, lacking, int(watch is not None)))
            if watch is not None:
                probabilities = work.logits[-1].double().softmax(-1)
                reply["probabilities"] = probabilities[watch].tolist() if watch else []
                reply["argmax"] = int(probabilities.argmax())
                reply["top"] = probabilities.topk(request["top"]).values.tolist() if request["top"] else []
        self.reply(reply)

    def _score(self, lane: Sequence, request: dict[str, Any]) -> Steps:
        tokens, first = request["tokens"], request["from"]
        scores: list[float] = []
        if targets := tokens[first:]:
            lacking = self._adapt(lane, tokens[:-1], first - 1)
            yield (work := Work(lane, lacking, len(targets)))
            logs = work.logits.double().log_softmax(-1)
            scores = logs.gather(1, torch.tensor(targets, device=logs.device)[:, None])[:, 0].tolist()
            if copier := self._copier_of(request):
                for at, target in enumerate(targets):
                    scores[at] = copier.score(target, scores[at])
                    copier.push(target)
        self.reply({"id": request["id"], "type": "scored", "logProbabilities": scores})

    def _generate(self, lane: Sequence, request: dict[str, Any]) -> Steps:
        """Greedy. What is typed already is generated again first: only tokens that agree with it are chosen."""
        forced = bytes.fromhex(request["forced"])
        stops, most = set(request["stopTokens"]), request["maxTokens"]
        lacking = self._adapt(lane, request["tokens"], len(request["tokens"]) - 1)
        copier = self._copier_of(request, tuple(sorted(stops)))
        generated = 0
        end = "max_tokens"
        while generated < most and len(lane.tokens) + len(lacking) <= self.decoder.context_tokens:
            yield (work := Work(lane, lacking))
            logits = work.logits[-1]
            allowed = self.token_bytes.agreeing_with(forced) if forced else None
            token = allowed[int(logits[allowed].argmax())] if allowed else int(logits.argmax())
            if copier:
                candidates = copier.candidates(set(allowed).__contains__) if allowed else copier.candidates()
                # While something is forced, a token's share is of those that agree with it.
                said = (logits if allowed is None else logits[allowed]).double()
                of_token = [*candidates, token]
                shares = (logits[of_token].double() - said.logsumexp(-1)).exp().tolist()
                token = copier.choose(token, candidates, dict(zip(of_token, shares)).__getitem__)
                copier.push(token)
            if not forced and token in stops:
                end = "end_token"
                break
            data = self.token_bytes[token]
            if len(data) > len(forced) or not forced:
                generated += 1
                piece = data[len(forced) :].hex()
                self.reply({"id": request["id"], "type": "piece", "bytes": piece, "generatedTokens": generated})
            forced = forced[len(data) :]
            lacking = [token]
        self.reply({"id": request["id"], "type": "ended", "end": end})

    def _copier_of(self, request: dict[str, Any], ends: tuple[int, ...] = ()) -> PromptCopier | None:
        copying = request.get("copying")
        return PromptCopier(copying, self.token_bytes, ends) if copying else None


def serve(engine: Engine, requests: TextIO) -> None:
    """Until the requests end and all are answered."""
    inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def read() -> None:
        for line in requests:
            inbox.put(json.loads(line))
        inbox.put(None)

    threading.Thread(target=read, daemon=True).start()
    is_open = True
    while is_open or not engine.is_idle:
        if is_open and (engine.is_idle or not inbox.empty()):
            request = inbox.get()
            is_open = request is not None
            if request is not None:
                engine.handle(request)
        else:
            engine.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="GGUF file; adapters must be merged into it")
    parser.add_argument("--context-tokens", type=int, default=2048)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's choice")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)

    def reply(message: dict[str, Any]) -> None:
        print(json.dumps(message, separators=(",", ":")), flush=True)

    try:
        model = read_gguf_model(arguments.model)
    except ModelFileError as error:
        reply({"type": "refused", "message": str(error)})
        sys.exit(1)
    engine = Engine(
        RaggedDecoder(model, arguments.context_tokens, arguments.device),
        TokenBytes(model.tokens, model.token_types),
        reply,
    )
    del model
    reply({"type": "ready"})
    serve(engine, sys.stdin)


if __name__ == "__main__":
    main()
