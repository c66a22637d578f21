"""What a GGUF file has to say of a checkpoint's architecture, and where its tensors go.

As llama.cpp's own conversion does it: names of tensors and fields are those of its package `gguf`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGUFWriter, RopeScalingType, get_tensor_name_map

from .checkpoint import ConversionError


@dataclass(frozen=True)
class Architecture:
    """One of transformers' architectures, and what of it llama.cpp evaluates."""

    gguf: MODEL_ARCH
    parts: tuple[str, ...]
    """What has weights in each layer."""
    activations: tuple[str, ...]
    biased: tuple[str, ...] = ()
    """Which of the parts may have a bias, too. With layer norms all must: they are those of GPT-2's descendants."""
    rms_norm: bool = True
    ropes: tuple[str, ...] = ("default", "linear")
    """Kinds of rotary positions; none: learned ones."""
    tied: bool = False
    """Whether the output embedding is that of the input where the configuration does not say."""
    only: dict[str, object] = field(default_factory=dict)
    """Options of the configuration, and the one value of each that there is in llama.cpp."""


GELU = ("gelu_pytorch_tanh", "gelu_new", "gelu_fast", "gelu")
"""All of them the approximation by tanh in llama.cpp; the exact one is off by 0.0005 at most."""

QKV = ("attn_q", "attn_k", "attn_v")
GATED = ("ffn_gate", "ffn_up", "ffn_down")
LLAMA = ("attn_norm", *QKV, "attn_output", "ffn_norm", *GATED)
STARCODER = ("attn_norm", "attn_qkv", "attn_output", "ffn_norm", "ffn_up", "ffn_down")
STARCODER2 = ("attn_norm", *QKV, "attn_output", "ffn_norm", "ffn_up", "ffn_down")

ARCHITECTURES = {
    "LlamaForCausalLM": Architecture(
        MODEL_ARCH.LLAMA,
        LLAMA,
        ("silu",),
        biased=(*QKV, "attn_output", *GATED),
        ropes=("default", "linear", "llama3"),
    ),
    "Qwen2ForCausalLM": Architecture(MODEL_ARCH.QWEN2, LLAMA, ("silu",), biased=QKV),
    "GPTBigCodeForCausalLM": Architecture(
        MODEL_ARCH.STARCODER,
        STARCODER,
        GELU,
        rms_norm=False,
        ropes=(),
        tied=True,
        only={"multi_query": True, "scale_attn_weights": True},
    ),
    "Starcoder2ForCausalLM": Architecture(
        MODEL_ARCH.STARCODER2, STARCODER2, GELU, rms_norm=False, tied=True, only={"use_bias": True}
    ),
}

NEVER = {
    "num_local_experts": 1,
    "num_experts": 1,
    "alibi": False,
    "use_alibi": False,
    "partial_rotary_factor": 1,
    "rope_interleaved": False,
    "embedding_multiplier": 1,
    "residual_multiplier": 1,
    "attention_multiplier": None,
    "logits_scaling": 1,
    "logit_scale": 1,
    "attn_logit_softcapping": None,
    "final_logit_softcapping": None,
    "add_cross_attention": False,
    "quantization_config": None,
}
"""Options of relatives of these architectures, and the value that means they are not used."""

NO_WEIGHTS = (".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq")
"""Ends of names of what older checkpoints hold and every program computes by itself."""


@dataclass(frozen=True)
class Rope:
    """Rotary positions: kind and parameters as in the configuration."""

    kind: str
    base: float
    parameters: dict

    def frequency_factors(self, head_dim: int) -> torch.Tensor | None:
        """By what Llama 3 divides the frequency of each pair of dimensions, shape (head_dim / 2,)."""
        if self.kind != "llama3":
            return None
        names = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
        factor, low, high, context = (_number(self.parameters, name) for name in names)
        frequencies = self.base ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
        # In turns within the original context: what turns often stays, what hardly turns is slowed by the whole factor.
        turns = context * frequencies / (2 * math.pi)
        kept = ((turns - low) / (high - low)).clamp(0, 1)
        return (1 / ((1 - kept) / factor + kept)).float()


@dataclass(frozen=True)
class Model:
    """Sizes of a model, and all else that the fields of its file say."""

    architecture: Architecture
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    feed_forward: int
    vocabulary: int
    context: int
    norm_epsilon: float
    rope: Rope | None
    tied: bool
    remarks: list[str]
    """For the user: what is not as in the checkpoint."""

    @property
    def name(self) -> str:
        """Of the architecture, in GGUF files."""
        return MODEL_ARCH_NAMES[self.architecture.gguf]

    def describe(self, writer: GGUFWriter) -> None:
        writer.add_vocab_size(self.vocabulary)
        writer.add_context_length(self.context)
        writer.add_embedding_length(self.width)
        writer.add_block_count(self.layers)
        writer.add_feed_forward_length(self.feed_forward)
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(self.kv_heads)
        writer.add_key_length(self.head_dim)
        writer.add_value_length(self.head_dim)
        if self.architecture.rms_norm:
            writer.add_layer_norm_rms_eps(self.norm_epsilon)
        else:
            writer.add_layer_norm_eps(self.norm_epsilon)
        if self.rope:
            writer.add_rope_dimension_count(self.head_dim)
            writer.add_rope_freq_base(self.rope.base)
            if self.rope.kind == "linear":
                writer.add_rope_scaling_type(RopeScalingType.LINEAR)
                writer.add_rope_scaling_factor(_number(self.rope.parameters, "factor"))

    def places(self, shapes: dict[str, tuple[int, ...]]) -> dict[str, str]:
        """The names of a checkpoint's tensors by their names in the file, in the file's order.

        Raises:
            ConversionError: a tensor is missing, unknown, or not as large as the configuration says.
        """
        names = get_tensor_name_map(self.architecture.gguf, self.layers)
        needed, allowed = self._expected()
        places = {}
        for source, shape in shapes.items():
            place = names.get_name(source, try_suffixes=(".weight", ".bias"))
            if source.endswith(NO_WEIGHTS) or (self.tied and place == "output.weight"):
                continue
            if place not in needed | allowed:
                raise ConversionError(f"{source}: {self.name} models have no such tensor; this one cannot be converted")
            rows = self._rows(place)
            if rows is not None and shape[0] != rows:
                raise ConversionError(f"{source}: it has {shape[0]} rows, but {rows} by config.json")
            places[place] = source
        missing = sorted(needed - places.keys(), key=_order)
        if missing:
            raise ConversionError(f"the checkpoint is not whole: there is no tensor for {', '.join(missing[:3])}")
        return {place: places[place] for place in sorted(places, key=_order)}

    def arranged(self, place: str, tensor: torch.Tensor) -> torch.Tensor:
        """Llama's files have the dimensions that are rotated against each other side by side in a head."""
        heads = {"attn_q": self.heads, "attn_k": self.kv_heads}.get(place.split(".")[-2])
        if heads is None or self.architecture.gguf != MODEL_ARCH.LLAMA:
            return tensor
        halves = tensor.reshape(heads, 2, self.head_dim // 2, *tensor.shape[1:])
        return halves.swapaxes(1, 2).reshape(tensor.shape)

    def _rows(self, place: str) -> int | None:
        return {
            "token_embd": self.vocabulary,
            "output": self.vocabulary,
            "position_embd": self.context,
            "attn_q": self.heads * self.head_dim,
            "attn_k": self.kv_heads * self.head_dim,
            "attn_v": self.kv_heads * self.head_dim,
            "attn_qkv": (self.heads + 2 * self.kv_heads) * self.head_dim,
        }.get(place.split(".")[-2])

    def _expected(self) -> tuple[set[str], set[str]]:
        """The names of tensors that there must be, and of those that there may be."""
        ends = ("weight",) if self.architecture.rms_norm else ("weight", "bias")
        layers = [f"blk.{layer}" for layer in range(self.layers)]
        needed = {f"{layer}.{part}.{end}" for layer in layers for part in self.architecture.parts for end in ends}
        needed |= {"token_embd.weight", *(f"output_norm.{end}" for end in ends)}
        needed |= set() if self.rope else {"position_embd.weight"}
        needed |= set() if self.tied else {"output.weight"}
        return needed, {f"{layer}.{part}.bias" for layer in layers for part in self.architecture.biased}


def read_model(config: dict) -> Model:
    """
    Args:
        config: what config.json holds

    Raises:
        ConversionError: the architecture is not known, or a part or option of it not supported.
    """
    architecture = _architecture_of(config)
    _check_options(config, architecture)
    width = int(_number(config, "hidden_size", "n_embd"))
    heads = int(_number(config, "num_attention_heads", "n_head"))
    layers = int(_number(config, "num_hidden_layers", "n_layer"))
    head_dim = int(_number(config, "head_dim", default=width // heads))
    if head_dim * heads != width and architecture.gguf != MODEL_ARCH.LLAMA:
        raise ConversionError(f"config.json: {heads} heads of {head_dim} do not make up hidden_size {width}")
    multi_query = architecture.gguf == MODEL_ARCH.STARCODER
    context, remarks = _context_of(config, architecture, layers)
    return Model(
        architecture=architecture,
        layers=layers,
        width=width,
        heads=heads,
        kv_heads=1 if multi_query else int(_number(config, "num_key_value_heads", default=heads)),
        head_dim=head_dim,
        feed_forward=int(_number(config, "intermediate_size", "n_inner", default=4 * width if multi_query else None)),
        vocabulary=int(_number(config, "vocab_size")),
        context=context,
        norm_epsilon=float(_number(config, "rms_norm_eps", "norm_epsilon", "layer_norm_epsilon")),
        rope=_rope_of(config, architecture),
        tied=config.get("tie_word_embeddings", architecture.tied),
        remarks=remarks,
    )


def _architecture_of(config: dict) -> Architecture:
    names = config.get("architectures")
    name = names[0] if isinstance(names, list) and len(names) == 1 else names
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise ConversionError(f"config.json: architecture {name} is not supported, only {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def _check_options(config: dict, architecture: Architecture) -> None:
    for option, value in (NEVER | architecture.only).items():
        if config.get(option) not in (None, value):
            raise ConversionError(
                f"config.json: {option} = {config[option]} is not supported: llama.cpp's models of this architecture "
                "have no such thing"
            )
    activation = config.get("hidden_act") or config.get("activation_function")
    if activation not in architecture.activations:
        raise ConversionError(
            f"config.json: activation {activation} is not supported, only {', '.join(architecture.activations)}"
        )


def _context_of(config: dict, architecture: Architecture, layers: int) -> tuple[int, list[str]]:
    """How many tokens the file may be used with, and what there is to be said of that."""
    context = int(_number(config, "max_position_embeddings", "n_positions"))
    window = config.get("sliding_window")
    if architecture.gguf == MODEL_ARCH.QWEN2:
        kinds = config.get("layer_types") or ["sliding_attention"] * (layers - config.get("max_window_layers", 28))
        if not config.get("use_sliding_window") or "sliding_attention" not in kinds:
            window = None
    if window is None or window >= context:
        return context, []
    remark = (
        f"its attention sees no more than {window} tokens back, which llama.cpp cannot do: "
        f"the file has a context of {window} tokens instead of {context}, within which both are the same"
    )
    return window, [remark]


def _rope_of(config: dict, architecture: Architecture) -> Rope | None:
    if not architecture.ropes:
        return None
    # Transformers 5 has all in rope_parameters, older versions in two places.
    parameters = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = parameters.get("rope_type") or parameters.get("type") or "default"
    if kind not in architecture.ropes:
        raise ConversionError(
            f"config.json: rotary positions of kind {kind} are not supported, only {', '.join(architecture.ropes)}; "
            "without rope_scaling, and with max_position_embeddings as it was without, the model can be converted"
        )
    return Rope(kind, float(_number({**config, **parameters}, "rope_theta", default=10000.0)), parameters)


def _number(values: dict, *names: str, default: float | None = None) -> int | float:
    """The first of these options that is there."""
    for name in names:
        value = values.get(name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                raise ConversionError(f"config.json: {name} is {value!r}, which is no size")
            return value
    if default is None:
        raise ConversionError(f"config.json: {names[0]} is missing")
    return default


def _order(place: str) -> tuple[int, str]:
    """Embeddings, layers, the rest."""
    if place.startswith("blk."):
        return int(place.split(".")[1]), place
    return (-1 if "embd" in place else 1 << 30), place
