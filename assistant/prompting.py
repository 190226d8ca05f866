"""Evidence and a question become a `Prompt` that fits the model's context.

Knows the templates' names and variables, not their words, and tokens only through the counter it is given.
The part before the question is byte-identical for the answer and for the check, so a generator computes it once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

from assistant.citing import defused
from assistant.errors import AssistantError, PromptTooLong
from assistant.kinds import asks_for_overview
from assistant.orders import order_in
from assistant.types import Evidence, Message, Prompt, Turn

CountPrompt = Callable[[Sequence[Message]], int]


@dataclass(frozen=True, slots=True)
class Templates:
    """The prompt templates, read once."""

    system: Template
    sources: Template
    source: Template
    answer: Template
    overview: Template
    check: Template
    check_nearest: Template
    support: Template
    entail: Template
    condense: Template
    naive: Template
    mine: Template

    @classmethod
    def read(cls, folder: Path) -> Templates:
        """Read `folder`/NAME.md for every field. Raises AssistantError naming the file that is missing."""

        def template(name: str) -> Template:
            path = folder / f"{name}.md"
            try:
                return Template(path.read_text(encoding="utf-8").removesuffix("\n"))
            except OSError as error:
                raise AssistantError(f"the prompt {path} cannot be read: {error}; reinstall Quoth") from error

        return cls(**{name: template(name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Composer:
    """Builds prompts for one model: its templates, its token counter, its context size in tokens."""

    templates: Templates
    count_prompt: CountPrompt
    context_size: int
    answer_tokens: int

    def answer(self, question: str, evidence: Sequence[Evidence]) -> Prompt:
        """The prompt that asks for a cited answer. Drops evidence from the end until it fits; see `_fit`."""
        return self._fit(self._closing(question), evidence, self.answer_tokens)

    def fits(self, question: str, evidence: Sequence[Evidence]) -> bool:
        """Whether the prompt for an answer has room for all of the evidence."""
        tokens = self._prompt(self._closing(question), evidence, self.answer_tokens).tokens
        return tokens + self.answer_tokens <= self.context_size

    def _closing(self, question: str) -> str:
        closing = self.templates.overview if asks_for_overview(question) else self.templates.answer
        return closing.substitute(question=question)

    def check(self, question: str, evidence: Sequence[Evidence]) -> Prompt:
        """The prompt that asks only whether the evidence holds the answer, over the same leading text."""
        return self._fit(self.templates.check.substitute(question=question), evidence, self.answer_tokens)

    def check_nearest(self, question: str, nearest: Evidence) -> Prompt:
        """The prompt that asks whether this passage alone holds the answer."""
        text = self.templates.check_nearest.substitute(question=question, **self._told(nearest))
        return replace(self._alone(text, 16, "the question and a passage take"), aside=True)

    def support(self, claim: str, evidence: Sequence[Evidence]) -> Prompt:
        """The prompt that asks whether the evidence holds a sentence of the answer, over the same leading text.

        Without evidence it is asked aside.
        """
        prompt = self._prompt(self.templates.support.substitute(claim=claim), evidence, 0)
        return replace(prompt, aside=not evidence)

    def entail(self, passage: str, claim: str) -> Prompt:
        """The prompt that asks a judge whether the passage alone holds the sentence."""
        return self._alone(
            self.templates.entail.substitute(passage=passage, claim=claim), 16, "passage and sentence take"
        )

    def opening(self) -> Prompt:
        """What the prompts over evidence begin with, whatever is asked: worth computing before anything is."""
        return self._prompt("", (), 0)

    def mine(self, title: str, passage: str, sentence: str) -> Prompt:
        """The prompt that asks for a question which the sentence answers."""
        text = self.templates.mine.substitute(title=title, passage=passage, sentence=sentence)
        return self._alone(text, 48, "the sentence and what stands around it take")

    def condense(self, question: str, history: Sequence[Turn]) -> Prompt:
        """The prompt that asks for the question rewritten to stand alone."""
        told = "\n".join(f"{turn.role}: {turn.text}" for turn in history)
        text = self.templates.condense.substitute(history=told, question=question)
        return replace(self._alone(text, 64, "the conversation takes"), aside=True)

    def _alone(self, text: str, most_tokens: int, taking: str) -> Prompt:
        """A prompt without evidence. Raises PromptTooLong when it leaves no room for a line."""
        messages = (Message("system", self.templates.system.template), Message("user", text))
        tokens = self.count_prompt(messages)
        max_tokens = min(most_tokens, self.context_size - tokens)
        if max_tokens < 16:
            raise PromptTooLong(f"{taking} {tokens} tokens of a context of {self.context_size}")
        return Prompt(messages, (), tokens, max_tokens)

    def _fit(self, closing: str, evidence: Sequence[Evidence], max_tokens: int) -> Prompt:
        """Keep as many leading passages as leave room for `max_tokens` of answer.

        Raises PromptTooLong when not even one passage fits beside the instructions and the question.
        """
        for kept in range(len(evidence), 0, -1):
            prompt = self._prompt(closing, evidence[:kept], max_tokens)
            if prompt.tokens + max_tokens <= self.context_size:
                return prompt
        needed = self._prompt(closing, evidence[:1], max_tokens).tokens + max_tokens
        raise PromptTooLong(
            f"instructions, question and one passage take {needed} tokens with the answer, "
            f"but the model's context holds {self.context_size}; "
            f"ask a shorter question, or set context_tokens to at least {needed}"
        )

    def _prompt(self, closing: str, evidence: Sequence[Evidence], max_tokens: int) -> Prompt:
        sources = "\n\n".join(self._source(piece) for piece in evidence)
        text = self.templates.sources.substitute(sources=sources) + closing
        messages = (Message("system", self.templates.system.template), Message("user", text))
        return Prompt(messages, tuple(evidence), self.count_prompt(messages), max_tokens)

    def _source(self, piece: Evidence) -> str:
        return self.templates.source.substitute(number=piece.number, **self._told(piece))

    @staticmethod
    def _told(piece: Evidence) -> dict[str, str]:
        """Title, date and text of a passage, as the model is shown them."""
        article = piece.hit.article
        return {
            "title": defused(" ".join(article.title.split())) if order_in(article.title) is None else "untitled",
            "date": article.published.isoformat() if article.published else "date unknown",
            "text": defused(" ".join(piece.text.split())),
        }
