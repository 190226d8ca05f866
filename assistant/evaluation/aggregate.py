"""Many records → the numbers of a run: one table of columns, one list of statistics over it.

Knows the names of the scores and how each is summed up; report and comparison read the same list, so that no figure is
computed in two ways. A statistic takes the rows to look at, which is what lets the bootstrap draw rows again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.evaluation.metrics import (
    Abstention,
    Indices,
    auroc,
    bootstrap,
    count_abstentions,
    percentile,
)
from assistant.evaluation.scoring import CLARIFY_TYPES

Record = Mapping[str, Any]
Column = npt.NDArray[np.float64]

PLAIN = ("abstained", "probability_answerable")
"""Scores whose mean is no metric: they feed those of abstention."""

ORDER = (
    "inclusion yes_no right token_f1 token_recall rouge_l "
    "rejection_recall over_abstention abstention_precision balanced_accuracy auroc reliability asks_back "
    "evidence_recall evidence_precision quote_evidence_recall quote_evidence_precision "
    "document_recall document_precision quote_validity marker_validity alce_recall alce_precision "
    "evidence_recall@1 evidence_recall@5 evidence_recall@10 document_hit@1 document_hit@5 document_hit@10 "
    "document_recall@1 document_recall@5 document_recall@10 mrr@10 ndcg@10 "
    "first_evidence_s first_token_s total_s"
).split()
"""The order in which metrics are shown."""

LOWER_IS_BETTER = frozenset({"over_abstention", "first_evidence_s", "first_token_s", "total_s"})
TIMINGS = ("first_evidence_s", "first_token_s", "total_s")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, its 95 % interval by bootstrap over questions, and how many questions have a say in it."""

    value: float
    low: float
    high: float
    n: int


class Table:
    """The good records of a run as columns, one row a question; NaN where a question has no such score."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = tuple(record for record in records if record["error"] is None)
        self.answerable = np.array([bool(record["answerable"]) for record in self.records], dtype=bool)
        self.clarify = np.array([record.get("type") in CLARIFY_TYPES for record in self.records], dtype=bool)
        self.columns = self._scores() | self._timings()

    def __len__(self) -> int:
        return len(self.records)

    @property
    def rows(self) -> Indices:
        """All rows."""
        return np.arange(len(self.records))

    def where(self, keep: Callable[[Record], bool]) -> Table:
        """The table of some of the records."""
        return Table([record for record in self.records if keep(record)])

    def _scores(self) -> dict[str, Column]:
        names = dict.fromkeys(name for record in self.records for name in record["scores"])
        return {name: _column(record["scores"].get(name) for record in self.records) for name in names}

    def _timings(self) -> dict[str, Column]:
        answers = [record["answer"] or {} for record in self.records]
        columns = {name: _column(answer.get("timings", {}).get(name) for answer in answers) for name in TIMINGS}
        return {name: column for name, column in columns.items() if not np.isnan(column).all()}

    def abstention(self, rows: Indices) -> Abstention:
        """The four counts, of questions that want an answer or an abstention."""
        judged = self._judged(rows)
        return count_abstentions(
            self.answerable[judged].tolist(), self.columns["abstained"][judged].astype(bool).tolist()
        )

    def auroc(self, rows: Indices) -> float | None:
        """How well the confidence tells the answerable from the unanswerable."""
        judged = self._judged(rows)
        scores, answerable = self.columns["probability_answerable"][judged], self.answerable[judged]
        return auroc(scores[answerable].tolist(), scores[~answerable].tolist())

    def _judged(self, rows: Indices) -> Indices:
        return rows[~self.clarify[rows] & ~np.isnan(self.columns["abstained"][rows])]


Statistic = Callable[[Table, Indices], float | None]


def statistics(table: Table) -> dict[str, Statistic]:
    """Every metric this table has something to say about, in the order of showing."""
    found: dict[str, Statistic] = {name: mean_of(name) for name in table.columns if name not in PLAIN}
    if "abstained" in table.columns:
        found |= {
            "rejection_recall": lambda t, rows: t.abstention(rows).rejection_recall,
            "over_abstention": lambda t, rows: t.abstention(rows).over_abstention,
            "abstention_precision": lambda t, rows: t.abstention(rows).precision,
            "balanced_accuracy": lambda t, rows: t.abstention(rows).balanced_accuracy,
            "auroc": lambda t, rows: t.auroc(rows),
        }
    shown = [name for name in ORDER if name in found]
    return {name: found[name] for name in [*shown, *(found.keys() - set(shown))]}


def mean_of(name: str) -> Statistic:
    """The mean of one score over the questions that have it."""

    def mean(table: Table, rows: Indices) -> float | None:
        values = table.columns[name][rows]
        values = values[~np.isnan(values)]
        return float(values.mean()) if values.size else None

    return mean


def support_of(name: str, table: Table) -> int:
    """How many questions have a say in a metric."""
    if name in table.columns:
        return int((~np.isnan(table.columns[name])).sum())
    counts = table.abstention(table.rows)
    abstained = counts.abstained_answerable + counts.abstained_unanswerable
    unanswerable = counts.abstained_unanswerable + counts.answered_unanswerable
    answerable = counts.abstained_answerable + counts.answered_answerable
    return {
        "rejection_recall": unanswerable,
        "over_abstention": answerable,
        "abstention_precision": abstained,
    }.get(name, answerable + unanswerable)


def estimates(table: Table, seed: int) -> dict[str, Estimate]:
    """Every defined metric with its interval."""
    found = {}
    for name, statistic in statistics(table).items():
        value = statistic(table, table.rows)
        if value is None:
            continue
        interval = bootstrap(lambda rows, of=statistic: of(table, rows), len(table), seed)  # type: ignore[misc]
        low, high = interval or (math.nan, math.nan)
        found[name] = Estimate(value, low, high, support_of(name, table))
    return found


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """The median and the 95th percentile, with n."""
    return {"p50": percentile(values, 50), "p95": percentile(values, 95), "n": len(values)}


def _column(values: Any) -> Column:
    return np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)
