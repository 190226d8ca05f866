"""The examples a newcomer is offered can be answered from what is indexed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assistant.examples import KINDS, WANTED, example_questions
from index.types import ArticleInfo
from tests.fakes import article, info

STARTER = Path(__file__).parents[2] / "seeds" / "questions.jsonl"


def indexed(*stems: str) -> list[ArticleInfo]:
    return [info(article("x", stem, uri=f"/seeds/articles/{stem}.md")) for stem in stems]


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """Three questions: one of today, one dated, one of a fact nobody can answer."""
    path = tmp_path / "questions.jsonl"
    rows = [
        {"type": "dated", "question": "What then?", "answerable": True, "gold_docs": ["one", "two"]},
        {"type": "present", "question": "What now?", "answerable": True, "gold_docs": ["one"]},
        {"type": "present", "question": "What else?", "answerable": True, "gold_docs": ["one"]},
        {"type": "fact", "question": "What never?", "answerable": False, "gold_docs": []},
        {"type": "fact", "question": "What as of?", "answerable": True, "gold_docs": ["one"], "as_of": "2024-12-01"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_the_starter_questions_are_offered_while_their_briefings_are_indexed(starter: Path) -> None:
    assert example_questions(starter, indexed("one", "two", "three")) == ("What now?", "What then?")
    assert example_questions(starter, indexed("one")) == ("What now?",)


def test_other_articles_are_asked_about_by_their_newest_titles(starter: Path) -> None:
    articles = [
        replace(info(article("x")), title=f"Title  {day}", published=date(2024, 12, day) if day else None)
        for day in (3, 0, 9, 5, 1)
    ]
    found = example_questions(starter, articles)
    assert len(found) == WANTED
    assert found[:2] == ("What is said about “Title 9”?", "What is said about “Title 5”?")


def test_a_title_too_long_for_a_question_and_a_title_twice_are_left_out(tmp_path: Path) -> None:
    of = info(article("x"))
    found = example_questions(tmp_path / "none", [of, of, replace(of, title="word " * 40)])
    assert found == ("What is said about “Title of a1”?",)


def test_nothing_is_offered_of_nothing(tmp_path: Path) -> None:
    assert example_questions(tmp_path / "none", []) == ()


def test_the_starter_corpus_offers_a_question_of_every_kind() -> None:
    stems = [path.stem for path in (STARTER.parent / "articles").glob("*.md")]
    assert len(example_questions(STARTER, indexed(*stems))) == min(WANTED, len(KINDS))
