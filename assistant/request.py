"""One line of standard input becomes a question, perhaps with its history, dates and passages.

Knows the request's field names. A line is a plain question or a JSON object.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import QuestionRefused
from assistant.given import Passage
from assistant.types import Question, Turn
from index.types import Filters


class _GivenTurn(BaseModel):
    model_config = ConfigDict(extra="ignore")
    role: Literal["user", "assistant"]
    text: str


class _GivenPassage(BaseModel):
    model_config = ConfigDict(extra="ignore")
    title: str = ""
    text: str
    date: datetime.date | None = None


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: str
    history: list[_GivenTurn] = []
    since: datetime.date | None = None
    until: datetime.date | None = None
    as_of: datetime.date | None = None
    passages: list[_GivenPassage] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A question, and the passages it is to be answered from; None for the index."""

    question: Question
    passages: tuple[Passage, ...] | None = None


def read_request(line: str, filters: Filters, as_of: datetime.date | None = None) -> Request:
    """Read one line; `filters` and `as_of` hold where the line says nothing else.

    Raises QuestionRefused saying what is wrong.
    """
    _refuse_broken(line)
    stripped = line.strip()
    if not stripped.startswith("{"):
        return Request(Question(stripped, filters=filters, as_of=as_of))
    try:
        given = _Given.model_validate(_object(stripped))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise QuestionRefused(f"the field {place} of the request is refused: {first['msg']}") from error
    question = Question(
        given.question,
        tuple(Turn(turn.role, turn.text) for turn in given.history),
        replace(filters, since=given.since or filters.since, until=given.until or filters.until),
        given.as_of or as_of,
    )
    if given.passages is None:
        return Request(question)
    return Request(question, tuple(Passage(p.title, p.text, p.date) for p in given.passages))


def _object(line: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as error:  # ValueError also for a number of thousands of digits
        raise QuestionRefused(f"the line begins like a JSON object but is none: {error}; mend it") from error
    _refuse_broken(json.dumps(found, ensure_ascii=False))  # "\ud800" hides half a character
    return found


def _refuse_broken(text: str) -> None:
    """No model and no database takes bytes that were no UTF-8, which Python keeps as lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise QuestionRefused(f"the line is not text: {error.reason} at {error.start}; send UTF-8") from error
