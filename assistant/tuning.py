"""Threads and batch size of llama.cpp as measured on this machine, kept in a file that is believed only while it fits.

Knows trials as seconds and a file as JSON; runs no model and reads no clock of its own. Only what changes no answer is
chosen: flash attention and the cache's type do change one, and how weights are held may; of the latter it is told what
the other way takes.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

READ, WRITTEN = 256, 12
"""Tokens of a trial: of a prompt, and written one by one."""
TYPICAL_READ, TYPICAL_WRITTEN = 225, 8
"""Tokens of a question, what the seconds are weighed by: three sentences that are asked about, or, for one question in
eight, evidence and an overview written of it."""
ROUNDS = 2
SECONDS = 20.0
WORTH = 0.95
"""Another choice than the default is taken when it needs at most this much of its time."""
BATCH_SIZE = 256
BATCHES = (64, 128, BATCH_SIZE, 512)
MOST_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What llama.cpp runs with."""

    threads: int
    batch_size: int


@dataclass(frozen=True, slots=True)
class Trial:
    """Seconds that READ tokens of a prompt and WRITTEN tokens took, the medians of the rounds."""

    choice: Choice
    read_s: float
    written_s: float

    @property
    def question_s(self) -> float:
        """What a question of typical length would take."""
        return self.read_s * TYPICAL_READ / READ + self.written_s * TYPICAL_WRITTEN / WRITTEN


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was chosen, and of which trials; the first is the default's. `other` is the choice with the weights held the
    other way than they are, if there is one."""

    choice: Choice
    trials: tuple[Trial, ...]
    other: Trial | None = None

    @property
    def chosen(self) -> Trial:
        """The trial of what was chosen."""
        return next(trial for trial in self.trials if trial.choice == self.choice)


Try = Callable[[Choice], tuple[float, float]]
"""Runs a trial and gives the seconds of reading and of writing."""


def tune(default: Choice, cores: int, attempt: Try, clock: Callable[[], float]) -> Tuned:
    """The quickest choice: threads first, then batch sizes with those threads. Stops after about SECONDS."""
    end = clock() + SECONDS
    threads = [Choice(count, default.batch_size) for count in _counts(default.threads, cores)]
    by_threads = _tried([default, *threads], attempt, clock, end)
    best = _best(by_threads, default)
    sizes = [Choice(best.threads, size) for size in BATCHES if size != best.batch_size]
    by_size = _tried([best, *sizes], attempt, clock, end)
    return Tuned(_best(by_size, best), (*by_threads, *(t for t in by_size if t.choice != best)))


def again(choice: Choice, attempt: Try) -> Trial:
    """A trial of one choice, as often as the others are tried."""
    return _tried([choice], attempt, lambda: 0.0, 1.0)[0]


def _counts(default: int, cores: int) -> Sequence[int]:
    """All cores, one less, and half of them: cores that share a unit may be in each other's way."""
    return sorted({count for count in (cores, cores - 1, cores // 2) if count > 0} - {default}, reverse=True)


def _tried(choices: Sequence[Choice], attempt: Try, clock: Callable[[], float], end: float) -> tuple[Trial, ...]:
    """The choices taking turns, so that what else the machine does meets all alike; the first is always tried."""
    found: dict[Choice, list[tuple[float, float]]] = {}
    for nth in range(ROUNDS):
        for choice in choices if nth % 2 == 0 else choices[::-1]:
            if clock() < end or not found:
                found.setdefault(choice, []).append(attempt(choice))
    return tuple(
        Trial(choice, median(read for read, _ in times), median(written for _, written in times))
        for choice, times in found.items()
    )


def _best(trials: Sequence[Trial], default: Choice) -> Choice:
    """The quickest, if it is worth leaving the default for."""
    quickest = min(trials, key=lambda trial: trial.question_s)
    usual = next(trial for trial in trials if trial.choice == default)
    return quickest.choice if quickest.question_s <= WORTH * usual.question_s else default


def save(path: Path, key: str, tuned: Tuned) -> None:
    """Keep it for what `key` names, over what was kept before. A folder that cannot be written is an OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"key": key, **asdict(tuned)}, indent=1)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def load(path: Path, key: str, cores: int) -> Tuned | None:
    """What was kept for `key`; None where there is nothing, or nothing that could have been measured here."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        if path.stat().st_size > MOST_BYTES:
            return None
        stored = json.loads(path.read_text(encoding="utf-8"))
        choice, trials = _choice(stored["choice"]), tuple(_trials(stored["trials"]))
        other = next(_trials([stored["other"]])) if stored["other"] else None
        fits = 0 < choice.threads <= cores and choice.batch_size in BATCHES and choice in [t.choice for t in trials]
        return Tuned(choice, trials, other) if stored["key"] == key and fits else None
    return None


def _choice(stored: dict[str, object]) -> Choice:
    threads, batch_size = stored["threads"], stored["batch_size"]
    if type(threads) is not int or type(batch_size) is not int:
        raise ValueError(f"{stored} is no choice")
    return Choice(threads, batch_size)


def _trials(stored: Sequence[dict[str, object]]) -> Iterator[Trial]:
    for trial in stored:
        read_s, written_s, choice = trial["read_s"], trial["written_s"], trial["choice"]
        if not isinstance(read_s, float) or not isinstance(written_s, float) or not isinstance(choice, dict):
            raise ValueError(f"{trial} is no trial")
        yield Trial(_choice(choice), read_s, written_s)
