"""A conversation and a new message become a question that stands alone.

Knows turns and a rewriter it is given. A question that stands alone is left untouched; a rewriting is only taken when
it keeps the message's own names and numbers and brings in none that the conversation does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.types import Turn
from assistant.when_words import tells_a_time
from assistant.wording import TITLES, content_words, names, numbers, words

Rewriter = Callable[[str, Sequence[Turn]], str]
LAST_TURNS = 4

_OWNING = frozenset("his her its their".split())
_STANDING_FOR = frozenset("he she it they him them hers theirs".split())
_POINTING_BACK = frozenset("this that these those there then former latter".split())
_LEANING = _OWNING | _STANDING_FOR | _POINTING_BACK
_JOINTS = frozenset("and or but when while if because after before until since that who which why how whether".split())
NAMING_WORDS = 2
"""So many content words before a pronoun name what it stands for: "the rail line … and when will it open"."""
_CONTINUING = re.compile(
    r"^\W*(?:and|but|what about|how about|also|or|(?:the )?same|tell me more|go on|more\W*$|really\W*$"
    r"|und|aber|oder|et|mais|y|pero|e|ma|а|и|но|та|але)\b",
    re.IGNORECASE,
)
_OF_IT = re.compile(
    r"^(?:please |can you |could you )?(?:compare|explain|summari[sz]e|describe|repeat) (?:it|that|this|them)\b",
    re.IGNORECASE,
)
_ASKING_ELSEWHERE = re.compile(
    r"^\W*(?:warum|wieso|wann|wer|wo|wie|pourquoi|quand|qui|où|combien|por qué|cuándo|quién|dónde|cuántos"
    r"|почему|когда|кто|где|сколько|чому|коли|хто|де|скільки)\b",
    re.IGNORECASE,
)
_WHEN_ONLY = re.compile(r"^(?:in|on|at|since|until|before|after|during|from|by|for|which)\b", re.IGNORECASE)
_COURTESY = re.compile(r"^\W*(?:yes|no|ok|okay|thanks|thank you|hello|hi|bye|good)\b\W*$", re.IGNORECASE)
_HOW_ONLY = re.compile(r"^\W*how (?:many|much|long|far|often|big)\W*$", re.IGNORECASE)
_CAPITAL = "[A-ZÀ-ÖØ-Þ]"
_CAPITALISED = (
    rf"(?<![\w.'’-])(?:(?:{_CAPITAL}\.)+(?!\w)|(?:St|Mt|Dr|Mr|Mrs|Ms)\."
    rf"|(?:{_CAPITAL}['’])?[a-z]*{_CAPITAL}[\w.-]*\w(?:['’]{_CAPITAL}\w+)?)"
)
"""A whole word of a name, with the dots that are its own: "U.S.", "St.", "Toretsk", "iPhone", "O'Brien"."""
_NAME = re.compile(rf"{_CAPITALISED}(?: (?:(?:of|the|de|van|von|al) )*{_CAPITALISED})*")
_ANOTHER = re.compile(
    r"^\W*(?i:(?:and|or|but|also|then|the same|what about|how about)[ ,]+)+"
    rf"(?:(?P<where>in|at|on|for|of|from|to|with|near|by|about) )?(?P<the>the )?(?P<name>{_NAME.pattern})\s*[?.!]*\s*$"
)
"""The same question of something else: "And in Pokrovsk?"."""
_WHAT_OF = re.compile(r"(?P<what>.+) of (?:the )?")
_PLACED = re.compile(r"\b(?:in|at|near|around|from|to) (?:the )?$")
_JOINED_BEFORE = re.compile(r"\b(?:and|or) (?:the )?$", re.IGNORECASE)
_JOINED_AFTER = re.compile(rf"(?:,|,? and|,? or) (?:the )?{_CAPITAL}")
FRAGMENT_WORDS = 2
SHORT_WORDS = 3
FRAGMENT_AT_MOST = 6
"""Nobody is asked back about more words than these because they say nothing."""
_NAMED_LATER = re.compile(rf"(?<=\w )(?!I\b){_CAPITAL}")
_ASKING = re.compile(r"^(so|why|when|where|who|which one|how many|how much)\b", re.IGNORECASE)


def leans(message: str, history: Sequence[Turn]) -> bool:
    """Whether `message` needs the conversation to be understood.

    It does when it is a fragment or opens like a continuation, or when it has a pronoun and no name; courtesies do not.
    """
    told = message.strip()
    if not history or _COURTESY.match(told):
        return False
    named = bool(names(told) or numbers(told))
    if _CONTINUING.match(told) or _OF_IT.match(told) or _is_fragment(told):
        return True
    if _points_back(words(told)) and not named:
        return True
    return not named and len(content_words(told)) <= 2 and bool(_ASKING.match(told))


def _points_back(said: Sequence[str]) -> bool:
    """Whether the first pronoun stands for nothing the message itself names.

    "its" may stand for any phrase before it; "it" only for one of an earlier clause, as in "what does the mayor think
    of it" it is not the mayor.
    """
    at = next((i for i, word in enumerate(said) if word in _LEANING), None)
    if at is None:
        return False
    if said[at] in _POINTING_BACK:
        return True
    joint = next((i for i in reversed(range(at)) if said[i] in _JOINTS), 0)
    named_by = said[: at if said[at] in _OWNING else joint]
    return len(content_words(" ".join(named_by))) < NAMING_WORDS


def _is_fragment(told: str) -> bool:
    """ "Pokrovsk?", "In 2023?", "Wer sagt das?": too little for a question."""
    count = len(words(told))
    short = bool(_WHEN_ONLY.match(told) or _ASKING_ELSEWHERE.match(told))
    return count <= FRAGMENT_WORDS or (count <= SHORT_WORDS and short)


def standing_alone(message: str, history: Sequence[Turn], rewrite: Rewriter) -> str:
    """`message`, or what `rewrite` makes of it when it leans on `history`.

    "And in Pokrovsk?" needs no rewriter: it is the question before it with another name. A rewriting that loses or
    invents names or numbers is refused; then the last question is put before the message.
    """
    if not leans(message, history):
        return message
    if renamed := _renamed(message, history):
        return renamed
    recent = tuple(history[-LAST_TURNS:])
    rewritten = " ".join(rewrite(message, recent).strip().strip('"“”').split())
    if rewritten and keeps_to(rewritten, message, recent):
        return rewritten
    last = next((turn.text for turn in reversed(recent) if turn.role == "user"), "")
    return f"{last} {message}".strip()


def _renamed(message: str, history: Sequence[Turn]) -> str:
    """The last question that stood alone, its one name of the kind replaced by the message's; "" where that is unclear.

    Of the kind is what stands behind the same preposition; a month or a year is no name. Whether a name without a
    preposition is a town's or a person's cannot be seen: it takes a town's place unless a title shows a person.
    """
    another, asked = _another(message), _last_alone(history)
    if not another or asked.isupper() or tells_a_time(f"in {another['name']}"):
        return ""
    where, name = another["where"] or "", another["name"]
    behind = re.compile(rf"\b{where} (?:the )?$" if where else "")
    found = _names_in(asked, where)
    same = [(start, end) for start, end in found or () if behind.search(asked[:start])]
    if len(same) != 1 or _is_one_of_several(asked, *same[0]):
        return ""
    before, old, after = asked[: same[0][0]], asked[slice(*same[0])], asked[same[0][1] :]
    if not where and (_WHAT_OF.match(old) or (_PLACED.search(before) and _is_person(name, history))):
        return ""
    if not words(after):  # at the end an article is the name's own, elsewhere it may be that of a word behind it
        before, name = before.removesuffix("the "), (another["the"] or "") + name
    return before + name + after


def _another(message: str) -> re.Match[str] | None:
    """The message as one that asks the same of another name."""
    another = _ANOTHER.match(message)
    return another if another and not message.isupper() and _is_a_name(another["name"]) else None


def _is_a_name(capitalised: str) -> bool:
    """Whether it is not only a function word with a capital: "Why", "Then", "In Toretsk"."""
    first = capitalised.removeprefix("The ").split()[0]
    return first == "US" or bool(content_words(first))


def _names_in(asked: str, where: str) -> list[tuple[int, int]]:
    """Where names stand in a question; nothing where its words are capitalised as in a headline.

    Of "CEO of Apple" the name is "Apple"; of "Bank of England" it is "England" only where the message says "of".
    """
    after_first = len(asked.split(maxsplit=1)[0]) if asked else 0  # the first word is capitalised whatever it is
    found = [one for one in _NAME.finditer(asked, after_first) if not tells_a_time(f"in {one.group()}")]
    if not all(_is_a_name(one.group()) for one in found):
        return []
    spans = []
    for one in found:
        of = _WHAT_OF.match(one.group())
        inner = of and (where == "of" or of["what"].isupper())
        spans.append((one.start() + (of.end() if of and inner else 0), one.end()))
    return spans


def _is_one_of_several(asked: str, start: int, end: int) -> bool:
    """Whether the name is coordinated with another: "Bosnia and Herzegovina", "Paris, Texas"."""
    return bool(_JOINED_BEFORE.search(asked[:start]) or _JOINED_AFTER.match(asked[end:]))


def _is_person(name: str, history: Sequence[Turn]) -> bool:
    """Whether a title stands before the name, in the message or in the conversation."""
    titled = re.compile(rf"\b(?:{'|'.join(sorted(TITLES))})\b\.? (?:{_CAPITALISED} ){{0,2}}{re.escape(name)}\b")
    return name.split()[0].rstrip(".") in TITLES or any(titled.search(turn.text) for turn in history)


def _last_alone(history: Sequence[Turn]) -> str:
    """The last question that did not lean on others, if only such as "And in Pokrovsk?" came after it; else ""."""
    for at in reversed(range(len(history))):
        turn = history[at]
        if turn.role == "user" and not leans(turn.text, history[:at]):
            return turn.text.strip()
        if turn.role == "user" and not _another(turn.text):
            return ""
    return ""


def keeps_to(rewritten: str, message: str, history: Sequence[Turn]) -> bool:
    """Whether a rewriting keeps the message's names and numbers and invents none."""
    told = " ".join(turn.text for turn in history) + " " + message
    wanted = names(message) | numbers(message)
    brought = (names(rewritten) | numbers(rewritten)) - content_words(told) - numbers(told)
    return wanted <= content_words(rewritten) | numbers(rewritten) and not brought


def unclear(message: str, history: Sequence[Turn]) -> str | None:
    """The words of `message` that point at something nobody has named ("it", "this library"); None if all is named.

    Careful rather than complete: a name, a telling word before the pronoun or anything said in the conversation may be
    what it stands for.
    """
    if not history and _says_nothing(message):
        return message.strip(" ?!.")
    if names(message) or numbers(message):
        return None
    told = frozenset[str]().union(*(content_words(turn.text) for turn in history))
    pointing, pronoun = _POINTING.search(message), _PRONOUN.search(message)
    if pointing and not content_words(message[: pointing.start()]) - _DOING:
        thing = content_words(pointing["thing"])
        if thing and not thing & (told | _TIMES):
            return pointing["word"] if thing & _DOING else pointing.group()
    if history or not pronoun or len(content_words(message)) > 1 or content_words(message[: pronoun.start()]):
        return None
    return pronoun.group()


def _says_nothing(message: str) -> bool:
    """A question word alone, or what goes on from what nobody said: "why?", "who said that?", "And in Pokrovsk?"."""
    if not 0 < len(words(message)) <= FRAGMENT_AT_MOST:
        return False
    if _HOW_ONLY.match(message):
        return True
    named = _NAMED_LATER.search(message) and not message.isupper()  # "What did May say?"
    told = content_words(message)
    return not (told or named) or bool(_CONTINUING.match(message) and len(told) <= 1)


def clarifying(word: str) -> str:
    """One short question back."""
    return f"What do you mean by “{word}”? Name it and ask again: nothing before your question says which is meant."


_POINTING = re.compile(r"\b(?P<word>this|these) (?:particular |specific )?(?P<thing>[^\W\d_]{3,})\b", re.IGNORECASE)
_DOING = content_words(
    "mean happen work help matter facilities intended important importance cause happened occur occurred located begin"
)
"""What is done by or known of a thing, and so names none."""
_TIMES = content_words(
    "year month week day morning evening night weekend summer winter spring autumn season time moment"
)
_PRONOUN = re.compile(
    r"\b(?:he|she|they|him|them|his|hers|their|theirs|its|(?<!is )(?<!was )it(?! is\b| was\b|'s\b| will\b| would\b"
    r"| take\b| takes\b| took\b| mean\b| matter\b| rain| snow))\b",
    re.IGNORECASE,
)
