"""The day an article was published, read from what it says itself; None when that is not certain.

Knows how dates are written; knows no clock, no files and no formats. Nothing is guessed: a date needs its day, its
month and its year, "03/04/2024" could be two days and is therefore none, and relative words ("yesterday") count
for nothing. A date in the future is returned as it stands: whoever has a clock may doubt it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

EARLIEST_YEAR: Final = 1500
"""Before printing nothing was published: an earlier year is a mistake in the data."""
_LONGEST = 80
_HEAD_LINES = 10
_ALONE_LINES = 3
_HEAD_CHARACTERS = 20_000
_LINE_CHARACTERS = 300

_LANGUAGES = (
    "en de fr es it pt nl sv da nb fi pl cs sk hu ro bg hr sr sl el tr ru uk be lt lv et ca ar he fa hi id vi zh ja ko"
).split()
"""Those that news is mostly written in. All two hundred that dateparser knows take four seconds to load."""

_TIME = r"(?:[T\s,]\s*\d{1,2}:\d{2}.{0,30})?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{4,6}.{0,10})?")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}")
_NUMERIC = re.compile(r"\d{1,4}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{1,4}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_DAY_NUMBER = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_MONTH_NAME = re.compile(r"[^\W\d_]{3}|月|월")

_URL_DATE = re.compile(r"/((?:19|20)\d{2})([/-])(\d{1,2}|[a-z]{3})\2(\d{1,2})(?=[/_-]|$)")
_URL_COMPACT = re.compile(r"/((?:19|20)\d{2})(\d{2})(\d{2})(?=[/_-]|$)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ENGLISH_PUBLISHED = (
    r"(?:first\s+)?published(?:\s+(?:on|at|date))?|publication\s+date|date\s+published|posted(?:\s+on)?"
)
_OTHER_PUBLISHED = (
    r"veröffentlicht(?:\s+am)?|erschienen(?:\s+am)?|veröffentlichungsdatum|publié\s+le|date\s+de\s+publication"
    r"|publicado(?:\s+el|\s+em)?|fecha\s+de\s+publicación|pubblicato(?:\s+il)?|gepubliceerd(?:\s+op)?"
    r"|opublikowano|опубликовано|дата\s+публикации|опубліковано|дата\s+публікації"
)
_OTHER_DATE = r"datum|fecha|data|дата"
_MARKS = r"[\s*_>#|-]*"
_PUBLISHED_LINE = re.compile(
    rf"{_MARKS}(?:{_ENGLISH_PUBLISHED}|(?P<foreign>{_OTHER_PUBLISHED})){_MARKS}[:：]?{_MARKS}(?P<value>\S.*)", re.I
)
_DATE_LINE = re.compile(rf"{_MARKS}(?:date|(?P<foreign>{_OTHER_DATE})){_MARKS}[:：]{_MARKS}(?P<value>\S.*)", re.I)
_WEEKDAY = r"(?i:mon|tues|wednes|thurs|fri|satur|sun)day"
_BYLINE = re.compile(
    rf"\W*(?i:by|von|par|por|di)\s+(?!{_WEEKDAY})[^\W\d_a-zß-ÿа-я]\S*.{{0,100}}?[,|·•–—(-]\s*(?P<value>\S.*)"
)
_DAY = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?\.?\s+[^\W\d_]{3,12}\.?,?\s+\d{4}"
    r"|[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}|\d{4}-\d{2}-\d{2})"
)
_PROSE = r"(?<!\w)(?!(?:and|und|upon|bei|del)\b)[a-zß-ÿа-яіїєґ]{3}"
"""A small word, which stands in a sentence ("NATO was founded in Washington, 4 April 1949") and in no place's name."""
_DATELINE = re.compile(
    rf"[A-ZÀ-ÞА-ЯІЇЄҐ]{{3,}}(?:\b(?:D\.C|U\.S|U\.K|U\.N)\.|(?!{_PROSE})[^\d.]){{0,60}}?,\s*"
    rf"(?P<value>{_DAY})\s*(?:[(/:—–]|--?\s)"
)
_ALONE = re.compile(rf"\W*(?:[^\W\d_]{{3,12}}\.?,?\s+)?{_DAY}{_TIME}\W*")
_VALUE_END = re.compile(r"\s*(?:[|;·•]|[-–—,]\s*(?:last\s+)?updated|\((?:last\s+)?updated).*", re.I)


def parse_publication_date(value: object, day_first: bool = False) -> date | None:
    """The one day that `value` (a date, a datetime, a string, a number like 20241112) names for certain.

    `day_first` settles "03.04.2024" where the context (a German label) makes it unambiguous.
    """
    if isinstance(value, datetime):
        return _plausible(value.date())
    if isinstance(value, date):
        return _plausible(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = " ".join(str(value).split()).strip(" \"'*_,;")
    if not text or len(text) > _LONGEST:
        return None
    if _NUMERIC.search(text) or text.isdecimal():
        return _numeric(text, day_first)
    return _worded(text)


def date_from_url(url: str) -> date | None:
    """The date in an address's path: /2024/11/12/, /2024-11-12-title, /2024/nov/12/, /20241112/."""
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return None
    found = {_day(year, _month_number(month), day) for year, _, month, day in _URL_DATE.findall(path)}
    found |= {_day(*parts) for parts in _URL_COMPACT.findall(path)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def date_from_first_lines(text: str) -> date | None:
    """The date that the first ten lines give as that of publication.

    "Published: …" counts most; then "Date: …", a byline ("By Jane Doe, 12 November 2024"), a dateline
    ("KYIV, Nov. 12, 2024 (…) —") and a line near the top that is a date and nothing else. Two different dates of
    the same weight are no date.
    """
    lines = [line.strip() for line in text[:_HEAD_CHARACTERS].split("\n") if line.strip()][:_HEAD_LINES]
    lines = [line[:_LINE_CHARACTERS] for line in lines]
    for readings in (_labelled(lines), _implied(lines)):
        found = set(readings)
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _labelled(lines: list[str]) -> Iterator[date]:
    for line in lines:
        match = _PUBLISHED_LINE.fullmatch(line)
        found = match and _line_value(match["value"], bool(match["foreign"]))
        if found:
            yield found


def _implied(lines: list[str]) -> Iterator[date]:
    for number, line in enumerate(lines):
        match = _DATE_LINE.fullmatch(line)
        found = match and _line_value(match["value"], bool(match["foreign"]))
        found = found or _byline_date(line) or _dateline_date(line)
        if not found and number < _ALONE_LINES:
            found = parse_publication_date(line) if _ALONE.fullmatch(line) else None
        if found:
            yield found


def _line_value(value: str, day_first: bool) -> date | None:
    return parse_publication_date(_VALUE_END.sub("", value), day_first)


def _byline_date(line: str) -> date | None:
    match = _BYLINE.fullmatch(line)
    return _line_value(match["value"].rstrip(")"), False) if match else None


def _dateline_date(line: str) -> date | None:
    match = _DATELINE.match(line)
    return parse_publication_date(match["value"]) if match else None


def is_only_a_day(line: str) -> bool:
    """Whether a line tells a day, perhaps with its weekday and time, and nothing else."""
    return bool(_ALONE.fullmatch(line))


def _numeric(text: str, day_first: bool) -> date | None:
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        return _day(match[1], match[3], match[4])
    match = _COMPACT.fullmatch(text)
    if match:
        return _day(match[1], match[2], match[3])
    match = _YEAR_LAST.fullmatch(text)
    if not match:
        return None
    day_month, month_day = _day(match[4], match[3], match[1]), _day(match[4], match[1], match[3])
    if day_first or day_month == month_day:
        return day_month
    return None if day_month and month_day else day_month or month_day


def _worded(text: str) -> date | None:
    """A date with its month in words, in any language that dateparser knows."""
    if len(set(_YEAR.findall(text))) != 1 or not _DAY_NUMBER.search(text) or not _MONTH_NAME.search(text):
        return None
    import dateparser  # 0.1 s to import: only for those who meet such a date

    settings = {
        "STRICT_PARSING": True,
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
    }
    try:
        found = dateparser.parse(text, languages=_LANGUAGES, settings=settings)
    except Exception:  # it fails in many ways on text that is no date; none of them is a date
        return None
    numbers = {int(number) for number in re.findall(r"\d+", text)}
    stated = found is not None and {found.day, found.year} <= numbers
    return _plausible(found.date()) if found is not None and stated else None


def _month_number(month: str) -> str:
    return str(_MONTHS.index(month) + 1) if month in _MONTHS else month


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return _plausible(date(int(year), int(month), int(day)))
    except ValueError:
        return None


def _plausible(day: date) -> date | None:
    return day if day.year >= EARLIEST_YEAR else None
