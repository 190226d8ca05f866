"""A record comes back from its JSON as it went in, and one of another version spoils nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from assistant.conversations.records import (
    Record,
    Surroundings,
    record_from_json,
    record_to_json,
    surroundings_of,
    texts_of,
    title_of,
)
from tests.fakes import answer, evidence

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
OLDEST = Path(__file__).parent / "record_format_1.json"


def again(record: Record) -> Record:
    return record_from_json(record_to_json(record), "", NOON)


def test_an_answer_comes_back_whole() -> None:
    record = Record(
        "Where?",
        NOON,
        "answered",
        answer(signals=MappingProxyType({"dense": 0.5}), nearest=evidence("The dam.")),
        surroundings=MappingProxyType({1: Surroundings("before ", "quote", " after")}),
    )
    assert again(record) == record


@given(st.text(), st.text(), st.one_of(st.none(), st.text()))
def test_what_was_stopped_or_broke_off_comes_back_whole(question: str, written: str, failure: str | None) -> None:
    record = Record(question, NOON, "stopped", written=written, failure=failure, evidence=evidence("It is so."))
    assert again(record) == record


def test_half_a_character_is_kept_as_a_question_mark() -> None:
    assert again(Record("a\ud800b", NOON, "failed")).question == "a?b"


def test_the_first_records_ever_kept_can_still_be_read() -> None:
    """The file was written by the first version: what it lacks needs a default, what it holds too much is ignored."""
    stored = OLDEST.read_text(encoding="utf-8")
    record = record_from_json(stored, "", NOON)
    assert record.outcome == "answered" and record.answer is not None, record.failure
    assert record.answer.citations[0].quote == "Kurakhove is surrounded for months."
    assert record_from_json(json.dumps({**json.loads(stored), "later": 1}), "", NOON) == record


def test_a_record_that_cannot_be_read_says_so_in_the_answers_place() -> None:
    record = record_from_json('{"question": 3}', "Where?", NOON)
    assert (record.question, record.asked, record.outcome) == ("Where?", NOON, "failed")
    assert record.failure is not None and "ask the question again" in record.failure


def test_the_text_of_every_citation_is_known_also_where_the_citation_does_not_tell() -> None:
    told = answer()
    digest = told.evidence[0].hit.article.digest
    untold = replace(told, citations=(replace(told.citations[0], digest=""),))
    for one in (told, untold, replace(untold, evidence=(), nearest=told.evidence)):
        assert texts_of(Record("Where?", NOON, "answered", one)) == (("a1", digest),)
    assert texts_of(Record("Where?", NOON, "answered", replace(untold, evidence=()))) == ()
    assert texts_of(Record("Where?", NOON, "stopped")) == ()


@given(st.text(alphabet="ab \n"), st.data())
def test_surroundings_are_a_stretch_of_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    around = surroundings_of(text, start, end, 5)
    assert around.quote == text[start:end]
    stretch = around.before.removeprefix("… ") + around.quote + around.after.removesuffix(" …")
    assert stretch in text


def test_a_title_is_one_line() -> None:
    assert title_of("  What\nnow? ") == "What now?"
    assert len(title_of("word " * 100)) <= 80 and title_of("word " * 100).endswith("…")
    assert title_of(replace(answer(), question="x").question) == "x"
