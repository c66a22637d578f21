import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from repoformer_trainer.gguf_model import GgufModel, read_gguf_model

PROJECT = Path(__file__).resolve().parents[3]
NANO = PROJECT / "models/repoformer-nano0-7m-q8_0.gguf"


@pytest.fixture(scope="session")
def nano() -> GgufModel:
    """The embedded model, a Llama of 7 million parameters."""
    return read_gguf_model(NANO)


@pytest.fixture(scope="session")
def llama() -> Iterator[Callable[..., dict]]:
    """Asks llama.cpp, and the product's engine, about a file: see llama.mjs."""
    if not (PROJECT / "libs/engine/dist/index.js").is_file():
        pytest.skip("needs the product itself: npm ci && npm run build")
    script = Path(__file__).with_name("llama.mjs")
    process = subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(path: Path, texts: tuple[str, ...] = (), prompts: list[list[int]] | None = None, serve: bool = True):
        request = {"path": str(path), "texts": texts, "prompts": prompts or [[1, 2]], "serve": serve}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    process.wait()
