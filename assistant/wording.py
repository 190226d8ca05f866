"""What a text says, as sets that can be compared: content words, numbers, names.

Knows words, not meaning: pure functions over one text. English function words are left out; a text in another
language simply keeps its own, which lowers coverage scores a little and evenly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import TypeVar

from Stemmer import Stemmer

from assistant.irregular import PLAIN

Item = TypeVar("Item", bound=Hashable)

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMERALS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
}
_FUNCTION_WORDS = frozenset(
    """a about above after again against all also although am among an and any are around as at be because been before
    being below between both but by can could did do does doing down during each either else ever every few for from
    further had has have having he her here hers herself him himself his how however i if in into is it its itself just
    may me might more most much must my myself no nor not now of off on once only onto or other our ours ourselves out
    over own per same she should since so some such than that the their theirs them themselves then there these they
    this those through thus to too under until up upon us very was we were what when where whether which while who whom
    whose why will with within would yet you your yours yourself according say says said tell tells told please
    """.split()
)

TITLES = frozenset(
    """Admiral Ambassador Archbishop Bishop Cardinal Chairman Chairwoman Chancellor Chief Colonel Commander Congressman
    Congresswoman Dr Emperor General Governor Judge King Lieutenant Mayor Minister Mr Mrs Ms Pope Premier President
    Prince Princess Prof Professor Queen Rabbi Representative Secretary Senator Sergeant Sheikh Sir Spokesman
    Spokesperson Spokeswoman""".split()
)
"""What stands before a person's name, and is no name alone."""


_ACRONYM = re.compile(r"(?<![A-Z] )\b(?:US|WHO|IT|U\.S)\b(?! [A-Z]{2})")
"""Capitals that name something, though they spell a function word; not among others ("WHO HAS LEFT?")."""
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")


def fold(text: str) -> str:
    """Lower case, compatibility forms and accents folded, curly apostrophes straightened."""
    if text.isascii():  # nothing to fold, and most sentences of most articles
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


@lru_cache(maxsize=1024)
def words(text: str) -> tuple[str, ...]:
    """The words in order, folded, possessive endings removed. A hyphenated word counts as its parts, "U.S." as "us"."""
    found = (word.removesuffix("'s") for word in _WORD.findall(fold(text)))
    return tuple(_undotted(part) for word in found for part in word.split("-") if part)


def _undotted(word: str) -> str:
    return word.replace(".", "") if "." in word and _DOTTED.fullmatch(word) else word


def _acronyms(text: str) -> frozenset[str]:
    """The function words that stand for something in this text: "the US", "told the WHO"."""
    return frozenset(found.replace(".", "").lower() for found in _ACRONYM.findall(text))


def content_words(text: str) -> frozenset[str]:
    """The stems of the words that are not function words; "the US" is none. Small number words become digits."""
    return frozenset(content_sequence(text))


def content_sequence(text: str) -> tuple[str, ...]:
    """The same in the order of the text, repeats included."""
    left_out = _FUNCTION_WORDS - _acronyms(text)
    return tuple(stem(_NUMERALS.get(word, word)) for word in words(text) if word not in left_out)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball English stem (Porter 2), of an irregular form that of the plain one: "held" is "hold"."""
    # A stemmer of its own for each word, made in less than a microsecond: several threads ask, and one serves only one.
    return str(Stemmer("english", 0).stemWord(PLAIN.get(word, word)))


def numbers(text: str) -> frozenset[str]:
    """The numbers with their thousands separators removed: "1,500" and "1500" are one. Small number words count."""
    digits = {re.sub(r",(?=\d{3})", "", match.group()) for match in _NUMBER.finditer(text)}
    return frozenset(digits | {_NUMERALS[word] for word in words(text) if word in _NUMERALS})


def names(text: str) -> frozenset[str]:
    """The folded words written with a capital, the first word of the text left out unless it is capital throughout.

    A cheap stand-in for named entities, good in English, useless in German, empty for scripts without case.
    """
    found = [match.group() for match in _WORD.finditer(text)]
    capital = {word for i, word in enumerate(found) if word[0].isupper() and (i > 0 or word.isupper())}
    return frozenset(stem(part) for word in capital for part in words(word)) - (_FUNCTION_WORDS - _acronyms(text))


def share(part: Iterable[Item], whole: frozenset[Item]) -> float:
    """The share of `part` that is in `whole`, 1 for nothing asked."""
    asked = frozenset(part)
    return len(asked & whole) / len(asked) if asked else 1.0


def is_readable(title: str) -> bool:
    """Whether a title holds a word, so that it can be asked about; a file's number or digest does not."""
    return any(word.isalpha() and len(word) > 1 for word in re.findall(r"\w+", title))
