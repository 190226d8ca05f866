"""A labelled pair, judged the way a sentence of an answer is: by its words, and by the generator's yes or no.

Knows the verifier, the generator and the prompts that answers use. A claim of several sentences is judged sentence by
sentence, and its support is their mean, a longer one counting more. Answers of the generator can be kept on disk, by
model and prompt, so that a fit can be repeated without asking again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.comparing import read
from assistant.evaluation.verification import Judged
from assistant.generation import Spend, unaccounted
from assistant.grading import Grader, held_by
from assistant.prompting import Composer
from assistant.types import Evidence, Model, Prompt, Span
from assistant.verifying import Verifier, features
from assistant.wording import content_words
from index.sentences import sentence_spans
from index.types import ArticleInfo, Chunk, Hit

TOKENS = 400
"""Evidence longer than this is cut down to the sentences that share most words with the claim, as an answer's is."""


class NamedGrader(Grader, Protocol):
    """One whose answers can be kept under its name."""

    @property
    def model(self) -> Model: ...


@dataclass(frozen=True, slots=True)
class PairJudge:
    """Judges a claim against the text it is said to be held by."""

    verifier: Verifier
    grader: Grader
    composer: Composer
    count_tokens: Callable[[str], int]

    def __call__(self, claim: str, evidence: str) -> Judged:
        """The mean over the claim's content words. A claim that says nothing has no support and no signals."""
        passages, claims = _sentences(evidence), [one for one in _sentences(claim) if content_words(one)]
        if not passages or not claims:
            return Judged(0.0)
        shown = self._shown(claim, evidence)
        judged = [self._sentence(one, passages, shown) for one in claims]
        sizes = [len(content_words(one)) for one in claims]
        shared = set(judged[0].signals).intersection(*(one.signals for one in judged))
        return Judged(
            _mean([one.support for one in judged], sizes),
            {name: _mean([one.signals[name] for one in judged], sizes) for name in judged[0].signals if name in shared},
        )

    def _sentence(self, claim: str, passages: Sequence[str], shown: Sequence[Evidence]) -> Judged:
        odds = held_by(self.grader, self.composer, " ".join(claim.split()), shown, threading.Event())
        return Judged(self.verifier(claim, passages, odds), features(claim, passages, odds))

    def _shown(self, claim: str, evidence: str) -> tuple[Evidence, ...]:
        text = shortened(claim, evidence, self.count_tokens)
        spans = tuple(Span(start, end) for start, end in sentence_spans(text))
        return (Evidence(1, _hit(text), 0, len(text), text, spans),)


def shortened(claim: str, evidence: str, count_tokens: Callable[[str], int], most: int = TOKENS) -> str:
    """The evidence, or if it is longer than `most` tokens its sentences nearest the claim, in their order."""
    if count_tokens(evidence) <= most:
        return evidence
    told, asked = _sentences(evidence), read(claim).content
    kept: list[int] = []
    for at in sorted(range(len(told)), key=lambda at: -len(asked & read(told[at]).content)):
        if not kept or count_tokens(" ".join(told[i] for i in [*kept, at])) <= most:
            kept.append(at)
    return "\n".join(told[at] for at in sorted(kept))


def _mean(values: Sequence[float], sizes: Sequence[int]) -> float:
    return sum(value * size for value, size in zip(values, sizes, strict=True)) / sum(sizes)


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def _hit(text: str) -> Hit:
    """The text as the one chunk of an article of no date."""
    article = ArticleInfo(
        id="pair",
        uri="pair:",
        title="Source",
        digest="",
        published=None,
        published_from=None,
        language="en",
        url=None,
        source=None,
        characters=len(text),
        chunks=1,
    )
    return Hit(Chunk("pair-0", "pair", 0, 0, len(text), text, None), article, 1.0, 1, "given")


class RememberedOdds:
    """A grader that keeps what it answered in a file of JSON lines, and asks for each prompt once.

    With `ask` False it only remembers: what was not asked before, nobody can tell.
    """

    def __init__(self, grader: NamedGrader, path: Path, ask: bool = True) -> None:
        self.model = grader.model
        self._grader = grader
        self._path = path
        self._ask = ask
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._known: dict[str, float | None] = {row["prompt"]: row["odds"] for row in map(json.loads, lines)}

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        """What was answered before, or else now."""
        key = self._key(prompt)
        if key not in self._known and self._ask:
            self._known[key] = self._grader.yes_no(prompt, cancel, spend)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"prompt": key, "odds": self._known[key]}) + "\n")
        return self._known.get(key)

    def _key(self, prompt: Prompt) -> str:
        said = repr((self.model.name, self.model.sha256, [(m.role, m.text) for m in prompt.messages]))
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:24]
