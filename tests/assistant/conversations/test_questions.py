"""What readers say about answers becomes questions that an evaluation can read, with gold that holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.conversations.questions import MISSING, SILENT, WRONG, Exported, question_of, write_dataset
from assistant.errors import ConversationError
from assistant.evaluation.datasets import read_dataset
from tests.assistant.conversations.builders import DAM, cited, kept
from tests.fakes import answer, article

QUOTE = "The dam was struck on Monday."


def write(folder: Path, *judged: object, articles: tuple[object, ...] = (DAM,)) -> Exported:
    return write_dataset(folder, judged, lambda one: (), lambda: iter(articles))  # type: ignore[arg-type]


def test_a_good_answer_is_gold_in_a_dataset_that_can_be_evaluated(tmp_path: Path) -> None:
    done = write(tmp_path / "out", kept(cited(QUOTE), "up"))
    dataset = read_dataset(tmp_path / "out")
    assert (done.questions, done.reported, done.documents, dataset.warnings) == (1, 0, 1, ())
    (question,) = dataset.questions
    assert question.answerable and question.answers == (QUOTE,)
    assert (question.gold_docs, question.gold_evidence) == (("dam",), (QUOTE,))
    assert question.as_of is not None and question.as_of.isoformat() == "2025-01-06"


def test_a_quote_that_its_article_no_longer_says_is_no_gold(tmp_path: Path) -> None:
    write(tmp_path / "out", kept(cited(QUOTE), "up"), articles=(replace(DAM, text="Rewritten."),))
    dataset = read_dataset(tmp_path / "out")
    assert dataset.questions[0].gold_evidence == () and dataset.warnings == ()


def test_a_right_abstention_and_silent_articles_are_unanswerable_questions() -> None:
    silent = answer(citations=(), abstained=True)
    for judged in (kept(silent, "up"), kept(cited(QUOTE), "down", SILENT)):
        row = question_of(judged, (), {"dam": DAM}.get)
        assert row is not None and not row["answerable"] and row["answers"] == row["gold_evidence"] == []


def test_what_the_reader_says_is_right_is_the_gold_answer() -> None:
    row = question_of(kept(cited(QUOTE), "down", WRONG, " It was Tuesday. "), (), {}.get)
    assert row is not None and row["answerable"] and row["answers"] == ["It was Tuesday."]


def test_a_bad_answer_without_a_better_one_is_only_reported(tmp_path: Path) -> None:
    assert write(tmp_path / "out", kept(cited(QUOTE), "down", MISSING)).reported == 1
    (line,) = (tmp_path / "out" / "reported.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["reason"], told["answer"]["citations"][0]["quote"]) == (MISSING, QUOTE)


def test_a_follow_up_keeps_what_was_said_before_it() -> None:
    row = question_of(kept(cited(QUOTE), "up", number=2), (kept(cited(QUOTE)), kept(None)), {"dam": DAM}.get)
    assert row is not None and [turn["role"] for turn in row["history"]] == ["user", "assistant"]


def test_the_whole_corpus_is_written_not_only_what_was_cited(tmp_path: Path) -> None:
    assert write(tmp_path / "out", kept(cited(QUOTE), "up"), articles=(DAM, article("Other.", "b"))).documents == 2


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ConversationError, match="not empty"):
        write(tmp_path)
    with pytest.raises(ConversationError, match="cannot be written"):
        write(tmp_path / "mine.txt" / "below")
