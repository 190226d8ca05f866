"""A generator that is another one, for benchmarks that change one thing about it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.generation import Capabilities, Generator, Spend, Stream, unaccounted
from assistant.types import Message, Model, Prompt


@dataclass(frozen=True, slots=True)
class Delegating:
    """`inner` in all but what a subclass does otherwise."""

    inner: Generator

    @property
    def model(self) -> Model:
        return self.inner.model

    @property
    def context_size(self) -> int:
        return self.inner.context_size

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    def count_tokens(self, text: str) -> int:
        return self.inner.count_tokens(text)

    def count_prompt(self, messages: Sequence[Message]) -> int:
        return self.inner.count_prompt(messages)

    def generate(self, prompt: Prompt, cancel: threading.Event) -> Stream:
        return self.inner.generate(prompt, cancel)

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        return self.inner.yes_no(prompt, cancel, spend)

    def close(self) -> None:
        self.inner.close()
