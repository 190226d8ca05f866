"""Two runs over the same questions → where one is better, and whether that could be chance.

Knows runs by their folders and metrics by `aggregate`. Pairs questions both runs answered without an error; every
difference is B − A, its interval from drawing the same questions for both (1,000 times).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.aggregate import LOWER_IS_BETTER, Record, Statistic, Table, statistics
from assistant.evaluation.journal import Json, read_run
from assistant.evaluation.metrics import Indices, bootstrap


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two runs. `low`..`high` is the 95 % interval of b - a."""

    metric: str
    a: float
    b: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How much greater B's value is."""
        return self.b - self.a

    @property
    def verdict(self) -> str:
        """Which run is better: "A", "B", or "" while the interval holds 0."""
        if self.low <= 0 <= self.high:
            return ""
        return "B" if (self.low > 0) != (self.metric in LOWER_IS_BETTER) else "A"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All metrics two runs share, over their `shared` questions; `settings` are the header fields that differ."""

    a: str
    b: str
    shared: int
    settings: tuple[tuple[str, str, str], ...]
    differences: tuple[Difference, ...]

    def to_json(self) -> Json:
        """The comparison as plain values."""
        return {
            "a": self.a,
            "b": self.b,
            "shared": self.shared,
            "settings": {name: {"a": a, "b": b} for name, a, b in self.settings},
            "metrics": {
                found.metric: {
                    "a": found.a,
                    "b": found.b,
                    "difference": found.difference,
                    "low": found.low,
                    "high": found.high,
                    "better": found.verdict or None,
                }
                for found in self.differences
            },
        }

    def to_markdown(self) -> str:
        """The comparison as a table to read."""
        settings = [f"- {name}: A {a}, B {b}" for name, a, b in self.settings]
        rows = [
            f"| {d.metric} | {d.a:.3f} | {d.b:.3f} | {d.difference:+.3f} | {d.low:+.3f} … {d.high:+.3f} | {d.verdict} |"
            for d in self.differences
        ]
        head = [f"A: {self.a}", f"B: {self.b}", "", f"{self.shared} questions in both.", *settings, ""]
        table = ["| metric | A | B | B − A | 95 % interval | better |", "|---|---|---|---|---|---|", *rows]
        return "\n".join([*head, *table]) + "\n"


def compare_runs(a: Path, b: Path, *, seed: int = 0) -> Comparison:
    """Compare the runs in two folders. Raises EvaluationError if they are not of the same data or share no question."""
    (header_a, records_a), (header_b, records_b) = read_run(a), read_run(b)
    _refuse_other_data(a, b, header_a, header_b)
    table_a, table_b = _pair(records_a, records_b)
    if not len(table_a):
        raise EvaluationError(
            f"{a} and {b} share no question that both answered; run both with the same --seed and --limit"
        )
    common = statistics(table_a).keys() & statistics(table_b).keys()
    metrics = {name: statistic for name, statistic in statistics(table_a).items() if name in common}
    found = (_difference(name, statistic, table_a, table_b, seed) for name, statistic in metrics.items())
    return Comparison(
        a=str(a),
        b=str(b),
        shared=len(table_a),
        settings=_changed(header_a, header_b),
        differences=tuple(difference for difference in found if difference),
    )


def _refuse_other_data(a: Path, b: Path, header_a: Json, header_b: Json) -> None:
    for name in ("corpus_digest", "questions_digest"):
        if header_a.get(name) != header_b.get(name):
            raise EvaluationError(
                f"{a} and {b} cannot be compared: their {name.removesuffix('_digest')} differs "
                f"({header_a.get('dataset')} and {header_b.get('dataset')}); compare runs over the same folder"
            )


def _pair(a: Sequence[Record], b: Sequence[Record]) -> tuple[Table, Table]:
    good_a = {record["qid"]: record for record in a if record["error"] is None}
    good_b = {record["qid"]: record for record in b if record["error"] is None}
    shared = sorted(good_a.keys() & good_b.keys())
    return Table([good_a[qid] for qid in shared]), Table([good_b[qid] for qid in shared])


def _difference(name: str, statistic: Statistic, a: Table, b: Table, seed: int) -> Difference | None:
    def difference(rows: Indices) -> float | None:
        of_a, of_b = statistic(a, rows), statistic(b, rows)
        return None if of_a is None or of_b is None else of_b - of_a

    of_a, of_b = statistic(a, a.rows), statistic(b, b.rows)
    interval = bootstrap(difference, len(a), seed)
    if of_a is None or of_b is None or interval is None:
        return None
    return Difference(name, of_a, of_b, *interval)


def _changed(a: Json, b: Json) -> tuple[tuple[str, str, str], ...]:
    names = [name for name in {**a, **b} if a.get(name) != b.get(name)]
    return tuple((name, str(a.get(name)), str(b.get(name))) for name in names)
