"""Whether a sentence-transformers folder is a plain BERT encoder, which one, and its weights.

Knows the folder's files; computes nothing and writes nothing. Of weights only safetensors are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexingError

Weights = Mapping[str, NDArray[np.float32]]

_MODULES = ("Transformer", "Pooling", "Normalize")

T = TypeVar("T")


class Unsupported(IndexingError):
    """The fast way cannot run this folder; the message says what in it stands against that."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """What decides a BERT sentence encoder's computation, weights aside. `max_tokens` counts the special ones too."""

    layers: int
    heads: int
    width: int
    epsilon: float
    max_tokens: int


def read_encoder(folder: Path) -> Encoder:
    """The shape of a plain BERT encoder with mean pooling. Raises Unsupported for any other folder."""
    config = _json(folder, "config.json", dict)
    _require_modules(folder)
    for name, wanted in {"model_type": "bert", "hidden_act": "gelu"}.items():
        _require(folder, f"config.json has {name} {config.get(name)!r} where {wanted!r} is", config.get(name) == wanted)
    absolute = config.get("position_embedding_type", "absolute") == "absolute" and not config.get("is_decoder")
    _require(folder, "config.json asks for another kind of position or attention than is", absolute)
    for needed in ("model.safetensors", "tokenizer.json"):
        _require(folder, f"{needed} is missing, which is", (folder / needed).is_file())
    try:
        return Encoder(
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            width=int(config["hidden_size"]),
            epsilon=float(config["layer_norm_eps"]),
            max_tokens=min(_max_tokens(folder), int(config["max_position_embeddings"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unsupported(f"The embedder in {folder} has a config.json without a usable {error}.") from error


def _require_modules(folder: Path) -> None:
    modules = _json(folder, "modules.json", list)
    kinds = tuple(str(module.get("type", "")).rpartition(".")[2] for module in modules if isinstance(module, dict))
    _require(folder, f"modules.json lists {', '.join(kinds)} where {', '.join(_MODULES)} are", kinds == _MODULES)
    pooling = _json(folder, f"{modules[1].get('path')}/config.json", dict)
    modes = {name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True}
    mean = modes == {"pooling_mode_mean_tokens"} or (not modes and pooling.get("pooling_mode") == "mean")
    _require(folder, "its pooling is not the mean, which is", mean)
    about = folder / "config_sentence_transformers.json"
    prompts = _json(folder, about.name, dict).get("prompts") if about.is_file() else None
    prompted = any(prompts.values()) if isinstance(prompts, dict) else bool(prompts)
    _require(folder, f"{about.name} has prompts, none of which are", not prompted)


def _max_tokens(folder: Path) -> int:
    about = _json(folder, "sentence_bert_config.json", dict)
    _require(folder, "it lower-cases texts before the tokenizer, which is not", not about.get("do_lower_case"))
    return int(about["max_seq_length"])


def _require(folder: Path, trouble: str, fine: bool) -> None:
    if not fine:
        raise Unsupported(f"The embedder in {folder} cannot run the fast way: {trouble} needed there.")


def _json(folder: Path, name: str, kind: type[T]) -> T:
    try:
        value = json.loads((folder / name).read_bytes())
    except (OSError, ValueError) as error:
        raise Unsupported(
            f"The embedder in {folder} cannot run the fast way: {name} cannot be read ({error})."
        ) from error
    _require(folder, f"{name} holds {type(value).__name__} where {kind.__name__} is", isinstance(value, kind))
    return value  # type: ignore[no-any-return]


def read_weights(folder: Path) -> Weights:
    """The tensors of model.safetensors, in 32-bit floats. Raises Unsupported."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise Unsupported(f"The weights in {folder} cannot be read without torch: {error}") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise Unsupported(f"The weights in {folder} are not finite: {name}. Fetch or copy the model again.")
    return {name.removeprefix("bert."): tensor.astype(np.float32) for name, tensor in tensors.items()}
