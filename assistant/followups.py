"""Questions worth asking next, taken from the evidence of an answer; without a model.

Knows an answer and the search it is given. A question is made from a name or a title that the evidence holds and the
question did not, and offered only if a search for it leads back to the article it was taken from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.types import Answer, Evidence
from assistant.wording import content_words, is_readable
from index.types import Hit

WANTED = 3
TRIED = 8
NEAR = 3
"""Within how many hits the article must be found again."""

_NAME = re.compile(r"\b[A-Z][a-z]+(?:-[A-Za-z]+)*(?: [A-Z][a-z]+(?:-[A-Za-z]+)*){1,3}\b(?!’s|'s)")
_SAYING = re.compile(r"\b(?:said|says|told|warned|announced|confirmed|claimed|denied|wrote)\b")
LONGEST_TITLE = 90


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question and the article that should answer it."""

    text: str
    article_id: str


def follow_ups(answer: Answer, find: Callable[[str], Sequence[Hit]]) -> tuple[str, ...]:
    """At most `WANTED` questions that the index can answer, from what lies nearest to this answer."""
    good: list[str] = []
    for suggestion in suggestions(answer)[:TRIED]:
        hits = find(suggestion.text)[:NEAR]
        if any(hit.article.id == suggestion.article_id for hit in hits):
            good.append(suggestion.text)
        if len(good) == WANTED:
            break
    return tuple(good)


def suggestions(answer: Answer) -> list[Suggestion]:
    """All that the evidence suggests, names before titles, each once; nothing the question has already named."""
    asked = content_words(f"{answer.question} {answer.query}")
    evidence = answer.evidence or answer.nearest
    found: dict[str, Suggestion] = {}
    for suggestion in (*_of_names(evidence, asked), *_of_titles(evidence, asked)):
        found.setdefault(suggestion.text, suggestion)
    return list(found.values())


def _of_names(evidence: Sequence[Evidence], asked: frozenset[str]) -> Iterator[Suggestion]:
    """Who said something, and what else has a name of two words or more; of English articles alone."""
    seen: set[frozenset[str]] = set()
    for piece in evidence:
        if piece.hit.article.language not in {None, "en"}:
            continue
        for sentence in re.split(r"(?<=[.!?])\s+", piece.text):
            for name in _NAME.findall(sentence):
                words = content_words(name)
                if words & asked or any(words & other for other in seen):
                    continue
                seen.add(words)
                said = _SAYING.search(sentence) and _follows_or_leads(sentence, name)
                text = f"What did {name} say?" if said else f"What is known about {name}?"
                yield Suggestion(text, piece.hit.article.id)


def _follows_or_leads(sentence: str, name: str) -> bool:
    """Whether the word of saying stands close to the name, so that it is likely theirs."""
    at = sentence.index(name)
    near = sentence[max(0, at - 20) : at + len(name) + 45]
    return bool(_SAYING.search(near))


def _of_titles(evidence: Sequence[Evidence], asked: frozenset[str]) -> Iterator[Suggestion]:
    """The articles whose titles say something that was not asked."""
    for piece in evidence:
        title = " ".join(piece.hit.article.title.split())
        if is_readable(title) and len(title) <= LONGEST_TITLE and content_words(title) - asked:
            yield Suggestion(f"What is said about “{title}”?", piece.hit.article.id)
