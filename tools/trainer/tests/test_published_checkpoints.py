"""What is read of a published checkpoint, and what is refused."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest
import torch
from gguf import GGUFReader, GGUFWriter, TokenType
from safetensors.torch import load_file, save_file

from repoformer_trainer import convert as command
from repoformer_trainer.checkpoint import Checkpoint, ConversionError
from repoformer_trainer.convert import convert

from .checkpoints import BEGIN, END, MODELS, OWN_WORD, PLAIN, make_checkpoint


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each of MODELS; not to be changed."""
    folders = {name: tmp_path_factory.mktemp("published") / name for name in MODELS}
    for name, folder in folders.items():
        make_checkpoint(folder, name)
    return folders


@pytest.fixture
def folder(published: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of them."""
    return lambda name: Path(copytree(published[name], tmp_path / name))


def change(file: Path, **options) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | options))


def fields_of(folder: Path, out: Path, **how) -> dict:
    convert(folder, out, **how)
    return {key: field.contents() for key, field in GGUFReader(out).fields.items()}


@pytest.mark.parametrize("name", ["llama", "starcoder"])
def test_weights_may_come_in_parts_or_pickled(folder, tmp_path: Path, name: str) -> None:
    whole = folder(name)
    convert(whole, tmp_path / "whole.gguf")
    expected = (tmp_path / "whole.gguf").read_bytes()

    weights = whole / "model.safetensors"
    tensors = load_file(weights)
    weights.unlink()
    parts = {f"model-{part}.safetensors": dict(list(tensors.items())[part::3]) for part in range(3)}
    for part, own in parts.items():
        save_file(own, whole / part)
    index = whole / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {each: part for part, own in parts.items() for each in own}}))
    convert(whole, tmp_path / "parts.gguf", name=name)
    assert (tmp_path / "parts.gguf").read_bytes() == expected

    index.unlink()
    # As transformers once saved them: with what is the same as another tensor, and masks.
    if name == "starcoder":
        tensors["lm_head.weight"] = tensors["transformer.wte.weight"]
        tensors["transformer.h.0.attn.bias"] = torch.ones(1, 1, 8, 8, dtype=torch.bool)
    torch.save(tensors, whole / "pytorch_model.bin")
    convert(whole, tmp_path / "pickled.gguf", name=name)
    assert (tmp_path / "pickled.gguf").read_bytes() == expected


@pytest.mark.parametrize("name", ["llama-3", "llama-linear", "qwen2"])
def test_older_configurations_say_the_same(folder, tmp_path: Path, name: str) -> None:
    found = folder(name)
    convert(found, tmp_path / "new.gguf")
    config = json.loads((found / "config.json").read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    config["rope_scaling"] = {("type" if kind == "linear" else "rope_type"): kind, **rope} if rope else None
    (found / "config.json").write_text(json.dumps(config))
    convert(found, tmp_path / "old.gguf")
    assert (tmp_path / "old.gguf").read_bytes() == (tmp_path / "new.gguf").read_bytes()


def test_half_precision_is_read_exactly(folder, tmp_path: Path) -> None:
    found = folder("qwen2")
    tensors = {name: tensor.bfloat16() for name, tensor in load_file(found / "model.safetensors").items()}
    save_file(tensors, found / "model.safetensors")
    convert(found, tmp_path / "model.gguf", "f32")
    written = {
        tensor.name: torch.from_numpy(tensor.data.copy()) for tensor in GGUFReader(tmp_path / "model.gguf").tensors
    }
    assert torch.equal(written["blk.1.ffn_up.weight"], tensors["model.layers.1.mlp.up_proj.weight"].float())
    assert "output.weight" not in written


def test_tokens_have_their_types_and_roles(folder, tmp_path: Path) -> None:
    fields = fields_of(folder("starcoder"), tmp_path / "model.gguf")
    tokens, types = (fields[f"tokenizer.ggml.{name}"] for name in ("tokens", "token_type"))
    type_of = dict(zip(tokens, types))
    assert [type_of[text] for text in (*PLAIN, END)] == [TokenType.CONTROL] * 4
    assert type_of[OWN_WORD] == TokenType.USER_DEFINED
    assert tokens[-3:] == [f"[PAD{len(tokens) - back}]" for back in (3, 2, 1)]
    assert types[-3:] == [TokenType.UNUSED] * 3
    roles = {"bos": END, "eos": END, "eot": END, **dict(zip(("fim_pre", "fim_suf", "fim_mid"), PLAIN))}
    for role, text in roles.items():
        assert tokens[fields[f"tokenizer.ggml.{role}_token_id"]] == text
    assert fields["tokenizer.ggml.pre"] == "starcoder"
    # llama.cpp ends a text at these.
    assert not {f"tokenizer.ggml.fim_{name}_token_id" for name in ("rep", "sep", "pad")} & fields.keys()


def test_texts_begin_as_the_tokenizer_says(folder, tmp_path: Path) -> None:
    found = folder("llama-3")
    fields = fields_of(found, tmp_path / "model.gguf")
    assert fields["tokenizer.ggml.add_bos_token"] and not fields["tokenizer.ggml.add_eos_token"]
    assert fields["tokenizer.ggml.tokens"][fields["tokenizer.ggml.bos_token_id"]] == BEGIN
    change(found / "tokenizer_config.json", add_bos_token=False)
    assert not fields_of(found, tmp_path / "model.gguf")["tokenizer.ggml.add_bos_token"]


def test_roles_may_stand_in_any_of_three_files(folder, tmp_path: Path) -> None:
    found = folder("starcoder")
    (found / "tokenizer_config.json").unlink()
    change(found / "config.json", eos_token_id=[3, 0], bos_token_id=None)
    fields = fields_of(found, tmp_path / "model.gguf")
    # A beginning that nobody names is the end.
    assert (fields["tokenizer.ggml.eos_token_id"], fields["tokenizer.ggml.bos_token_id"]) == (3, 3)
    (found / "special_tokens_map.json").write_text(json.dumps({"eos_token": {"content": "<fim_suffix>"}}))
    assert fields_of(found, tmp_path / "model.gguf")["tokenizer.ggml.eos_token_id"] == 2
    (found / "special_tokens_map.json").unlink()
    change(found / "config.json", eos_token_id=None)
    with pytest.raises(ConversionError, match="name one as eos_token"):
        convert(found, tmp_path / "model.gguf")


def test_a_sliding_window_is_the_context(tmp_path: Path) -> None:
    for name, options, context in (
        ("starcoder2", {"sliding_window": 40}, 40),
        ("starcoder2", {"sliding_window": 4096}, 128),
        ("qwen2", {"sliding_window": 40, "use_sliding_window": True, "max_window_layers": 1}, 40),
        ("qwen2", {"sliding_window": 40, "use_sliding_window": True, "max_window_layers": 2}, 128),
        ("qwen2", {"sliding_window": 40, "use_sliding_window": False}, 128),
    ):
        make_checkpoint(tmp_path / "found", name, **options)
        remarks = convert(tmp_path / "found", tmp_path / "model.gguf")
        fields = {key: field.contents() for key, field in GGUFReader(tmp_path / "model.gguf").fields.items()}
        assert fields[f"{name}.context_length"] == context
        assert any("sees no more than 40 tokens" in remark for remark in remarks) == (context == 40)


def test_the_card_gives_name_and_licence(folder, tmp_path: Path) -> None:
    found = folder("llama")
    assert "general.license" not in fields_of(found, tmp_path / "model.gguf")
    (found / "README.md").write_text("---\nlicense: other\nlicense_name: own\nmodel_name: A model\n---\n# Model\n")
    fields = fields_of(found, tmp_path / "model.gguf")
    assert [fields[f"general.{key}"] for key in ("name", "license", "license.name")] == ["A model", "other", "own"]
    (found / "README.md").write_text("---\nlicense: [mit, apache-2.0\n---\n")
    assert fields_of(found, tmp_path / "model.gguf", name="mine")["general.name"] == "mine"


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("llama", {"architectures": ["MistralForCausalLM"]}, "architecture MistralForCausalLM is not supported"),
        ("llama", {"architectures": []}, r"architecture \[\] is not supported"),
        ("llama", {"num_local_experts": 8}, "num_local_experts = 8 is not supported"),
        ("llama", {"hidden_act": "relu2"}, "activation relu2 is not supported, only silu"),
        ("llama", {"rope_parameters": {"rope_type": "yarn"}}, "of kind yarn are not supported"),
        ("llama", {"rope_parameters": None, "rope_scaling": {"type": "dynamic"}}, "of kind dynamic"),
        ("llama", {"vocab_size": 4000}, "rows, but 4000 by config.json"),
        ("llama", {"vocab_size": 400}, "config.json says 400"),
        ("llama", {"num_key_value_heads": 4}, "k_proj.weight: it has 32 rows, but 64 by config.json"),
        ("llama", {"num_hidden_layers": 3}, "not whole: there is no tensor for blk.2.attn_k.weight"),
        ("llama", {"num_hidden_layers": 1}, r"model.layers.1.*: llama models have no such tensor"),
        ("llama", {"hidden_size": None}, "hidden_size is missing"),
        ("llama", {"hidden_size": "64"}, "hidden_size is '64', which is no size"),
        ("llama", {"quantization_config": {"bits": 4}}, "quantization_config = {'bits': 4} is not supported"),
        ("llama", {"logits_scaling": 8.0}, "logits_scaling = 8.0 is not supported"),
        ("qwen2", {"head_dim": 32}, "4 heads of 32 do not make up hidden_size 64"),
        ("starcoder", {"multi_query": False}, "multi_query = False is not supported"),
        ("starcoder", {"alibi": True}, "alibi = True is not supported"),
        ("starcoder", {"n_positions": 64}, "wpe.weight: it has 128 rows, but 64"),
        ("starcoder2", {"use_bias": False}, "use_bias = False is not supported"),
        ("starcoder2", {"tie_word_embeddings": False}, "no tensor for output.weight"),
    ],
)
def test_models_that_llama_cpp_does_not_have_are_refused(
    folder, tmp_path: Path, name: str, options: dict, problem: str
) -> None:
    found = folder(name)
    change(found / "config.json", **options)
    with pytest.raises(ConversionError, match=problem):
        convert(found, tmp_path / "model.gguf")
    assert not list(tmp_path.glob("model.gguf*"))


SPLIT = {"type": "Split", "pattern": {"Regex": r"\w+|\W+"}, "behavior": "Isolated", "invert": False}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


@pytest.mark.parametrize(
    ("change_of", "problem"),
    [
        (lambda _: {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [SPLIT, BYTES]}}, r"splits text.*\\\\w\+"),
        (lambda _: {"pre_tokenizer": {**BYTES, "add_prefix_space": True, "use_regex": True}}, "add_prefix_space"),
        (lambda _: {"pre_tokenizer": None}, "splits text as no tokenizer that is known here"),
        (lambda _: {"normalizer": {"type": "Lowercase"}}, "Lowercase"),
        (lambda model: {"model": {**model, "ignore_merges": True}}, "ignore_merges true"),
        (lambda model: {"model": {**model, "byte_fallback": True}}, "tokenizer is SentencePiece; only byte-level BPE"),
        (lambda model: {"model": {**model, "type": "Unigram"}}, "tokenizer is Unigram"),
        (lambda _: {"added_tokens": [{"id": 430, "content": "def", "special": False}]}, "several tokens are 'def'"),
    ],
)
def test_tokenizers_that_llama_cpp_does_not_have_are_refused(folder, tmp_path: Path, change_of, problem: str) -> None:
    found = folder("starcoder")
    file = found / "tokenizer.json"
    change(file, **change_of(json.loads(file.read_text())["model"]))
    with pytest.raises(ConversionError, match=problem):
        convert(found, tmp_path / "model.gguf")


def test_folders_that_are_not_whole_are_refused(folder, tmp_path: Path) -> None:
    found, out = folder("llama"), tmp_path / "model.gguf"

    def refused(problem: str) -> None:
        with pytest.raises(ConversionError, match=problem):
            convert(found, out)

    with pytest.raises(ConversionError, match="there is no such folder"):
        convert(tmp_path / "none", out)
    weights, tokenizer, config = (found / name for name in ("model.safetensors", "tokenizer.json", "config.json"))
    tensors = load_file(weights)
    save_file({**tensors, "model.layers.0.mlp.up_proj.weight": torch.zeros(96, 64, dtype=torch.int8)}, weights)
    refused("up_proj.weight: it is int8, as in quantised checkpoints")
    save_file({**tensors, "model.norm.weight": torch.full((64,), torch.nan)}, weights)
    refused("norm.weight: not all of its numbers are finite")
    save_file({**tensors, "model.layers.0.mlp.up_proj.weight": torch.full((96, 64), 1e6)}, weights)
    refused("too large for float16; choose --type f32")
    save_file({**tensors, "model.layers.0.mlp.gate.weight": torch.zeros(4, 64)}, weights)
    refused("mlp.gate.weight: llama models have no such tensor")
    weights.write_bytes(weights.read_bytes()[:1000])
    refused("it holds no tensors, or is damaged")
    index = found / "model.safetensors.index.json"
    for name in ("model-2.safetensors", "../config.json"):
        index.write_text(json.dumps({"weight_map": {"model.norm.weight": name}}))
        refused(f"{Path(name).name} is missing, a part that model.safetensors.index.json lists")
    index.write_text("{}")
    refused("no weight_map")
    index.unlink()
    weights.unlink()
    refused("neither model.safetensors nor pytorch_model.bin")
    torch.save({"model.norm.weight": Checkpoint}, found / "pytorch_model.bin")
    refused("it holds no tensors, or is damaged")
    (found / "pytorch_model.bin").unlink()
    save_file(tensors, weights)
    tokenizer.rename(found / "tokenizer.model")
    refused("tokenizer is SentencePiece")
    (found / "vocab.json").write_text("{}")
    refused("load the folder by transformers' AutoTokenizer")
    config.write_text("[]")
    refused("it holds no JSON object")
    config.write_text("{")
    refused("it cannot be read")
    config.unlink()
    refused("the folder must be a whole checkpoint")


def test_the_command_says_what_it_did(folder, tmp_path: Path, monkeypatch, capsys) -> None:
    found, out = folder("qwen2"), tmp_path / "model.gguf"
    monkeypatch.setattr(sys, "argv", ["convert", str(found), str(out), "--type", "q8_0", "--name", "small"])
    command.main()
    said = capsys.readouterr()
    assert said.out.startswith(f"{out}: 0.")
    assert said.err.startswith("note: its tokenizer composes characters first")
    monkeypatch.setattr(sys, "argv", ["convert", str(found), str(tmp_path / "none/model.gguf")])
    with pytest.raises(SystemExit, match="error: .*none"):
        command.main()
    monkeypatch.setattr(sys, "argv", ["convert", str(tmp_path), str(out)])
    with pytest.raises(SystemExit, match=r"error: .*config.json: there is no such file"):
        command.main()


def test_only_one_tensor_is_in_memory_at_a_time(folder, tmp_path: Path, monkeypatch) -> None:
    done = []

    def noted(owner: type, name: str) -> None:
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args: (done.append(name), original(*args))[1])

    noted(Checkpoint, "read")
    noted(GGUFWriter, "write_tensor_data")
    convert(folder("llama"), tmp_path / "model.gguf", "q8_0")
    assert done == ["read", "write_tensor_data"] * (len(done) // 2)
    assert len(done) == 2 * len(GGUFReader(tmp_path / "model.gguf").tensors)
