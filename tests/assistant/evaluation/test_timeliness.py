"""A case of time passes for the right words from the right article, the newest first; otherwise it says why not."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.evaluation.timeliness import time_cases

PERIOD = {"words": "", "present": True, "since": None, "until": None, "note": "newest first"}


def record(kind: str = "present", days: tuple[str | None, ...] = ("2025-01-11",), **changes: Any) -> dict[str, Any]:
    answer = {"abstained": False, "citations": [{"published": day} for day in days], "period": PERIOD}
    scores = {"inclusion": 1.0, "document_recall": 0.5}
    given = {"qid": "q", "question": "?", "type": kind, "answer": answer, "scores": scores}
    return {**given, **changes}


def test_right_words_from_the_gold_article_the_newest_first_pass() -> None:
    (case,) = time_cases([record(days=("2025-01-11", "2024-11-20"))])
    assert case["passed"]
    assert (case["window"], case["first"], case["newest"]) == ("now", "2025-01-11", "2025-01-11")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"scores": {"inclusion": 0.0, "document_recall": 1.0}}, "words"),
        ({"scores": {"inclusion": 1.0, "document_recall": 0.0}}, "gold"),
        ({"days": ("2024-11-20", "2025-01-11")}, "older"),
        ({"answer": {"abstained": True, "citations": [], "period": None}}, "abstained"),
    ],
)
def test_what_is_wrong_is_said(changed: dict[str, Any], why: str) -> None:
    (case,) = time_cases([record(**changed)])
    assert not case["passed"]
    assert why in case["why"]


def test_a_dated_question_may_cite_a_later_article_too() -> None:
    period = {**PERIOD, "present": False, "since": "2024-11-01", "until": "2024-11-30"}
    told = record("dated", ("2024-11-20", "2025-01-11"))
    (case,) = time_cases([{**told, "answer": {**told["answer"], "period": period}}])
    assert case["passed"]
    assert case["window"] == "2024-11-01 to 2024-11-30"


def test_other_questions_and_runs_without_answers_have_no_rows() -> None:
    assert time_cases([record("fact"), record(answer=None)]) == []
