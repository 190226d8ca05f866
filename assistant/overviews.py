"""Overviews in the sources' own words: which passages of the evidence tell how things stand, and how much of each.

Knows evidence and how near its sentences are to the question; no model. No one sentence tells what there is to know, so
whole passages are asked about and quoted, in the order of the evidence, less what leads into them or out of them, or
tells of what stands somewhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from assistant.quoting import Quotable, is_denied, points_back, quoted
from assistant.timely import LATEST
from assistant.types import Evidence

_Near = tuple[Evidence, Sequence[float]]
"""A passage, and how near each of its sentences is."""

PASSAGE_SHARE: Final = 0.5
"""A passage is on the subject if its nearest sentence is so near, as a share of the nearest of all."""
EDGE_SHARE: Final = 0.25
"""What stands at a passage's beginning or end and is not even so near leads into it or out of it."""
MOST_WORDS: Final = 180
"""An overview is no longer: a minute's reading."""
ENOUGH_WORDS: Final = 60
"""So many words of the newest news tell how things stand."""

_ELSEWHERE: Final = re.compile(
    r"[\"“‘'(]?(?:(?:and|but|so|yet)\s+)?(?:(?:in|of|for|by|with|to|from|at|according to|\w+ of)\s+)?"
    r"(?:he|she|it|they|his|her|its|their|him|them|this|these|those)\b",
    re.IGNORECASE,
)
"""What begins so tells of what was named before: "In its view", "One of them"."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A `Quoting` of whole passages, of which the generator is asked until one answers.

    `nearness` is of each sentence of the evidence, in its order.
    """

    evidence: Sequence[Evidence]
    nearness: Sequence[float]
    present: bool = False

    @property
    def asked(self) -> tuple[Quotable, ...]:
        """The passages, that of the nearest sentence first."""
        return passages(self.evidence, self.nearness)

    def goes_on(self, yes_no: Sequence[float], answered: bool) -> bool:
        """Until one answers."""
        return not answered

    def reply(self, yes_no: Sequence[float]) -> str:
        """The passages on the subject, a paragraph each."""
        return in_paragraphs(overview(self.evidence, self.nearness, present=self.present))


def passages(evidence: Sequence[Evidence], nearness: Sequence[float]) -> tuple[Quotable, ...]:
    """The passages as they stand, to ask the generator about: that of the nearest sentence first."""
    near = (Quotable(piece, max(own)) for piece, own in _with_nearness(evidence, nearness))
    return tuple(sorted(near, key=lambda one: -one.nearness))


def overview(evidence: Sequence[Evidence], nearness: Sequence[float], *, present: bool = False) -> tuple[Evidence, ...]:
    """The passages on the subject, cut to what is near it and to `MOST_WORDS` in all.

    They stand in the order of the evidence, those of one article together and in its own. Nothing is left out between
    two sentences that are told, and none is told without the denial behind it. Asked of the `present`, nothing older
    than the newest month is told beside `ENOUGH_WORDS` that are newer. Where nothing can be told so, the passage of the
    nearest sentence is, whole.
    """
    best, told, words = max(nearness, default=0.0), list[Evidence](), 0
    for piece, own in _by_article(_with_nearness(evidence, nearness)):
        if max(own) < PASSAGE_SHARE * best or (present and words >= ENOUGH_WORDS and _is_old(piece, told[0])):
            continue
        cut = _cut(piece, [one >= EDGE_SHARE * best for one in own], MOST_WORDS - words)
        if cut:
            told.append(cut)
            words += len(cut.text.split())
    return tuple(told) or tuple(one.piece for one in passages(evidence, nearness)[:1])


def in_paragraphs(pieces: Sequence[Evidence]) -> str:
    """The pieces as a reply that cites them, a paragraph each."""
    return "\n\n".join(quoted((piece,)) for piece in pieces)


def _cut(piece: Evidence, near: Sequence[bool], room: int) -> Evidence | None:
    """The passage from its first near sentence that stands by itself to its last that there is room for, if any."""
    texts = piece.sentence_texts
    firsts = (at - points_back(piece, at) for at, one in enumerate(near) if one)
    first = next((at for at in firsts if not _ELSEWHERE.match(texts[at])), len(texts))
    ends = [at + is_denied(piece, at) for at, one in enumerate(near) if one and at >= first]
    fitting = [end for end in ends if sum(len(text.split()) for text in texts[first : end + 1]) <= room]
    return piece.cut_to(piece.sentences[first : fitting[-1] + 1]) if fitting else None


def _is_old(piece: Evidence, newest: Evidence) -> bool:
    day, latest = piece.hit.article.published, newest.hit.article.published
    return latest is not None and (day is None or latest - day > LATEST)


def _by_article(passages: Iterable[_Near]) -> list[_Near]:
    articles: dict[str, list[_Near]] = {}
    for one in passages:
        articles.setdefault(one[0].hit.article.id, []).append(one)
    return [one for told in articles.values() for one in sorted(told, key=lambda one: one[0].start)]


def _with_nearness(evidence: Sequence[Evidence], nearness: Sequence[float]) -> Iterator[_Near]:
    """Each passage with the nearness of its sentences."""
    at = 0
    for piece in evidence:
        yield piece, nearness[at : at + len(piece.sentences)]
        at += len(piece.sentences)
