"""The situations a question is asked in, and the rows that come of them: one a question, system and situation.

    warm      a question the process has not seen, after others
    repeated  the same again at once
    follow-up another question on the same article, the first one and its answer as history
    same articles   up to ten different questions on one article
    cold      `quoth ask` in a new process; with it `quoth --help` and `quoth search`

Systems take turns by question and change who begins, so that what else the machine does meets all alike. Knows the
systems as children to ask; computes nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.datasets import GoldQuestion
from tests.bench.energy import EnergyMeter
from tests.bench.systems import BenchError, Child, Json, System

SAME = 10
WARM_UP = "Which places are named?"
STARTS: Mapping[str, tuple[str, ...]] = {
    "cold ask": ("ask", "{}", "--json"),
    "cold search": ("search", "{}", "--json"),
    "cold help": ("--help",),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to ask in the warm scenarios, and one that follows it on the same article, if there is one."""

    question: GoldQuestion
    next: GoldQuestion | None


def with_next(questions: Sequence[GoldQuestion], everyone: Sequence[GoldQuestion]) -> list[Asked]:
    """Each question with another that has an article in common with it and is not asked by itself."""
    own = {question.qid for question in questions}
    free = [question for question in everyone if question.qid not in own and question.answerable]
    found = []
    for question in questions:
        shares = (other for other in free if set(other.gold_docs) & set(question.gold_docs))
        following = next(shares, None)
        free = [other for other in free if other is not following]
        found.append(Asked(question, following))
    return found


def on_one_article(questions: Sequence[GoldQuestion]) -> list[GoldQuestion]:
    """Up to ten answerable questions on the article that most are about; none where no two share one."""
    by_article: dict[str, list[GoldQuestion]] = {}
    for question in questions:
        if question.answerable:
            for doc_id in question.gold_docs:
                by_article.setdefault(doc_id, []).append(question)
    most = max(by_article.values(), key=len, default=[])
    return most[:SAME] if len(most) > 1 else []


def turns(children: Sequence[Child], nth: int) -> list[Child]:
    """The systems in this question's order: another begins each time."""
    first = nth % len(children)
    return [*children[first:], *children[:first]]


def ask_warm(
    children: Sequence[Child], asked: Sequence[Asked], also: Sequence[str], meter: EnergyMeter
) -> Iterator[Json]:
    """Warm rows and, where `also` names them, repeated and follow-up ones: a block of each question and system."""
    for child in children:
        child.ask(WARM_UP)
    for nth, one in enumerate(asked):
        for child in turns(children, nth):
            yield (first := _row("warm", child, one.question, (), meter))
            if "repeated" in also:
                yield _row("repeated", child, one.question, (), meter)
            if "follow-up" in also and one.next and "error" not in first:
                history = (("user", one.question.question), ("assistant", first["text"]))
                yield {**_row("follow-up", child, one.next, history, meter), "pair": one.question.qid}


def ask_same(children: Sequence[Child], questions: Sequence[GoldQuestion], meter: EnergyMeter) -> Iterator[Json]:
    """Different questions on one article, after something else."""
    for child in children:
        child.ask(WARM_UP)
    for nth, question in enumerate(questions):
        for child in turns(children, nth):
            yield _row("same articles", child, question, (), meter)


def _row(
    scenario: str, child: Child, question: GoldQuestion, history: Sequence[tuple[str, str]], meter: EnergyMeter
) -> Json:
    meter.joules()
    answer = child.ask(question.question, history)
    told = {"scenario": scenario, "system": child.system.name, "qid": question.qid, "pair": question.qid}
    return {**told, **answer, "joules": meter.joules()}


def start_cold(systems: Mapping[System, Path], questions: Sequence[GoldQuestion]) -> Iterator[Json]:
    """Commands in new processes. `systems` maps each to its data folder, where the corpus is indexed."""
    order = [system for system in systems if system.is_quoth]
    for nth, question in enumerate(questions):
        for scenario, words in STARTS.items():
            for system in order[nth % len(order) :] + order[: nth % len(order)]:
                arguments = [word.format(question.question) for word in words]
                told = {"scenario": scenario, "system": system.name, "qid": question.qid, "pair": question.qid}
                yield {**told, **_run(system, arguments, systems[system])}


def _run(system: System, arguments: Sequence[str], data: Path) -> Json:
    """A command's seconds, its processor seconds, its greatest memory and, of an answer, what it tells of itself."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=system.environment(data),
        cwd=system.checkout,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - begun
    if process.returncode:
        raise BenchError(f"{system.name}: `quoth {' '.join(arguments)}` failed with status {process.returncode}")
    return {
        "times": {"total_s": took, **(_first_token(said, took) if arguments[0] == "ask" else {})},
        "processor_s": used.ru_utime + used.ru_stime,
        "peak_memory_bytes": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def _first_token(said: bytes, took: float) -> Json:
    """The moments of an answer, counted from the start of its process: its own clock began when it was asked.

    The process ends soon after the answer, so what it took before is what its own total leaves.
    """
    own = json.loads(said)["timings"]
    before = took - own["total_s"]
    return {
        name: before + own[name] if own[name] is not None else None for name in ("first_evidence_s", "first_token_s")
    }
