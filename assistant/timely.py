"""Passages of the right time: a window filters the search and widens where it finds too little; the present prefers
the newest among the relevant.

Knows hits, dates and a retriever; no words and no model. Whatever it does is told in the `Period` it returns. Nothing
irrelevant is promoted: dates only order what the search itself holds to be near the best.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Protocol

from assistant.types import Evidence, Period, Window
from assistant.when import When, in_words, without_days
from assistant.wording import content_words, names, share
from index.types import Filters, Hit

DENSE_ALONE: Final = 0.9
COMMON: Final = 0.75
LATEST: Final = timedelta(days=31)
"""How far before the newest passage another still tells of the present."""


class Search(Protocol):
    """(query, k, filters) → hits, best first."""

    def __call__(self, query: str, k: int, filters: Filters) -> tuple[Hit, ...]: ...


NEWEST_HITS: Final = 3
"""An overview of the present is drawn from so many: of ten, older ones that say more of the question's words win."""

_YEAR = re.compile(r"\b((?:1[5-9]|20)\d\d)(s)?\b")
_COUNTED_IN_YEARS = re.compile(
    r"\b(?:last|previous|next|this|past) year|\b(?:years?|decades?|centur\w+)\b(?! of age)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Timing:
    """The numbers of time.

    A hit is near when its relevance is at least `near` of the best one's. Articles tell of a time for a while after it:
    half its length, `least_slack` to `most_slack` days. Outside an absolute window a hit's relevance counts `earlier`,
    `later` or, without a date, `undated` times: what came out before a time cannot tell of it, what came out after may.
    For the present a hit's relevance counts from 1 for the newest down to `oldest` times, halving by age.
    """

    near: float = 0.75
    least_slack: int = 7
    most_slack: int = 31
    earlier: float = 0.6
    later: float = 0.85
    undated: float = 0.85
    oldest: float = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, and what their times had to do with it; None where the question says nothing of time."""

    hits: tuple[Hit, ...]
    period: Period | None


def find(search: Search, query: str, k: int, filters: Filters, when: When, as_of: date | None, timing: Timing) -> Found:
    """The hits for a question that says `when`, asked on `as_of` if that day was given: nothing later is looked at."""
    base = _until_asked(filters, as_of)
    about = without_days(query, when)
    hits = search(query, k, base)
    if when.present:
        hits = on_what_is_named(about, hits)
    if when.window is None:
        if when.present and any(hit.article.published for hit in hits):
            hits = newest_first(about, hits, timing)
            return Found(hits, Period("", True, None, None, _present_note(filters, as_of)))
        note = _bounds_note(filters, as_of)
        return Found(hits, Period("", when.present, None, None, note) if note else None)
    found = _in_window(search, query, k, base, hits, when, timing)
    hits = newest_first(about, found.hits, timing) if when.present else found.hits
    assert found.period, "a window is always told of"
    note = "; ".join(filter(None, [found.period.note, _bounds_note(filters, as_of)]))
    return Found(hits, replace(found.period, note=note))


def relevance(query: str, hits: Sequence[Hit]) -> tuple[float, ...]:
    """How near each hit is to the best: 0..1, comparable among these hits.

    The mean of its shares of the best cosine and of the best BM25 score, but not less than `DENSE_ALONE` of the first:
    other words may tell the same. Halved where it holds none of the names that the query asks about: an article on
    another place is not news on this one.
    """
    dense = max((hit.dense or 0.0 for hit in hits), default=0.0)
    lexical = max((hit.lexical or 0.0 for hit in hits), default=0.0)
    asked = names(query)

    def worth(hit: Hit) -> float:
        meaning, wording = _share(hit.dense, dense), _share(hit.lexical, lexical)
        named = share(asked, content_words(f"{hit.article.title} {hit.chunk.text}"))
        return max((meaning + wording) / 2, DENSE_ALONE * meaning) * (1.0 + named) / 2

    return tuple(worth(hit) for hit in hits)


def on_what_is_named(query: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits of articles that, as far as they were found, hold a name that the query asks about; all where none does.

    How another town stands is no news on this one, and "the city remains under control" does not say which it means.
    A name that more than `COMMON` of these articles hold tells none from another, and counts only beside no other.
    """
    told: dict[str, frozenset[str]] = {}
    for hit in hits:
        words = content_words(f"{hit.article.title} {hit.chunk.text}")
        told[hit.article.id] = told.get(hit.article.id, frozenset()) | words
    asked = names(query)
    rare = {name for name in asked if sum(name in words for words in told.values()) <= COMMON * len(told)}
    for wanted in (rare, asked):
        if holding := {article for article, words in told.items() if wanted & words}:
            return tuple(hit for hit in hits if hit.article.id in holding)
    return tuple(hits)


def newest_first(query: str, hits: Sequence[Hit], timing: Timing) -> tuple[Hit, ...]:
    """The hits near the best in relevance by relevance and age, then the rest as they were.

    Age halves a weight over the middle distance of these hits from the newest, so that a corpus of days and one of
    decades are treated alike. A hit without a date counts as one of middle age.
    """
    worth = relevance(query, hits)
    near = [i for i, value in enumerate(worth) if value >= timing.near * max(worth, default=0.0)]
    days = [hits[i].article.published for i in near]
    newest = max((day for day in days if day), default=None)
    if newest is None:
        return tuple(hits)
    half_life = max(1.0, statistics.median([(newest - day).days for day in days if day]))
    weights = {
        i: worth[i] * _recency((newest - day).days if day else half_life, half_life, timing.oldest)
        for i, day in zip(near, days, strict=True)
    }
    rest = [i for i in range(len(hits)) if i not in weights]
    return _ranked([hits[i] for i in sorted(near, key=lambda i: -weights[i]) + rest])


def newest_hits(hits: Sequence[Hit], when: When, overview: bool) -> tuple[Hit, ...]:
    """The hits that evidence is chosen from: for an `overview` of the present the first, which are the newest."""
    return tuple(hits[:NEWEST_HITS] if overview and when.present else hits)


def in_order(evidence: Sequence[Evidence], when: When, overview: bool = False) -> tuple[Evidence, ...]:
    """Evidence as it is to be read: for the present the newest first, since a small model leads with what stands first.

    Within a day the order stays, and what has no date comes last. Asked for an `overview` of the present, a small model
    retells what is oldest just as readily: where passages of the newest month are two or more, the older are left out.
    """
    if not when.present:
        return tuple(evidence)
    newest = sorted(evidence, key=lambda piece: piece.hit.article.published or date.min, reverse=True)
    days = [piece.hit.article.published for piece in newest]
    recent = [piece for piece, day in zip(newest, days, strict=True) if days[0] and day and days[0] - day <= LATEST]
    kept = recent if overview and len(recent) > 1 else newest
    return tuple(replace(piece, number=number) for number, piece in enumerate(kept, 1))


def cannot_know(when: When, evidence: Sequence[Evidence]) -> bool:
    """Whether all that was found came out before the time asked about: it cannot tell what happened then."""
    since = when.window.since if when.window and when.sure and not when.foretold else None
    days = [piece.hit.article.published for piece in evidence]
    return bool(since and days) and all(day is not None and since is not None and day < since for day in days)


def of_other_years(when: When, evidence: Sequence[Evidence]) -> bool:
    """Whether the question names years that no piece of the evidence is of or speaks of: a premise nothing bears out.

    Never so where a piece has no date or counts in years ("two years ago"): it may speak of any time.
    """
    window = when.window
    if window is None or window.since is None or window.until is None or not when.sure or when.foretold:
        return False
    asked = set(range(window.since.year, window.until.year + 1))
    return bool(evidence) and all(_apart(piece, asked) for piece in evidence)


def _apart(piece: Evidence, asked: set[int]) -> bool:
    told, published = f"{piece.hit.article.title} {piece.text}", piece.hit.article.published
    if published is None or _COUNTED_IN_YEARS.search(told):
        return False
    years = {int(match[1]) for match in _YEAR.finditer(told) if not match[2]}
    decades = {int(match[1]) + n for match in _YEAR.finditer(told) if match[2] for n in range(10)}
    return not asked & (years | decades | {published.year})


def _recency(age: float, half_life: float, oldest: float) -> float:
    return oldest + (1.0 - oldest) * math.pow(0.5, age / half_life)


def _share(value: float | None, best: float) -> float:
    return max(0.0, value or 0.0) / best if best > 0 else 0.0


def _until_asked(filters: Filters, as_of: date | None) -> Filters:
    """What was published by the day of asking; articles of unknown date stay, unless the filters bound dates too."""
    if as_of is None:
        return filters
    bounded = filters.since or filters.until
    until = min(filters.until, as_of) if filters.until else as_of
    return replace(filters, until=until, undated=filters.undated or not bounded)


def _in_window(
    search: Search, query: str, k: int, base: Filters, hits: Sequence[Hit], when: When, timing: Timing
) -> Found:
    """Look in the window with its slack, then in a wider one, then everywhere; `hits` are those of everywhere."""
    asked = when.window
    assert asked
    for looked in _widening(asked, timing):
        inside = search(query, k, _within(base, looked))
        merged = _merged(inside, hits)
        worth = dict(zip((hit.chunk.id for hit in merged), relevance(without_days(query, when), merged), strict=True))
        best = max(worth.values(), default=0.0)
        if inside and max(worth[hit.chunk.id] for hit in inside) >= timing.near * best:
            note = _window_note(when, asked, looked, timing)
            chosen = inside if _only(when) else _beside(inside, merged, worth, looked, timing)[:k]
            return Found(_ranked(chosen), Period(when.words, when.present, asked, looked, note))
    newest = max((hit.article.published for hit in hits if hit.article.published), default=None)
    none = (
        f"nothing on this in articles published {in_words(_slackened(asked, timing))}"
        if newest
        else ("the articles found have no dates")
    )
    note = f"{when.words}: {none}; looked at all dates"
    return Found(tuple(hits), Period(when.words, when.present, asked, None, note))


def _only(when: When) -> bool:
    """Whether nothing outside the window counts: "last week" asks of that week, "as of May" of what was known then."""
    return when.relative or when.present


def _widening(asked: Window, timing: Timing) -> tuple[Window, Window]:
    first = _slackened(asked, timing)
    length = (asked.until - asked.since).days + 1 if asked.since and asked.until else 0
    more = timedelta(days=max(length, timing.most_slack))
    return first, Window(_moved(first.since, -more), _moved(first.until, more))


def _slackened(asked: Window, timing: Timing) -> Window:
    """The window, with time after it for articles to come out; a bound without a start needs none."""
    if asked.since is None or asked.until is None:
        return asked
    half = ((asked.until - asked.since).days + 1) // 2
    slack = max(timing.least_slack, min(timing.most_slack, half))
    return Window(asked.since, _moved(asked.until, timedelta(days=slack)))


def _moved(day: date | None, by: timedelta) -> date | None:
    """The day so much later or, with a negative `by`, earlier; the calendar's last or first where it ends before."""
    if day is None:
        return None
    try:
        return day + by
    except OverflowError:
        return date.max if by > timedelta() else date.min


def _within(base: Filters, looked: Window) -> Filters:
    since = max(filter(None, (base.since, looked.since)), default=None)
    until = min(filter(None, (base.until, looked.until)), default=None)
    return replace(base, since=since, until=until, undated=False)


def _merged(first: Sequence[Hit], second: Sequence[Hit]) -> tuple[Hit, ...]:
    """All hits once."""
    return tuple({hit.chunk.id: hit for hit in (*first, *second)}.values())


def _beside(
    inside: Sequence[Hit], merged: Sequence[Hit], worth: dict[str, float], looked: Window, timing: Timing
) -> list[Hit]:
    """Those of the window, and of the others what is worth more than the best of them though it counts for less."""
    weights = {hit.chunk.id: worth[hit.chunk.id] * _place(hit.article.published, looked, timing) for hit in merged}
    best = max(weights[hit.chunk.id] for hit in inside)
    there = {hit.chunk.id for hit in inside}
    kept = [hit for hit in merged if hit.chunk.id in there or weights[hit.chunk.id] > timing.near * best]
    return sorted(kept, key=lambda hit: -weights[hit.chunk.id])


def _place(day: date | None, looked: Window, timing: Timing) -> float:
    if day is None:
        return timing.undated
    if looked.since and day < looked.since:
        return timing.earlier
    return timing.later if looked.until and day > looked.until else 1.0


def _ranked(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits in this order: ranks from 1, and the same scores handed out anew, so that none rises with rank."""
    scores = sorted((hit.score for hit in hits), reverse=True)
    return tuple(replace(hit, rank=n, score=score) for n, (hit, score) in enumerate(zip(hits, scores, strict=True), 1))


def _present_note(filters: Filters, as_of: date | None) -> str:
    told = "asked about the present: the newest articles on it first"
    return "; ".join(filter(None, [told, _bounds_note(filters, as_of)]))


def _window_note(when: When, asked: Window, looked: Window, timing: Timing) -> str:
    days = in_words(asked)
    told = f"{when.words} ({days})" if when.relative or days not in when.words else days
    where = f"looked at articles published {in_words(looked)}{'' if _only(when) else ' first'}"
    if looked == _slackened(asked, timing):
        return f"{told}: {where}"
    return f"{told}: nothing on this in articles of that time, widened; {where}"


def _bounds_note(filters: Filters, as_of: date | None) -> str:
    told = [f"nothing published after {in_words(Window(as_of, as_of))}"] if as_of else []
    if filters.since or filters.until:
        bounds = in_words(Window(filters.since, filters.until))
        told.append(f"only articles published {bounds}; those of unknown date are left out")
    return "; ".join(told)
