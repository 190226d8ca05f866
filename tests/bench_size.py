"""What an index of a given size costs: seconds to open it and to ask, memory, bytes on disk.

    python -m tests.bench_size [--chunks 100000] [--questions 200] [--folder DIR]
    python -m tests.bench_size --compare 50000 100000     exact search and the graph, vectors alone

The content is synthetic: words by Zipf's law, the commonest of them English function words; vectors in clusters, as
those of sentences are. So it says how fast and how large, and nothing of how good. Embedding the question is left
out: it costs the same at every size. Prints one JSON object. `--folder` keeps the index, and uses it when it is there.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from index.approximate import HnswIndex
from index.current import VECTOR_CACHE, BySize
from index.embedding import Vectors
from index.search import Index
from index.store import Entry, Store
from index.types import Article, Chunk, ChunkingSettings, Filters
from index.vectors import FaissIndex

DIMENSION = 384
CHUNKING = ChunkingSettings()
CHUNKS_AN_ARTICLE = 8
WORDS_A_CHUNK = 120
"""What 180 tokens come to in English."""
FUNCTION_WORDS = (
    "the of and to a in that is was for it with as his on be at by i this had not are but from or have an they which"
    " one you were her all she there would their we him been has when who will more no if out so said what up its"
    " about into than them can only other new some could time these two may then do first any my now such like our over"
    " man me even most made after also did many before must through back years where much your way well down should"
).split()
VOCABULARY = 60_000


class Corpus:
    """Endless text and vectors from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        ranks = np.arange(VOCABULARY)
        weights = 1.0 / (ranks + 2.7)
        self._share = np.cumsum(weights / weights.sum())
        self._words = np.array([*FUNCTION_WORDS, *(_word(rank) for rank in ranks[len(FUNCTION_WORDS) :])])
        fixed = np.random.default_rng(0)  # questions and articles share the clusters
        self._basis = fixed.standard_normal((64, DIMENSION)).astype(np.float32)
        self._spread = (1 / np.sqrt(1 + np.arange(64) / 8)).astype(np.float32)
        self._centres = fixed.standard_normal((2000, 64)).astype(np.float32) * self._spread

    def text(self, words: int) -> str:
        """Sentences of some sixteen words."""
        drawn = self._words[np.searchsorted(self._share, self._random.random(words))].tolist()
        return " ".join(" ".join(drawn[first : first + 16]).capitalize() + "." for first in range(0, words, 16))

    def vectors(self, count: int) -> Vectors:
        """Unit vectors of shape (count, DIMENSION)."""
        clusters = self._random.integers(0, len(self._centres), count)
        inner = self._centres[clusters] + 0.6 * self._normal(count, 64) * self._spread
        rows = inner @ self._basis + self._normal(count, DIMENSION)
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def question(self) -> str:
        """Seven telling words of any frequency among as many others; every other question has two parts."""
        first, *rest = [word for word in self.text(60).lower().replace(".", "").split() if word not in FUNCTION_WORDS]
        joint = ", which" if self._random.random() < 0.5 else " about the"
        return f"What did the {first} {rest[0]} say of {rest[1]}{joint} {rest[2]} of the {rest[3]} {rest[4]} {rest[5]}?"

    def _normal(self, *shape: int) -> Vectors:
        return self._random.standard_normal(shape, np.float32)


def _word(rank: int) -> str:
    """A pronounceable word of its own for each rank."""
    syllables = ""
    rank += 11
    while rank:
        rank, digit = divmod(rank, 70)
        syllables += "bdfgklmnprstvz"[digit // 5] + "aeiou"[digit % 5]
    return syllables


class Known:
    """An embedder of questions whose vectors were made beforehand."""

    name, dimension, max_tokens = "synthetic", DIMENSION, 256

    def __init__(self, vectors: dict[str, Vectors]) -> None:
        self._vectors = vectors
        self._any = list(vectors.values())

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        return [len(text.split()) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """Of a part of a question: one of those made, always the same."""
        return self._vectors.get(text, self._any[len(text) % len(self._any)])


def entries(chunks: int) -> Iterator[Entry]:
    """Articles of eight chunks each, a day apart."""
    corpus = Corpus(1)
    for number in range(-(-chunks // CHUNKS_AN_ARTICLE)):
        texts = [corpus.text(WORDS_A_CHUNK) for _ in range(min(CHUNKS_AN_ARTICLE, chunks - number * CHUNKS_AN_ARTICLE))]
        yield bulk_entry(number, corpus.text(6), texts, corpus.vectors(len(texts)))


def bulk_entry(number: int, title: str, texts: Sequence[str], vectors: Vectors) -> Entry:
    """An article of these chunks with these vectors, (chunks, dimension)."""
    whole, name, starts = " ".join(texts), f"a{number:08}", np.cumsum([0, *(len(text) + 1 for text in texts)]).tolist()
    article = Article(
        id=name,
        uri=f"mem:{number}",
        title=title,
        text=whole,
        digest=hashlib.sha256(whole.encode()).hexdigest(),
        published=date(2000, 1, 1) + timedelta(days=number % 9000),
        published_from="synthetic",
        language="en",
        url=None,
        source=f"source {number % 20}",
        added=datetime(2025, 1, 1, tzinfo=UTC),
    )
    chunks = tuple(
        Chunk(f"{name}-{row}", name, row, start, start + len(text), text, None)
        for row, (text, start) in enumerate(zip(texts, starts, strict=False))
    )
    inputs = tuple(hashlib.sha256(text.encode()).digest() for text in texts)
    return Entry(article, "1", chunks, inputs, vectors)


def fill(folder: Path, chunks: int) -> float:
    """Write so many chunks, 64 articles a transaction; the seconds that took, making them up included."""
    begun = time.perf_counter()
    with Store.open(folder) as store:
        store.claim(Known.name, DIMENSION, CHUNKING)
        write(store, entries(chunks))
    return time.perf_counter() - begun


def write(store: Store, made: Iterable[Entry]) -> None:
    """Put the articles into the store, 64 a transaction."""
    left = iter(made)
    while waiting := list(itertools.islice(left, 64)):
        with store.transaction():
            for entry in waiting:
                store.put(entry)


def asked(folder: Path, questions: int) -> dict[str, Any]:
    """Open the index in this process and ask: milliseconds at the median and at 95 in 100, and the most memory."""
    corpus = Corpus(2)
    texts = list(dict.fromkeys(corpus.question() for _ in range(questions)))
    embedder = Known(dict(zip(texts, corpus.vectors(len(texts)), strict=True)))
    begun = time.perf_counter()
    with Store.open(folder, create=False) as store:
        index = Index(store, embedder, BySize(FaissIndex, HnswIndex))
        index.retrieve(texts[0], 10)
        opened = time.perf_counter() - begun
        recent = Filters(since=date(2020, 1, 1))
        told = {
            "search": index.search_kind(),
            "open_s": round(opened, 2),
            "retrieve_ms": _timed(lambda text: index.retrieve(text, 40), texts),
            "filtered_ms": _timed(lambda text: index.retrieve(text, 40, recent), texts),
            "lexical_ms": _timed(lambda text: store.match(text, 100), texts),
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**told, "peak_memory_bytes": peak, "questions": len(texts)}


def _timed(call: Callable[[str], object], texts: Sequence[str]) -> dict[str, float]:
    """By the clock, and by the processor's time, which a busy machine does not lengthen."""
    waited, worked = [], []
    for text in texts:
        begun, before = time.perf_counter(), time.process_time()
        call(text)
        waited.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - before) * 1000)
    told = {"p50": (waited, 50), "p95": (waited, 95), "processor_p50": (worked, 50), "processor_p95": (worked, 95)}
    return {name: round(float(np.percentile(took, share)), 1) for name, (took, share) in told.items()}


def measure(folder: Path, chunks: int, questions: int) -> dict[str, Any]:
    """All of it; each opening in a process of its own, the first without saved vectors."""
    report: dict[str, Any] = {"chunks": chunks, "dimension": DIMENSION}
    if not (folder / "quoth.db").exists():
        report["write_s"] = round(fill(folder, chunks), 1)
    command = [sys.executable, "-m", "tests.bench_size", "--folder", str(folder), "--questions", str(questions)]
    for when in ("first_opening", "later_opening"):
        report[when] = json.loads(subprocess.run([*command, "--ask"], check=True, capture_output=True).stdout)
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    report["disk_bytes"] = {"database": sizes["quoth.db"], "saved_vectors": sizes.get(VECTOR_CACHE, 0)}
    return report


def compared(count: int, questions: int) -> dict[str, Any]:
    """Exact search and the graph over the same vectors, 100 neighbours a question, on one thread."""
    vectors, asked = Corpus(1).vectors(count), Corpus(2).vectors(questions)
    exact, graph = FaissIndex(DIMENSION), HnswIndex(DIMENSION, build_threads=1)
    exact.add(np.arange(count), vectors)
    begun = time.process_time()
    graph.add(np.arange(count), vectors)
    told: dict[str, Any] = {"vectors": count, "build_s": round(time.process_time() - begun, 1)}
    found = {}
    for name, index in (("exact", exact), ("graph", graph)):
        found[name] = [index.search(row, 100)[0] for row in asked]
        rows = dict(zip(map(str, range(questions)), asked, strict=True))
        told[name] = _timed(lambda at, index=index, rows=rows: index.search(rows[at], 100), list(rows))  # type: ignore[misc]
        with tempfile.TemporaryDirectory() as folder:
            index.save(Path(folder) / "saved", "now")
            told[name]["bytes"] = (Path(folder) / "saved").stat().st_size
    for k in (10, 100):
        shares = [len(np.intersect1d(a[:k], b[:k])) / k for a, b in zip(found["graph"], found["exact"], strict=True)]
        told[f"recall_at_{k}"] = round(float(np.mean(shares)), 4)
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--compare", type=int, nargs="+", metavar="VECTORS", help="compare the kinds of search")
    parser.add_argument("--ask", action="store_true", help="only ask what is in FOLDER")
    given = parser.parse_args()
    if given.ask:
        print(json.dumps(asked(given.folder, given.questions)))
        return
    if given.compare:
        print(json.dumps([compared(count, given.questions) for count in given.compare], indent=2))
        return
    with tempfile.TemporaryDirectory() as scratch:
        report = measure(given.folder or Path(scratch), given.chunks, given.questions)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
