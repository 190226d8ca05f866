"""The questions about time, one row each: what was made of their time, what was cited, and whether that was right.

Knows records. A case passes when its answer holds an expected string, cites a gold document and, asked how things
stand, cites the newest of its articles first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assistant.evaluation.aggregate import Record
from assistant.evaluation.journal import Json

TIME_TYPES: Final = ("present", "dated", "relative", "superseded")
LEADING: Final = ("present", "superseded")
"""Where the newest must lead: a dated question may well cite what came out later after what came out then."""


def time_cases(records: Sequence[Record]) -> list[Json]:
    """A row for each answered or abstained question of a type that is about time; none in a run of passages alone."""
    return [_case(record) for record in records if record["type"] in TIME_TYPES and record["answer"]]


def _case(record: Record) -> Json:
    answer = record["answer"]
    days = [citation["published"] or "unknown" for citation in answer["citations"]]
    wrong = _wrong(record, days)
    return {
        "qid": record["qid"],
        "type": record["type"],
        "question": record["question"],
        "window": _window(answer.get("period")),
        "note": (answer.get("period") or {}).get("note", ""),
        "first": days[0] if days else None,
        "newest": max((day for day in days if day != "unknown"), default=None),
        "passed": wrong is None,
        "why": wrong or "",
    }


def _wrong(record: Record, days: Sequence[str]) -> str | None:
    """What is wrong with an answer, None for nothing."""
    scores = record["scores"]
    if record["answer"]["abstained"]:
        return "abstained"
    if not scores.get("inclusion"):
        return "expected words missing"
    if not scores.get("document_recall"):
        return "gold article not cited"
    if record["type"] in LEADING and days[0] != max(days):
        return "an older article leads"
    return None


def _window(period: Mapping[str, Any] | None) -> str:
    """The days a question names, as the program understood them."""
    if not period:
        return "none"
    if not period["since"] and not period["until"]:
        return "now" if period["present"] else "none"
    return f"{period['since'] or '…'} to {period['until'] or '…'}"
