"""Two runs side by side: shared questions, paired differences, honest verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.compare import Difference, compare_runs
from assistant.evaluation.journal import Json, open_journal

HEADER = {"dataset": "animals", "corpus_digest": "c", "questions_digest": "q", "settings_digest": "s"}


def run(out: Path, scores: dict[str, dict[str, float]], errors: tuple[str, ...] = (), **header: Any) -> Path:
    """A stored run with those scores by question; even questions are answerable."""
    with open_journal(out, {**HEADER, **header}) as journal:
        for at, (qid, found) in enumerate(scores.items()):
            failed = qid in errors
            record: Json = {
                "qid": qid,
                "question": "?",
                "answerable": at % 2 == 0,
                "type": None,
                "hits": [],
                "answer": None,
                "scores": {} if failed else found,
                "seconds": 1.0,
                "error": "broken" if failed else None,
            }
            journal.append(record)
    return out


def one_metric(values: list[float], name: str = "inclusion") -> dict[str, dict[str, float]]:
    return {f"q{at}": {name: value} for at, value in enumerate(values)}


def test_a_steady_improvement_is_found_although_the_questions_differ_widely(tmp_path: Path) -> None:
    values = [at / 40 for at in range(30)]
    a = run(tmp_path / "a", one_metric(values))
    b = run(tmp_path / "b", one_metric([value + 0.1 for value in values]), settings_digest="t")
    comparison = compare_runs(a, b)
    (found,) = comparison.differences
    assert found.difference == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert found.verdict == "B"
    assert comparison.settings == (("settings_digest", "s", "t"),)
    assert compare_runs(b, a).differences[0].verdict == "A"


def test_a_difference_that_could_be_chance_has_no_verdict(tmp_path: Path) -> None:
    a = run(tmp_path / "a", one_metric([0.0, 1.0, 0.0, 1.0, 0.0]))
    b = run(tmp_path / "b", one_metric([1.0, 0.0, 1.0, 1.0, 0.0]))
    (found,) = compare_runs(a, b).differences
    assert found.low < 0 < found.high
    assert found.verdict == ""


def test_less_is_better_for_over_abstention_and_seconds() -> None:
    assert Difference("over_abstention", 0.5, 0.2, -0.4, -0.2).verdict == "B"
    assert Difference("total_s", 5.0, 9.0, 3.0, 5.0).verdict == "A"
    assert Difference("right", 0.5, 0.2, -0.4, -0.2).verdict == "A"


def test_only_questions_both_runs_answered_are_paired(tmp_path: Path) -> None:
    a = run(tmp_path / "a", one_metric([0.0, 0.0, 0.0, 1.0]), errors=("q1",))
    b = run(tmp_path / "b", one_metric([1.0, 1.0, 1.0]), errors=("q2",))
    comparison = compare_runs(a, b)
    assert comparison.shared == 1
    assert (comparison.differences[0].a, comparison.differences[0].b) == (0.0, 1.0)


def test_the_order_of_the_records_does_not_matter(tmp_path: Path) -> None:
    scores = one_metric([0.0, 1.0, 0.5, 0.25, 0.75])
    a = run(tmp_path / "a", scores)
    b = run(tmp_path / "b", dict(reversed(scores.items())))
    (found,) = compare_runs(a, b).differences
    assert (found.low, found.difference, found.high) == (0.0, 0.0, 0.0)


def test_abstention_is_compared_too(tmp_path: Path) -> None:
    def said(abstains: list[float]) -> dict[str, dict[str, float]]:
        return {
            f"q{at}": {"abstained": value, "probability_answerable": 1 - value} for at, value in enumerate(abstains)
        }

    a = run(tmp_path / "a", said([1.0, 1.0, 1.0, 1.0]))
    b = run(tmp_path / "b", said([0.0, 1.0, 0.0, 1.0]))
    found = {difference.metric: difference for difference in compare_runs(a, b).differences}
    assert (found["over_abstention"].a, found["over_abstention"].b) == (1.0, 0.0)
    assert found["over_abstention"].verdict == "B"
    assert found["balanced_accuracy"].b == 1.0
    assert found["auroc"].a == 0.5


@pytest.mark.parametrize("name", ["corpus_digest", "questions_digest"])
def test_runs_over_other_data_are_not_compared(tmp_path: Path, name: str) -> None:
    a = run(tmp_path / "a", one_metric([1.0]))
    b = run(tmp_path / "b", one_metric([1.0]), **{name: "other"})
    with pytest.raises(EvaluationError, match="cannot be compared"):
        compare_runs(a, b)


def test_runs_without_a_shared_question_are_not_compared(tmp_path: Path) -> None:
    a = run(tmp_path / "a", {"q1": {"inclusion": 1.0}})
    b = run(tmp_path / "b", {"q2": {"inclusion": 1.0}})
    with pytest.raises(EvaluationError, match="share no question"):
        compare_runs(a, b)
    with pytest.raises(EvaluationError, match="holds no run"):
        compare_runs(a, tmp_path / "nowhere")


def test_a_comparison_can_be_read_and_parsed(tmp_path: Path) -> None:
    a = run(tmp_path / "a", one_metric([0.0, 1.0]))
    b = run(tmp_path / "b", one_metric([1.0, 1.0]))
    comparison = compare_runs(a, b, seed=3)
    assert json.loads(json.dumps(comparison.to_json()))["metrics"]["inclusion"]["difference"] == 0.5
    assert "| inclusion | 0.500 | 1.000 | +0.500 |" in comparison.to_markdown()
