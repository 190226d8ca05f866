"""The fast embedder: a folder it cannot run is refused by name, and what it computes is what torch computes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index.embedding.bert import Unsupported, read_encoder, read_weights
from index.embedding.fast import BATCH_TOKENS, GraphRunner, OnnxEmbedder, has_tiles, read_tokenizer
from index.embedding.graph import to_onnx
from index.embedding.prepared import prepared
from index.embedding.reference import SentenceTransformerEmbedder
from index.errors import IndexingError
from tests.index.embedding.tiny import CONFIG, MODULES, TEXTS, make_folder

SENTENCES = (
    "Where was the dam blown up?",
    "The dam near Kurakhove was damaged on 11 November 2024, and the river rose by more than a metre.",
    "Officials on both sides blamed each other; no independent body has examined the site so far, reporters said. " * 9,
    "",
    "Ёлка 東京 \x00 🙂",
)


def embedder_over(folder: Path, place: Path, threads: int = 1) -> OnnxEmbedder:
    encoder = read_encoder(folder)
    model = prepared(folder, encoder, place, lambda: TEXTS, 1, lambda *_: None)
    return OnnxEmbedder(folder, encoder, model, "tiny", threads)


# ---- which folders


@pytest.mark.parametrize(
    "changed",
    [
        {"config": CONFIG | {"model_type": "roberta"}},
        {"config": CONFIG | {"hidden_act": "relu"}},
        {"config": CONFIG | {"position_embedding_type": "relative_key"}},
        {"config": {name: value for name, value in CONFIG.items() if name != "hidden_size"}},
        {"config": []},
        {"modules": MODULES[:2]},
        {"modules": [*MODULES, {"type": "os.system", "path": ""}]},
        {"modules": [1, 2, 3]},
        {"pooling": {"pooling_mode_cls_token": True}},
        {"pooling": {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}},
        {"sentence_bert_config": {"max_seq_length": 12, "do_lower_case": True}},
        {"sentence_bert_config": {"do_lower_case": False}},
        {"sentence_bert_config": {"max_seq_length": None}},
        {"config_sentence_transformers": {"prompts": {"query": "query: "}}},
    ],
    ids=str,
)
def test_a_folder_that_is_no_plain_encoder_is_refused_with_the_reason(
    changed: Mapping[str, Any], tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "model", **changed)
    with pytest.raises(Unsupported, match=r"fast way|usable") as raised:
        read_encoder(folder)
    assert str(folder) in str(raised.value)


@pytest.mark.parametrize("name", ["modules.json", "config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_without_one_of_its_files_is_refused(name: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(Unsupported, match=name.replace(".", r"\.")):
        read_encoder(folder)


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}", b"\xff" * 64], ids=["empty", "cut", "noise"])
def test_broken_weights_are_refused(content: bytes, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(Unsupported, match="weights"):
        to_onnx(read_encoder(folder), read_weights(folder))


def test_a_model_that_is_none_is_reported() -> None:
    with pytest.raises(IndexingError, match="refuses"):
        GraphRunner(b"no model", threads=1)


def test_a_broken_tokenizer_is_reported(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(IndexingError, match="tokenizer"):
        read_tokenizer(tmp_path, None)


# ---- what it computes


def test_vectors_come_in_the_order_of_the_texts_and_have_unit_length(tmp_path: Path) -> None:
    embedder = embedder_over(make_folder(tmp_path / "model"), tmp_path / "made")
    texts = [" ".join(TEXTS[at % len(TEXTS)].split() * (at % 3 + 1)) for at in range(BATCH_TOKENS // 4)]
    vectors = embedder.embed_documents(texts)
    assert vectors.shape == (len(texts), embedder.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert embedder.embed_query(text) @ vector > 0.999


@pytest.mark.parametrize("count", [1, 2, 40])
def test_passes_shared_out_among_threads_make_the_same_vectors(count: int, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model")
    texts = [" ".join(TEXTS[at % len(TEXTS)].split() * (at % 9 + 1)) for at in range(count)]
    alone, together = (embedder_over(folder, tmp_path / "made", threads) for threads in (1, 3))
    np.testing.assert_array_equal(together.embed_documents(texts), alone.embed_documents(texts))


@pytest.mark.parametrize("length", [5, 21])
def test_one_pass_that_fails_fails_the_whole(length: int, tmp_path: Path) -> None:
    encoder = read_encoder(make_folder(tmp_path / "model"))
    runner = GraphRunner(to_onnx(encoder, read_weights(tmp_path / "model")), threads=2)
    fine = [[1] * 20] * 20
    assert len(runner.vectors(fine, encoder.width)) == 20
    with pytest.raises(Exception, match=r"(?i)indices element out of data bounds"):
        runner.vectors([*fine, [10**6] * length], encoder.width)


def test_an_interrupted_call_leaves_its_other_passes(tmp_path: Path) -> None:
    encoder = read_encoder(make_folder(tmp_path / "model"))
    computed: list[int] = []

    class Interrupted(GraphRunner):
        def run(self, batch: Sequence[Sequence[int]]) -> Mapping[str, NDArray[Any]]:
            if threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt
            computed.append(len(batch))
            time.sleep(0.05)
            return super().run(batch)

    runner = Interrupted(to_onnx(encoder, read_weights(tmp_path / "model")), threads=2)
    with pytest.raises(KeyboardInterrupt):
        runner.vectors([[1] * 20] * 160, encoder.width)  # twenty passes
    assert len(computed) < 10


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512_vnni amx_bf16 amx_tile amx_int8", True), ("fpu avx512_vnni", False), ("", False)],
)
def test_tiles_are_known_by_the_processors_flags(flags: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\n")
    assert has_tiles(tmp_path / "cpuinfo") is expected
    assert not has_tiles(tmp_path / "nothing")


def test_no_texts_have_no_vectors(tmp_path: Path) -> None:
    embedder = embedder_over(make_folder(tmp_path / "model"), tmp_path / "made")
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)
    assert embedder.count_tokens([]) == []


def test_a_text_beyond_the_window_is_cut_and_still_counted_whole(tmp_path: Path) -> None:
    embedder = embedder_over(make_folder(tmp_path / "model"), tmp_path / "made")
    window = ["dam"] * embedder.max_tokens
    assert embedder.count_tokens([" ".join([*window, "left"])]) == [embedder.max_tokens + 1]
    inside, beyond = (" ".join(window + more) for more in ([], ["left", "village"]))
    np.testing.assert_array_equal(embedder.embed_query(inside), embedder.embed_query(beyond))


@pytest.fixture(scope="module")
def reference(embedder_folder: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(embedder_folder, "reference", threads=2)


def test_the_graph_in_32_bits_computes_what_sentence_transformers_computes(
    embedder_folder: Path, reference: SentenceTransformerEmbedder
) -> None:
    encoder = read_encoder(embedder_folder)
    runner = GraphRunner(to_onnx(encoder, read_weights(embedder_folder)), threads=2)
    tokens = [text.ids for text in read_tokenizer(embedder_folder, encoder.max_tokens).encode_batch(list(SENTENCES))]
    np.testing.assert_allclose(
        runner.vectors(tokens, encoder.width), reference.embed_documents(SENTENCES), atol=2e-3
    )  # the words are kept in 16 bits


def test_the_fast_embedder_agrees_with_the_reference(
    embedder_folder: Path, reference: SentenceTransformerEmbedder, tmp_path: Path
) -> None:
    encoder = read_encoder(embedder_folder)
    model = prepared(embedder_folder, encoder, tmp_path / "made", lambda: SENTENCES * 2, 2, lambda *_: None)
    fast = OnnxEmbedder(embedder_folder, encoder, model, "fast", threads=2)
    assert (fast.dimension, fast.max_tokens) == (reference.dimension, reference.max_tokens)
    assert fast.count_tokens(SENTENCES) == reference.count_tokens(SENTENCES)
    cosines = np.sum(fast.embed_documents(SENTENCES) * reference.embed_documents(SENTENCES), axis=1)
    assert cosines.min() > 0.97
