"""Article → chunks: stretches of a few sentences with exact offsets, within a token budget.

Knows tokens only through the counter it is given, and sentences through `index.sentences`. Reads no files, loads no
model, changes no character: `article.text[chunk.start:chunk.end] == chunk.text`, and every character that is not
white space lies in a chunk.

The counter sees every sentence once and every chunk once, in batches. The counts of sentences add up to about that
of the chunk they form; where a chunk turns out too long, it is halved and counted again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from index.sentences import heading_text, sentences
from index.types import Article, Chunk, ChunkingSettings

CountTokens = Callable[[Sequence[str]], Sequence[int]]

_BATCH = 2_048
_HEADING_CHARACTERS = 200
_UNCOUNTED = -1
_CUT_RADIUS = 200
"""How far from the middle of an overlong sentence a better place to cut is looked for."""
_CLAUSE_END = re.compile(r"(?<=[,;:)\]”»])\s|(?<=[–—])\s|(?<=[、，；：])")
_WORD_END = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a part of one that alone exceeds the budget."""

    start: int
    end: int
    heading: bool
    tokens: int = _UNCOUNTED


@dataclass(frozen=True, slots=True)
class _Run:
    """Pieces first..last-1 form one chunk; those before `new` are shared with the chunk before."""

    first: int
    new: int
    last: int
    tokens: int = _UNCOUNTED


def chunk_article(article: Article, settings: ChunkingSettings, count_tokens: CountTokens) -> tuple[Chunk, ...]:
    """The chunks of an article, in order, each at most `settings.chunk_tokens` by `count_tokens`.

    Neighbours share whole sentences of about `settings.overlap_tokens`, except across a heading, which starts a
    new chunk once the running one is half full. Only a single character that is over the budget by itself can
    stand in a chunk that is. An article of white space has no chunks. Raises ValueError for a budget below 1.
    """
    if settings.chunk_tokens < 1:
        raise ValueError(f"chunk_tokens is {settings.chunk_tokens}; set it to 1 or more")
    pieces = _pieces(article, settings.chunk_tokens, count_tokens)
    runs = _fitting_runs(article.text, pieces, _packed(pieces, settings), settings.chunk_tokens, count_tokens)
    return tuple(_chunks(article, pieces, runs))


# Sentences → pieces, each within the budget


def _pieces(article: Article, budget: int, count_tokens: CountTokens) -> list[_Piece]:
    text = article.text
    pieces = [_Piece(s.start, s.end, s.heading) for s in sentences(text, article.language)]
    pieces = _counted_pieces(text, pieces, count_tokens)
    while any(_divisible(piece, budget) for piece in pieces):
        parts = [part for piece in pieces for part in (_halves(text, piece) if _divisible(piece, budget) else (piece,))]
        pieces = _counted_pieces(text, parts, count_tokens)
    return pieces


def _divisible(piece: _Piece, budget: int) -> bool:
    return piece.tokens > budget and piece.end - piece.start > 1


def _counted_pieces(text: str, pieces: list[_Piece], count_tokens: CountTokens) -> list[_Piece]:
    fresh = [piece for piece in pieces if piece.tokens == _UNCOUNTED]
    counts = _counts((text[piece.start : piece.end] for piece in fresh), count_tokens)
    return [replace(piece, tokens=next(counts)) if piece.tokens == _UNCOUNTED else piece for piece in pieces]


def _counts(texts: Iterable[str], count_tokens: CountTokens) -> Iterator[int]:
    """The counts of many texts, asked for in batches so that no more than one batch is in memory."""
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            yield from map(int, count_tokens(batch))
            batch = []
    if batch:
        yield from map(int, count_tokens(batch))


def _halves(text: str, piece: _Piece) -> tuple[_Piece, _Piece]:
    cut = _cut_near_middle(text, piece)
    left_end = piece.start + len(text[piece.start : cut].rstrip())
    right_start = piece.end - len(text[cut : piece.end].lstrip())
    return _Piece(piece.start, left_end, False), _Piece(right_start, piece.end, False)


def _cut_near_middle(text: str, piece: _Piece) -> int:
    """Where to part a sentence: after a clause, else between words, else between characters."""
    middle = (piece.start + piece.end) // 2
    radius = max(1, min((piece.end - piece.start) // 4, _CUT_RADIUS))
    low, high = max(piece.start + 1, middle - radius), min(piece.end - 1, middle + radius)
    for boundary in (_CLAUSE_END, _WORD_END):
        places = [match.start() for match in boundary.finditer(text, low, high + 1)]
        places = [place for place in places if place <= high]
        if places:
            return min(places, key=lambda place: abs(place - middle))
    return middle


# Pieces → runs


def _packed(pieces: Sequence[_Piece], settings: ChunkingSettings) -> list[_Run]:
    """Runs filled in order, by the sum of their pieces' tokens. A heading never ends a run it could open."""
    budget = settings.chunk_tokens
    runs: list[_Run] = []
    first = new = tokens = 0
    for index, piece in enumerate(pieces):
        opens = piece.heading and 2 * tokens >= budget
        if index > new and (opens or tokens + piece.tokens > budget):
            last = _without_trailing_headings(pieces, new, index, budget)
            runs.append(_Run(first, new, last))
            shares = last == index and not piece.heading
            first, new = (_shared_from(pieces, first, index, settings) if shares else last), last
            tokens = sum(pieces[at].tokens for at in range(first, index))
        # What is shared gives way when the next sentence needs the room.
        while first < new and tokens + piece.tokens > budget:
            tokens -= pieces[first].tokens
            first += 1
        tokens += piece.tokens
    return [*runs, _Run(first, new, len(pieces))] if pieces else []


def _without_trailing_headings(pieces: Sequence[_Piece], new: int, index: int, budget: int) -> int:
    """The end of a run that is full before `index`: headings at its end go to the next run, if they fit there."""
    last, tokens = index, pieces[index].tokens
    while last - 1 > new and pieces[last - 1].heading:
        last -= 1
        tokens += pieces[last].tokens
    return last if tokens <= budget else index


def _shared_from(pieces: Sequence[_Piece], first: int, end: int, settings: ChunkingSettings) -> int:
    """The piece from which the next run repeats this one: as near to `overlap_tokens` as whole sentences come."""
    start, shared, wanted = end, 0, settings.overlap_tokens
    while start - 1 > first and pieces[start - 1].tokens <= 2 * (wanted - shared):
        start -= 1
        shared += pieces[start].tokens
    return start


def _fitting_runs(
    text: str, pieces: Sequence[_Piece], runs: list[_Run], budget: int, count_tokens: CountTokens
) -> list[_Run]:
    """The runs, those whose whole text counts more than the budget divided until none does."""
    runs = _counted_runs(text, pieces, runs, count_tokens)
    while any(_over(run, budget) for run in runs):
        parts = [part for run in runs for part in (_divided(run) if _over(run, budget) else (run,))]
        runs = _counted_runs(text, pieces, parts, count_tokens)
    return list(_advancing(runs))


def _advancing(runs: Iterable[_Run]) -> Iterator[_Run]:
    """Every run starting after the one before: a divided run may end up starting where its neighbour shares from."""
    before = -1
    for run in runs:
        before = max(run.first, before + 1)
        yield replace(run, first=before)


def _over(run: _Run, budget: int) -> bool:
    return run.tokens > budget and run.last - run.first > 1


def _counted_runs(text: str, pieces: Sequence[_Piece], runs: list[_Run], count_tokens: CountTokens) -> list[_Run]:
    fresh = [run for run in runs if run.tokens == _UNCOUNTED]
    spans = ((pieces[run.first].start, pieces[run.last - 1].end) for run in fresh)
    counts = _counts((text[start:end] for start, end in spans), count_tokens)
    return [replace(run, tokens=next(counts)) if run.tokens == _UNCOUNTED else run for run in runs]


def _divided(run: _Run) -> tuple[_Run, ...]:
    """First the shared pieces are given up, then the rest is halved."""
    if run.first < run.new:
        return (_Run(run.new, run.new, run.last),)
    middle = (run.first + run.last) // 2
    return _Run(run.first, run.first, middle), _Run(middle, middle, run.last)


# Runs → chunks


def _chunks(article: Article, pieces: Sequence[_Piece], runs: Sequence[_Run]) -> Iterator[Chunk]:
    heading: str | None = None
    seen = 0
    for ordinal, run in enumerate(runs):
        for piece in pieces[seen : run.first + 1]:
            heading = _heading(article.text, piece) if piece.heading else heading
        seen = max(seen, run.first + 1)
        start, end = pieces[run.first].start, pieces[run.last - 1].end
        yield Chunk(
            id=f"{article.id}-{article.digest[:8]}-{ordinal}",
            article_id=article.id,
            ordinal=ordinal,
            start=start,
            end=end,
            text=article.text[start:end],
            heading=heading,
        )


def _heading(text: str, piece: _Piece) -> str:
    return heading_text(text[piece.start : piece.end])[:_HEADING_CHARACTERS]
