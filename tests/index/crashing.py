"""A life of an index, ended at every instant of it; and what is found afterwards.

    python -m tests.index.crashing FOLDER KIND [--every N] [--seed S]

KIND is "kill" (the process dies), "power" (it dies, and of what was not synced only some has reached the disk),
"timer" (it dies at random times), "full" (no more room from there on) or "read" (nothing can be read from there on).
Each trial is a forked child that lives until its instant; the parent then opens what it left behind. Prints one JSON
object: how many trials, at which instants, and everything that was not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from index.errors import IndexingError
from index.ingest import article_id
from index.search import Index
from index.store import Store
from tests.index.fakes import FakeEmbedder, FakeSource, content, ingester, page
from tests.index.shim import FULL, OK, READ_FAILED, Calls, Disk, Instants

KEEPER = "a conversation"
ALL = 1000


class Careless(sqlite3.Connection):
    """Does not wait for the disk, whatever it is told."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *values)


CONNECT: list[Callable[..., sqlite3.Connection] | None] = [None]
"""How the index under trial is connected to its file."""


class World:
    """One index folder and what is done with it. `acknowledged` is told after each deed."""

    def __init__(self, folder: Path | None, acknowledged: Callable[[], None] = lambda: None) -> None:
        self.folder = folder
        self.acknowledged = acknowledged
        self.closed = False
        self.store = self._opened()

    def _opened(self) -> Store:
        return Store.open(self.folder, connect=CONNECT[0])

    def search(self) -> None:
        """As a new process would: the saved vectors are read, or written."""
        hits = Index(self.store, FakeEmbedder(dimension=8), cache_from=1).retrieve("harbour", ALL)
        assert {hit.chunk.id for hit in hits if hit.dense is not None} == content(self.store)["chunks"].keys()

    def take_in(self, pages: dict[str, str | None]) -> None:
        ingester(self.store, FakeEmbedder(dimension=8)).sync(FakeSource(pages))

    def refer(self) -> None:
        texts = [(info.id, info.digest) for info in self.store.articles() if info.uri == "mem:a"]
        self.store.refer(KEEPER, texts)

    def reopen(self) -> None:
        if self.folder:
            self.store.close()
            self.closed = True
            self.store = self._opened()
            self.closed = False

    def run(self, first: int = 0) -> None:
        for deed in DEEDS[first:]:
            deed(self)
            self.acknowledged()
        self.store.close()


def story(*names: str) -> dict[str, str | None]:
    return {
        f"mem:{name[0]}": page(" ".join(f"The {name} tells of harbour {n}." for n in range(9)), f"Title {name}")
        for name in names
    }


BEFORE = story("apple", "bread", "cider", "date", "grape")
AFTER = story("apple", "butter", "cider", "egg", "grape")
DEEDS: Sequence[Callable[[World], None]] = (
    lambda world: world.take_in(BEFORE),
    World.search,
    lambda world: world.take_in(AFTER | {"mem:f": None}),
    World.refer,
    lambda world: world.take_in(AFTER | story("avocado")),
    World.reopen,
    World.search,
    lambda world: ingester(world.store, FakeEmbedder(dimension=8)).remove([article_id("mem:c")]) and None,
    lambda world: ingester(world.store, FakeEmbedder(dimension=8)).rebuild() and None,
)
REFERRED = 3
"""The deed that refers to the text of mem:a; a later one changes it."""

Whole = dict[str, Any]


def by_article(store: Store) -> Whole:
    """Each article with its chunks and vectors, by URI."""
    all_of_it = content(store)
    return {
        uri: (article, [pair for pair in all_of_it["chunks"].values() if pair[0].article_id == article.id])
        for uri, article in all_of_it["articles"].items()
    }


def expected() -> list[Whole]:
    """What is stored before the first deed and after each."""
    world, states = World(None), list[Whole]()
    states.append(by_article(world.store))
    for deed in DEEDS:
        deed(world)
        states.append(by_article(world.store))
    return states


@dataclass(slots=True)
class Report:
    """What the trials of one kind came to."""

    trials: int = 0
    died: int = 0
    refused: int = 0
    instants: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def trial(folder: Path, end: Callable[[Instants], None], reads: bool = False) -> tuple[int, int, str, str]:
    """Live in a child until `end` ends it: deeds acknowledged, exit status, its instant, what it said."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        live(folder, tell, end, reads)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        said = pipe.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    lines = said.splitlines()
    instants = [line[2:] for line in lines if line.startswith("@ ")]
    words = " ".join(line[2:] for line in lines if line.startswith("! "))
    return lines.count("done"), status, instants[0] if instants else "", words


REFUSED, SURPRISED = 3, 9


def live(folder: Path, tell: int, end: Callable[[Instants], None], reads: bool) -> None:
    """A child's life. Never returns."""
    status = SURPRISED
    instants = Instants()
    try:
        end(instants)
        wake = instants.then
        instants.then = wake and (lambda what: _told(tell, what) + wake(what))
        disk = Disk(instants, reads)
        POWER.append(disk)
        Calls(instants).watch()
        status = _lived(folder, tell, instants)
        _told(tell, str(instants.count))
    except BaseException:
        os.write(tell, "".join(f"! {line}\n" for line in traceback.format_exc().splitlines()).encode())
    finally:
        os._exit(status)


def _told(tell: int, instant: str) -> int:
    os.write(tell, f"@ {instant}\n".encode())
    return OK


POWER: list[Disk] = []
"""The child's disk, once it lives."""


def _lived(folder: Path, tell: int, instants: Instants) -> int:
    world = None
    try:
        world = World(folder, lambda: os.write(tell, b"done\n") and None)
        world.run()
        return 0
    except IndexingError as error:
        sys.setprofile(None)
        instants.then = None
        os.write(tell, f"! {error}\n".encode())
        if world and not world.closed and (problems := world.store.check()):
            raise AssertionError(f"the same store, afterwards: {problems}") from error
        return REFUSED


def judge(folder: Path, acknowledged: int, states: list[Whole], go_on: bool) -> list[str]:
    """What is wrong with what was left behind."""
    before, after = states[acknowledged], states[min(acknowledged + 1, len(DEEDS))]
    with Store.open(folder) as store:
        wrong = list(store.check())
        stored = by_article(store)
        for uri in stored.keys() | before.keys() | after.keys():
            if stored.get(uri) not in (before.get(uri), after.get(uri)):
                wrong.append(f"{uri} is neither as it was nor as it was to be: {stored.get(uri)}")
        if acknowledged > REFERRED and not store.text_of(article_id("mem:a"), states[1]["mem:a"][0].digest):
            wrong.append("a text that is referred to is lost")
        World.search(_Opened(store))
        if go_on:
            world = _Opened(store)
            for deed in DEEDS[acknowledged:]:
                deed(world)
            if by_article(world.store) != states[-1]:
                wrong.append("going on from there ends elsewhere")
            world.store.close()
    return wrong


class _Opened(World):
    def __init__(self, store: Store) -> None:
        self.store, self.folder = store, store.directory


def ends(kind: str, count: int, seed: int, seconds: float) -> Callable[[int], Callable[[Instants], None]]:
    """How the trial of each number ends."""

    def die(_: str) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return OK

    def lose_power(what: str) -> int:
        POWER[0].lose_power(lambda: chance.random() < 0.5)
        return die(what)

    deeds: dict[str, Callable[[str], int]] = {
        "kill": die,
        "power": lose_power,
        "full": lambda what: FULL if what != "read" else OK,
        "read": lambda what: READ_FAILED if what == "read" else OK,
    }
    chance = random.Random(seed)

    def ending(number: int) -> Callable[[Instants], None]:
        chance.seed(seed * 1_000_003 + number)

        def end(instants: Instants) -> None:
            if kind == "timer":
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.setitimer(signal.ITIMER_REAL, max(1e-5, seconds * chance.random()))
            else:
                instants.at, instants.then = number, deeds[kind]

        return end

    return ending


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=0)
    parser.add_argument("--careless", action="store_true", help="have SQLite not wait for the disk")
    given = parser.parse_args()
    if given.careless:
        CONNECT[0] = partial(sqlite3.connect, factory=Careless)
    print(json.dumps(measured(given.folder, given.kind, given.every, given.seed, given.trials)))


def measured(folder: Path, kind: str, every: int, seed: int, trials: int) -> dict[str, Any]:
    """Run every trial of a kind."""
    states, report, reads = expected(), Report(), kind == "read"
    place = folder / "trial"
    begun = time.perf_counter()
    _, status, count, words = trial(place, lambda _: None, reads)
    seconds = time.perf_counter() - begun
    shutil.rmtree(place)
    assert status == 0, words
    numbers = range(1, trials + 1) if kind == "timer" else range(1 + seed % every, int(count) + 1, every)
    ending = ends(kind, int(count), seed, seconds)
    for number in numbers:
        acknowledged, status, instant, words = trial(place, ending(number), reads)
        report.trials += 1
        report.died += status < 0
        report.refused += status == REFUSED
        report.instants[instant if status < 0 or status == REFUSED else "lived on"] += kind != "timer"
        if words:
            report.messages[words.replace(str(place), "FOLDER")] += status == REFUSED
        problems = [words] if status == SURPRISED else []
        try:
            problems += judge(place, acknowledged, states, go_on=number % 8 == 0) if place.exists() else []
        except Exception:
            problems.append(traceback.format_exc())
        report.wrong += [f"{kind} {number} at {instant!r} after {acknowledged} deeds: {one}" for one in problems]
        shutil.rmtree(place, ignore_errors=True)
    return {name: getattr(report, name) for name in Report.__slots__}


if __name__ == "__main__":
    main()
