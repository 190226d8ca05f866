"""A sentence of which only the first part is held can be cut to that part; here is where it may be cut.

Knows English clauses by their joining words. Cuts only what trails: the last clause, joined by a word that adds
something (and, which, after …) and does not turn or limit what was said before it (but, unless, if …), where what is
left still has a verb and closes what it opens. When in doubt nothing is cut: the sentence is then only marked.
"""

from __future__ import annotations

import re

from assistant.wording import content_words

LEAST_WORDS = 3
"""Content words that must be left."""

_TRAILING = re.compile(
    r"(?:,\s+(?:and|which|who|where|while|with|including|after|before|because|when|as|making|leaving|adding)"
    r"|;|\s+(?:and|which|while|after|because))\s+(?=[^,;]*$)"
)
_VERBAL = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|will|would|can|could|did|does|do|says?|told|took|made|won|lost|left|"
    r"gave|came|went|rose|fell|held|led|met|ran|saw|set|cut|hit|put|[a-z]{3,}ed)\b"
)
_STOP = re.compile(r"[.!?…]*$")
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"))


def shorter(sentence: str) -> tuple[str, ...]:
    """The sentence without its last clause, at each place where that clause may begin, the longest first."""
    stop = _STOP.search(sentence)
    body, end = (sentence[: stop.start()], stop.group()) if stop else (sentence, "")
    cuts = [body[: match.start()].rstrip() for match in _TRAILING.finditer(body)]
    return tuple(head + (end or ".") for head in reversed(cuts) if _stands(head))


def _stands(head: str) -> bool:
    closed = all(head.count(left) == head.count(right) for left, right in _PAIRS) and head.count('"') % 2 == 0
    return closed and len(content_words(head)) >= LEAST_WORDS and bool(_VERBAL.search(head))
