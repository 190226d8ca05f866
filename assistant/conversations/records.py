"""The values of kept conversations, and their form on disk.

Knows the values of answering; nothing of databases or screens. A record holds all that is needed to show an exchange
again without asking anything anew, also when the articles it cites have changed or gone. Its JSON says every field of
`Answer` as it is; a field that comes later needs a default, and records of before go on being read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from assistant.types import Answer, Citation, Evidence
from index.types import Filters

Verdict = Literal["up", "down"]
Outcome = Literal["answered", "stopped", "failed"]
TITLE_CHARACTERS = 80
SURROUNDING_CHARACTERS = 320


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A quote with its neighbours: `before + quote + after` is a stretch of the article as it was when it was cited."""

    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class Record:
    """One question and what came of it. `answer` is there exactly when the outcome is "answered".

    `written` is the text so far of an answer that was stopped or broke off, `evidence` what it was to be drawn from.
    `surroundings` maps a citation's number to its neighbours; `filters` is what the search was held to.
    """

    question: str
    asked: datetime
    outcome: Outcome
    answer: Answer | None = None
    evidence: tuple[Evidence, ...] = ()
    written: str = ""
    failure: str | None = None
    surroundings: Mapping[int, Surroundings] = field(default_factory=dict)
    filters: Filters = field(default_factory=Filters)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader thinks of an answer. `reason` is one of the words offered or empty, `note` the reader's own."""

    verdict: Verdict
    reason: str
    note: str
    given: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A record with its place: `ordinal` counts from 1 within the conversation and is never given again."""

    id: str
    conversation_id: str
    ordinal: int
    record: Record
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """What is shown of a conversation in a list."""

    id: str
    title: str
    started: datetime
    changed: datetime
    exchanges: int


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that holds every word of a search, and the stretch that shows it."""

    conversation: ConversationInfo
    snippet: str


# ── on disk ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _form() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


def record_to_json(record: Record) -> str:
    """All of a record, as one line. Half a character, which a browser may send, becomes a question mark."""
    # A frozen mapping is none that pydantic knows: it warns, and asks what to make of it.
    plain = _form().dump_python(record, mode="json", fallback=dict, warnings=False)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def record_from_json(stored: str, question: str, asked: datetime) -> Record:
    """The record again; one that this version cannot read says so in the answer's place and loses no other."""
    try:
        return _form().validate_json(stored)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return Record(
            question,
            asked,
            "failed",
            failure=f"the kept answer cannot be read by this version ({place}: {first['msg']}); ask the question again",
        )


# ── what can be said of a record ────────────────────────────────────────────────────────────────────────────────────


def title_of(question: str) -> str:
    """A conversation is called after its first question."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"


def words_of(record: Record) -> str:
    """What a search looks through: question, answer, and the titles and quotes it cites."""
    answer = record.answer
    parts = [record.question, record.written, record.failure or ""]
    if answer is not None:
        parts += [answer.text, *(part for c in answer.citations for part in (c.title, c.quote))]
    return "\n".join(part for part in parts if part)


def digest_of(answer: Answer, citation: Citation) -> str | None:
    """SHA-256 of the text the citation was cut from."""
    pieces = (*answer.evidence, *answer.nearest)
    shown = (hit.article for piece in pieces for hit in (piece.hit, *piece.hits))
    return citation.digest or next((one.digest for one in shown if one.id == citation.article_id), None)


def texts_of(record: Record) -> tuple[tuple[str, str], ...]:
    """Article id and digest of every text the record cites, each once."""
    answer = record.answer
    found = ((c.article_id, digest_of(answer, c)) for c in answer.citations) if answer else ()
    return tuple(dict.fromkeys((article_id, digest) for article_id, digest in found if digest))


def surroundings_of(text: str, start: int, end: int, characters: int = SURROUNDING_CHARACTERS) -> Surroundings:
    """The stretch with about `characters` on each side, cut at spaces where anything is cut."""
    first, last = max(0, start - characters), end + characters
    before, after = text[first:start], text[end:last]
    if first > 0:
        before = "… " + re.sub(r"^\S*\s+", "", before)
    if last < len(text):
        after = re.sub(r"\s+\S*$", "", after) + " …"
    return Surroundings(before, text[start:end], after)
