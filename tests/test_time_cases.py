"""The starter questions about time: their windows hold the articles that answer them, and those are found first."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.when import When, when_of
from tests.conftest import STARTER, Quoth

TIME_TYPES = ("present", "dated", "relative", "superseded")
TODAY = date(2026, 11, 22)
"""Any day after the last article: the questions without a day of their own must not depend on it."""
LATE = timedelta(days=14)

CASES: list[dict[str, Any]] = [
    case
    for line in (STARTER.parent / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    if (case := json.loads(line))["type"] in TIME_TYPES
]


def by_qid(case: dict[str, Any]) -> str:
    return str(case["qid"])


def said(case: dict[str, Any]) -> When:
    return when_of(case["question"], date.fromisoformat(case.get("as_of", TODAY.isoformat())))


def published(doc_id: str) -> date:
    return date.fromisoformat(doc_id[:10])


def test_there_are_enough_cases_of_every_kind() -> None:
    assert len(CASES) >= 24
    assert {case["type"] for case in CASES} == set(TIME_TYPES)


@pytest.mark.parametrize("case", [c for c in CASES if c["type"] in ("present", "superseded")], ids=by_qid)
def test_how_things_stand_is_asked_of_the_present_and_of_no_window(case: dict[str, Any]) -> None:
    when = said(case)
    assert when.present
    assert when.window is None


@pytest.mark.parametrize("case", [c for c in CASES if c["type"] in ("dated", "relative")], ids=by_qid)
def test_the_window_of_a_question_holds_the_day_of_the_article_that_answers_it(case: dict[str, Any]) -> None:
    when = said(case)
    if when.window is None:  # "at the moment", or "When did …?", which asks for a date and names none
        assert when.present or case["question"].startswith("When")
        return
    since, until = when.window.since, when.window.until
    assert since and until
    assert all(since <= published(doc_id) <= until + LATE for doc_id in case["gold_docs"])


@pytest.mark.model
@pytest.mark.usefixtures("embedder_folder")
def test_the_article_that_answers_is_found_first(quoth: Quoth, tmp_path: Path) -> None:
    types = [argument for kind in TIME_TYPES for argument in ("--type", kind)]
    ran = quoth("eval", STARTER.parent, "--retrieval-only", *types, "--out", tmp_path / "run")
    assert ran.status == 0, ran.err
    records = [json.loads(line) for line in (tmp_path / "run" / "records.jsonl").read_text().splitlines()]
    found = {record["qid"]: [hit["doc_id"] for hit in record["hits"]] for record in records}
    assert found.keys() == {case["qid"] for case in CASES}
    for case in CASES:
        assert set(found[case["qid"]][:5]) & set(case["gold_docs"]), case["qid"]
        if "as_of" in case:
            assert all(published(doc_id) <= date.fromisoformat(case["as_of"]) for doc_id in found[case["qid"]])
    first = [case["qid"] for case in CASES if found[case["qid"]][0] in case["gold_docs"]]
    assert len(first) >= 0.8 * len(CASES), sorted(found.keys() - set(first))


@pytest.mark.model
@pytest.mark.usefixtures("default_model", "embedder_folder")
def test_the_newest_leads_the_answer_and_last_week_is_last_week(quoth: Quoth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOTH_GENERATOR", "qwen2.5-coder-1.5b")
    assert quoth("add", STARTER).status == 0
    now = json.loads(quoth("ask", "--json", "What is the latest on Toretsk?").out)
    assert now["period"]["present"]
    assert now["citations"][0]["published"] == now["as_of"] == "2025-02-08"
    asked = "Which town did Russia claim to have taken yesterday?"
    yesterday = json.loads(quoth("ask", "--json", "--as-of", "2025-02-08", asked).out)
    assert yesterday["period"]["since"] == yesterday["period"]["until"] == "2025-02-07"
    assert {piece["published"] for piece in yesterday["evidence"]} == {"2025-02-08"}
    assert "Toretsk" in yesterday["answer"] or "Dzerzhinsk" in yesterday["answer"]
