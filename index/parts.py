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

_JOINT = re.compile(
    r"[,;:?!—–，；：、。？！؟،]"
    r"|\b(?:and|or|while|whereas|but|which|who|whose|that|compared to|in contrast to|contrast|also|before|after|then"
    r"|versus)\b",
    re.IGNORECASE,
)


def parts_of(question: str) -> tuple[str, ...]:
    """At most MOST_PARTS stretches of the question, each to be searched by itself; none of a question in one part."""
    parts: list[str] = []
    for stretch in map(str.strip, _JOINT.split(question)):
        if parts and len(content_words(stretch)) < _FEWEST_WORDS:
            parts[-1] = f"{parts[-1]} {stretch}".rstrip()
        elif stretch:
            parts.append(stretch)
    telling = [part for part in parts if len(content_words(part)) >= _FEWEST_WORDS]
    return tuple(telling[:MOST_PARTS]) if len(telling) > 1 else ()
