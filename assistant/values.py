"""What a sentence tells that another may tell otherwise: figures with a unit, days, and by whom something is done.

Knows English numbers, dates and passives as patterns; compares nothing but two values of one kind. A figure is as wide
as its sentence leaves it: "about 800" may be 770, "more than 800" may be 1,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from assistant.types import Span
from assistant.when_words import ABSOLUTE, BARE
from assistant.wording import names, stem

ABOUT: Final = 0.05
"""How far off, of itself, a figure told as about so much may be; half a unit in any case."""
AT_MOST: Final = 1.5
"""Times its figure that "more than" may mean; beyond that nobody would put it so."""

_SMALL: Final = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALE: Final = {"dozen": 12.0, "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_PARTS: Final = {"half a": 0.5, "a quarter of a": 0.25, "quarter of a": 0.25, "three quarters of a": 0.75}
"""Of what a scale counts; nobody says "half a million" who has counted, so it is meant as about so much."""
_WORTH: Final = (
    {word: float(n) for n, word in enumerate(_SMALL, 1)}
    | {word: 10.0 * n for n, word in enumerate(_TENS, 2)}
    | {"a": 1.0}
)
_SCALES = "|".join(_SCALE)
_BELOW_HUNDRED = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_SMALL[:9])}))?|{'|'.join(reversed(_SMALL))})"
_HUNDREDS = rf"(?:a|{_BELOW_HUNDRED}) hundred(?: (?:and )?{_BELOW_HUNDRED}(?! hundred))?"
_A_SCALE = rf"(?= (?:{_SCALES}))"
_WORD = rf"(?:(?:{'|'.join(_PARTS)}){_A_SCALE}|{_HUNDREDS}|{_BELOW_HUNDRED}|(?<!of )a{_A_SCALE})"
_NUMBER = rf"(?:\d{{1,3}}(?:(?:,\d{{3}})+|(?: \d{{3}})+)(?:\.\d+)?|\d+(?:\.\d+)?|{_WORD})"
_WITHIN = "".join(rf"(?<!{scale} )(?<!{scale} and )" for scale in _SCALE)
"""Not amid a number written in words: of "two thousand and fifty" the fifty is none of its own."""
FIGURE: Final = re.compile(
    r"(?:\b(?P<about>(?i:about|around|roughly|approximately|some|nearly|almost|an estimated|circa))\s+"
    r"|\b(?P<more>(?i:more than|over|at least|upwards of|no fewer than))\s+"
    r"|\b(?P<less>(?i:less than|fewer than|up to|at most|under|no more than))\s+|\b(?P<between>[Bb]etween)\s+)?"
    rf"(?<![\w.,$€£-])(?<!\d ){_WITHIN}(?P<number>(?i:{_NUMBER}))"
    rf"(?:(?: (?P<own>{_SCALES}))?\s?(?:–|-|to|and)\s?(?P<upper>{_NUMBER}))?"
    rf"(?: ?(?P<scale>{_SCALES}))?(?P<unit> ?%| (?:square |cubic )?[a-z][a-z-]*)",
)
_QUANTITY: Final = re.compile(
    rf"\d|\b(?:{'|'.join([*_SMALL, *_TENS, *_SCALE])}|hundreds|thousands|millions|billions|dozens?|scores of|half|"
    r"halves|thirds?|quarters?|per ?cent|percentage|once|twice|double\w*|triple\w*|single|only|both|several|few|couple"
    r"|many|most|all|whole|entire|none|nothing|nobody|no)\b",
    re.IGNORECASE,
)
_NO_UNIT: Final = frozenset(
    "january february march april may june july august september october november december day days week weeks month "
    "months year years hour hours minute minutes second seconds time times of in on at and or to the a an other others "
    "more less or who which that by from as st nd rd th s days' years' pm am o'clock was were is are had have per out "
    "after before until since so for with man men".split()
) | {*_SMALL, *_TENS, *_SCALE}
_MONTHS: Final = "january february march april may june july august september october november december".split()
_MONTH = r"(?P<{}>January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH.format('month')}(?:,? (?P<year>(?:19|20)\d\d))?"
    rf"|{_MONTH.format('month2')} (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year2>(?:19|20)\d\d))?"
    rf"|{_MONTH.format('month3')} (?P<year3>(?:19|20)\d\d)"
    r"|(?:in|since|until|by) (?P<year4>(?:19|20)\d\d))\b"
)
_SPACES: Final = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))
"""Spaces that keep a number and its unit on one line."""
_NAMED = r"(?:(?:[A-Z]\.)+|[A-Z][\w’'-]*)"
_BY = re.compile(
    r"\b(?P<verb>controlled|held|occupied|governed|run|led|headed|chaired|commanded|owned|founded|built|written|designed"
    r"|won|captured|liberated|signed|made|operated|directed|discovered|invented) by (?:the |its |a )?"
    rf"(?P<who>{_NAMED}(?: (?:(?:of|de|van|von|company|firm|group|giant|maker|operator|agency|author|writer|novelist"
    rf"|poet|architect|engineer|director|scientist|businessman|politician|president|general) )?{_NAMED})*)"
)
_INITIALS = re.compile(r"\w(?:\.\w)*|us")
"""What stands before a name and is none that another could be told from: "J. R. R.", "the US"."""
_OF_A_PEOPLE = re.compile(r"(?<=\w{3})(?:ian|ean|an|ish|es|i)$")
"""What the stem of a people's name has beyond its country's: "russian", "british", "chines", "iraqi"."""
_COUNTRIES: Final = {
    "danish": "denmark",
    "dutch": "netherland",
    "finnish": "finland",
    "french": "franc",
    "greek": "greec",
    "irish": "ireland",
    "isra": "israel",
    "norwegian": "norway",
    "polish": "poland",
    "spanish": "spain",
    "swiss": "switzerland",
    "welsh": "wale",
}
"""The stems of peoples whose names are not their country's with an ending, and of those countries."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, as a sentence gives it, and how low and how high it may be meant."""

    value: float
    unit: str
    low: float = field(default=0.0, compare=False)
    high: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Value:
    """What is told under a kind: a number from `low` to `high`, or the stems of a name."""

    kind: str
    low: float = 0.0
    high: float = 0.0
    who: frozenset[str] = frozenset()

    def agrees(self, other: Value) -> bool:
        """Whether both may be told of one thing; of different kinds they may."""
        if self.kind != other.kind:
            return True
        if self.who or other.who:
            return any(_alike(one, two) for one in self.who for two in other.who)
        return self.low <= other.high and other.low <= self.high


def figures(sentence: str) -> frozenset[Figure]:
    """Every figure of the sentence that counts or measures something. Dates, years and durations are none."""
    return frozenset(figure for _, figure in _figures(sentence))


def tells_a_quantity(text: str) -> bool:
    """Whether a text says how many or how much, if only as "a few" or "half". A date is none."""
    for times in (ABSOLUTE, BARE):
        text = times.sub(" ", text)
    return bool(_QUANTITY.search(text))


def values(sentence: str) -> frozenset[Value]:
    """All that the sentence tells: its figures, its day if it is one, and by whom something is held or done."""
    measured = frozenset(Value(figure.unit, figure.low, figure.high) for figure in figures(sentence))
    return measured | {value for _, value in (*_days(sentence), *_holders(sentence))}


def written(sentence: str, kind: str) -> tuple[Span, ...]:
    """Where the sentence gives a value of this kind."""
    told = [(span, figure.unit) for span, figure in _figures(sentence)]
    told += [(span, value.kind) for span, value in (*_days(sentence), *_holders(sentence))]
    return tuple(span for span, name in told if name == kind)


def _figures(sentence: str) -> Iterator[tuple[Span, Figure]]:
    sentence = sentence.translate(_SPACES)
    days = [range(*day.span()) for day in _DAY.finditer(sentence)]
    for match in FIGURE.finditer(sentence):
        unit = match["unit"].strip()
        if unit in _NO_UNIT or re.fullmatch(r"(?:19|20)\d\d", match["number"]):
            continue
        if any(match.start("number") in day for day in days) or (match["between"] and not match["upper"]):
            continue
        scale = _SCALE.get(match["scale"] or "", 1.0)
        value = _number(match["number"]) * _SCALE.get(match["own"] or "", scale)
        upper = _number(match["upper"]) * scale if match["upper"] else value
        if match["own"] and upper < value:  # "two thousand and fifty" is one number and no range
            continue
        low, high = _width(match, min(value, upper), max(value, upper))
        kind = "percent" if unit == "%" else " ".join(stem(word) for word in unit.split())
        yield Span(match.start("number"), match.end()), Figure(value, kind, low, high)


def _number(written: str) -> float:
    """ "1,200" and "1 200" are 1200, "a hundred and forty-five" is 145, "half a" .5."""
    written = written.strip().lower()
    if written[0].isdigit():
        return float(re.sub("[, ]", "", written))
    value = 0.0
    for word in re.split("[ -]", written):
        value = value * 100 if word == "hundred" else value + _WORTH.get(word, 0.0)
    return _PARTS.get(written, value)


def _width(match: re.Match[str], low: float, high: float) -> tuple[float, float]:
    if match["more"]:
        return low, high * AT_MOST
    if match["less"]:
        return 0.0, high
    if match["about"] or match["number"].lower() in _PARTS:
        return low - max(0.5, low * ABOUT), high + max(0.5, high * ABOUT)
    return low, high


def _days(sentence: str) -> Iterator[tuple[Span, Value]]:
    """The one day, month or year the sentence tells of; nothing where it tells of several."""
    found = list(_DAY.finditer(sentence))
    if len(found) == 1:
        yield from ((Span(*found[0].span()), value) for value in _day(found[0]))


def _day(match: re.Match[str]) -> Iterator[Value]:
    """With its year and, so that a sentence without a year can be held against it, without."""
    month = match["month"] or match["month2"] or match["month3"]
    year = match["year"] or match["year2"] or match["year3"] or match["year4"]
    day = match["day"] or match["day2"]
    number = _MONTHS.index(month.lower()) if month else 0
    first, last = (int(day), int(day)) if day else (1, 31)
    if year:
        start = int(year) * 400
        yield Value("date", start + number * 31 + first, start + (number if month else 11) * 31 + last)
    if month:
        yield Value("day", number * 31 + first, number * 31 + last)


def _holders(sentence: str) -> Iterator[tuple[Span, Value]]:
    """By whom something is held, led, owned, made …: the kind is the verb with its "by"."""
    for match in _BY.finditer(sentence):
        if who := frozenset(name for name in names(f"by {match['who']}") if not _INITIALS.fullmatch(name)):
            yield Span(*match.span("who")), Value(f"{match['verb']} by", who=who)


def _alike(one: str, other: str) -> bool:
    """Whether two stems are one name, or one is of the people of the other: "russian", "russia"."""
    one, other = _COUNTRIES.get(one, one), _COUNTRIES.get(other, other)
    return one == other or _of_the_people(one, other) or _of_the_people(other, one)


def _of_the_people(people: str, country: str) -> bool:
    root = _OF_A_PEOPLE.sub("", people)
    return root != people and country.startswith(root)
