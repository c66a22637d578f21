from pathlib import Path

import pytest

from repoformer_trainer.gguf_model import GgufModel, read_gguf_model

NANO = Path(__file__).resolve().parents[3] / "models/repoformer-nano0-7m-q8_0.gguf"


@pytest.fixture(scope="session")
def nano() -> GgufModel:
    """The embedded model, a Llama of 7 million parameters."""
    return read_gguf_model(NANO)
