"""A follow-up goes on with the evidence of the answer before it, so that what the model has read is not read again.

Knows evidence, hits and a selector; no conversation and no model. What was shown stays as it was, in its order and
under its numbers, and the few sentences that the new question still needs stand behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Protocol

from assistant.evidence import SentenceSelector
from assistant.types import Evidence
from index.types import Hit


class Resume(Protocol):
    """Question, hits, the evidence chosen for it alone, that of the answer before → the evidence to show."""

    def __call__(
        self, question: str, hits: Sequence[Hit], fresh: tuple[Evidence, ...], earlier: Sequence[Evidence]
    ) -> tuple[Evidence, ...]: ...


def from_anew(
    question: str, hits: Sequence[Hit], fresh: tuple[Evidence, ...], earlier: Sequence[Evidence]
) -> tuple[Evidence, ...]:
    """Each question its own evidence."""
    return fresh


@dataclass(frozen=True, slots=True)
class Resuming:
    """Goes on where the earlier evidence holds `least_held` of the characters that would be chosen for the question.

    Its first passage must hold so much of what would be shown first, too: a small model leads with what stands first.
    Only what the question's own hits hold too is kept: so it passes the question's filters, and stands in the index
    as it was. Added is `added_share` of the selector's budget, and all may take `most_share` of it: beyond, and where
    the questions have little in common, the evidence is `fresh`.
    """

    selector: SentenceSelector
    least_held: float = 0.5
    added_share: float = 0.2
    most_share: float = 2.0

    def __call__(
        self, question: str, hits: Sequence[Hit], fresh: tuple[Evidence, ...], earlier: Sequence[Evidence]
    ) -> tuple[Evidence, ...]:
        held = still_found(earlier, hits)
        if min(share_held(fresh, held), share_held(fresh[:1], held[:1])) < self.least_held or not held:
            return fresh
        budget = self.selector.budget_tokens
        added = self.selector.beside(held, question, hits, round(self.added_share * budget))
        whole = (*held, *added)
        tokens = sum(self.selector.count_tokens(piece.text) for piece in whole)
        return whole if tokens <= self.most_share * budget else fresh


def still_found(earlier: Sequence[Evidence], hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """The first pieces of the evidence, up to one of which some is not in the hits; each with the hits of now."""
    now = {hit.chunk: hit for hit in hits}
    held = takewhile(lambda piece: all(hit.chunk in now for hit in _under(piece)), earlier)
    return tuple(
        replace(
            piece,
            hit=now[piece.hit.chunk],
            hits=tuple(now[hit.chunk] for hit in piece.hits if hit.chunk in now),
            also=tuple(now[hit.chunk] for hit in piece.also if hit.chunk in now),
        )
        for piece in held
    )


def _under(piece: Evidence) -> tuple[Hit, ...]:
    """The hits whose chunks some of the piece lies in."""
    under = tuple(hit for hit in piece.hits if hit.chunk.start < piece.end and piece.start < hit.chunk.end)
    return (piece.hit, *under)


def share_held(fresh: Sequence[Evidence], held: Sequence[Evidence]) -> float:
    """Of the sentences of `fresh`, in characters, the share that `held` shows; 0 where there are none."""
    sizes = [
        (span.end - span.start, any(one.holds(piece.hit.article.id, span) for one in held))
        for piece in fresh
        for span in piece.sentences
    ]
    whole = sum(size for size, _ in sizes)
    return sum(size for size, is_held in sizes if is_held) / whole if whole else 0.0
