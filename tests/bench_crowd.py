"""`python -m tests.bench_crowd FOLDER [--chunks 100000] [--limit 100]`: search and selection among very many chunks.

A dataset's own questions, asked of its own articles and of synthetic ones beside them: words drawn as often as the
dataset uses them, vectors strewn about those of its chunks. So words are as common and neighbours as close as in a
corpus of that size, the evidence is chosen from real hits among strange ones, and the seconds are true; of how well it
is found this says nothing. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from assistant.assemble import Assembly
from assistant.evaluation.datasets import draw, read_dataset
from assistant.live import ByteProgress
from assistant.machine import describe, peak_memory_bytes
from assistant.settings import load_settings
from index.embedding import Vectors
from index.store import Entry, Store
from tests.bench_retrieval import percentiles
from tests.bench_size import CHUNKS_AN_ARTICLE, WORDS_A_CHUNK, bulk_entry, write

STREWN = 0.8
"""How far a synthetic vector lies from a real chunk's: a cosine of about 0.78."""


class Crowd:
    """Endless text and vectors like a store's, from one seed."""

    def __init__(self, store: Store, texts: list[str], seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._words = np.array([word for text in texts for word in text.split()])
        self._vectors = store.vectors(0, 50_000)[1]

    def text(self, words: int) -> str:
        """Sentences of sixteen words."""
        drawn = self._random.choice(self._words, words).tolist()
        return " ".join(" ".join(drawn[at : at + 16]).capitalize() + "." for at in range(0, words, 16))

    def vectors(self, count: int) -> Vectors:
        """Unit vectors of shape (count, dimension)."""
        near = self._vectors[self._random.integers(0, len(self._vectors), count)]
        noise = self._random.standard_normal(near.shape, np.float32) * (STREWN / np.sqrt(near.shape[1]))
        strewn = near + noise
        unit: Vectors = strewn / np.linalg.norm(strewn, axis=1, keepdims=True)
        return unit

    def entries(self, chunks: int) -> Iterator[Entry]:
        """Articles of eight chunks each."""
        for number in range(-(-chunks // CHUNKS_AN_ARTICLE)):
            count = min(CHUNKS_AN_ARTICLE, chunks - number * CHUNKS_AN_ARTICLE)
            texts = [self.text(WORDS_A_CHUNK) for _ in range(count)]
            yield bulk_entry(number, self.text(6), texts, self.vectors(count))


def measure(folder: Path, chunks: int, limit: int, seed: int, scratch: Path) -> dict[str, Any]:
    """Copy the dataset's index, crowd it, ask."""
    dataset = read_dataset(folder)
    with closing(Assembly(load_settings().settings, ByteProgress(sys.stderr))) as own:
        place = own.evaluation_index(dataset)[0].store.directory
        assert place, "an evaluation's index lies in a folder"
        shutil.copytree(place, scratch / "index")
    questions = draw([one for one in dataset.questions if one.answerable], limit, seed)
    with closing(Assembly(load_settings({"data": scratch / "index"}).settings)) as parts:
        texts = [article.text for article in parts.stored_articles()]
        missing = chunks - parts.stored.manifest().chunks
        write(parts.stored, Crowd(parts.stored, texts, seed).entries(max(0, missing)))
        index = parts.index
        assistant = parts.assistant_over(index)
        index.retrieve(questions[0].question, 1)  # opens the vectors
        found: list[float] = []
        chosen: list[float] = []
        for question in questions:
            begun = time.perf_counter()
            hits = index.retrieve(question.question, parts.settings.candidates)
            found.append(1000 * (time.perf_counter() - begun))
            assistant.selector(question.question, hits)
            chosen.append(1000 * (time.perf_counter() - begun))
        return {
            "dataset": folder.name,
            "chunks": index.manifest.chunks,
            "own_articles": len(texts),
            "questions": len(questions),
            "search": index.search_kind(),
            "search_ms": percentiles(found, 1),
            "search_and_selection_ms": percentiles(chosen, 1),
            "peak_memory_bytes": peak_memory_bytes(),
            "machine": describe(),
        }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--chunks", type=int, default=100_000)
    options.add_argument("--limit", type=int, default=100)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(given.folder, given.chunks, given.limit, given.seed, Path(scratch)), indent=2))


if __name__ == "__main__":
    main()
