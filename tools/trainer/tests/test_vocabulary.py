from repoformer_trainer.gguf_model import GgufModel
from repoformer_trainer.vocabulary import TokenBytes


def test_reads_bytes_of_tokens() -> None:
    token_bytes = TokenBytes(["Ġdef", "Ċ", "Ã¤", "<eof>", "日", "<own>"], [1, 1, 1, 3, 1, 4])
    assert [token_bytes[token] for token in range(6)] == [b" def", b"\n", "ä".encode(), b"", "日".encode(), b"<own>"]


def test_finds_tokens_that_agree(nano: GgufModel) -> None:
    token_bytes = TokenBytes(nano.tokens, nano.token_types)
    for forced in (b" re", b"self.", b"\n    ", "ü".encode(), b"x", b"returning_something"):
        expected = [
            token
            for token in range(len(nano.tokens))
            if token_bytes[token] and (forced.startswith(token_bytes[token]) or token_bytes[token].startswith(forced))
        ]
        assert token_bytes.agreeing_with(forced) == expected
        assert expected
