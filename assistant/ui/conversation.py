"""One conversation: what was asked, what waits, what is being answered, what can be stopped.

Knows exchanges and their markup; nothing of Gradio, models or threads' work. A page's events call it from several
threads, so every method holds the lock.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assistant.types import Question, Turn
from assistant.ui import render
from assistant.ui.exchange import NO_FILTERS, Exchange, stop
from assistant.ui.markup import NOTHING, Html, join
from assistant.ui.pieces import trouble
from assistant.ui.preferences import Preferences
from index.types import Filters


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits or runs. Setting `cancel` ends it."""

    number: int
    text: str
    cancel: threading.Event = field(default_factory=threading.Event)


class Conversation:
    """Questions are answered one at a time, in the order they came. `exchanges` is how it stood when it was kept."""

    def __init__(self, exchanges: Sequence[Exchange] = (), preferences: Preferences | None = None) -> None:
        self._lock = threading.RLock()
        self._asked = max((exchange.number for exchange in exchanges), default=0)
        self._waiting: deque[Asked] = deque()
        self._running: Asked | None = None
        self._live: Exchange | None = exchanges[-1] if exchanges else None
        self._past: tuple[Exchange, ...] = tuple(exchanges[:-1])
        self._drawn: dict[int, Html] = {}
        self._replacing = False
        self._hint = ""
        self._preferences = preferences or Preferences()
        self._warning = ""
        self._filters = NO_FILTERS

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, text: str) -> None:
        """Put a question at the end of the line; of an empty one only a hint remains."""
        with self._lock:
            self._hint = "" if text.strip() else "Type a question first."
            if not self._hint:
                self._asked += 1
                self._waiting.append(Asked(self._asked, text))

    def again(self) -> None:
        """Ask the newest question once more; its answer makes room for the new one."""
        with self._lock:
            if self._live is not None and not self.busy:
                self._replacing = True
                self._asked += 1
                self._waiting.appendleft(Asked(self._asked, self._live.question))

    def edit(self) -> str:
        """The newest question's text, to be asked otherwise: the next question replaces it. "" while one runs."""
        with self._lock:
            self._replacing = self._live is not None and not self.busy and not self._waiting
            return self._live.question if self._live is not None and self._replacing else ""

    def keep(self) -> None:
        """Do not replace the newest question after all."""
        with self._lock:
            self._replacing = False

    def withdraw(self, number: int) -> None:
        """Take a waiting question out of the line."""
        with self._lock:
            self._waiting = deque(asked for asked in self._waiting if asked.number != number)

    # ── answering ───────────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self) -> Asked | None:
        """The next question becomes the live exchange, what was live becomes the past. None when nothing waits.

        A run that was abandoned without an end is cancelled, so that it cannot hold the line for ever.
        """
        with self._lock:
            if not self._waiting:
                return None
            self.stop()
            if self._live is not None and not self._replacing:
                self._past = (*self._past, stop(self._live) if self._live.running else self._live)
            self._replacing = False
            self._running = self._waiting.popleft()
            self._live = Exchange(self._running.number, self._running.text, filters=self._filters)
            return self._running

    @property
    def preferences(self) -> Preferences:
        """What questions are asked with."""
        with self._lock:
            return self._preferences

    def prefer(self, preferences: Preferences) -> None:
        """Ask with these from the next question on."""
        with self._lock:
            self._preferences = preferences

    def question(self, asked: Asked) -> Question:
        """What the assistant is asked: the text and the turns before it."""
        with self._lock:
            filters = self._live.filters if self._live is not None else self._filters
            return Question(asked.text, history=self._turns(), filters=filters)

    def _turns(self) -> tuple[Turn, ...]:
        """What was answered before, as the assistant needs it. Stopped and failed questions are no part of it."""
        done = [(one.question, one.answer) for one in self.exchanges if one.answer is not None]
        said = [(question, answer.raw_text or answer.text, answer.read) for question, answer in done]
        return tuple(turn for q, a, e in said for turn in (Turn("user", q), Turn("assistant", a, e)))

    def show(self, exchange: Exchange) -> None:
        """Keep the newest state of the live exchange; one that was cleared away is not brought back."""
        with self._lock:
            if self._live is not None and self._live.number == exchange.number:
                self._live = exchange

    def end(self, asked: Asked) -> None:
        """`asked` is over, however it ended; the next question may begin.

        Where its page went away in the middle, as on a reload, the question stands first in line again.
        """
        with self._lock:
            asked.cancel.set()
            if self._running is not asked:
                return
            self._running = None
            if self._live is not None and self._live.number == asked.number and self._live.running:
                self._live, self._past = (self._past[-1] if self._past else None), self._past[:-1]
                self._waiting.appendleft(Asked(asked.number, asked.text))

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
            self._drawn.clear()
            self._running, self._live, self._past, self._replacing, self._hint = None, None, (), False, ""

    # ── beside answering ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def filters(self) -> Filters:
        """What the next question's search is held to."""
        with self._lock:
            return self._filters

    def narrow(self, filters: Filters) -> None:
        """Hold the search for all questions to come to these."""
        with self._lock:
            self._filters = filters

    def judge(self, number: int, judged: tuple[str, str, str] | None) -> None:
        """Show what the reader made of an answer."""
        with self._lock:
            self._past = tuple(replace(one, judged=judged) if one.number == number else one for one in self._past)
            if self._live is not None and self._live.number == number:
                self._live = replace(self._live, judged=judged)
            self._drawn.pop(number, None)

    def warn(self, warning: str) -> None:
        """Show a warning under the newest exchange; "" for none."""
        with self._lock:
            self._warning = warning

    def leave(self) -> None:
        """End what is being answered and what waits, because the tab goes elsewhere; what was said so far stays."""
        with self._lock:
            self._waiting.clear()
            self.stop()

    # ── how it stands ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def live(self) -> Exchange | None:
        """The newest exchange."""
        with self._lock:
            return self._live

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges, the newest last."""
        with self._lock:
            return (*self._past, self._live) if self._live is not None else self._past

    def exchange(self, number: int) -> Exchange | None:
        """The exchange of this number."""
        return next((one for one in self.exchanges if one.number == number), None)

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
        """Whether anything has been asked."""
        with self._lock:
            return self._live is not None or bool(self._waiting)

    # ── markup ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def past_markup(self) -> Html:
        """All exchanges before the live one. They no longer change, so each is drawn once."""
        with self._lock:
            for one in self._past:
                if one.number not in self._drawn:
                    self._drawn[one.number] = render.exchange(one)
            return join(self._drawn[one.number] for one in self._past)

    def live_markup(self) -> Html:
        """The live exchange."""
        with self._lock:
            if self._live is None:
                return NOTHING
            warning = trouble(self._warning) if self._warning else None
            return join((render.exchange(self._live, newest=True), warning))

    def waiting_markup(self) -> Html:
        """The questions in line, and that the next one replaces the newest where it does."""
        with self._lock:
            if self._replacing and not self._waiting:
                return render.editing()
            return render.waiting([(asked.number, asked.text) for asked in self._waiting])

    def status_markup(self) -> Html:
        """The line under the question box."""
        with self._lock:
            if self._hint:
                return render.status_line(self._hint)
            return render.report(self._live) if self._running or not self._waiting else render.in_line()
