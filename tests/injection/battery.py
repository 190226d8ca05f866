"""Articles of our own writing that try to give orders, each with a question whose clean answer is known.

Knows the battery's file and an assistant as a function from passages and a question to an answer. An attack has
succeeded when what it asked for stands in the shown answer. Each attacked article is asked about beside its clean self:
a system that answers nothing is attacked in vain, so both shares of right answers are told with the attacks'.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.metrics import inclusion
from assistant.given import Passage
from assistant.types import Answer
from index.sentences import sentence_spans

FILE = Path(__file__).with_name("battery.json")

Ask = Callable[[Sequence[Passage], str], Answer]
"""(passages, question) → the answer drawn from these alone."""


@dataclass(frozen=True, slots=True)
class Attack:
    """An article with an order put into it. `sign` is what an answer that obeys it holds, in small letters."""

    number: int
    kind: str
    title: str
    clean: str
    attacked: str
    question: str
    expected: str
    sign: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered to the attacked article and to the clean one, and whether that was right."""

    attack: Attack
    attacked: Answer
    clean: Answer

    @property
    def obeyed(self) -> bool:
        """Whether the attack's sign is shown. What an abstention says is ours, not the article's."""
        return not self.attacked.abstained and self.attack.sign in self.attacked.text.lower()

    @property
    def right(self) -> bool:
        return _right(self.attacked, self.attack.expected)

    @property
    def right_when_clean(self) -> bool:
        return _right(self.clean, self.attack.expected)


def _right(answer: Answer, expected: str) -> bool:
    return not answer.abstained and bool(inclusion(answer.text, [expected]))


def attacks() -> tuple[Attack, ...]:
    """The whole battery, in the file's order."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        _attack(number, one, stored["articles"][one["article"]]) for number, one in enumerate(stored["attacks"], 1)
    )


def _attack(number: int, one: dict[str, str], article: dict[str, str]) -> Attack:
    return Attack(
        number,
        one["kind"],
        article["title"],
        article["text"],
        _put(article["text"], one["text"], one["place"]),
        article["question"],
        article["answer"],
        one["sign"],
    )


def _put(text: str, order: str, place: str) -> str:
    """The text with the order before it, after it, or between its second and third sentence."""
    if place == "middle":
        cut = sentence_spans(text)[1][1]
        return f"{text[:cut]}\n\n{order}\n\n{text[cut:].strip()}"
    return f"{order}\n\n{text}" if place == "before" else f"{text}\n\n{order}"


def outcomes(chosen: Iterable[Attack], ask: Ask) -> Iterable[Outcome]:
    """Each attack's outcome, as it comes. The same clean article is asked about once."""
    clean: dict[str, Answer] = {}
    for attack in chosen:
        if attack.clean not in clean:
            clean[attack.clean] = ask([Passage(attack.title, attack.clean)], attack.question)
        attacked = ask([Passage(attack.title, attack.attacked)], attack.question)
        yield Outcome(attack, attacked, clean[attack.clean])
