"""A BERT sentence encoder of a few kilobytes with random weights, as a sentence-transformers folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WIDTH, INNER, LAYERS, HEADS, PLACES = 16, 32, 2, 2, 24
WORDS = "the a dam broke army says it was flooded village and then people left".split()
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "max_position_embeddings": PLACES,
    "layer_norm_eps": 1e-12,
}
MODULES = [{"type": f"sentence_transformers.models.{kind}", "path": path} for kind, path in
           (("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize"))]  # fmt: skip
TEXTS = [" ".join(WORDS[at : at + 4]) for at in range(len(WORDS) - 4)]


def make_folder(folder: Path, **changed: Any) -> Path:
    """The folder; `changed` replaces the JSON of a file, `/` and `.json` in its name left out as in POOLING."""
    (folder / "1_Pooling").mkdir(parents=True)
    files = {
        "config": CONFIG,
        "modules": MODULES,
        "pooling": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
        "sentence_bert_config": {"max_seq_length": 12, "do_lower_case": False},
        "config_sentence_transformers": {"prompts": {"query": "", "document": ""}},
    } | changed
    for name, value in files.items():
        path = folder / ("1_Pooling/config.json" if name == "pooling" else f"{name}.json")
        path.write_text(json.dumps(value))
    save_file(weights(), folder / "model.safetensors")
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def tokenizer() -> Tokenizer:
    vocabulary = {word: at for at, word in enumerate(["[PAD]", "[CLS]", "[SEP]", "[UNK]", *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    return made


def weights(seed: int = 7) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) / shape[-1] ** 0.5).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": normal(len(WORDS) + 4, WIDTH),
        "embeddings.position_embeddings.weight": normal(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": normal(2, WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        for name, rows, columns in (
            *((f"attention.self.{part}", WIDTH, WIDTH) for part in ("query", "key", "value")),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ):
            made[f"{at}{name}.weight"], made[f"{at}{name}.bias"] = normal(rows, columns), normal(rows)
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
    for name in norms:
        made[f"{name}.weight"], made[f"{name}.bias"] = 1 + 0.1 * normal(WIDTH), 0.1 * normal(WIDTH)
    return made
