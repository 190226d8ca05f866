"""Other software, run beside Quoth on the same questions with the same model, embedder and threads.

Knows how to start it and what it needs: an interpreter of its own that has it. Nothing of it is a dependency.
`llama_index` is CitationQueryEngine as its documentation sets it up; `llama_index-short` the same with as much evidence
as the naive pipeline reads, five sources of some 200 tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from assistant.assemble import Assembly
from assistant.evaluation.datasets import Dataset
from assistant.settings import load_settings
from tests.bench.systems import HERE, BenchError, Json, System

RUNNER = HERE / "llama_index_runner.py"
LLAMA_INDEX: Mapping[str, Json] = {
    "llama_index": {"chunk_size": 1024, "chunk_overlap": 200, "top_k": 3, "source_size": 512, "source_overlap": 20},
    "llama_index-short": {"chunk_size": 200, "chunk_overlap": 20, "top_k": 5, "source_size": 200, "source_overlap": 20},
}


def llama_index(name: str, python: Path | None, dataset: Dataset, scratch: Path) -> System:
    """The system of this name over a dataset. Raises BenchError where no interpreter is given that has it."""
    if python is None or not python.is_file():
        raise BenchError(
            f"--against {name} wants --llama-index-python PYTHON, an interpreter that has llama_index; "
            f"{RUNNER.relative_to(HERE.parents[1])} says how to make one"
        )
    documents = scratch / "documents.jsonl"
    lines = (json.dumps({"doc_id": d.doc_id, "title": d.title, "text": d.text}) for d in dataset.documents)
    documents.write_text("\n".join(lines), encoding="utf-8")
    parts = Assembly(load_settings().settings)
    told = {
        "documents": str(documents),
        "generator": str(parts.models.locate(parts.settings.generator).path),
        "embedder": str(parts.models.locate(parts.settings.embedder).path),
        "threads": parts.threads,
        "context": parts.settings.context_tokens,
        **LLAMA_INDEX[name],
    }
    return System(name, command=(str(python), str(RUNNER), json.dumps(told)))
