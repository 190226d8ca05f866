"""`make bench-sync`: what a sync costs when nothing has changed, and when one article has.

    python -m tests.bench_sync [--articles 2000] [--times 7]

Articles are made up and their vectors are chance, under the name of the embedder in force: nothing here depends on
what the vectors are. The command is measured whole, as a person runs it, the imports included; seconds of the
processor beside those of the clock, since machines are shared. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from assistant.assemble import Assembly
from assistant.machine import describe
from assistant.settings import load_settings
from index.corpus import Corpus
from index.embedding import Vectors
from index.ingest import Ingester
from index.store import Store


class Chance:
    """Unit vectors that mean nothing, at no cost, under another embedder's name."""

    dimension, max_tokens = 384, 254

    def __init__(self, name: str) -> None:
        self.name = name
        self._random = np.random.default_rng(0)

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        return [len(text.split()) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        rows = self._random.standard_normal((len(texts), self.dimension)).astype(np.float32)
        vectors: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        return self.embed_documents([text])[0]


def write(folder: Path, count: int) -> None:
    """So many articles of some 500 words, in folders of a hundred."""
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"{number:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"Article {number} says in line {line} that the river rose and the dam held." for line in range(35))
        path.write_text(f"---\ntitle: Article {number}\ndate: 2024-11-{1 + number % 28:02}\n---\n{' '.join(lines)}\n")


def timed(action: Callable[[], object], times: int) -> dict[str, float]:
    """The median seconds of the clock and of the processor, children's included."""
    clock, processor = [], []
    for _ in range(times):
        begun, used = time.perf_counter(), _processor()
        action()
        clock.append(time.perf_counter() - begun)
        processor.append(_processor() - used)
    return {
        "seconds": round(statistics.median(clock), 3),
        "least_seconds": round(min(clock), 3),
        "processor_seconds": round(statistics.median(processor), 3),
    }


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(work: Path, articles: int, times: int) -> dict[str, object]:
    folder, data = work / "articles", work / "data"
    write(folder, articles)
    settings = load_settings({"data": str(data)}).settings
    parts = Assembly(settings)
    chance = Chance(parts.embedder.name)
    with Store.open(data) as store:
        corpus = Corpus(
            store, lambda: Ingester(store, chance, parts.chunking, lambda: datetime.now(UTC)), lambda: datetime.now(UTC)
        )
        chunks = corpus.add([folder]).chunks
        found = {"unchanged": timed(lambda: corpus.sync(), times), "states": timed(lambda: corpus.statuses(), times)}
        first = folder / "000" / "00000.md"
        found["one changed"] = timed(lambda: (first.write_text(f"Changed {time.time_ns()}."), corpus.sync()), times)
        found["all touched"] = timed(lambda: ([os.utime(p) for p in folder.rglob("*.md")], corpus.sync()), 1)
    command = [sys.executable, "-m", "assistant", "sync", "--json"]
    environment = {**os.environ, "QUOTH_DATA": str(data)}
    run = lambda: subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: E731
    report = json.loads(run().stdout)
    assert len(report["unchanged"]) == articles, report
    found["command"] = timed(run, times)
    return {"articles": articles, "chunks": chunks, **found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--times", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        result = measure(Path(work), given.articles, given.times)
    print(json.dumps({"machine": describe(), **result, "load": os.getloadavg()[0]}, indent=1))


if __name__ == "__main__":
    main()
