"""One tab's conversation: what was asked, what waits, what is being answered, what can be stopped.

Knows exchanges and their markup; nothing of Gradio, models or threads' work. Gradio keeps one per session and calls it
from several threads, so every method holds the lock; a copy is a new, empty conversation, because that is what Gradio
makes of it when a session begins.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from assistant.types import Question, Turn
from assistant.ui import render
from assistant.ui.exchange import Exchange
from assistant.ui.markup import NOTHING, Html, join


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits or runs. Setting `cancel` ends it."""

    number: int
    text: str
    cancel: threading.Event = field(default_factory=threading.Event)


class Conversation:
    """Questions are answered one at a time, in the order they came."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._asked = 0
        self._waiting: deque[Asked] = deque()
        self._running: Asked | None = None
        self._live: Exchange | None = None
        self._past: tuple[Html, ...] = ()
        self._turns: tuple[Turn, ...] = ()
        self._hint = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> Conversation:
        """A new session's conversation."""
        return Conversation()

    def ask(self, text: str) -> None:
        """Put a question at the end of the line; of an empty one only a hint remains."""
        with self._lock:
            self._hint = "" if text.strip() else "Type a question first."
            if not self._hint:
                self._asked += 1
                self._waiting.append(Asked(self._asked, text))

    def begin(self) -> Asked | None:
        """The next question becomes the live exchange, what was live becomes the past. None when nothing waits.

        A run that was abandoned without an end is cancelled, so that it cannot hold the line for ever.
        """
        with self._lock:
            if not self._waiting:
                return None
            self.stop()
            if self._live is not None:
                self._past = (*self._past, render.exchange(self._live))
            self._running = self._waiting.popleft()
            self._live = Exchange(self._running.number, self._running.text)
            return self._running

    def question(self, asked: Asked) -> Question:
        """What the assistant is asked: the text and the turns before it."""
        with self._lock:
            return Question(asked.text, history=self._turns)

    def show(self, exchange: Exchange) -> None:
        """Keep the newest state of the live exchange; one that was cleared away is not brought back.

        An exchange that is over frees the line, and an answer becomes part of the history.
        """
        with self._lock:
            if self._live is None or self._live.number != exchange.number:
                return
            self._live = exchange
            if exchange.answer is not None:
                said = exchange.answer.raw_text or exchange.answer.text
                self._turns = (*self._turns, Turn("user", exchange.question), Turn("assistant", said))

    def end(self, asked: Asked) -> None:
        """`asked` is over, however it ended; the next question may begin."""
        with self._lock:
            asked.cancel.set()
            if self._running is asked:
                self._running = None

    def stop(self) -> None:
        """End what is being answered. What waits goes on waiting."""
        with self._lock:
            if self._running is not None:
                self._running.cancel.set()

    def clear(self) -> None:
        """Forget everything; end what is being answered and what waits."""
        with self._lock:
            for asked in (*self._waiting, *([self._running] if self._running else [])):
                asked.cancel.set()
            self._waiting.clear()
            self._running, self._live, self._past, self._turns, self._hint = None, None, (), (), ""

    @property
    def live(self) -> Exchange | None:
        """The newest exchange."""
        with self._lock:
            return self._live

    @property
    def busy(self) -> bool:
        """Whether a question is being answered."""
        with self._lock:
            return self._running is not None

    @property
    def waits(self) -> bool:
        """Whether a question is in line."""
        with self._lock:
            return bool(self._waiting)

    @property
    def started(self) -> bool:
        """Whether anything has been asked since the page opened or was cleared."""
        with self._lock:
            return self._live is not None or bool(self._waiting)

    def past_markup(self) -> Html:
        """All exchanges before the live one."""
        with self._lock:
            return join(self._past)

    def live_markup(self) -> Html:
        """The live exchange."""
        with self._lock:
            return NOTHING if self._live is None else render.exchange(self._live)

    def waiting_markup(self) -> Html:
        """The questions in line."""
        with self._lock:
            return render.waiting([asked.text for asked in self._waiting])

    def status_markup(self) -> Html:
        """The line under the question box."""
        with self._lock:
            if self._hint:
                return render.status_line(self._hint)
            return render.report(self._live) if self._running or not self._waiting else render.in_line()
