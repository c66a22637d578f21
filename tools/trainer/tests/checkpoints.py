"""Small checkpoints of random weights, each with a tokenizer of its own, as transformers saves them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    GPTBigCodeConfig,
    GPTBigCodeForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)
from transformers.utils import logging

logging.disable_progress_bar()

END, BEGIN = "<|endoftext|>", "<|begin_of_text|>"
PLAIN = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
BARRED = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>")
OWN_WORD = "@call"
"""An added token that is text."""
UNMERGED = "Ġunmerged"
"""A token that no merges make: only tokenizers that look for whole words first have it."""

SOURCE = """
def area_of(shape, unit=1.0, *, größe: int = 12345):
    # It's Ünïcödé: 面积 = größe × 2, we'll see 🙂
    if shape is None or not shape.is_closed():
        raise ValueError(f"no area of {shape!r}: don't ask")
\treturn shape.area(unit) * 1_000_000 // 0xFF  # returns 1000000\r\n
export const total = (items: number[]): number => items.reduce((sum, each) => sum + each, 0);
    for (int i = 0; i < 100; ++i) { printf("%d %s\\n", i, "items"); }
"""

WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""As Qwen2 and Llama 3 publish it, but for digits."""


def _split(digits: str) -> pre_tokenizers.PreTokenizer:
    words = pre_tokenizers.Split(Regex(WORDS % digits), "isolated")
    return pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


PRE_TOKENIZERS = {
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "starcoder": pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    ),
    "qwen2": _split(r"\p{N}"),
    "llama-bpe": _split(r"\p{N}{1,3}"),
    "dbrx": _split(r"\p{N}{1,3}"),
}


def make_tokenizer(kind: str, specials: tuple[str, ...] = PLAIN) -> PreTrainedTokenizerFast:
    """A tokenizer of a few hundred tokens that splits text as `kind`, by llama.cpp's name, does."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[kind]
    tokenizer.decoder = decoders.ByteLevel()
    begin = BEGIN if kind == "llama-bpe" else END
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        min_frequency=1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[*dict.fromkeys((begin, END)), *specials],
        show_progress=False,
    )
    tokenizer.train_from_iterator([SOURCE] * 2, trainer)
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    written = json.loads(tokenizer.to_str())
    vocabulary = written["model"]["vocab"]
    vocabulary[UNMERGED] = max(vocabulary.values()) + 1
    written["model"]["ignore_merges"] = kind == "llama-bpe"
    tokenizer = Tokenizer.from_str(json.dumps(written))
    if kind == "llama-bpe":
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{BEGIN} $A", special_tokens=[(BEGIN, tokenizer.token_to_id(BEGIN))]
        )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=begin, eos_token=END)
    fast.add_tokens([OWN_WORD])
    return fast


SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128}
GROUPED = {**SIZES, "intermediate_size": 96, "num_key_value_heads": 2}
"""Two heads of queries to one of keys."""
# Of the eight frequencies of a head the first is kept, the second is between, and the others are slowed.
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 5e5,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LINEAR = {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}

MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig, "dbrx", {**GROUPED, "rms_norm_eps": 0.01}),
    "llama-3": (LlamaForCausalLM, LlamaConfig, "llama-bpe", {**GROUPED, "rope_parameters": LLAMA3}),
    "llama-linear": (
        *(LlamaForCausalLM, LlamaConfig, "gpt-2"),
        {**GROUPED, "head_dim": 24, "rope_parameters": LINEAR, "attention_bias": True, "mlp_bias": True}
        | {"tie_word_embeddings": True},
    ),
    "qwen2": (
        *(Qwen2ForCausalLM, Qwen2Config, "qwen2"),
        {**GROUPED, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6}, "tie_word_embeddings": True},
    ),
    "starcoder": (
        *(GPTBigCodeForCausalLM, GPTBigCodeConfig, "starcoder"),
        {**SIZES, "n_inner": 160, "layer_norm_epsilon": 0.01},
    ),
    "starcoder2": (
        *(Starcoder2ForCausalLM, Starcoder2Config, "starcoder"),
        {**GROUPED, "rope_parameters": {"rope_type": "default", "rope_theta": 999999.4420358813}},
    ),
}
"""By name: model, configuration, how text is split, sizes and options."""


def make_checkpoint(
    folder: Path, name: str, tokenizer: PreTrainedTokenizerFast | None = None, **options
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Saves one of MODELS, with three tokens more than its tokenizer has.

    Args:
        options: of the configuration, besides those of MODELS
    """
    model_of, config_of, kind, own = MODELS[name]
    tokenizer = tokenizer or make_tokenizer(kind, BARRED if name == "qwen2" else PLAIN)
    roles = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = config_of(vocab_size=len(tokenizer) + 3, attn_implementation="eager", **roles, **own, **options)
    model = model_of(config).eval()
    _scatter(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def _scatter(model: PreTrainedModel) -> None:
    """No tensor is zero or one, so that none can be mistaken for another, or be left out."""
    draw = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=draw)
            if parameter.ndim == 1:
                is_scale = name.endswith("weight")
                parameter.copy_(is_scale + 0.3 * noise)
            elif "emb" in name or ".wte" in name or ".wpe" in name:
                parameter.copy_(0.5 * noise)
            else:
                parameter.copy_(noise * (1.5 / math.sqrt(parameter.shape[1])))
