"""`make bench-retrieval`: what is found, how soon and at what size, for one dataset folder after another.

    python -m tests.bench_retrieval [FOLDER…] [--limit N] [--seed S] [--json FILE]

Without a folder, the starter corpus. Every question with gold evidence is searched by meaning alone, by words alone,
by both, and by both with the evidence selected for the model. The metrics are those of `assistant.evaluation.metrics`.
An index is kept under the data folder for the next run; its speed is only told by the run that made it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.assemble import Assembly
from assistant.evaluation.datasets import Dataset, GoldQuestion, doc_id_of, draw, read_dataset
from assistant.evaluation.metrics import evidence_recall
from assistant.evaluation.scoring import KS, Gold, Library, locate, score_retrieval
from assistant.live import ByteProgress
from assistant.machine import describe, peak_memory_bytes
from assistant.settings import load_settings
from assistant.types import Evidence
from index.fusion import Fusion
from index.search import Index

STARTER = Path(__file__).parent.parent / "seeds"
WAYS = {
    "meaning": Fusion(meaning=1, part=0, uncovered=0),
    "words": Fusion(meaning=0, part=0, uncovered=0),
    "fused": Fusion(),
}
COLUMNS = (*(f"evidence_recall@{k}" for k in KS), "document_hit@5", "mrr@10", "ndcg@10")

Row = dict[str, float]


def asked(dataset: Dataset, limit: int | None, seed: int) -> list[GoldQuestion]:
    """The questions whose evidence is known, drawn with the seed."""
    known = [one for one in dataset.questions if one.answerable and any(one.evidence_sets)]
    return list(draw(known, limit, seed))


class Bench:
    """One dataset's index, asked in every way."""

    def __init__(self, parts: Assembly, dataset: Dataset) -> None:
        self.index, self.indexing = parts.evaluation_index(dataset)
        self.parts = parts
        documents = {article.id: doc_id_of(article.uri) or "" for article in self.index.articles()}
        texts = {
            article.id: (found.text if (found := self.index.article(article.id)) else "")
            for article in self.index.articles()
        }
        self.library = Library(documents, texts.get)
        self.texts = {documents[name]: text for name, text in texts.items()}

    def report(self, questions: Sequence[GoldQuestion]) -> dict[str, Any]:
        golds = [locate(question, self.texts) for question in questions]
        rows = {name: self._searched(questions, golds, self._with(fusion)) for name, fusion in WAYS.items()}
        selected, found_s, chosen_s, tokens = self._selected(questions, golds)
        ways = {name: means(found) for name, found in rows.items()}
        ways["fused, best 5 chunks"] = {"evidence_recall@5": ways["fused"]["evidence_recall@5"]}
        ways["fused + selection"] = {"evidence_recall": round(float(np.mean(selected)), 3)}
        best_five = ways["fused"]["evidence_recall@5"]
        return {
            "questions": len(questions),
            "articles": len(self.texts),
            "chunks": self.index.manifest.chunks,
            "ways": ways,
            "selection_keeps": round(float(np.mean(selected)) / best_five, 3) if best_five else None,
            "evidence_tokens": percentiles(tokens, 0),
            "search_ms": percentiles([1000 * s for s in found_s], 1),
            "search_and_selection_ms": percentiles([1000 * s for s in chosen_s], 1),
            "indexing": self.indexing | chunk_rate(self.indexing),
            "disk_bytes": self._bytes_on_disk(),
        }

    def _with(self, fusion: Fusion) -> Index:
        return Index(self.index.store, self.parts.embedder, fusion=fusion)

    def _searched(self, questions: Sequence[GoldQuestion], golds: Sequence[Gold], index: Index) -> list[Row]:
        return [
            score_retrieval(gold, index.retrieve(question.question, max(KS)), self.library)
            for question, gold in zip(questions, golds, strict=True)
        ]

    def _selected(
        self, questions: Sequence[GoldQuestion], golds: Sequence[Gold]
    ) -> tuple[list[float], list[float], list[float], list[float]]:
        """Evidence recall of what the model is shown, the seconds until found and until chosen, and its tokens."""
        assistant = self.parts.assistant_over(self.index)
        recalls: list[float] = []
        seconds: tuple[list[float], list[float]] = ([], [])
        tokens: list[float] = []
        for question, gold in zip(questions, golds, strict=True):
            begun = time.perf_counter()
            hits = self.index.retrieve(question.question, self.parts.settings.candidates)
            seconds[0].append(time.perf_counter() - begun)
            evidence = assistant.selector(question.question, hits)
            seconds[1].append(time.perf_counter() - begun)
            spans = [self.library.span(one.hit.article.id, one.start, one.end) for one in evidence]
            recalls.append(evidence_recall(gold.evidence_sets, [spans]) or 0.0)
            tokens.append(float(sum(self._tokens(one) for one in evidence)))
        return recalls, *seconds, tokens

    def _tokens(self, evidence: Evidence) -> int:
        return self.parts.generator.count_tokens(f"[{evidence.number}] {evidence.hit.article.title}\n{evidence.text}")

    def _bytes_on_disk(self) -> int | None:
        directory = self.index.store.directory
        return sum(file.stat().st_size for file in directory.iterdir()) if directory else None


def means(rows: Sequence[Row]) -> Row:
    """The mean of each column over the questions that have it."""
    return {name: round(float(np.mean([row[name] for row in rows if name in row])), 3) for name in COLUMNS}


def percentiles(values: Sequence[float], digits: int) -> Row:
    """The middle and the 95th percentile."""
    return {"p50": round(float(np.median(values)), digits), "p95": round(float(np.percentile(values, 95)), digits)}


def chunk_rate(indexing: dict[str, Any]) -> Row:
    """Chunks embedded and stored a second, if this run did it."""
    return {"chunks_per_second": round(indexing["embedded"] / indexing["seconds"], 1)} if indexing["embedded"] else {}


def table(name: str, report: dict[str, Any]) -> str:
    """A dataset's figures as Markdown."""
    lines = [f"\n{name}: {report['questions']} questions, {report['chunks']} chunks of {report['articles']} articles\n"]
    lines += ["| search | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for way in WAYS:
        lines.append(f"| {way} | " + " | ".join(f"{report['ways'][way][column]:.3f}" for column in COLUMNS) + " |")
    chosen = report["ways"]["fused + selection"]["evidence_recall"]
    lines.append(
        f"\nevidence shown to the model: recall {chosen:.3f} (keeps {report['selection_keeps']} of the best 5 chunks), "
        f"tokens {report['evidence_tokens']}; search ms {report['search_ms']}, with selection "
        f"{report['search_and_selection_ms']}; indexing {report['indexing']}; disk {report['disk_bytes']} bytes"
    )
    return "\n".join(lines)


def main(print_line: Callable[[str], object] = print) -> None:
    """Measure every folder, print its table, keep all figures as JSON."""
    arguments = argparse.ArgumentParser(prog="bench_retrieval")
    arguments.add_argument("folders", nargs="*", type=Path, default=[STARTER])
    arguments.add_argument("--limit", type=int, default=None)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--json", type=Path, default=None)
    given = arguments.parse_args()
    parts = Assembly(load_settings().settings, ByteProgress(sys.stderr))
    reports = {}
    for folder in given.folders:
        dataset = read_dataset(folder)
        reports[folder.name] = Bench(parts, dataset).report(asked(dataset, given.limit, given.seed))
        print_line(table(folder.name, reports[folder.name]))
    whole = {
        "machine": describe(),
        "settings": parts.settings.digest(),
        "embedder": parts.embedder.name,
        "peak_memory_bytes": peak_memory_bytes(),
        "seed": given.seed,
        "datasets": reports,
    }
    print_line(f"\npeak memory {whole['peak_memory_bytes']} bytes; embedder {whole['embedder']}")
    if given.json:
        given.json.write_text(json.dumps(whole, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
