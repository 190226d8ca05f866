"""What evidence of so many tokens keeps is counted on questions with gold evidence, and a stopped run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.budgets import Measured, Showing, measure_budgets
from assistant.evaluation.datasets import read_dataset
from assistant.evaluation.run import Plan
from assistant.evidence import SentenceSelector
from assistant.reranking import by_rank
from assistant.types import Answer, Question
from tests.assistant.evaluation.worlds import CorpusInMemory, Oracle, write_dataset
from tests.fakes import count_words


def measured(index: CorpusInMemory, budgets: tuple[int, ...], oracle: Oracle | None = None) -> Measured:
    def showing(budget: int) -> Showing:
        selector = SentenceSelector(by_rank, list, lambda question: (), count_words, budget, 9, heading_tokens=0)
        return Showing(selector, oracle)

    return Measured(index.retrieve, {b: showing(b) for b in budgets}, lambda piece: count_words(piece.text))


@pytest.fixture
def index(tmp_path: Path) -> CorpusInMemory:
    return CorpusInMemory(read_dataset(write_dataset(tmp_path / "animals")))


def test_more_tokens_keep_more_and_all_of_them_what_whole_chunks_hold(index: CorpusInMemory, tmp_path: Path) -> None:
    report = measure_budgets(index.dataset, index, measured(index, (5, 1000)), tmp_path / "out", Plan())
    whole, least, most = report["halves"]["all"]
    assert (whole["budget"], least["budget"], most["budget"]) == (None, 5, 1000)
    assert [row["n"] for row in (whole, least, most)] == [3, 3, 3]  # two of five have no answer
    assert least["tokens"] < most["tokens"]
    assert least["recall"] <= most["recall"] == whole["recall"] == most["recall"] / most["kept"]
    assert most["inclusion"] is None


def test_answers_are_counted_where_somebody_answers(index: CorpusInMemory, tmp_path: Path) -> None:
    report = measure_budgets(index.dataset, index, measured(index, (50,), Oracle(index)), tmp_path, Plan())
    assert 0 < report["halves"]["all"][1]["inclusion"] <= 1
    assert "inclusion" in (tmp_path / "report.md").read_text()
    assert "polyline" in (tmp_path / "report.html").read_text()


def test_a_stopped_run_goes_on_where_it_stopped(index: CorpusInMemory, tmp_path: Path) -> None:
    def stopped(question: Question) -> Answer:
        raise EvaluationError("stopped")

    retrieve, asked = index.retrieve, measured(index, (50,))
    stopping = Measured(lambda q: retrieve(q) if len(index.asked) < 2 else stopped(q), asked.showings, asked.count)
    with pytest.raises(EvaluationError, match="stopped"):
        measure_budgets(index.dataset, index, stopping, tmp_path, Plan())
    index.asked.clear()
    measure_budgets(index.dataset, index, asked, tmp_path, Plan())
    assert len(index.asked) == 1
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    assert [record["error"] for record in records] == [None] * 3


def test_other_budgets_are_another_run(index: CorpusInMemory, tmp_path: Path) -> None:
    measure_budgets(index.dataset, index, measured(index, (50,)), tmp_path, Plan())
    with pytest.raises(EvaluationError, match="budgets was"):
        measure_budgets(index.dataset, index, measured(index, (60,)), tmp_path, Plan())
