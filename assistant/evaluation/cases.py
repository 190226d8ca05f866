"""The records of a run that went wrong, worst first: what a person should read before believing an average.

Knows the ways of going wrong by the scores that show them; writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.evaluation.aggregate import Record

WORST = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One record that went wrong, and what of it to show."""

    kind: str
    qid: str
    question: str
    said: str
    note: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """A way of going wrong: which records did, and the score that orders them (`falling`: greatest first)."""

    name: str
    wrong: Callable[[Record], bool]
    measure: str
    falling: bool = False


def worst_cases(records: Sequence[Record], most: int = WORST) -> tuple[Case, ...]:
    """At most `most` of each way of going wrong, the surest mistakes first."""
    good = [record for record in records if record["error"] is None]
    return tuple(_case(kind, record) for kind in _KINDS for record in _worst(kind, good)[:most])


def _worst(kind: _Kind, records: Sequence[Record]) -> list[Record]:
    return sorted(filter(kind.wrong, records), key=lambda r: _measure(kind, r), reverse=kind.falling)


def _case(kind: _Kind, record: Record) -> Case:
    said = str(record["answer"]["answer"]) if record["answer"] else ""
    return Case(kind.name, record["qid"], record["question"], said, f"{kind.measure} {_measure(kind, record):.2f}")


def _measure(kind: _Kind, record: Record) -> float:
    if kind.measure == "confidence":
        return float(record["answer"]["confidence"])
    return float(record["scores"].get(kind.measure, 0.0))


def _answered(record: Record) -> bool:
    return bool(record["answer"]) and not record["answer"]["abstained"]


def _abstained(record: Record) -> bool:
    return bool(record["answer"]) and bool(record["answer"]["abstained"])


def _below_1(name: str) -> Callable[[Record], bool]:
    return lambda record: record["scores"].get(name, 1.0) < 1


_KINDS = (
    _Kind(
        "Answered what the sources do not answer",
        lambda r: _answered(r) and not r["answerable"] and "reliability" in r["scores"],
        "confidence",
        falling=True,
    ),
    _Kind(
        "Answered wrongly",
        lambda r: _answered(r) and r["scores"].get("right") == 0,
        "confidence",
        falling=True,
    ),
    _Kind(
        "Abstained though the sources answer",
        lambda r: _abstained(r) and r["answerable"],
        "evidence_recall@5",
        falling=True,
    ),
    _Kind("A quote that is not in the stored text", _below_1("quote_validity"), "quote_validity"),
    _Kind("Evidence not among the best ten chunks", _below_1("evidence_recall@10"), "evidence_recall@10"),
)
