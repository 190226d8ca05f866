"""The embedder's front door: what is no model folder says so, and nothing heavy is loaded before it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from index.embedding.reference import SentenceTransformerEmbedder
from index.errors import IndexingError

ROOT = Path(__file__).parents[3]


def test_a_folder_without_a_model_is_reported_with_the_remedy(tmp_path: Path) -> None:
    embedder = SentenceTransformerEmbedder(tmp_path / "none", "none", threads=1)
    with pytest.raises(IndexingError, match=r"modules\.json is missing.*quoth models pull") as raised:
        embedder.embed_query("anything")
    assert str(tmp_path / "none") in str(raised.value)


@pytest.mark.parametrize(
    "modules",
    ["{", "[]", json.dumps([{"idx": 0, "name": "0", "path": "", "type": "os.system"}])],
    ids=["no JSON", "no modules", "foreign code"],
)
def test_a_broken_or_foreign_folder_is_reported(modules: str, tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(modules)
    with pytest.raises(IndexingError, match="cannot be loaded"):
        SentenceTransformerEmbedder(tmp_path, "broken", threads=1).count_tokens(["anything"])


def test_importing_the_index_loads_no_model_library() -> None:
    heavy = {"torch", "sentence_transformers", "transformers", "faiss"}
    code = f"import sys, index.ingest, index.search; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
