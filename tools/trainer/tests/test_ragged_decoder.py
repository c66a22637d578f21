import random

import pytest
import torch

from repoformer_trainer.gguf_model import GgufModel, ModelFileError, read_gguf_model
from repoformer_trainer.ragged_decoder import FEW_TOKENS, RaggedDecoder, Work


@pytest.fixture(scope="module")
def decoder(nano: GgufModel) -> RaggedDecoder:
    return RaggedDecoder(nano, context_tokens=96, dtype=torch.float32)


def some_tokens(seed: int, count: int) -> list[int]:
    return [random.Random(f"{seed} {at}").randrange(20, 8000) for at in range(count)]


def logits_of(decoder: RaggedDecoder, tokens: list[int]) -> torch.Tensor:
    """After each token, from one evaluation of a sequence by itself."""
    work = Work(decoder.new_sequence(), tokens, len(tokens))
    decoder.step([work])
    return work.logits


def reference_logits(nano: GgufModel, tokens: list[int]) -> torch.Tensor:
    """The same, written as plainly as can be, in double precision, a head at a time."""
    shape, weights = nano.shape, {name: tensor.double() for name, tensor in nano.tensors.items()}

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return x / (x.pow(2).mean(-1, keepdim=True) + shape.norm_epsilon).sqrt() * weights[name]

    def rotated(x: torch.Tensor) -> torch.Tensor:
        out = x.clone()
        for position in range(x.shape[0]):
            for pair in range(shape.rope_dims // 2):
                angle = torch.tensor(position * shape.rope_base ** (-2 * pair / shape.rope_dims), dtype=torch.float64)
                a, b = x[position, 2 * pair], x[position, 2 * pair + 1]
                out[position, 2 * pair] = a * angle.cos() - b * angle.sin()
                out[position, 2 * pair + 1] = a * angle.sin() + b * angle.cos()
        return out

    x = weights["token_embd.weight"][tokens]
    size = shape.head_dim
    for layer in range(shape.layers):
        matrix = {name.split(".")[2]: weights[name] for name in weights if name.startswith(f"blk.{layer}.")}

        h = norm(x, f"blk.{layer}.attn_norm.weight")
        q, k, v = (h @ matrix[name].T for name in ("attn_q", "attn_k", "attn_v"))
        heads = []
        for head in range(shape.heads):
            group = head * shape.kv_heads // shape.heads
            query = rotated(q[:, head * size : (head + 1) * size])
            key = rotated(k[:, group * size : (group + 1) * size])
            scores = query @ key.T / size**0.5
            scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf)
            heads.append(scores.softmax(-1) @ v[:, group * size : (group + 1) * size])
        x = x + torch.cat(heads, -1) @ matrix["attn_output"].T
        h = norm(x, f"blk.{layer}.ffn_norm.weight")
        x = x + (torch.nn.functional.silu(h @ matrix["ffn_gate"].T) * (h @ matrix["ffn_up"].T)) @ matrix["ffn_down"].T
    return norm(x, "output_norm.weight") @ weights.get("output.weight", weights["token_embd.weight"]).T


@pytest.mark.parametrize("count", [5, FEW_TOKENS + 9])
def test_computes_what_a_plain_transformer_does(nano: GgufModel, decoder: RaggedDecoder, count: int) -> None:
    tokens = some_tokens(1, count)
    torch.testing.assert_close(logits_of(decoder, tokens).double(), reference_logits(nano, tokens), atol=2e-3, rtol=0)


def test_sequences_side_by_side_do_not_know_of_each_other(decoder: RaggedDecoder) -> None:
    lengths = [1, 3, FEW_TOKENS, FEW_TOKENS + 1, 60, 2]
    texts = [some_tokens(seed, length) for seed, length in enumerate(lengths)]
    works = [Work(decoder.new_sequence(), tokens, len(tokens)) for tokens in texts]
    decoder.step(works)
    for work, tokens in zip(works, texts):
        torch.testing.assert_close(work.logits, logits_of(decoder, tokens), atol=1e-3, rtol=0)


def test_pieces_make_the_whole_and_what_is_forgotten_is_gone(decoder: RaggedDecoder) -> None:
    tokens = some_tokens(7, 70)
    whole = logits_of(decoder, tokens)
    sequence = decoder.new_sequence()
    other = decoder.new_sequence()
    at = 0
    for size in (30, 1, FEW_TOKENS, 1, 22):
        works = [Work(sequence, tokens[at : at + size], size), Work(other, some_tokens(at, 3))]
        decoder.step(works)
        torch.testing.assert_close(works[0].logits, whole[at : at + size], atol=1e-3, rtol=0)
        at += size
    sequence.keep(40)
    decoder.step([Work(sequence, some_tokens(9, 5))])
    sequence.keep(40)
    work = Work(sequence, tokens[40:], 30)
    decoder.step([work])
    torch.testing.assert_close(work.logits, whole[40:], atol=1e-3, rtol=0)


def test_bfloat16_is_close(nano: GgufModel, decoder: RaggedDecoder) -> None:
    tokens = some_tokens(3, 40)
    rounded = logits_of(RaggedDecoder(nano, context_tokens=96), tokens)
    exact = logits_of(decoder, tokens)
    difference = torch.nn.functional.kl_div(
        rounded.log_softmax(-1), exact.log_softmax(-1), log_target=True, reduction="batchmean"
    )
    assert difference < 2e-3


def test_refuses_what_does_not_fit(decoder: RaggedDecoder) -> None:
    with pytest.raises(ValueError, match="97 tokens do not fit into a context of 96"):
        decoder.step([Work(decoder.new_sequence(), some_tokens(0, 97))])


def test_says_what_is_wrong_with_a_file(tmp_path) -> None:
    with pytest.raises(ModelFileError, match="no such file"):
        read_gguf_model(tmp_path / "none.gguf")
    (tmp_path / "text.gguf").write_text("this is no model, but long enough to be taken for one at first sight")
    with pytest.raises(ModelFileError, match="no GGUF file, or is damaged"):
        read_gguf_model(tmp_path / "text.gguf")
