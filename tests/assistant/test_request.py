"""A line of standard input is a question, a request, or refused with the place that is wrong."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import QuestionRefused
from assistant.given import Passage
from assistant.request import read_request
from assistant.types import Turn
from index.types import Filters

FILTERS = Filters(date(2024, 1, 1), date(2024, 12, 31), ("Example News",))


def request(**fields: Any) -> str:
    return json.dumps({"question": "Where?", **fields})


def test_a_plain_line_is_the_question() -> None:
    found = read_request("  Where is Kurakhove?\n", FILTERS)
    assert found.question.text == "Where is Kurakhove?"
    assert found.question.filters == FILTERS
    assert found.passages is None


@given(st.text().filter(lambda text: not text.strip().startswith("{")))
def test_any_line_that_is_no_object_is_a_question(line: str) -> None:
    assert read_request(line, Filters()).question.text == line.strip()


def test_an_object_gives_all_there_is_to_a_question() -> None:
    found = read_request(
        request(
            history=[{"role": "user", "text": "Who?"}, {"role": "assistant", "text": "Zelensky."}],
            since="2024-11-01",
            until="2024-11-30",
            as_of="2024-12-01",
            passages=[{"title": "A", "text": "B", "date": "2024-11-20"}, {"text": "C"}],
        ),
        FILTERS,
    )
    question = found.question
    assert question.text == "Where?"
    assert question.history == (Turn("user", "Who?"), Turn("assistant", "Zelensky."))
    assert question.filters == Filters(date(2024, 11, 1), date(2024, 11, 30), ("Example News",))
    assert question.as_of == date(2024, 12, 1)
    assert found.passages == (Passage("A", "B", date(2024, 11, 20)), Passage("", "C", None))


def test_what_an_object_leaves_out_is_taken_from_the_command_line() -> None:
    found = read_request(request(since="2024-11-01"), FILTERS)
    assert found.question.filters == Filters(date(2024, 11, 1), date(2024, 12, 31), ("Example News",))
    assert found.question.history == ()


def test_a_question_without_its_day_is_asked_on_that_of_the_command_line() -> None:
    day = date(2025, 1, 14)
    assert read_request("Where?", FILTERS, day).question.as_of == day
    assert read_request(request(), FILTERS, day).question.as_of == day
    assert read_request(request(as_of="2024-12-01"), FILTERS, day).question.as_of == date(2024, 12, 1)


def test_no_passages_are_not_the_index() -> None:
    assert read_request(request(passages=[]), FILTERS).passages == ()


def test_unknown_fields_of_a_turn_or_a_passage_are_left_alone() -> None:
    found = read_request(
        request(history=[{"role": "user", "text": "x", "id": 4}], passages=[{"text": "y", "doc_id": "d"}]), FILTERS
    )
    assert found.question.history == (Turn("user", "x"),)
    assert found.passages == (Passage("", "y"),)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"question": 5}, "question"),
        ({"question": None}, "question"),
        ({"questoin": "x"}, "questoin"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2024-13-01"}, "until"),
        ({"as_of": "soon"}, "as_of"),
        ({"history": "x"}, "history"),
        ({"history": [{"role": "system", "text": "x"}]}, "history.0.role"),
        ({"history": [{"role": "user"}]}, "history.0.text"),
        ({"passages": [{"title": "x"}]}, "passages.0.text"),
        ({"passages": [{"text": "x", "date": "never"}]}, "passages.0.date"),
        ({"passages": {"text": "x"}}, "passages"),
    ],
)
def test_a_field_that_is_wrong_is_named(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(QuestionRefused, match=f"the field {place} of the request is refused: "):
        read_request(request(**fields), FILTERS)


def test_a_request_without_a_question_is_refused() -> None:
    with pytest.raises(QuestionRefused, match="the field question"):
        read_request("{}", FILTERS)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"question": "x"',
        '{"question": "x"} and more',
        "{question: x}",
        '{"question": ' + "[" * 100_000,
        '{"question": ' + "1" * 10_000 + "}",
    ],
    ids=lambda line: line[:24],
)
def test_a_line_that_begins_like_an_object_and_is_none_is_refused(line: str) -> None:
    with pytest.raises(QuestionRefused, match="begins like a JSON object but is none"):
        read_request(line, FILTERS)


@pytest.mark.parametrize(
    "line",
    [
        "\udcff dam?",
        '{"question": "\\ud800 dam?"}',
        '{"question": "dam?", "history": [{"role": "user", "text": "\\udfff"}]}',
        '{"question": "dam?", "passages": [{"text": "\\ud800"}]}',
    ],
    ids=ascii,
)
def test_half_a_character_is_refused(line: str) -> None:
    with pytest.raises(QuestionRefused, match="the line is not text: surrogates not allowed"):
        read_request(line, FILTERS)


def test_a_character_written_as_two_escapes_is_whole() -> None:
    assert read_request('{"question": "\\ud83d\\ude42?"}', FILTERS).question.text == "🙂?"


texts = st.text()
turns = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "text": texts})
passages = st.fixed_dictionaries({"title": texts, "text": texts}, optional={"date": st.dates().map(date.isoformat)})
days = st.dates().map(date.isoformat)
requests = st.fixed_dictionaries(
    {"question": texts},
    optional={"history": st.lists(turns), "since": days, "until": days, "as_of": days, "passages": st.lists(passages)},
)


@given(requests)
def test_a_request_survives_the_way_through_json(fields: dict[str, Any]) -> None:
    found = read_request(json.dumps(fields), Filters())
    assert found.question.text == fields["question"]
    assert [(turn.role, turn.text) for turn in found.question.history] == [
        (turn["role"], turn["text"]) for turn in fields.get("history", [])
    ]
    assert [(p.title, p.text) for p in found.passages or ()] == [
        (p["title"], p["text"]) for p in fields.get("passages", [])
    ]
    assert (found.passages is None) == ("passages" not in fields)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
)


@given(st.dictionaries(st.sampled_from(["question", "history", "since", "passages", "other"]), json_values))
def test_any_object_is_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        found = read_request(json.dumps(fields), Filters())
    except QuestionRefused as error:
        assert "request is refused" in str(error)
    else:
        assert found.question.text == fields["question"]
