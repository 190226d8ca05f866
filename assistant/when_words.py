"""The patterns of `assistant.when`: how times are written, and the words that ask about the present.

Knows words only; what days they are is worked out in `assistant.periods`. Deliberately narrow: a time that is missed
costs a preference, a model number taken for a year costs the answer.
"""

from __future__ import annotations

import re
from typing import Final

_FULL_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|january|february|april|june|july|august|september|october|november|december)\b"
)
_MONTH = rf"(?:{_FULL_MONTH}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
_FOREIGN_MONTH = (
    r"(?:Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|janvier|février|mars|avril|mai|juin|juillet|août|septembre"
    r"|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre"
    r"|diciembre)\b"
)
_YEAR = r"(?:19|20)\d{2}(?!\d|[,.]\d|[-–/]\d|['’]?s\b)"
NTH: Final = r"(?:st|nd|rd|th|\.)?"
_DAY = rf"(?<![\d.,])\d{{1,2}}{NTH}"
TO: Final = r"(?:\ ?[-–]\ ?|\ (?:and|or|to|until|till|through)\ (?:the\ )?)"
"""What joins two days of one month: "3 to 9 May", "May 3-9"."""
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
ON_WEEKDAY: Final = rf"(?:\b(?:{_WEEKDAY}|(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?),?\ (?:the\ )?)?"
"""The weekday that may stand before its date: "Monday, 3 February"."""
_SEASON = r"(?:spring|summer|autumn|fall|winter)"
_UNIT = r"(?:week|month|quarter|year)"
_COUNT = (
    r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(?:a\ )?couple\ of|(?:a\ )?few|several)"
)

RELATIVE: Final = re.compile(
    rf"""\b(?:
      (?:the\ )?day\ before\ yesterday | yesterday | last\ (?:night|evening) | this\ (?:morning|afternoon|evening)
    | {_COUNT}\ (?:day|week|month|year)s?\ ago
    | (?:last|past|previous)\ {_COUNT}\ (?:hour|day|week|month|year)s?
    | (?-i:(?:{_DAY}\ )?{_FULL_MONTH}|{_SEASON})\ (?:of\ )?(?:this|last)\ year
    | (?:this|last|previous)\ (?:{_UNIT}|weekend|{_SEASON}|{_WEEKDAY})(?!\ of\b)
    | (?<=the\ )past\ {_UNIT}
    | vorgestern | gestern
    | (?:diese|letzte|vergangene)[rnsm]?\ (?:Woche|Monat|Jahr|Sommer|Winter|Herbst)s?
    | vor\ (?:einem|einer|zwei|drei|vier|\d{{1,3}})\ (?:Tag|Woche|Monat|Jahr)(?:en|n)?
    | avant-hier | hier(?=\W*\Z) | (?:la\ semaine|le\ mois)\ derni[èe]re? | l['’]année\ dernière
    | il\ y\ a\ (?:une?|deux|trois|quatre|\d{{1,3}})\ (?:jours?|semaines?|mois|ans?)
    | anteayer | ayer | la\ semana\ pasada | el\ (?:mes|año)\ pasado
    | hace\ \d{{1,3}}\ (?:d[ií]as?|semanas?|meses|años?)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Times told from the day of asking."""

ABSOLUTE: Final = re.compile(
    rf"""
      (?<![\d.-])\d{{4}}-\d{{2}}-\d{{2}}(?![\d-])
    | (?<![\d.])\d{{1,2}}\.\d{{1,2}}\.\d{{4}}(?!\d)
    | \b(?:first|second|third|fourth|last)\ week\ of\ {_MONTH}(?:,?\ {_YEAR})?
    | {ON_WEEKDAY}{_DAY}(?:{TO}\d{{1,2}}{NTH})?(?:\ of)?\ {_MONTH}(?:,?\ {_YEAR})?
    | {ON_WEEKDAY}\b{_MONTH}\ \d{{1,2}}(?:st|nd|rd|th)?(?:{TO}\d{{1,2}}(?:st|nd|rd|th)?)?
      (?![\d%:]|[.,]\d)(?:,?\ {_YEAR})?
    | \b{_MONTH},?\ (?:of\ )?{_YEAR}
    | {_DAY}(?:\ de)?\ {_FOREIGN_MONTH}(?:(?:\ de)?\ {_YEAR})?
    | \b(?-i:{_FOREIGN_MONTH})(?:\ de)?\ {_YEAR}
    | \b(?:Q[1-4]|H[12])\ {_YEAR}
    | \b(?:first|second|third|fourth|last)\ (?:quarter|half)\ of\ {_YEAR}
    | \b{_SEASON}(?:\ of|,)?\ (?:{_YEAR}|(?:19|20)\d{{2}}[-–/](?:\d{{2}}){{1,2}}(?!\d))
    """,
    re.VERBOSE,
)
"""Dates that are none but dates wherever they stand."""

_ITEM = rf"(?:{_FULL_MONTH}|{_WEEKDAY}\b|{_YEAR})"
_LISTED = rf"(?:\ {_ITEM},)*\ {_ITEM},?\ (?:and|or)\ {_ITEM}"
"""What goes on behind a comma: ", February and March" are months, ", May and Merkel" are not."""

BARE: Final = re.compile(
    rf"""\b(?:
      (?P<link>(?:,\ )?(?:and|to|or|until|till|through|bis|und)|,(?={_LISTED}))\ (?:in\ |the\ )?
    | (?i:in|during|since|until|till|by|before|after|from|between|throughout|early|late|mid|last|this|around
        |(?:start|beginning|middle|end|course|rest|month|year|summer|winter|spring|autumn|fall)\ of
        |im|seit|bis|nach|en|desde|depuis|avant|après)[ -](?:the\ )?(?:early\ |late\ |mid-?\ ?)?
        (?:year\ |Jahr\ |année\ |año\ )?
    | [Oo]n\ (?={_WEEKDAY})
    )(?P<bare>{_FULL_MONTH}|{_FOREIGN_MONTH}|{_SEASON}\b|{_WEEKDAY}\b|{_YEAR})""",
    re.VERBOSE,
)
"""Months, seasons, weekdays and years, which need a preposition to be a time."""

CONNECTIVE: Final = re.compile(
    r"\b(?P<word>since|after|before|until|till|up to|by|as of|from|between|seit|nach|vor|bis|desde|depuis|avant|après"
    r"|hasta)(?: (?:the )?(?:start|beginning|middle|end|rest) of)?(?: the)?(?: early| late| mid)?(?: year)?[ -]?$",
    re.IGNORECASE,
)
JOINED: Final = re.compile(
    r" ?(?:and|to|until|till|through|–|-|bis|und|y|a|et|à) ?(?:in |the |early |late |mid-?)*", re.IGNORECASE
)
IN_A_ROW: Final = re.compile(rf"{JOINED.pattern}|,(?:\ and|\ or)? (?:in )?", re.IGNORECASE)
LATER: Final = frozenset({"since", "after", "seit", "nach", "desde", "depuis", "après"})
EARLIER: Final = frozenset({"before", "until", "till", "up to", "by", "as of", "bis", "avant", "hasta"})
EXCLUDING: Final = frozenset({"after", "nach", "après", "before", "avant"})

SINCE_THE: Final = re.compile(r"\bsince the $", re.IGNORECASE)
"""What stands so begins on the day of the thing: "since the October 2023 attack"."""
DETERMINED: Final = re.compile(r"(?:\b(?:the|a|an|its|their|his|her|that|which|what|whose)|['’]s) $", re.IGNORECASE)
NOUN_AFTER: Final = re.compile(
    r"['’-]?\s*(?!(?:and|or|in|on|at|to|by|for|from|with|about|as|of|that|than|did|do|does|was|were|is|are|has|had|have"
    r"|who|what|which|when|where|how|according|under|between|after|before|over|because|if|while|but|there|said|say)\b)"
    r"[A-Za-z]"
)
PLURAL_AFTER: Final = re.compile(r" (?!(?:was|is|has|does|as|this|versus|vs)\b)[a-z]+s\b| people\b")

HABIT: Final = re.compile(r"\b(?:is|are|does|do|can|usually|always|often|every|month of)\b", re.IGNORECASE)
"""Words that make a month, a season or a weekday one that comes again: "When does the sun rise in the summer?"."""

TODAY: Final = re.compile(r"(?<!\bago )\b(?:today|tonight|heute|aujourd['’]hui|hoy)\b", re.IGNORECASE)
PRESENT: Final = re.compile(
    r"""\b(?:
      right\ now | now | nowadays | these\ days | currently | current | presently | at\ present | at\ the\ moment
    | so\ far | to\ date | up\ to\ date | latest | newest | most\ recent | recently | recent | still | today | tonight
    | jetzt | derzeit | zurzeit | aktuell\w* | momentan | gegenwärtig | heute | neueste\w*
    | maintenant | actuellement | en\ ce\ moment | aujourd['’]hui | dernières\ nouvelles
    | ahora | actualmente | hoy | últimas\ noticias | en\ este\ momento
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that ask about the present in any tense."""
STANDING: Final = re.compile(
    r"\b(?:situation|state of affairs|status|happening|going(?: on)?|Lage|situación|situation)\b"
    r"|^\W*(?:is|are|does|do|has|have)\s+(?!(?:you|i|we)\b)"
    r"|^\W*who (?:controls?|holds?|leads?|runs?|owns?|heads?|governs?|is)\b",
    re.IGNORECASE,
)
"""Words that do so unless the question is in the past tense."""
PAST: Final = re.compile(r"\b(?:was|were|did|had|happened|became|began|ended)\b", re.IGNORECASE)
AHEAD: Final = re.compile(
    r"\b(?:will|would|going to|due|plan\w*|expect\w*|forecast\w*|predict\w*|project\w*|target\w*|schedul\w*|hope[ds]?"
    r"|aim\w*|intend\w*|announced for|wird|werden|geplant|sera|seront|prévu\w*|será|serán|previst\w*)\b",
    re.IGNORECASE,
)
"""Words that ask of a time what was said of it beforehand."""


COMING: Final = re.compile(
    r"\b(?:will|shall|going to|(?:is|are) (?:due|planned|expected|scheduled|set)|wird|werden|sera|seront|será|serán)\b",
    re.IGNORECASE,
)
"""Words by which a time without a year is one to come: "Who announced plans in November?" has none of them."""


def is_weekday(text: str) -> bool:
    """Whether a text is a weekday and nothing else."""
    return bool(re.fullmatch(_WEEKDAY, text))


def tells_a_time(text: str) -> bool:
    """Whether a text holds a day, a month or a year, or a time told from its own day."""
    return any(pattern.search(text) for pattern in (ABSOLUTE, BARE, RELATIVE))
