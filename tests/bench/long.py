"""Memory over a long day: one process, many questions, what it holds early and late.

Knows rows with `memory_bytes`. Compares the median of the ten questions that end at the 20th with that of the last ten,
since what is held goes up and down with each question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from statistics import median

from assistant.evaluation.datasets import GoldQuestion
from tests.bench.systems import BenchError, Child, Json

EARLY = 20
AROUND = 10


def long_day(child: Child, questions: Sequence[GoldQuestion], count: int, tell: Callable[[str], None]) -> Json:
    """Ask `count` questions, from the first again when they are through; every third as a follow-up."""
    if count <= EARLY + AROUND:
        raise BenchError(f"--long {count} is too short a day; ask at least {EARLY + AROUND + 1} questions")
    held: list[int] = []
    peak, errors, history = 0, 0, ()
    for nth, question in enumerate(islice(cycle(questions), count), start=1):
        row = child.ask(question.question, history if nth % 3 == 0 else ())
        errors += "error" in row
        if "error" not in row:
            if row["memory_bytes"] is None:
                raise BenchError("this system does not say what a process holds (/proc/self/statm); use Linux")
            held.append(row["memory_bytes"])
            peak = row["peak_memory_bytes"]
            history = (("user", question.question), ("assistant", row["text"]))
        if nth % AROUND == 0:
            tell(f"{nth} of {count}: {held[-1] / 1e6:.0f} MB held, {errors} failed")
    return told(held, peak, errors)


def told(held: Sequence[int], peak: int, errors: int) -> Json:
    """What was held early and late, and their ratio. `held` has a number for every answered question."""
    early, late = median(held[EARLY - AROUND : EARLY]), median(held[-AROUND:])
    return {
        "questions": len(held) + errors,
        "errors": errors,
        "early_bytes": early,
        "late_bytes": late,
        "ratio": late / early,
        "peak_memory_bytes": peak,
        "held_bytes": list(held),
    }


def long_line(long: Json) -> str:
    """The same for a person."""
    early, late, peak = (long[name] / 1e6 for name in ("early_bytes", "late_bytes", "peak_memory_bytes"))
    return (
        f"{long['questions']} questions, {long['errors']} failed: {early:.0f} MB after {EARLY}, {late:.0f} MB at the "
        f"end, × {long['ratio']:.3f}; at most {peak:.0f} MB"
    )
