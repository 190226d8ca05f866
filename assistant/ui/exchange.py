"""What one question looks like so far: a frozen value that each event turns into the next.

Knows the events of answering; knows no markup, no threads and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from assistant.types import Answer, Answered, Citation, Event, Evidence, Retrieved
from index.types import Article

Stage = Literal["searching", "reading", "writing", "answered", "failed", "stopped"]
RUNNING: tuple[Stage, ...] = ("searching", "reading", "writing")
CONTEXT_CHARACTERS = 320


@dataclass(frozen=True, slots=True)
class Context:
    """A quote with its neighbours: `before + quote + after` is a stretch of the stored article."""

    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what has come of it. `number` tells exchanges of one page apart and never changes.

    `seconds` is how long it has run; `contexts` maps a citation's number to the quote's surroundings.
    """

    number: int
    question: str
    stage: Stage = "searching"
    query: str = ""
    evidence: tuple[Evidence, ...] = ()
    raw_text: str = ""
    answer: Answer | None = None
    contexts: Mapping[int, Context] = field(default_factory=lambda: MappingProxyType({}))
    failure: str | None = None
    seconds: float = 0.0

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self.stage in RUNNING


def advance(exchange: Exchange, event: Event) -> Exchange:
    """The exchange after one more event."""
    if isinstance(event, Retrieved):
        return replace(exchange, stage="reading", query=event.query, evidence=event.evidence)
    if isinstance(event, Answered):
        return replace(exchange, stage="answered", answer=event.answer)
    return replace(exchange, stage="writing", raw_text=exchange.raw_text + event.text)


def fail(exchange: Exchange, message: str) -> Exchange:
    """The exchange ended by an error a person can read."""
    return replace(exchange, stage="failed", failure=message)


def stop(exchange: Exchange) -> Exchange:
    """The exchange ended on request; what was written so far stays, unchecked."""
    return replace(exchange, stage="stopped")


def context_of(citation: Citation, article: Article | None, characters: int = CONTEXT_CHARACTERS) -> Context | None:
    """The quote with about `characters` on each side, cut at spaces; None where the article lacks the quote."""
    if article is None or article.text[citation.start : citation.end] != citation.quote:
        return None
    first, last = max(0, citation.start - characters), citation.end + characters
    before = article.text[first : citation.start]
    after = article.text[citation.end : last]
    if first > 0:
        before = "… " + re.sub(r"^\S*\s+", "", before)
    if last < len(article.text):
        after = re.sub(r"\s+\S*$", "", after) + " …"
    return Context(before, citation.quote, after)
