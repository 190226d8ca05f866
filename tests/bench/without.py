"""Quoth less one of its techniques, for what no setting switches off.

Knows an assistant's parts and puts others in their place; changes nothing of what is answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.answering import Assistant
from assistant.generation import Spend, Stream, unaccounted
from assistant.llama import LlamaCpp
from assistant.llama_engine import KeptSequence
from assistant.types import Prompt
from assistant.verifying import Verifier
from tests.delegating import Delegating


@dataclass(frozen=True, slots=True)
class Forgetful(Delegating):
    """Computes every prompt from its first token: before each, the cells are as they were `at_first`."""

    at_first: KeptSequence

    def generate(self, prompt: Prompt, cancel: threading.Event) -> Stream:
        self._forget()
        return self.inner.generate(prompt, cancel)

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        self._forget()
        return self.inner.yes_no(prompt, cancel, spend)

    def _forget(self) -> None:
        assert isinstance(self.inner, LlamaCpp), "only a model in this process has cells"
        self.inner.restore(self.at_first)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A verifier that wants the generator asked about every sentence."""

    inner: Verifier

    def __call__(self, claim: str, passages: Sequence[str], yes_no: float | None = None) -> float:
        return self.inner(claim, passages, yes_no)

    def settled(self, claim: str, passages: Sequence[str]) -> float | None:
        """Nothing is."""
        return None


def forgetful(assistant: Assistant) -> Assistant:
    """Without going on with what a prompt shares with the one before it."""
    assert isinstance(assistant.generator, LlamaCpp), "only a model in this process has cells"
    return replace(assistant, generator=Forgetful(assistant.generator, assistant.generator.state()))


def unsettled(assistant: Assistant) -> Assistant:
    """Without leaving out the check of sentences whose name it cannot change."""
    return replace(assistant, verifier=Unsettled(assistant.verifier))


PIPELINES: Mapping[str, Callable[[Assistant], Assistant]] = {"forgetful": forgetful, "unsettled": unsettled}
"""What may be asked for as a system's pipeline, beside `quoth` and `naive`. To be made before anything is asked."""
