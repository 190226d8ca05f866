"""How fast the embedding model runs each way, and what its vectors keep: `python -m tests.bench_embedding`.

    python -m tests.bench_embedding [FOLDER] [--chunks 32] [--rounds 5] [--json]

Embeds the chunks of a dataset folder's corpus (without one: of the starter articles) with torch in 32 bits, as
sentence-transformers does by default, and with ONNX Runtime in 32 and in 8 bits: turn by turn, on the same chunks, so
that what else the machine does meets all alike. `ratio` is the median over rounds of the baseline's seconds to its
own; `cpu_ratio` is the same of processor seconds, which a busy machine disturbs less. `start_s` is a new process up
to its first vector.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from assistant.assemble import Assembly
from assistant.evaluation.datasets import CorpusSource, read_dataset
from assistant.machine import describe
from assistant.settings import load_settings
from index.embedding import Embedder, Vectors
from index.embedding.bert import read_encoder, read_weights
from index.embedding.fast import OnnxEmbedder
from index.embedding.graph import to_onnx
from index.ingest import Ingester
from index.sources import Paths
from index.store import Store

STARTER = Path(__file__).parent.parent / "seeds" / "articles"
BASELINE = "torch 32 bits"
STARTS = {BASELINE: "torch", "onnx 8 bits": "onnx"}
QUESTION = "Who confirmed that the dam near Kurakhove was damaged?"
QUERIES = 10


class Listener:
    """An embedder that counts like another one and keeps the texts it should embed."""

    def __init__(self, counting: Embedder) -> None:
        self.name, self.dimension, self.max_tokens = "listener", 1, counting.max_tokens
        self.count_tokens = counting.count_tokens
        self.texts: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return np.ones((len(texts), 1), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        return np.ones(1, dtype=np.float32)


@dataclass
class Measured:
    """One way of running: seconds of each round, and the vectors."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    query: list[float] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)


def chunk_texts(parts: Assembly, folder: Path | None) -> list[str]:
    """What indexing would give the embedder, in an order that has nothing to do with the corpus's."""
    source = CorpusSource(read_dataset(folder).documents) if folder else Paths([STARTER])
    listener, store = Listener(parts.embedder), Store.open(None)
    Ingester(store, listener, parts.chunking, lambda: datetime.now(UTC)).add(source)
    store.close()
    return [listener.texts[at] for at in np.random.default_rng(0).permutation(len(listener.texts))]


def ways(parts: Assembly) -> dict[str, Embedder]:
    """The embedder in force, each way."""
    folder = parts.models.locate(parts.settings.embedder).path
    encoder = read_encoder(folder)
    exact = to_onnx(encoder, read_weights(folder))
    return {
        BASELINE: assembly("torch").embedder,
        "onnx 32 bits": OnnxEmbedder(folder, encoder, exact, "exact", parts.threads),
        "onnx 8 bits": parts.embedder,
    }


def assembly(runtime: str) -> Assembly:
    return Assembly(load_settings({"embedder_runtime": runtime}).settings)


def measure(embedders: Mapping[str, Embedder], texts: Sequence[str], chunks: int, rounds: int) -> dict[str, Measured]:
    found = {name: Measured() for name in embedders}
    for embedder in embedders.values():
        embedder.embed_documents(texts[:4])
    for at in range(rounds):
        part = [texts[i % len(texts)] for i in range(at * chunks, (at + 1) * chunks)]
        for name, embedder in embedders.items():
            wall, cpu = time.perf_counter(), time.process_time()
            found[name].vectors.append(embedder.embed_documents(part))
            found[name].wall.append(time.perf_counter() - wall)
            found[name].cpu.append(time.process_time() - cpu)
        for name, embedder in embedders.items():
            for _ in range(QUERIES):
                begun = time.perf_counter()
                embedder.embed_query(QUESTION)
                found[name].query.append(time.perf_counter() - begun)
    return found


def start_seconds(runtime: str, times: int = 3) -> float:
    """The median of new processes, from nothing to the vector of a question."""
    code = f"from tests.bench_embedding import assembly; assembly({runtime!r}).embedder.embed_query('why')"
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def row(name: str, found: Mapping[str, Measured], chunks: int) -> dict[str, Any]:
    own, base = found[name], found[BASELINE]
    cosines = np.sum(np.concatenate(own.vectors) * np.concatenate(base.vectors), axis=1)
    return {
        "way": name,
        "chunks_per_s": round(chunks / statistics.median(own.wall), 1),
        "ratio": round(statistics.median(b / o for b, o in zip(base.wall, own.wall, strict=True)), 2),
        "cpu_ratio": round(statistics.median(b / o for b, o in zip(base.cpu, own.cpu, strict=True)), 2),
        "query_ms": round(1e3 * statistics.median(own.query), 2),
        "cosine_mean": round(float(cosines.mean()), 4),
        "cosine_least": round(float(cosines.min()), 4),
        "start_s": round(start_seconds(STARTS[name]), 2) if name in STARTS else None,
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [list(rows[0]), *([str(value) if value is not None else "" for value in row.values()] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], ["---"] * len(lines[0]), *lines[1:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="a dataset folder; without one, the starter articles")
    parser.add_argument("--chunks", type=int, default=32, help="chunks a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    given = parser.parse_args()
    parts = assembly("onnx")
    texts = chunk_texts(parts, given.folder)
    found = measure(ways(parts), texts, given.chunks, given.rounds)
    rows = [row(name, found, given.chunks) for name in found]
    about = describe() | {"threads": parts.threads, "texts": len(texts), "chunks": given.chunks, "rounds": given.rounds}
    print(json.dumps({"about": about, "rows": rows}, default=str) if given.json else table(rows))


if __name__ == "__main__":
    main()
