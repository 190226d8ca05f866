"""A stream that may be silent for seconds → batches of events at a steady pace, which can be left at any moment.

Knows threads and queues; nothing of pages. The stream runs in a thread of its own, because a page cannot interrupt a
`next()` that is computing a prompt. One stream runs at a time: the next waits until the last has really ended, even
when nobody listens to it any more.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.errors import AssistantError
from assistant.types import Event, Question
from assistant.ui.preferences import Preferences

Ask = Callable[[Question, Preferences, threading.Event], Iterator[Event]]


class ServerEnded(AssistantError):
    """The server ends while a question is being answered or waits."""

    def __init__(self) -> None:
        super().__init__("Quoth was ended before this was answered. Start it again with `quoth ui` and ask again.")


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None


@dataclass(frozen=True, slots=True)
class Relay:
    """Runs `ask` and hands its events over every `tick_seconds`."""

    ask: Ask
    tick_seconds: float = 0.08
    _busy: threading.Lock = field(default_factory=threading.Lock, init=False)
    _closed: threading.Event = field(default_factory=threading.Event, init=False)
    _listened: set[threading.Event] = field(default_factory=set, init=False)

    def close(self, seconds: float = 0.0) -> bool:
        """End all streams, those to come included; wait at most `seconds` until nobody listens to one any more.

        Whether anybody did.
        """
        self._closed.set()
        listened = bool(self._listened)
        until = time.monotonic() + seconds
        while self._listened and time.monotonic() < until:
            time.sleep(self.tick_seconds)
        return listened

    def batches(
        self, question: Question, preferences: Preferences, cancel: threading.Event
    ) -> Iterator[tuple[Event, ...]]:
        """What has come since the last batch, () where nothing has; about 1 / `tick_seconds` batches a second.

        Ends with the stream, raises what the stream raised, and ends within one tick of `cancel`, which it also sets
        when it is closed. Raises ServerEnded where the relay was closed first.
        """
        self._require_open()
        arrived: queue.SimpleQueue[Event | _End] = queue.SimpleQueue()
        worker = threading.Thread(
            target=self._run, args=(question, preferences, cancel, arrived), name="quoth-answer", daemon=True
        )
        worker.start()
        self._listened.add(cancel)
        try:
            while not cancel.is_set():
                batch, end = _take(arrived, self.tick_seconds)
                if batch or end is None:
                    yield batch
                if end is not None:
                    if end.error is not None:
                        raise end.error
                    return
                self._require_open()
                if batch:
                    cancel.wait(self.tick_seconds)
        finally:
            self._listened.discard(cancel)
            cancel.set()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise ServerEnded

    def _run(
        self,
        question: Question,
        preferences: Preferences,
        cancel: threading.Event,
        arrived: queue.SimpleQueue[Event | _End],
    ) -> None:
        while not self._busy.acquire(timeout=self.tick_seconds):
            if cancel.is_set():
                return
        try:
            for event in self.ask(question, preferences, cancel):
                arrived.put(event)
                if cancel.is_set():
                    break
            arrived.put(_End(None))
        except Exception as error:  # handed to whoever listens, which decides what it means
            arrived.put(_End(error))
        finally:
            self._busy.release()


def _take(arrived: queue.SimpleQueue[Event | _End], seconds: float) -> tuple[tuple[Event, ...], _End | None]:
    """Everything that has arrived, waiting at most `seconds` for the first."""
    batch: list[Event] = []
    try:
        item = arrived.get(timeout=seconds)
        while not isinstance(item, _End):
            batch.append(item)
            item = arrived.get_nowait()
    except queue.Empty:
        return tuple(batch), None
    return tuple(batch), item
