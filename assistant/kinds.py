"""What kind of answer a question wants: one fact, a number, a time, a yes or no, or what there is to know.

Knows how English asks; anything else asks for facts.
"""

from __future__ import annotations

import re
from typing import Final

_IN_COURT: Final = r"(?:judge?ment|execution|dismissal|offen[cs]e|trial|conviction|justice)s?\b"
_NEWS_OF: Final = (
    "agency|agencies|channel|outlet|conference|site|website|organi[sz]ation|paper|anchor|network|service|magazine|"
    "programme|program|broadcast|app"
)
_OVERVIEW: Final = re.compile(
    r"\b((?<!\ba )situation|state of affairs|overview|summari[sz]\w+|developments|happening|going on|"
    rf"summar(?:y|ies)(?! {_IN_COURT})|latest(?= (?:news|on|in|from|about|with|at|of)\b|\W*\Z)|"
    rf"(?-i:news)(?![- ](?:{_NEWS_OF})s?\b)|\ANews (?:on|of|from|about)|"
    r"what (?:is|are|was|were) (?:known|said|reported|the (?:facts|events|conditions))|tell me (?:about|more)|"
    r"how (?:is|are|was|were) [^?.!]{1,80} (?:going(?! to\b)|doing|faring|developing|progressing)|"
    r"how (?:do|did) (?:things|matters) stand|where (?:do|did) (?:things|matters) stand)\b",
    re.IGNORECASE,
)
_LEAD: Final = r"(?:(?:and|but|so|then|now|ok|okay|well|also)\b,?\s+)*+"
_WHETHER: Final = re.compile(
    rf"\s*{_LEAD}(?!(?:can|could|will|would|do|did|have) (?:you|we|i|anyone|anybody|somebody|someone)\b)"
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may|might)(?:n['’]t)?\s",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(
    rf"\A\s*{_LEAD}(?:(?:do|can|could) you (?:know|say|tell me)\s+)?(?:(?:since|until|till|by) )?when\b|"
    r"\bhow long ago\b|\b(?:what|which) (?:time|day|date|week|month|season|year|decade|century)\b",
    re.IGNORECASE,
)
_HOW_MANY: Final = re.compile(
    r"\bhow (?:many|far|close|near|old|tall|high|deep|wide|heavy|fast|large|big)\b|\bhow long\b(?! ago\b)|"
    r"\bhow much (?:of|\w+ (?:is|are|was|were|has|have|had|does|do|did|can|could|will|would)|"
    r"(?:is|are|was|were|has|have|had|does|do|did|can|could|will|would))\b|"
    r"\bwhat (?:percentage|proportion|share|number)\b",
    re.IGNORECASE,
)
_ALTERNATIVES: Final = re.compile(r"\bor\b(?!\s+not\b)", re.IGNORECASE)


def asks_for_overview(question: str) -> bool:
    """Whether the question wants what there is to know, not one fact."""
    return bool(_OVERVIEW.search(question))


def asks_when(question: str) -> bool:
    """Whether the question wants a time."""
    return bool(_WHEN.search(question))


def asks_how_many(question: str) -> bool:
    """Whether the question wants a number: a count, a measure, a share."""
    return bool(_HOW_MANY.search(question))


def asks_whether(question: str) -> bool:
    """Whether the question wants a yes or no. One that offers a choice ("by day or by night?") wants the choice."""
    return bool(_WHETHER.match(question)) and not _ALTERNATIVES.search(question) and not asks_for_overview(question)
