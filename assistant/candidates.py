"""Hits as sentences that can be chosen, each at its place in its article.

Knows hits and sentences; neither questions nor scores nor budgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.types import Span, best_overlap
from assistant.wording import content_words
from index.sentences import sentences
from index.types import ArticleInfo, Hit


@dataclass(frozen=True, slots=True)
class Stretch:
    """What overlapping hits of one article make together: `article.text[start:start + len(text)] == text`."""

    hits: tuple[Hit, ...]
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def article(self) -> ArticleInfo:
        return self.hits[0].article

    def cut(self, start: int, end: int) -> str:
        """The article's text from `start` to `end`, which must lie inside the stretch."""
        return self.text[start - self.start : end - self.start]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a stretch, at its place in the article.

    `hit` holds most of it. `rank` is the hit's, or that of a better ranked twin. `words` are the content words of the
    sentence and of the article's title. `twins` are sentences of other articles that say nothing more and were folded
    into this one.
    """

    stretch: Stretch
    span: Span
    text: str
    hit: Hit
    rank: int
    words: frozenset[str]
    twins: tuple[Candidate, ...] = ()

    def follows(self, other: Candidate) -> bool:
        """Whether `other` is the sentence right before this one, in the same stretch."""
        return self.stretch is other.stretch and not self.stretch.cut(other.span.end, self.span.start).strip()


def candidates_of(hits: Sequence[Hit]) -> list[Candidate]:
    """Every sentence of the hits once, article by article in the order of their best ranks, each in its own order."""
    return [candidate for stretch in stretches(hits) for candidate in sentences_of(stretch)]


def stretches(hits: Sequence[Hit]) -> tuple[Stretch, ...]:
    """Overlapping or touching chunks of one article joined, in the order of the articles by best rank."""
    articles = list(dict.fromkeys(hit.article.id for hit in hits))
    joined: list[Stretch] = []
    for hit in sorted(hits, key=lambda h: (articles.index(h.article.id), h.chunk.start)):
        last = joined[-1] if joined else None
        if last and last.article.id == hit.article.id and hit.chunk.start <= last.end:
            more = hit.chunk.text[last.end - hit.chunk.start :]
            joined[-1] = Stretch((*last.hits, hit), last.start, last.text + more)
        else:
            joined.append(Stretch((hit,), hit.chunk.start, hit.chunk.text))
    return tuple(joined)


def sentences_of(stretch: Stretch) -> list[Candidate]:
    """The sentences of a stretch; headings, which state nothing, and the title, which is told anyway, are left out."""
    found = (s for s in sentences(stretch.text, stretch.article.language) if not s.heading)
    title, heading = content_words(stretch.article.title), _bare(stretch.article.title)
    told = [_candidate(stretch, stretch.start + s.start, stretch.start + s.end, title) for s in found]
    return [one for one in told if _bare(one.text) != heading] or told


def _bare(text: str) -> str:
    return text.casefold().strip(" .!?\n")


def _candidate(stretch: Stretch, start: int, end: int, title: frozenset[str]) -> Candidate:
    hit = best_overlap(stretch.hits, start, end)
    text = stretch.cut(start, end)
    return Candidate(stretch, Span(start, end), text, hit, hit.rank, title | content_words(text))
