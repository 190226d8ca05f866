"""What a question says about time: that it asks about the present, a window of days, or nothing.

Knows a question and the day it is asked. A word is taken for a time only where a pattern of dates stands: "May" needs
a day, a year or a preposition, and a date between an article and a noun ("the 2024 budget", "the 12 November attack")
names a thing, not a time. English in full; the plain forms of German, French and Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from assistant import when_words as words
from assistant.periods import has_year, window_of
from assistant.types import Window

LONGEST = 2000
"""Characters of a question looked at, and `MOST` the times in it: what comes further on is a text, not a question."""
MOST = 8
SHORT = 14
"""Words of a plain question: "Does X report … while Y …" has more, and its "does" says nothing of the present."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A time that a question names: where it stands, its days, and whether they hang on the day of asking."""

    start: int
    end: int
    text: str
    window: Window
    relative: bool


@dataclass(frozen=True, slots=True)
class When:
    """What a question says about time.

    `present`: it asks how things stand, today or, with a window, at its end. `window`: the days it is about;
    `mentions` the words that name them, in order. `foretold`: it asks what was planned or expected for that time.
    """

    present: bool = False
    window: Window | None = None
    mentions: tuple[Mention, ...] = ()
    foretold: bool = False

    @property
    def relative(self) -> bool:
        """Whether the window hangs on the day of asking."""
        return any(mention.relative for mention in self.mentions)

    @property
    def sure(self) -> bool:
        """Whether the question itself settles the year: "in November" alone may be that of any year."""
        return self.relative or any(has_year(mention.text) for mention in self.mentions)

    @property
    def words(self) -> str:
        """What names the window, as the question has it."""
        return ", ".join(mention.text for mention in self.mentions)


def when_of(question: str, today: date) -> When:
    """What `question`, asked on `today`, says about time. A window that has not begun yet is none."""
    text = question[:LONGEST]
    mentions = _begun(text, _dated(text, _mentions(text, today), today), today)
    window = _combined(text, mentions)
    if window is None or (window.since and window.since > today):
        return When(present=asks_about_the_present(text))
    as_of = window.since is None and "as of" in text.lower() and len(text.split()) <= 2 * SHORT
    return When(as_of, window, mentions, foretold=bool(words.AHEAD.search(text)))


def asks_about_the_present(text: str) -> bool:
    """Whether the question wants to know how things stand now. A long one compares reports; it asks for no state."""
    length = len(text.split())
    standing = length <= SHORT and words.STANDING.search(text) and not words.PAST.search(text)
    return bool(standing or (length <= 2 * SHORT and words.PRESENT.search(text)))


def with_days(question: str, when: When) -> str:
    """The question with the days of its relative times behind them: "yesterday (7 February 2025)"."""
    for mention in reversed(when.mentions):
        if mention.relative and not question.startswith(("'s", "’s"), mention.end):
            question = f"{question[: mention.end]} ({in_words(mention.window)}){question[mention.end :]}"
    return question


def without_days(question: str, when: When) -> str:
    """The question without the times it names: what is left is what it is about."""
    for mention in reversed(when.mentions):
        question = question[: mention.start] + question[mention.end :]
    return question


def in_words(window: Window) -> str:
    """The window as a person writes it: "7 February 2025", "6 to 12 January 2025", "November 2024", "since 2023"."""
    first, last = window.since, window.until
    if first is None or last is None:
        return f"since {_day(first)}" if first else f"until {_day(last)}" if last else "any time"
    if first == last:
        return _day(first)
    if first.day == 1 and (last + timedelta(days=1)).day == 1:
        return _months(first, last)
    if first.year != last.year:
        return f"{_day(first)} to {_day(last)}"
    return f"{first.day}{'' if first.month == last.month else f' {first:%B}'} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _months(first: date, last: date) -> str:
    """Whole months, the last of them named by its last day."""
    if (first.month, last.month) == (1, 12):
        return f"{first.year}" if first.year == last.year else f"{first.year} to {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%B} {first.year}"
    return f"{first:%B}{'' if first.year == last.year else f' {first.year}'} to {last:%B} {last.year}"


def _mentions(text: str, today: date) -> list[Mention]:
    """Every time in the text, in order, none inside another or inside what a thing is named by."""
    found: list[Mention] = []
    naming: list[tuple[int, int]] = []
    for pattern, relative in ((words.RELATIVE, True), (words.ABSOLUTE, False), (words.BARE, False)):
        for match in pattern.finditer(text):
            group = "bare" if pattern is words.BARE else 0
            start, end = match.span(group)
            if any(start < b and a < end for a, b in [*naming, *((m.start, m.end) for m in found)]):
                continue
            if not relative and _names_a_thing(text, start, end):
                naming.append((start, end))
                continue
            linked = pattern is not words.BARE or not match["link"] or _follows_on(text, match.start(), found)
            again = pattern is words.BARE and not has_year(text[start:end]) and _comes_again(text)
            if linked and not again:
                window = window_of(text[start:end], today)
                found += [Mention(start, end, text[start:end], window, relative)] if window else []
    if words.PAST.search(text):  # "What happened today?" is about a day, "How close are they today?" about the present
        found += [
            Mention(*match.span(), match.group(), Window(today, today), True) for match in words.TODAY.finditer(text)
        ]
    return sorted(found, key=lambda mention: mention.start)[:MOST]


def _follows_on(text: str, start: int, found: Sequence[Mention]) -> bool:
    """Whether nothing but a space stands between one of the times found and `start`."""
    return any(not text[m.end : start].strip() for m in found if m.end <= start)


def _comes_again(text: str) -> bool:
    return bool(words.HABIT.search(text)) and not words.PAST.search(text)


def _names_a_thing(text: str, start: int, end: int) -> bool:
    """Whether the date stands before a noun it belongs to, or is no date but a count ("in 2000 homes")."""
    before = text[:start]
    if words.DETERMINED.search(before) and words.NOUN_AFTER.match(text[end:]):
        return not words.SINCE_THE.search(before)
    return text[start:end].isdigit() and bool(words.PLURAL_AFTER.match(text[end:]))


def _dated(text: str, mentions: Sequence[Mention], today: date) -> tuple[Mention, ...]:
    """Times without a year take the one year that the others name: "between November and January 2025"."""
    years = {match.group() for m in mentions for match in re.finditer(r"(?<!\d)(?:19|20)\d{2}(?!\d)", m.text)}
    if not years:
        return _rising(text, mentions, today)
    if len(years) != 1:
        return tuple(mentions)
    year = int(years.pop())
    anchor = next(i for i, m in enumerate(mentions) if has_year(m.text))
    return tuple(_in_year(m, year, mentions[anchor], i < anchor, today) for i, m in enumerate(mentions))


def _rising(text: str, mentions: Sequence[Mention], today: date) -> tuple[Mention, ...]:
    """Of times in a row none is later than the next: "January, February and March", asked in February, are last year's.

    Each without a year is the latest that has begun; one that is later than the next is meant a year or a week earlier.
    """
    told = list(mentions)
    for i in reversed(range(len(told) - 1)):
        one, after = told[i], told[i + 1]
        in_a_row = words.IN_A_ROW.fullmatch(text[one.end : after.start])
        if in_a_row and not one.relative and _since(one.window) > _since(after.window):
            told[i] = replace(one, window=_earlier(one, today))
    return tuple(told)


def _earlier(mention: Mention, today: date) -> Window:
    """The same weekday a week before, or the same days a year before."""
    since, week = _since(mention.window), timedelta(days=7)
    if words.is_weekday(mention.text):
        return Window(since - week, _until(mention.window) - week)
    return window_of(f"{mention.text} {since.year - 1}", today) or mention.window


def _begun(text: str, mentions: Sequence[Mention], today: date) -> tuple[Mention, ...]:
    """The times, less those without a year that are still to come: "Will it open in March?" is not about last March."""
    if words.PAST.search(text) or not words.COMING.search(text):
        return tuple(mentions)
    return tuple(m for m in mentions if m.relative or has_year(m.text) or (m.window.until or today) >= today)


def _in_year(mention: Mention, year: int, anchor: Mention, before: bool, today: date) -> Mention:
    if has_year(mention.text) or mention.relative or words.is_weekday(mention.text):
        return mention
    for shift in (0, -1 if before else 1):
        window = window_of(f"{mention.text} {year + shift}", today)
        if window and window.since and anchor.window.since:
            in_order = window.since <= anchor.window.since if before else window.since >= anchor.window.since
            if in_order:
                return replace(mention, window=window)
    return mention


def _combined(text: str, mentions: Sequence[Mention]) -> Window | None:
    """One window of all: what lies between the outermost points, or what the bounds leave."""
    points: list[Window] = []
    bounds: list[Window] = []
    for i, mention in enumerate(mentions):
        found = words.CONNECTIVE.search(text[: mention.start])
        word = found["word"].lower() if found else ""
        spans = word in {"between", "from"} and i + 1 < len(mentions)
        spans = spans and bool(words.JOINED.fullmatch(text[mention.end : mentions[i + 1].start]))
        bounded = _bounded(mention.window, word) if not spans else None
        (bounds if bounded else points).append(bounded or mention.window)
    if points:
        return _checked(min(_since(p) for p in points), max(_until(p) for p in points))
    sinces = [b.since for b in bounds if b.since]
    untils = [b.until for b in bounds if b.until]
    return _checked(max(sinces, default=None), min(untils, default=None))


def _bounded(window: Window, word: str) -> Window | None:
    """The window that begins or ends with this one, None where `word` is no bound."""
    one = timedelta(days=1)
    if word in words.LATER:
        return Window(_until(window) + one if word in words.EXCLUDING else window.since, None)
    if word in words.EARLIER:
        return Window(None, _since(window) - one if word in words.EXCLUDING else window.until)
    return None


def _since(window: Window) -> date:
    assert window.since, "a named time has two ends"
    return window.since


def _until(window: Window) -> date:
    assert window.until, "a named time has two ends"
    return window.until


def _checked(since: date | None, until: date | None) -> Window | None:
    if (since is None and until is None) or (since and until and since > until):
        return None
    return Window(since, until)
