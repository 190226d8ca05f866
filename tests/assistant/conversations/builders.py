"""Kept exchanges for tests, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

from assistant.conversations.records import ConversationInfo, Feedback, Kept, Record, Verdict, surroundings_of
from assistant.types import Answer, Citation
from index.types import Article
from tests.fakes import answer, article, evidence_of, hit

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
INFO = ConversationInfo("c1", "Kurakhove", NOON, NOON, 1)
DAM = article("The dam was struck on Monday. Houses downstream were flooded. Nobody was hurt.", "dam")
"""An article of three sentences."""


def cited(*quotes: str, of: Article = DAM, text: str = "The dam was struck on Monday. [1]") -> Answer:
    """An answer that quotes an article."""
    found = hit(of)
    citations = tuple(
        Citation(
            number,
            of.id,
            found.chunk.id,
            of.title,
            of.source,
            of.url,
            of.published,
            of.published_from,
            of.text.index(quote),
            of.text.index(quote) + len(quote),
            quote,
        )
        for number, quote in enumerate(quotes, 1)
    )
    plain = answer(text)
    return answer(text, citations=citations, evidence=evidence_of([found]), claims=plain.claims)


def kept(
    given: Answer | None, verdict: Verdict | None = None, reason: str = "", note: str = "", number: int = 1
) -> Kept:
    """The answer as it is kept, with a reader's judgement."""
    around = {c.number: surroundings_of(DAM.text, c.start, c.end) for c in given.citations} if given else {}
    record = Record("What happened?", NOON, "answered" if given else "stopped", given, surroundings=around)
    feedback = Feedback(verdict, reason, note, NOON) if verdict else None
    return Kept(f"e{number}", "c1", number, record, feedback)
