"""What one question looks like so far: a frozen value that each event turns into the next.

Knows the events of answering; knows no markup, no threads and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from assistant.types import Answer, Answered, Event, Evidence, Retrieved
from index.types import Filters

Stage = Literal["searching", "reading", "writing", "answered", "failed", "stopped"]
NO_FILTERS = Filters()
RUNNING: tuple[Stage, ...] = ("searching", "reading", "writing")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what has come of it. `number` tells exchanges of one page apart and never changes.

    `seconds` is how long it has run, `filters` what its search was held to, `judged` what the reader made of it:
    "up" or "down", the reason, a note.
    """

    number: int
    question: str
    stage: Stage = "searching"
    query: str = ""
    evidence: tuple[Evidence, ...] = ()
    raw_text: str = ""
    answer: Answer | None = None
    failure: str | None = None
    follow_ups: tuple[str, ...] = ()
    seconds: float = 0.0
    filters: Filters = NO_FILTERS
    judged: tuple[str, str, str] | None = None

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
