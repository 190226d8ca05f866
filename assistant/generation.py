"""What a language model is to the rest: text pieces from a prompt, and one graded yes or no.

Knows prompts, completions and how a caller waits for a thread that computes. Loads no model, opens no connection, knows
nothing of articles, citations or back ends: those are `assistant.llama` and `assistant.endpoint`.

    stream = generator.generate(prompt, cancel)   pieces of text, then a Completion as the generator's return value
    completion = yield from stream                what a caller who is a generator itself writes
    completion = complete(stream)                 what everybody else writes
    generator.yes_no(prompt, cancel)              log-odds that the answer begins with "yes"; None if it cannot tell
    cancel.set()                                  any of these raises GenerationCancelled within half a second
"""

from __future__ import annotations

import math
import threading
from collections import abc
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from assistant.errors import GenerationCancelled
from assistant.types import Completion, Message, Model, Prompt, Usage

POLL_SECONDS = 0.05
"""How long a waiting caller may be blind to `cancel` and to Ctrl-C."""

YES = ("yes", "Yes", "YES")
NO = ("no", "No", "NO")

Stream = abc.Generator[str, None, Completion]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a generator can do besides generating.

    `yes_no`: it grades yes against no. `cached_tokens`: its usage tells which prompt tokens were not computed again.
    `cancel_prefill`: a cancelled prompt stops being computed, rather than being computed for nobody.
    """

    yes_no: bool
    cached_tokens: bool
    cancel_prefill: bool


Spend = Callable[[Usage], None]
"""Called with the tokens that were read and written for something."""


def unaccounted(usage: Usage) -> None:
    """Nobody counts."""


class Generator(Protocol):
    """A language model that follows instructions. Safe to call from several threads; calls may queue."""

    @property
    def model(self) -> Model: ...

    @property
    def context_size(self) -> int:
        """Tokens that prompt and completion may take together."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    def count_tokens(self, text: str) -> int:
        """Tokens of bare text: exact, or an estimate that is rather too high."""
        ...

    def count_prompt(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages as they will be sent, the chat template's own included."""
        ...

    def generate(self, prompt: Prompt, cancel: threading.Event) -> Stream:
        """Pieces of text as they come; the pieces joined are the returned completion's text.

        Closing the stream stops the model. Raises GenerationCancelled, PromptTooLong, GenerationFailed.
        """
        ...

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        """Log-odds of "yes" against "no" as the answer's first word; above 0 means yes. None if it cannot tell.

        `spend` is called with the tokens that took.
        """
        ...

    def close(self) -> None:
        """Release memory and connections. Calling it again does nothing."""
        ...


def complete(stream: Stream) -> Completion:
    """Run a stream to its end, for who wants no pieces."""
    while True:
        try:
            next(stream)
        except StopIteration as end:
            completion: Completion = end.value
            return completion


def await_result(done: Future[Result], cancel: threading.Event, stop: Callable[[], None]) -> Result:
    """The future's result, or GenerationCancelled soon after `cancel` is set. `stop` tells the computing side."""
    while True:
        if cancel.is_set():
            _abandon(done, stop)
        try:
            return done.result(timeout=POLL_SECONDS)
        except TimeoutError:
            if done.done():
                raise
        except BaseException:
            stop()
            raise


def follow(
    pieces: SimpleQueue[str | None],
    done: Future[Completion],
    cancel: threading.Event,
    stop: Callable[[], None],
) -> Stream:
    """Yield pieces until None comes, then return the future's result.

    However the caller leaves (close, cancel, Ctrl-C), `stop` is called, so that nobody computes for nobody.
    """
    try:
        while (piece := _next_piece(pieces, done, cancel, stop)) is not None:
            yield piece
        return done.result()
    finally:
        stop()


def _next_piece(
    pieces: SimpleQueue[str | None],
    done: Future[Completion],
    cancel: threading.Event,
    stop: Callable[[], None],
) -> str | None:
    while True:
        if cancel.is_set():
            _abandon(done, stop)
        try:
            return pieces.get(timeout=POLL_SECONDS)
        except Empty:
            if done.done() and pieces.empty():
                return None


def _abandon(done: Future[Result], stop: Callable[[], None]) -> None:
    stop()
    done.cancel()
    raise GenerationCancelled("Generation was stopped on request.")


def log_odds(yes: Iterable[float], no: Iterable[float]) -> float:
    """Log of the odds of two groups of tokens, from their logits or log-probabilities."""
    return _log_sum_exp(yes) - _log_sum_exp(no)


def _log_sum_exp(values: Iterable[float]) -> float:
    values = tuple(values)
    highest = max(values)
    return highest + math.log(sum(math.exp(value - highest) for value in values))
