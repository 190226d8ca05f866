"""A question's parts: what it asks about one thing after another.

Knows punctuation and the joining words of English; nothing of scores. "Which company, sued by X, also owns Y?" is about
two passages that may share no word; searched as a whole, each drowns the other.
"""

from __future__ import annotations

import re

from index.lexical import content_words

MOST_PARTS = 6
_FEWEST_WORDS = 3
"""A part with fewer telling words says too little to be searched by itself."""
_TOLD_HOW = frozenset(
    # who tells it, in what
    "according article articles report reports reported reporting published publication publications news coverage"
    " story stories source sources mention mentions mentioned suggest suggests suggested suggesting indicate indicates"
    " state states stating claim claims discuss discusses discussing describe describes described considering"
    " information details context perspective view views portrayal"
    # how what they tell compares
    " both same agree align contrast compared different difference consistent consistency inconsistent change"
    " respectively following subsequent later earlier before after between also did does"
    # what is asked for without a name
    " individual person company name identified".split()
)
"""Words that tell how a thing is told, not which: "Does the Times article suggest" finds whatever suggests."""

_JOINT = re.compile(
    r"[,;:?!—–，；：、。？！؟،]"
    r"|\b(?:and|or|while|whereas|but|which|who|whose|that|compared to|in contrast to|contrast|also|before|after|then"
    r"|versus)\b",
    re.IGNORECASE,
)


def parts_of(question: str) -> tuple[str, ...]:
    """At most MOST_PARTS stretches of the question, each to be searched by itself; none of a question in one part.

    A part that only says who tells what, or how reports compare, is left out: it finds reports of anything.
    """
    parts: list[str] = []
    for stretch in map(str.strip, _JOINT.split(question)):
        if parts and len(content_words(stretch)) < _FEWEST_WORDS:
            parts[-1] = f"{parts[-1]} {stretch}".rstrip()
        elif stretch:
            parts.append(stretch)
    long_enough = [part for part in parts if len(content_words(part)) >= _FEWEST_WORDS]
    telling = [part for part in long_enough if len(set(content_words(part)) - _TOLD_HOW) >= _FEWEST_WORDS]
    return tuple(telling[:MOST_PARTS]) if len(long_enough) > 1 else ()
