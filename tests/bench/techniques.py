"""What each technique brings: Quoth with and without it, all taking turns at the same questions in one run.

Knows which systems differ in one technique alone, and reads their ratios from the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from tests.bench.energy import EnergyMeter
from tests.bench.figures import QUALITY, difference, ratio
from tests.bench.scenarios import Asked, ask_warm
from tests.bench.systems import Child, Json, System

QUOTH: Final = System("quoth")
WRITTEN: Final = System("written", settings=(("answers", "written"),))


@dataclass(frozen=True, slots=True)
class Technique:
    """Two systems that differ in it, and in which scenario and measure that shows."""

    name: str
    given: System
    without: System
    measure: str = "total_s"
    scenario: str = "warm"


def _less(given: System, name: str, *settings: tuple[str, str], pipeline: str = "quoth", **variables: str) -> System:
    return System(name, pipeline, (*given.settings, *settings), variables=tuple(variables.items()))


_FORGETFUL = _less(QUOTH, "every prompt whole", pipeline="forgetful")
_FORGETFUL_WRITER = _less(WRITTEN, "written, every prompt whole", pipeline="forgetful")
_UNSETTLED = _less(QUOTH, "every sentence checked", pipeline="unsettled")
_WORDY = _less(WRITTEN, "written, 750 tokens", ("evidence_tokens", "750"))
_TORCH = _less(QUOTH, "torch", ("embedder_runtime", "torch"))
_MAPPED = _less(QUOTH, "mapped", ("weights", "mapped"))
_MAPPED_WRITER = _less(WRITTEN, "written, mapped", ("weights", "mapped"))
_UNREMEMBERED = _less(QUOTH, "grades forgotten", ("remembered_grades", "0"))
_LOOKING = _less(QUOTH, "threads that look", GOMP_SPINCOUNT="300000")

TECHNIQUES: Final = (
    Technique("quoting instead of writing", QUOTH, WRITTEN),
    Technique("350 tokens of evidence instead of 750, written", WRITTEN, _WORDY),
    Technique("going on with the common prefix", QUOTH, _FORGETFUL),
    Technique("going on with the common prefix, written", WRITTEN, _FORGETFUL_WRITER),
    Technique("no check of a sentence that it cannot rename", QUOTH, _UNSETTLED),
    Technique("remembering grades, asked again", QUOTH, _UNREMEMBERED, scenario="repeated"),
    Technique("the embedder in 8 bits, until passages are shown", QUOTH, _TORCH, "first_evidence_s"),
    Technique("threads that sleep while they wait, idle machine", QUOTH, _LOOKING),
    Technique("weights as they lie in the file, quoted", _MAPPED, QUOTH),
    Technique("weights as they lie in the file, written", _MAPPED_WRITER, WRITTEN),
)


WAYS: Final = ("all", "quoted", "written")


def of_way(way: str) -> tuple[Technique, ...]:
    """The techniques of one way to answer: "written" where either system writes, which takes several times as long."""
    return tuple(one for one in TECHNIQUES if way in ("all", "written" if _writes(one) else "quoted"))


def _writes(one: Technique) -> bool:
    return any(("answers", "written") in system.settings for system in (one.given, one.without))


def systems(way: str) -> list[System]:
    """Each system once, Quoth as it is first."""
    return list(dict.fromkeys(system for one in of_way(way) for system in (one.given, one.without)))


def rows_of(children: Sequence[Child], asked: Sequence[Asked], meter: EnergyMeter) -> Iterator[Json]:
    """Every system is asked everything; those that differ where a question is asked again, again and twice."""
    yield from ask_warm(children, asked, (), meter)
    again = {system for one in TECHNIQUES if one.scenario == "repeated" for system in (one.given, one.without)}
    again_asked = [child for child in children if child.system in again]
    rows = ask_warm(again_asked, asked if len(again_asked) > 1 else (), ("repeated",), meter)
    yield from (row for row in rows if row["scenario"] == "repeated")


def measured(rows: Sequence[Json]) -> list[Json]:
    """Of each technique the ratio of the time with it to the time without, and by how much quality differs."""
    found: list[Json] = []
    for one in TECHNIQUES:
        without, given = (
            [row for row in rows if (row["system"], row["scenario"]) == (system.name, one.scenario)]
            for system in (one.without, one.given)
        )
        if took := ratio(without, given, one.measure):
            shares = {name: difference(without, given, name) for name in QUALITY}
            found.append(
                {"technique": one.name, **asdict(took), **{k: s.value for k, s in shares.items() if s is not None}}
            )
    return found
