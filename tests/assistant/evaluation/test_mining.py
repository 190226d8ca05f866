"""Questions from one's own articles: what may be asked about, what is thrown away and why, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.datasets import read_dataset
from assistant.evaluation.mining import LEFT_OUT, PER_ARTICLE, fault_of, mine, sources_of
from tests.fakes import article

TEXT = (
    "The harbour of Turku was closed on 3 March because of a storm. He said so. It will be opened soon by the mayor, "
    "Anna Virtanen. The ferry company Silja lost 40,000 euros on that day alone, a spokesman told the paper."
)
ARTICLES = [article(TEXT.replace("Turku", f"Turku{n}"), f"a{n}", title=f"Storm {n}") for n in range(8)]


def writer(title: str, passage: str, sentence: str) -> str:
    return f"When was the harbour of {sentence.split()[3]} closed?" if "harbour" in sentence else "What is it?"


def test_only_sentences_that_stand_alone_are_asked_about() -> None:
    asked = [source.sentence for source in sources_of(ARTICLES[0], 0)]
    assert 0 < len(asked) <= PER_ARTICLE
    assert not any(sentence.startswith(("He", "It")) for sentence in asked)
    assert all(sentence in ARTICLES[0].text for sentence in asked)


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ("When was the harbour of Turku closed?", None),
        ("The harbour of Turku was closed.", "is not one question"),
        ("When? And why was Turku closed?", "is not one question"),
        ("Why Turku?", "is too short or too long"),
        ("Why was the harbour closed?", "does not name what it asks about"),
        ("What does the mayor of Oslo say?", "shares no word with its sentence"),
        ("Was the harbour of Turku closed on 3 March because of a storm?", "tells the whole sentence"),
    ],
)
def test_a_question_of_no_use_is_thrown_away_with_its_reason(question: str, fault: str | None) -> None:
    assert fault_of(question, "The harbour of Turku was closed on 3 March because of a storm.") == fault


def test_what_is_mined_is_a_dataset_with_articles_left_out(tmp_path: Path) -> None:
    mined = mine(ARTICLES, writer, 20, 0)
    mined.write(tmp_path)
    dataset = read_dataset(tmp_path)
    assert len(dataset.documents) == len(ARTICLES) - len(ARTICLES) // LEFT_OUT
    assert {one.answerable for one in dataset.questions} == {True, False}
    assert dataset.warnings == ()
    kept = {document.doc_id for document in dataset.documents}
    for question in dataset.questions:
        assert bool(question.gold_docs) == question.answerable and set(question.gold_docs) <= kept
    assert sum(mined.dropped.values()) > 0 and set(mined.dropped) <= {
        "does not name what it asks about",
        "is too short or too long",
    }


def test_a_question_asked_before_is_not_asked_again() -> None:
    mined = mine(ARTICLES, lambda *_: "When was the harbour of Turku closed?", 20, 0)
    assert len(mined.questions) <= 1 and mined.dropped


def test_the_seed_decides_what_is_drawn() -> None:
    assert mine(ARTICLES, writer, 3, 1) == mine(reversed(ARTICLES), writer, 3, 1)
    assert len(mine(ARTICLES, writer, 3, 1).questions) == 3


@given(st.text(), st.text())
def test_any_text_is_a_question_or_has_a_fault(question: str, sentence: str) -> None:
    fault = fault_of(question, sentence)
    assert fault is None or fault.split()[0] in {"is", "does", "shares", "tells"}
