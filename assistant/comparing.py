"""What a claim and the passages said to hold it have in common: one small measure each, to be weighed elsewhere.

Knows words, in English: order, stems, numbers, names, opposites. Knows no model and no weights. Each measure takes the
claim and the passages as `Reading`s and gives a number in 0..1, where 1 finds nothing amiss; passages are sentences, at
least one, and the nearest is the one that shares most content words with the claim. A text in another language gets
the plain measures and no opposites.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from assistant.wording import Item, content_sequence, names, numbers, share, stem, words

LONGEST = 6
"""A run of so many words of a claim that no passage holds is as bad as any longer one."""

HELD_ITSELF = 0.8
"""Where a passage holds this share of a claim, its article's title may tell whom or what it is about."""

_MONTHS = frozenset("january february march april may june july august september october november december".split())
_NEGATIONS = frozenset(
    "not no never none nobody nothing neither nor without cannot can't unable incapable fail failed fails "
    "refuse refused refuses deny denied denies lack lacks lacked false untrue avoid avoided reject rejected".split()
)
_OPPOSITES = tuple(
    tuple(frozenset(stem(word) for word in side.split()) for side in pair.split("/"))
    for pair in (
        "first/last, increase rise rose grow grew/decrease fall fell drop decline, win won victory/lose lost defeat, "
        "alive living/dead died killed, male man boy he his/female woman girl she her, north northern/south southern, "
        "east eastern/west western, before/after, early/late, best/worst, most/least, highest/lowest, more/less fewer, "
        "large big/small little, major/minor, success successful/failure unsuccessful, always/never, "
        "start begin began open opened/end stop close closed finish, accept approve support/reject refuse oppose, "
        "attack/defend, advance/retreat withdraw, capture/liberate, import/export, buy bought/sell sold, love/hate, "
        "inside/outside, above/below, up/down, left/right, full/empty, true/false, public/private, born/died, "
        "father/mother, son/daughter, brother/sister, husband/wife, king/queen, allow/forbid ban, confirm/deny, "
        "american/british/french/german/russian/ukrainian/chinese/japanese/indian/italian/spanish/canadian/australian"
    ).split(", ")
)
_ABSOLUTE = frozenset(
    "all every whole entire entirely fully completely complete only never always sole none confirmed "
    "exclusively everyone everything total totally".split()
)
_TELLING = frozenset(
    "said says say saying told tells reported reports stated states announced announces according confirmed".split()
)
_CONTENDING = frozenset(
    "claimed claims claim claiming alleged alleges allegedly asserted asserts insisted insists reportedly "
    "argued argues believes believed accused accuses denied denies suggested suggests".split()
)
_CONTESTED = frozenset(
    stem(word) for word in "capture seize take taken liberate occupy encircle control destroy kill repel guilty".split()
)
"""What the sides of a conflict tell differently: told by one of them, it is not yet so."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, read once: its words, the stems of its content words in order and as a set, its numbers and names.

    `sides` has for each group of opposites the sides it takes.
    """

    words: tuple[str, ...]
    sequence: tuple[str, ...]
    content: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    sides: tuple[frozenset[int], ...]


@lru_cache(maxsize=8192)
def read(text: str) -> Reading:
    """The reading of a text."""
    sequence = content_sequence(text)
    said = words(text)
    return Reading(said, sequence, frozenset(sequence), numbers(text), names(text), _sides(said))


def _sides(said: Sequence[str]) -> tuple[frozenset[int], ...]:
    stems = frozenset(map(stem, said))
    return tuple(frozenset(n for n, side in enumerate(group) if side & stems) for group in _OPPOSITES)


Measure = Callable[[Reading, Sequence[Reading]], float]


def covered(claim: Reading, told: Sequence[Reading]) -> float:
    """The share of the claim's content words that the passages hold together."""
    return share(claim.content, _content(told))


def best(claim: Reading, told: Sequence[Reading]) -> float:
    """The share that the best single passage holds."""
    return max(share(claim.content, one.content) for one in told)


def complete(claim: Reading, told: Sequence[Reading]) -> float:
    """1 less a tenth for each content word that no passage holds: a long claim may add much at a high share."""
    return max(0.0, 1.0 - len(claim.content - _content(told)) / 10)


def unbroken(claim: Reading, told: Sequence[Reading]) -> float:
    """1 less the longest run of content words that no passage holds: what was added stands together."""
    held, longest, current = _content(told), 0, 0
    for word in claim.sequence:
        current = 0 if word in held else current + 1
        longest = max(longest, current)
    return 1.0 - min(longest, LONGEST) / LONGEST


def order(claim: Reading, told: Sequence[Reading]) -> float:
    """The share of neighbouring content words that stand near each other, in this order, in a passage."""
    asked = frozenset(zip(claim.sequence, claim.sequence[1:], strict=False))
    return share(asked, _all(_near(one) for one in told))


def _near(told: Reading) -> frozenset[tuple[str, str]]:
    """Pairs of content words at most three apart."""
    found = told.sequence
    return frozenset((word, other) for i, word in enumerate(found) for other in found[i + 1 : i + 4])


def held_numbers(claim: Reading, told: Sequence[Reading]) -> float:
    """The share of the claim's numbers that the passages hold."""
    return share(claim.numbers, _all(one.numbers for one in told))


def held_units(claim: Reading, told: Sequence[Reading]) -> float:
    """The share of its numbers that stand before the same word: "5 stops" is not "5 miles"."""
    return share(_units(claim), _all(_units(one) for one in told))


def held_dates(claim: Reading, told: Sequence[Reading]) -> float:
    """The share of its days and years beside a month that stand beside the same month in a passage."""
    return share(_dates(claim), _all(_dates(one) for one in told))


def _units(told: Reading) -> frozenset[tuple[str, str]]:
    pairs = zip(told.sequence, told.sequence[1:], strict=False)
    return frozenset((number, unit) for number, unit in pairs if number[0].isdigit() and not unit[0].isdigit())


def _dates(told: Reading) -> frozenset[tuple[str, str]]:
    found = set()
    for at, word in enumerate(told.words):
        if word in _MONTHS:
            beside = told.words[max(0, at - 1) : at] + told.words[at + 1 : at + 3]
            found |= {(word, number) for number in beside if number[0].isdigit()}
    return frozenset(found)


def held_names(claim: Reading, told: Sequence[Reading]) -> float:
    """The share of the claim's names that the passages hold."""
    return share(claim.names, _content(told))


def same_names(claim: Reading, told: Sequence[Reading]) -> float:
    """0 where the nearest passage lacks a name of the claim and has one of its own in its place."""
    nearest = _nearest(claim, told)
    return float(not (claim.names - nearest.content and nearest.names - claim.content))


def same_polarity(claim: Reading, told: Sequence[Reading]) -> float:
    """0 where one of claim and nearest passage denies and the other does not."""
    return float(_denies(claim) == _denies(_nearest(claim, told)))


def unopposed(claim: Reading, told: Sequence[Reading]) -> float:
    """0 where the claim has a word whose opposite the nearest passage has, and neither has the other's."""
    pairs = zip(claim.sides, _nearest(claim, told).sides, strict=True)
    return float(not any(mine and theirs and not mine & theirs for mine, theirs in pairs))


def _denies(told: Reading) -> bool:
    return any(word in _NEGATIONS or word.endswith("n't") for word in told.words)


def unexaggerated(claim: Reading, told: Sequence[Reading]) -> float:
    """0 where the claim says all, only, never, confirmed, and no passage does."""
    return float(_all(frozenset(one.words) for one in told) >= _ABSOLUTE & frozenset(claim.words))


def attributed(claim: Reading, told: Sequence[Reading]) -> float:
    """0 where the nearest passage only tells what somebody holds, and the claim says it outright.

    What somebody merely said counts when the claim is of all or nothing, or of what sides tell differently: "Russia has
    captured the whole town" from "Russia's ministry said …".
    """
    nearest = frozenset(_nearest(claim, told).words)
    if not frozenset(claim.words).isdisjoint(_TELLING | _CONTENDING):
        return 1.0
    bold = not (_CONTESTED.isdisjoint(claim.content) and _ABSOLUTE.isdisjoint(claim.words))
    return float(nearest.isdisjoint(_CONTENDING) and (not bold or nearest.isdisjoint(_TELLING)))


def in_its_article(claim: str, passage: str, title: str) -> str:
    """The passage, after the claim's names and numbers that only the title of its article holds.

    "The repair cost 4 million" need not name the ship once more. The rest must be the passage's own (`HELD_ITSELF`): a
    headline's verbs prove nothing.
    """
    asked, told = read(claim), read(passage)
    lent = ((asked.names | asked.numbers) - told.content) & read(title).content
    rest = asked.content - lent
    if not lent or not rest or share(rest, told.content) < HELD_ITSELF:
        return passage
    return f"{' '.join(word for word in words(title) if stem(word) in lent)}: {passage}"


def word_for_word(claim: str, passages: Iterable[str]) -> bool:
    """Whether one of the passages, whole, is the claim: nothing is left out that could deny it."""
    return any(read(claim).words == read(passage).words for passage in passages)


def _content(told: Sequence[Reading]) -> frozenset[str]:
    return _all(one.content for one in told)


def _all(sets: Iterable[frozenset[Item]]) -> frozenset[Item]:
    return frozenset(item for one in sets for item in one)


def _nearest(claim: Reading, told: Sequence[Reading]) -> Reading:
    return max(told, key=lambda one: len(claim.content & one.content))


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "covered": covered,
        "best": best,
        "complete": complete,
        "unbroken": unbroken,
        "order": order,
        "numbers": held_numbers,
        "units": held_units,
        "dates": held_dates,
        "names": held_names,
        "same_names": same_names,
        "same_polarity": same_polarity,
        "unopposed": unopposed,
        "unexaggerated": unexaggerated,
        "attributed": attributed,
    }
)
"""Every measure by the name its weight has."""


def measured(claim: str, passages: Sequence[str], wanted: Iterable[str] = MEASURES) -> dict[str, float]:
    """The wanted measures, all by default, of a claim and at least one passage."""
    asked, told = read(claim), [read(passage) for passage in passages]
    return {name: MEASURES[name](asked, told) for name in wanted}
