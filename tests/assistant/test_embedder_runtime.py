"""Which way the embedding model runs: the fast one where its folder allows it, or what the setting says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.assemble import Assembly
from assistant.settings import load_settings
from index.embedding.bert import Unsupported
from index.embedding.fast import OnnxEmbedder
from index.embedding.reference import SentenceTransformerEmbedder
from tests.index.embedding.tiny import make_folder

OTHER_POOLING = {"pooling": {"pooling_mode_cls_token": True}}


def assembly(tmp_path: Path, runtime: str, **changed: Any) -> Assembly:
    folder = tmp_path / "own"
    if not folder.exists():
        make_folder(folder, **changed)
    given = {"models": tmp_path / "models", "data": tmp_path / "data", "offline": True, "threads": 1}
    return Assembly(load_settings({**given, "embedder": str(folder), "embedder_runtime": runtime}, environ={}).settings)


def test_a_plain_encoder_runs_the_fast_way_under_the_name_it_has_in_torch(tmp_path: Path) -> None:
    fast, exact = (assembly(tmp_path, runtime).embedder for runtime in ("auto", "torch"))
    assert (type(fast), type(exact)) == (OnnxEmbedder, SentenceTransformerEmbedder)
    assert fast.name == exact.name


def test_the_fast_model_is_kept_beside_the_others_and_made_once(tmp_path: Path) -> None:
    told: list[str] = []
    first = assembly(tmp_path, "auto")
    first.progress = lambda stage, done, total: told.append(stage)
    vector = first.embedder.embed_query("the dam broke")
    assert any("preparing" in stage for stage in told)
    told.clear()
    second = assembly(tmp_path, "auto")
    second.progress = lambda stage, done, total: told.append(stage)
    np.testing.assert_array_equal(second.embedder.embed_query("the dam broke"), vector)
    assert not any("preparing" in stage for stage in told)
    assert len(list((tmp_path / "models" / "prepared").glob("*.onnx8"))) == 1


def test_another_folder_runs_in_torch_and_the_reason_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(assembly(tmp_path, "auto", **OTHER_POOLING).embedder, SentenceTransformerEmbedder)
    assert "pooling" in caplog.text


def test_another_folder_is_refused_where_the_fast_way_is_demanded(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="pooling"):
        _ = assembly(tmp_path, "onnx", **OTHER_POOLING).embedder
