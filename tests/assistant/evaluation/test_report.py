"""Records → figures, tables, worst cases; and that other people's text stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.aggregate import Table, estimates, spread, statistics
from assistant.evaluation.cases import worst_cases
from assistant.evaluation.journal import Json
from assistant.evaluation.markdown import escape, to_markdown
from assistant.evaluation.metrics import reward
from assistant.evaluation.plots import to_html
from assistant.evaluation.report import build_report, write_report

HEADER: Json = {
    "dataset": "animals",
    "documents": 3,
    "documents_indexed": 3,
    "questions": 4,
    "warnings": [],
    "seed": 0,
    "limit": None,
    "retrieval_only": False,
    "settings_digest": "s",
    "judge": None,
}


def record(qid: str, answerable: bool, abstained: bool, /, right: bool = False, **changes: Any) -> Json:
    """A record as a run writes it, with the scores that follow."""
    sure = 0.75
    scores: dict[str, float] = {
        "abstained": float(abstained),
        "probability_answerable": 1 - sure if abstained else sure,
        "reliability": reward(answerable, abstained, right),
    }
    if answerable:
        scores |= {"right": float(right), "inclusion": float(right), "evidence_recall@10": 1.0}
    answer = {
        "answer": f"Said {qid}.",
        "abstained": abstained,
        "confidence": sure,
        "timings": {
            "retrieve_s": 0.1,
            "first_evidence_s": 0.2,
            "first_token_s": None if abstained else 1.0,
            "total_s": 3.0,
        },
        "usage": {"prompt_tokens": 100, "cached_tokens": 50, "completion_tokens": 0 if abstained else 20},
        "model": {"name": "m", "sha256": "0", "backend": "b"},
        "index": {"generation": 1},
        "settings_digest": "s",
        "version": "1",
        "signals": {"best": 0.2 if abstained else 0.9},
    }
    plain = {
        "qid": qid,
        "question": f"Question {qid}?",
        "answerable": answerable,
        "type": "kind",
        "hits": [],
        "answer": answer,
        "scores": scores,
        "seconds": 3.0,
        "error": None,
    }
    return {**plain, **changes}


MIXED = (
    record("right", True, False, right=True),
    record("wrong", True, False),
    record("shy", True, True),
    record("refused", False, True),
    record("bold", False, False),
)


def report_of(records: Sequence[Json], **header: Any) -> Json:
    return build_report({**HEADER, **header}, records, {})


def test_the_figures_of_five_answers_by_hand() -> None:
    report = report_of(MIXED)
    values = {name: (found["value"], found["n"]) for name, found in report["metrics"].items()}
    assert values["right"] == (pytest.approx(1 / 3), 3)
    assert values["rejection_recall"] == (pytest.approx(1 / 2), 2)
    assert values["over_abstention"] == (pytest.approx(1 / 3), 3)
    assert values["abstention_precision"] == (pytest.approx(1 / 2), 2)
    assert values["balanced_accuracy"] == (pytest.approx((1 / 2 + 2 / 3) / 2), 5)
    assert values["reliability"] == (pytest.approx((1 - 1 + 0 + 1 - 1) / 5), 5)
    # answerable .75 .75 .25 against .25 .75: pairs 2 + 2*.5 + .5 + 0
    assert values["auroc"] == (pytest.approx((2 + 1 + 0.5) / 6), 5)
    assert "abstained" not in values
    assert "probability_answerable" not in values


def test_the_answered_alone_leave_abstentions_out() -> None:
    answered = report_of(MIXED)["answered"]
    assert (answered["right"]["value"], answered["right"]["n"]) == (0.5, 2)
    assert "evidence_recall@10" not in answered


def test_quoth_stands_beside_both_trivial_systems_with_the_four_counts() -> None:
    abstention = report_of(MIXED)["abstention"]
    counts = ("abstained_unanswerable", "abstained_answerable", "answered_unanswerable", "answered_answerable")
    assert [abstention["quoth"][name] for name in counts] == [1, 1, 1, 2]
    assert [abstention["always_answer"][name] for name in counts] == [0, 0, 2, 3]
    assert [abstention["always_abstain"][name] for name in counts] == [2, 3, 0, 0]
    assert abstention["always_abstain"]["reliability"] == pytest.approx(2 / 5)
    # right and shy at best right, wrong wrong, both unanswerable wrong
    assert abstention["always_answer"]["reliability_at_most"] == pytest.approx((1 - 1 + 1 - 1 - 1) / 5)
    assert abstention["always_answer"]["auroc"] == abstention["always_abstain"]["auroc"] == 0.5


def test_a_failed_question_is_counted_and_listed_but_averaged_nowhere() -> None:
    failed = record("broken", True, False, error="hung up", answer=None, scores={})
    report = report_of([*MIXED, failed])
    assert (report["asked"], report["failed"]) == (6, 1)
    assert report["failures"] == [{"qid": "broken", "error": "hung up"}]
    assert report["metrics"] == report_of(MIXED)["metrics"]


def test_questions_that_want_a_question_back_are_left_out_of_abstention() -> None:
    apart = record("vague", False, False, type="underspecified")
    apart["scores"] = {"abstained": 0.0, "probability_answerable": 0.75, "asks_back": 1.0}
    report = report_of([*MIXED, apart])
    assert report["abstention"] == report_of(MIXED)["abstention"]
    assert report["metrics"]["asks_back"]["n"] == 1
    assert report["signals"] == report_of(MIXED)["signals"]
    assert report["by_type"]["underspecified"]["n"] == 1


def test_each_signal_is_judged_by_itself() -> None:
    # answerable .9 .9 .2, unanswerable .2 .9
    assert report_of(MIXED)["signals"] == {"best": {"auroc": pytest.approx((2 + 1 + 0.5) / 6), "n": 5}}


def test_latency_and_tokens_by_hand() -> None:
    report = report_of(MIXED)
    assert report["latency"]["first_token_s"] == {"p50": 1.0, "p95": 1.0, "n": 3}
    assert report["latency"]["total_s"]["n"] == 5
    assert report["tokens"]["prompt_tokens"] == 500
    assert report["tokens"]["mean"]["completion_tokens"] == 12
    assert report["tokens"]["completion_tokens_per_second"] == pytest.approx(60 / 6)


def test_the_producers_are_named_once_and_a_mixed_run_shows_both() -> None:
    other = record("other", True, False)
    other["answer"]["model"] = {"name": "n", "sha256": "1", "backend": "b"}
    assert [model["name"] for model in report_of([*MIXED, other])["produced_by"]["model"]] == ["m", "n"]
    assert report_of(MIXED)["produced_by"]["version"] == ["1"]


def test_a_run_that_only_retrieved_reports_retrieval_and_nothing_else() -> None:
    bare = [{**r, "answer": None, "scores": {"mrr@10": 0.5}} for r in MIXED]
    report = report_of(bare, retrieval_only=True)
    assert list(report["metrics"]) == ["mrr@10"]
    assert report["abstention"] is report["tokens"] is None
    assert report["answered"] == {}
    assert "Retrieval only." in to_markdown(report, ())
    assert "mrr@10" in to_html(report, bare)


def test_a_run_in_which_everything_failed_still_reports() -> None:
    failed = [{**r, "error": "x", "answer": None, "scores": {}} for r in MIXED]
    report = report_of(failed)
    assert (report["failed"], report["metrics"], report["abstention"]) == (5, {}, None)
    assert "5 failed" in to_markdown(report, worst_cases(failed))
    assert to_html(report, failed).startswith("<!doctype html>")


def test_reports_are_strict_json_and_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(HEADER))
    (tmp_path / "records.jsonl").write_text("".join(json.dumps(r) + "\n" for r in MIXED))
    first = write_report(tmp_path, {"cores": 2})
    text = (tmp_path / "report.json").read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert write_report(tmp_path, {"cores": 2}) == first
    assert (tmp_path / "report.json").read_text() == text


@given(st.permutations(MIXED))
def test_values_do_not_depend_on_the_order_of_the_records(records: list[Json]) -> None:
    def values(of: Sequence[Json]) -> dict[str, float | None]:
        table = Table(of)
        return {name: statistic(table, table.rows) for name, statistic in statistics(table).items()}

    assert values(records) == pytest.approx(values(MIXED))


def test_an_interval_holds_its_value_and_is_wide_where_answers_differ() -> None:
    records = [record(f"r{at}", at % 2 == 0, at % 3 == 0, right=at % 4 == 0) for at in range(60)]
    found = estimates(Table(records), 1)
    assert all(estimate.low <= estimate.value <= estimate.high for estimate in found.values())
    for name in ("right", "over_abstention", "abstention_precision", "auroc", "reliability"):
        assert 0.05 < found[name].high - found[name].low < 0.6


def test_the_spread_of_nothing_has_no_percentiles() -> None:
    assert spread([]) == {"p50": None, "p95": None, "n": 0}


# --- worst cases -------------------------------------------------------------------------------------------------


def test_the_worst_cases_name_each_way_of_going_wrong() -> None:
    kinds = {case.kind: case.qid for case in worst_cases(MIXED)}
    assert kinds == {
        "Answered what the sources do not answer": "bold",
        "Answered wrongly": "wrong",
        "Abstained though the sources answer": "shy",
    }


def test_the_surest_mistakes_come_first_and_only_a_few_are_shown() -> None:
    records = [record(f"b{at}", False, False) for at in range(9)]
    for at, one in enumerate(records):
        one["answer"]["confidence"] = at / 10
    assert [case.qid for case in worst_cases(records, most=3)] == ["b8", "b7", "b6"]


def test_broken_quotes_and_missed_evidence_are_shown() -> None:
    broken, missed = record("broken", True, False, right=True), record("missed", True, False, right=True)
    broken["scores"]["quote_validity"] = 0.5
    missed["scores"]["evidence_recall@10"] = 0.0
    kinds = {case.qid: case.kind for case in worst_cases([broken, missed])}
    assert kinds == {
        "broken": "A quote that is not in the stored text",
        "missed": "Evidence not among the best ten chunks",
    }


def test_what_a_run_is_about_is_told_in_dotted_names_and_long_lists_by_their_length() -> None:
    about = {"machine": {"cores": 2, "gpu": None}, "indexing": {"added": ["x"] * 600, "failed": ["one"]}}
    page = to_markdown(build_report(HEADER, MIXED, about), ())
    assert "- machine.cores: 2\n- indexing.added: 600 of them\n- indexing.failed: one\n" in page
    assert "gpu" not in page


# --- other people's text -----------------------------------------------------------------------------------------

EVIL = "![x](https://evil.example/p.png) <img src=x onerror=alert(1)> | `a` \n# head\n- item [l](javascript:1)"


def test_a_questions_and_an_answers_markup_stays_text() -> None:
    evil = record("evil", False, False, question=EVIL, qid=EVIL)
    evil["answer"]["answer"] = EVIL
    failed = record("f", True, False, error=EVIL, answer=None, scores={})
    records = [evil, failed, *MIXED]
    report = build_report({**HEADER, "dataset": EVIL, "warnings": [EVIL]}, records, {"machine": EVIL})
    page = to_markdown(report, worst_cases(records))
    assert not re.search(r"(?<!\\)!\[|(?<!\\)<img|(?<!\\)\]\(|(?<!\\)`a", page)
    assert "\n# head" not in page
    assert "<img" not in to_html(report, records)


@given(st.text())
def test_escaped_text_is_one_line_without_bare_markup(text: str) -> None:
    escaped = escape(text)
    assert len(escaped.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(\\\\)*[\[\]<>|`*_]", escaped)


def test_the_page_is_complete_in_itself() -> None:
    page = to_html(report_of(MIXED), MIXED)
    assert page.count("<svg") == 4
    assert not re.search(r"<script|<link|<img|@import|url\(|src=", page)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
