"""What an answer costs: seconds and tokens, noted as it is made."""

from __future__ import annotations

from collections.abc import Callable

from assistant.types import Timings, Usage


class Costs:
    """What one answer has cost so far: when each step was reached, in seconds since this was made, and tokens."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        self._retrieved = 0.0
        self._evidence: float | None = None
        self._token: float | None = None
        self.usage = Usage(0, 0, 0)

    def _elapsed(self) -> float:
        return self._clock() - self._start

    def retrieved(self) -> None:
        """The hits are known."""
        self._retrieved = self._elapsed()

    def showed_evidence(self) -> None:
        """The evidence can be shown."""
        self._evidence = self._elapsed()

    def got_token(self) -> None:
        """A piece of the answer came; only the first counts."""
        self._token = self._token or self._elapsed()

    def timings(self) -> Timings:
        """The times so far, the total up to now."""
        return Timings(self._retrieved, self._evidence, self._token, self._elapsed())

    def spend(self, usage: Usage) -> None:
        """The generator read and wrote so much more: for a rewritten question, a yes or no, the answer itself."""
        self.usage += usage
