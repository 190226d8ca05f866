"""Words that name a time become a window of days: "yesterday", "November 2024", "last summer", "the past two weeks".

Knows calendars and the day a question is asked; nothing of questions. dateparser reads what is a date in English,
German, French or Spanish; it is handed only phrases that a narrow pattern has already taken for a time, since on free
text it takes "may", "second" and "march on" for dates.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final

from assistant.types import Window
from assistant.when_words import NTH, ON_WEEKDAY, TO
from index.dates import parse_publication_date

EARLIEST: Final = date(1900, 1, 1)
LATEST_YEAR: Final = 9998
"""The year after it is the calendar's last, and written for "no end": nothing could be added to its days."""
_LANGUAGES = ["en", "de", "fr", "es"]

_SEASONS: Final = {
    **dict.fromkeys(("spring", "frühling", "frühjahr", "printemps", "primavera"), 3),
    **dict.fromkeys(("summer", "sommer", "été", "verano"), 6),
    **dict.fromkeys(("autumn", "fall", "herbst", "automne", "otoño"), 9),
    **dict.fromkeys(("winter", "hiver", "invierno"), 12),
}
"""The first month of each season, three months long, as in the north."""
_COUNTS: Final = {
    **{word: n for n, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)},
    **{"a": 1, "an": 1, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "several": 4},
}
_DAYS: Final = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_SEASON = re.compile(rf"\b({'|'.join(_SEASONS)})\b", re.IGNORECASE)
_ROLLING = re.compile(r"(?:last|past|previous)\s+(?:([\w ]+?)\s+)?(hour|day|week|month|quarter|year)s?", re.IGNORECASE)
_AGO = re.compile(r"([\w ]+?)\s+(day|week|month|year)s?\s+ago", re.IGNORECASE)
_ON_WEEKDAY = re.compile(rf"{ON_WEEKDAY}(?=\w)", re.IGNORECASE)
_TWO_DAYS = rf"(?P<first>\d{{1,2}}){NTH}{TO}(?P<last>\d{{1,2}}){NTH}"
_MONTH_NAME, _THEN_YEAR = r"(?P<month>[^\W\d_]+\.?)", r"(?:,?\ (?P<year>\d{4}))?"
_DAYS_OF = re.compile(rf"{_TWO_DAYS}\ (?:of\ )?{_MONTH_NAME}{_THEN_YEAR}", re.IGNORECASE)
_OF_DAYS = re.compile(rf"{_MONTH_NAME}\ {_TWO_DAYS}{_THEN_YEAR}", re.IGNORECASE)
_OF_YEAR = re.compile(r"(.+?)\s+(?:of\s+)?(this|last)\s+year", re.IGNORECASE)
_WEEK_OF = re.compile(r"(first|second|third|fourth|last)\s+week\s+of\s+(.+)", re.IGNORECASE)
_HALF = re.compile(r"(?:(first|second)\s+half\s+of|H([12]))\s+(\d{4})", re.IGNORECASE)
_QUARTER = re.compile(r"(first|second|third|fourth|last)\s+quarter\s+of\s+(\d{4})", re.IGNORECASE)
_THIS = re.compile(r"this\s+(week|month|quarter|year)", re.IGNORECASE)
_BEFORE = re.compile(r"(?:last|previous)\s+(week|month|quarter|year)", re.IGNORECASE)
_WEEKEND = re.compile(r"(last|this|previous|past)\s+weekend", re.IGNORECASE)
_NEARLY_TODAY = re.compile(r"this\s+(?:morning|afternoon|evening)|tonight", re.IGNORECASE)
_LAST_NIGHT = re.compile(r"last\s+(?:night|evening)", re.IGNORECASE)
_ORDINALS: Final = ("first", "second", "third", "fourth")
_LAST: Final = re.compile(
    r"^(?:last|this|past|previous|the|letzte\w*|diese\w*|vergangene\w*|dernière?|passée?)\s+", re.I
)


def window_of(phrase: str, today: date) -> Window | None:
    """The days that a phrase names, seen from `today`; None for what is no time or lies outside 1900 to 9998.

    A month, a weekday or a season without a year is the latest that has begun. "Last week" is the calendar week before
    this one, Monday to Sunday; "the last two weeks" are the fourteen days up to today.
    """
    phrase = " ".join(phrase.split())
    if match := _ON_WEEKDAY.match(phrase):  # "Monday, 3 February" is 3 February
        phrase = phrase[match.end() :]
    for read in _READERS:
        try:
            window = read(phrase, today)
        except (ValueError, OverflowError):  # 03/04/2024, 31 February, "last 4000000 weeks"
            return None
        if window is not None:
            return window if _is_within(window) else None
    return None


def _is_within(window: Window) -> bool:
    since, until = window.since, window.until
    return bool(since and until and since >= EARLIEST and until.year <= LATEST_YEAR)


def has_year(phrase: str) -> bool:
    """Whether the phrase names its year."""
    return bool(_YEAR.search(phrase))


def of_unit(unit: str, day: date) -> Window:
    """The calendar day, week, month, quarter or year that holds `day`."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return Window(monday, monday + timedelta(days=6))
    if unit == "month":
        return _months(day.year, day.month, 1)
    if unit == "quarter":
        return _months(day.year, (day.month - 1) // 3 * 3 + 1, 3)
    if unit == "year":
        return _months(day.year, 1, 12)
    return Window(day, day)


def _months(year: int, month: int, count: int) -> Window:
    last = month + count - 2
    end_year, end_month = year + last // 12, last % 12 + 1
    return Window(date(year, month, 1), date(end_year, end_month, monthrange(end_year, end_month)[1]))


def _numeric(phrase: str, today: date) -> Window | None:
    if not re.fullmatch(r"[\d./-]{8,10}", phrase):
        return None
    day = parse_publication_date(phrase, day_first="." in phrase)
    if day is None:
        raise ValueError(f"{phrase} could be two days")
    return Window(day, day)


def _calendar(phrase: str, today: date) -> Window | None:
    """This and last week, month, quarter, year; this morning; last weekend."""
    if _NEARLY_TODAY.fullmatch(phrase):
        return Window(today, today)
    if _LAST_NIGHT.fullmatch(phrase):
        return Window(today - timedelta(days=1), today)
    if match := _WEEKEND.fullmatch(phrase):
        saturday = today - timedelta(days=(today.weekday() - 5) % 7)
        if match[1].lower() != "this" and (today - saturday).days <= 1:  # asked on a weekend, of the one before
            saturday -= timedelta(days=7)
        return Window(saturday, saturday + timedelta(days=1))
    if match := _THIS.fullmatch(phrase):
        return of_unit(match[1].lower(), today)
    if match := _BEFORE.fullmatch(phrase):
        began = of_unit(match[1].lower(), today).since
        return of_unit(match[1].lower(), began - timedelta(days=1)) if began else None
    return None


def _rolling(phrase: str, today: date) -> Window | None:
    match = _ROLLING.fullmatch(phrase.removeprefix("the "))
    if not match:
        return None
    count = _count(match[1] or "one")
    return Window(today - timedelta(days=ceil(count * _DAYS[match[2].lower()])), today) if count else None


def _ago(phrase: str, today: date) -> Window | None:
    """As wide as the unit: "two months ago" is that whole month."""
    match = _AGO.fullmatch(phrase)
    count = _count(match[1]) if match else 0
    if not match or not count:
        return None
    unit = match[2].lower()
    if unit == "year":
        return _months(today.year - count, 1, 12)
    if unit == "month":
        years, month = divmod(today.year * 12 + today.month - 1 - count, 12)
        return _months(years, month + 1, 1)
    return of_unit(unit, today - timedelta(days=count * _DAYS[unit]))


def _count(word: str) -> int:
    word = word.lower()
    return int(word) if word.isascii() and word.isdigit() else _COUNTS.get(word, 0)


def _part(phrase: str, today: date) -> Window | None:
    """A half or a quarter of a year, a week of a month."""
    if match := _HALF.fullmatch(phrase):
        second = (match[1] or "").lower() == "second" or match[2] == "2"
        return _months(int(match[3]), 7 if second else 1, 6)
    if match := _QUARTER.fullmatch(phrase):
        word = match[1].lower()
        number = 3 if word == "last" else _ORDINALS.index(word)
        return _months(int(match[2]), number * 3 + 1, 3)
    match = _WEEK_OF.fullmatch(phrase)
    month = window_of(match[2], today) if match else None
    if not match or not month or not month.since or not month.until:
        return None
    if match[1].lower() == "last":
        return Window(month.until - timedelta(days=6), month.until)
    first = month.since + timedelta(days=7 * _ORDINALS.index(match[1].lower()))
    return Window(first, first + timedelta(days=6))


def _days_of_month(phrase: str, today: date) -> Window | None:
    """Two days of one month and those between them: "3 to 9 May 2024"."""
    match = _DAYS_OF.fullmatch(phrase) or _OF_DAYS.fullmatch(phrase)
    if not match or int(match["first"]) > int(match["last"]):
        return None
    first = window_of(f"{match['first']} {match['month']} {match['year'] or ''}", today)
    if not first or not first.since:
        return None
    return Window(first.since, first.since.replace(day=int(match["last"])))


def _of_year(phrase: str, today: date) -> Window | None:
    """A day, a month or a season of this or of last year."""
    match = _OF_YEAR.fullmatch(phrase)
    if not match:
        return None
    return window_of(f"{match[1]} {today.year - (match[2].lower() == 'last')}", today)


def _season(phrase: str, today: date) -> Window | None:
    match = _SEASON.search(phrase)
    if not match:
        return None
    month = _SEASONS[match[1].lower()]
    if year := _YEAR.search(phrase):
        return _months(int(year[0]), month, 3)
    year_begun = today.year if date(today.year, month, 1) <= today else today.year - 1
    season = _months(year_begun, month, 3)
    if phrase.lower().startswith("last ") and season.until and season.until >= today:
        return _months(year_begun - 1, month, 3)
    return season


def _worded(phrase: str, today: date) -> Window | None:
    """What dateparser makes of it, with the width of the unit it names."""
    from dateparser.date import DateDataParser  # 0.1 s to import: only for those who name a time

    noon = datetime(today.year, today.month, today.day, 12)
    settings = {"RELATIVE_BASE": noon, "PREFER_DATES_FROM": "past", "DATE_ORDER": "DMY"}
    for words in dict.fromkeys((phrase, _LAST.sub("", phrase))):
        try:
            found = DateDataParser(languages=_LANGUAGES, settings=settings).get_date_data(words)
        except Exception:  # it fails in many ways on text that is no date; none of them is a date
            continue
        if found.date_obj is not None:
            window = of_unit(str(found.period), found.date_obj.date())
            return window if has_year(phrase) else _latest(window, str(found.period), today)
    return None


def _latest(window: Window, unit: str, today: date) -> Window:
    """The same days a year on, if they have begun: dateparser takes "January" for last year's all through January."""
    if unit not in {"day", "month"} or not window.since or (today - window.since).days < 330:
        return window
    later = window.since.replace(year=window.since.year + 1)
    return of_unit(unit, later) if later <= today else window


_READERS: Final[tuple[Callable[[str, date], Window | None], ...]] = (
    _numeric,
    _calendar,
    _rolling,
    _ago,
    _part,
    _of_year,
    _days_of_month,
    _season,
    _worded,
)
