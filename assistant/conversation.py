"""A conversation and a new message become a question that stands alone.

Knows turns and a rewriter it is given. A question that stands alone is left untouched; a rewriting is only taken when
it keeps the message's own names and numbers and brings in none that the conversation does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.types import Turn
from assistant.wording import content_words, names, numbers, words

Rewriter = Callable[[str, Sequence[Turn]], str]
LAST_TURNS = 4

_LEANING = frozenset(
    "he she it they him her them his hers its their theirs this that these those there then former latter".split()
)
_CONTINUING = re.compile(r"^(and|but|what about|how about|also|or)\b", re.IGNORECASE)
_ASKING = re.compile(r"^(so|why|when|where|who|which one|how many|how much)\b", re.IGNORECASE)


def leans(message: str, history: Sequence[Turn]) -> bool:
    """Whether `message` needs the conversation to be understood.

    It does when it is very short or opens like a continuation and names nothing, or when it has a pronoun and no name.
    """
    if not history:
        return False
    named = bool(names(message) or numbers(message))
    if _CONTINUING.match(message.strip()):
        return True
    if set(words(message)) & _LEANING and not named:
        return True
    return not named and len(content_words(message)) <= 2 and bool(_ASKING.match(message.strip()))


def standing_alone(message: str, history: Sequence[Turn], rewrite: Rewriter) -> str:
    """`message`, or what `rewrite` makes of it when it leans on `history`.

    A rewriting that loses or invents names or numbers is refused; then the last question is put before the message.
    """
    if not leans(message, history):
        return message
    recent = tuple(history[-LAST_TURNS:])
    rewritten = " ".join(rewrite(message, recent).strip().strip('"“”').split())
    if rewritten and keeps_to(rewritten, message, recent):
        return rewritten
    last = next((turn.text for turn in reversed(recent) if turn.role == "user"), "")
    return f"{last} {message}".strip()


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
