"""Rows → figures: medians, 95 in 100, ratios of two systems over the same questions, the quality beside them.

Pure functions over what `scenarios` yields. A figure that nobody measured is left out, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from assistant.evaluation.datasets import GoldQuestion
from assistant.evaluation.metrics import DocSpan, Indices, bootstrap, inclusion, overlaps, percentile, share
from assistant.evaluation.scoring import locate
from tests.bench.systems import Json

SECONDS = ("first_evidence_s", "first_token_s", "first_checked_s", "total_s")
COUNTS = ("prompt_tokens", "cached_tokens", "completion_tokens", "tokens_per_second", "processor_s", "joules")
QUALITY = ("inclusion", "citation_precision", "abstained")
MEASURES = (*SECONDS, *COUNTS)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two systems in one measure over `n` questions: the ratio of medians, or the difference of means of quality.

    `low`..`high` is the 95 % interval when the same questions are drawn for both.
    """

    measure: str
    a: float
    b: float
    value: float
    low: float
    high: float
    n: int


def measured(row: Json, measure: str) -> float | None:
    """One measure of one row, None where it was not measured."""
    if measure in SECONDS:
        return _number(row.get("times", {}).get(measure))
    if measure == "tokens_per_second":
        return _pace(row)
    if measure in QUALITY:
        return _number(row.get("scores", {}).get(measure))
    return _number(row.get(measure))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _pace(row: Json) -> float | None:
    """Tokens a second from the first to the last: what reading the prompt took is not in it."""
    times = row.get("times", {})
    first, last = times.get("first_token_s"), times.get("last_token_s")
    made = row.get("completion_tokens", 0) - 1
    return made / (last - first) if first is not None and last is not None and last > first and made > 0 else None


def summary(rows: Sequence[Json]) -> Json:
    """Of each measure the median, the 95th percentile and the number of rows; of quality the means."""
    told: Json = {"n": len(rows), "errors": sum("error" in row for row in rows)}
    for measure in MEASURES:
        if values := _values(rows, measure):
            told[measure] = {"p50": median(values), "p95": percentile(values, 95), "n": len(values)}
    for measure in QUALITY:
        if values := _values(rows, measure):
            told[measure] = {"mean": fmean(values), "n": len(values)}
    peaks = [row["peak_memory_bytes"] for row in rows if row.get("peak_memory_bytes")]
    return {**told, **({"peak_memory_bytes": max(peaks)} if peaks else {})}


def _values(rows: Sequence[Json], measure: str) -> list[float]:
    return [value for row in rows if (value := measured(row, measure)) is not None]


def ratio(a: Sequence[Json], b: Sequence[Json], measure: str, seed: int = 0) -> Compared | None:
    """B's median ÷ A's, over the questions for which both have the measure."""
    return _compare(a, b, measure, lambda x, y: float(np.median(y) / np.median(x)) if np.median(x) else None, seed)


def difference(a: Sequence[Json], b: Sequence[Json], measure: str, seed: int = 0) -> Compared | None:
    """B's mean − A's, over the questions for which both have the measure."""
    return _compare(a, b, measure, lambda x, y: float(np.mean(y) - np.mean(x)), seed)


def _compare(
    a: Sequence[Json],
    b: Sequence[Json],
    measure: str,
    statistic: Callable[[np.ndarray, np.ndarray], float | None],
    seed: int,
) -> Compared | None:
    of_a = {row["pair"]: value for row in a if (value := measured(row, measure)) is not None}
    of_b = {row["pair"]: value for row in b if (value := measured(row, measure)) is not None}
    both = sorted(of_a.keys() & of_b.keys())
    x, y = np.array([of_a[pair] for pair in both]), np.array([of_b[pair] for pair in both])

    def drawn(rows: Indices) -> float | None:
        return statistic(x[rows], y[rows])

    if not both or (value := statistic(x, y)) is None or (interval := bootstrap(drawn, len(both), seed)) is None:
        return None
    middle = np.mean if measure in QUALITY else np.median
    return Compared(measure, float(middle(x)), float(middle(y)), value, *interval, len(both))


def answered_by_both(a: Sequence[Json], b: Sequence[Json]) -> tuple[list[Json], list[Json]]:
    """The rows of questions that neither abstained from: an abstention is soon done."""
    there = [{row["pair"] for row in rows if not row.get("abstained", True)} for rows in (a, b)]
    both = there[0] & there[1]
    return [row for row in a if row["pair"] in both], [row for row in b if row["pair"] in both]


def score(question: GoldQuestion, row: Json, texts: Mapping[str, str]) -> dict[str, float]:
    """Whether the answer holds an expected one, and the share of its quotes that overlap gold evidence.

    A quote is what the system shows as its source: of some a sentence, of others a whole chunk. An abstention holds no
    answer and has no quotes.
    """
    if "error" in row:
        return {}
    said = "" if row["abstained"] else row["text"]
    scores = {
        "abstained": float(row["abstained"]),
        "inclusion": inclusion(said, question.answers) if question.answerable else None,
        "citation_precision": _precision(question, row, texts) if question.answerable else None,
    }
    return {name: value for name, value in scores.items() if value is not None}


def _precision(question: GoldQuestion, row: Json, texts: Mapping[str, str]) -> float | None:
    gold = locate(question, {doc_id: texts[doc_id] for doc_id in question.gold_docs if doc_id in texts})
    quotes = [DocSpan(cited["doc_id"], cited["start"], cited["end"]) for cited in row["citations"]]
    if not gold.strings:
        return None
    return share(sum(any(overlaps(places, (quote,)) for places in gold.strings) for quote in quotes), len(quotes))
