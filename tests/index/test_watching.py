"""Watching: it looks when something may have changed, finds what did, and says how it watches."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest

from index.errors import EventsUnavailable, IndexBusy
from index.store import Store
from index.types import IngestReport, SkippedSource
from index.watching import ANYWAY_SECONDS, POLL_SECONDS, Events, Watching, follow, looks

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
"""How long a line is waited for before a test fails instead of hanging."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = Path(os.path.realpath(tmp_path)) / "articles"
    folder.mkdir()
    return folder


@dataclass
class Clockwork:
    """A clock that moves when it is slept by, and remembers what it was told."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    wake: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.wake()

    def watching(self, *places: Path, events: Events | None = None, poll: float | None = None) -> Watching:
        return Watching(
            lambda: places, poll_seconds=poll, events=events or unavailable, sleep=self.sleep, clock=lambda: self.now
        )


def unavailable(folders: Sequence[Path], counts: Callable[[Path], bool]) -> Iterator[bool]:
    raise EventsUnavailable("no more watches to be had")
    yield


# ---- when to look


def test_it_looks_at_first_at_every_event_and_after_a_long_silence(folder: Path) -> None:
    clock, seen = Clockwork(), []

    def events(folders: Sequence[Path], counts: Callable[[Path], bool]) -> Iterator[bool]:
        for moment, happened in [(0, False), (1, False), (2, True), (3, False), (4 + ANYWAY_SECONDS, False)]:
            clock.now = moment
            yield happened
            seen.append(moment)

    look = looks(clock.watching(folder, events=events), clock.told.append)
    assert [(next(look), clock.now)[1] for _ in range(3)] == [0, 2, 4 + ANYWAY_SECONDS]
    assert clock.told == [f"watching {folder}; Ctrl-C stops"]


def test_where_the_system_tells_nothing_it_says_so_and_looks_by_the_clock(folder: Path) -> None:
    clock = Clockwork()
    assert len(list(islice(looks(clock.watching(folder), clock.told.append), 3))) == 3
    assert clock.slept == [POLL_SECONDS, POLL_SECONDS]
    assert "no more watches to be had" in clock.told[-1]
    assert f"looking every {POLL_SECONDS:g} s instead" in clock.told[-1]


def test_it_looks_by_the_clock_when_asked_to(folder: Path) -> None:
    clock = Clockwork()
    assert len(list(islice(looks(clock.watching(folder, poll=3), clock.told.append), 3))) == 3
    assert clock.slept == [3, 3]
    assert clock.told == ["looking every 3 s; Ctrl-C stops"]


def test_a_folder_that_is_replaced_is_watched_anew(folder: Path) -> None:
    clock, watched = Clockwork(), []

    def events(folders: Sequence[Path], counts: Callable[[Path], bool]) -> Iterator[bool]:
        watched.append([path.stat().st_ino for path in folders])
        yield False
        folder.rename(folder.with_name(f"old{len(watched)}"))
        folder.mkdir()
        yield False

    look = looks(clock.watching(folder, events=events), clock.told.append)
    next(look), next(look)
    assert len(watched) == 2
    assert watched[0] != watched[1]


def test_a_folder_that_goes_while_it_is_being_watched_is_waited_for(folder: Path) -> None:
    clock = Clockwork(wake=lambda: folder.mkdir(exist_ok=True))

    def events(folders: Sequence[Path], counts: Callable[[Path], bool]) -> Iterator[bool]:
        if not clock.slept:
            folder.rmdir()
            raise FileNotFoundError
        yield False

    next(looks(clock.watching(folder, events=events), clock.told.append))
    assert len(clock.slept) == 1


def test_a_single_file_is_looked_at_when_it_is_replaced_or_comes_back(folder: Path) -> None:
    file, steps = folder / "a.txt", iter(["One.", None, "Three."])
    file.write_text("Nothing yet.")

    def wake() -> None:
        text = next(steps)
        file.unlink() if text is None else file.write_text(text)

    clock = Clockwork(wake=wake)
    look = looks(clock.watching(file), clock.told.append)
    assert [(next(look), len(clock.slept))[1] for _ in range(4)] == [0, 1, 2, 3]


def test_hidden_files_and_the_index_itself_are_no_reason_to_look(folder: Path) -> None:
    asked: list[Callable[[Path], bool]] = []

    def events(folders: Sequence[Path], counts: Callable[[Path], bool]) -> Iterator[bool]:
        asked.append(counts)
        yield False

    next(looks(Watching(lambda: [folder], ignored=folder / "data", events=events), lambda _: None))
    (counts,) = asked
    assert counts(folder / "a.txt")
    assert counts(folder / "sub" / "a.txt")
    assert not counts(folder / ".a.txt.swp")
    assert not counts(folder / ".git" / "a.txt")
    assert not counts(folder / "data" / "quoth.db")


# ---- what is told


def report(failed: Sequence[SkippedSource] = (), unreachable: Sequence[str] = ()) -> IngestReport:
    return IngestReport((), (), (), (), (), tuple(failed), 0, 0, 0.0, tuple(unreachable))


def test_a_failure_is_told_once_until_it_is_another() -> None:
    a, b, c = SkippedSource("a", "is empty"), SkippedSource("b", "is empty"), SkippedSource("a", "is odd")
    found = iter([report([a]), report([a, b]), report([c]), report(), report([c], ["x"]), report([c], ["x", "y"])])
    told = list(follow(lambda: next(found), iter([None] * 6), lambda _: None))
    assert [one.failed for one in told] == [(a,), (b,), (c,), (), (c,), ()]
    assert [one.unreachable for one in told] == [(), (), (), (), ("x",), ("y",)]


def test_a_writer_is_waited_for_and_told_of_once() -> None:
    busy = iter([True, True, True, False])
    told: list[str] = []

    def sync() -> IngestReport:
        if next(busy):
            raise IndexBusy("Another quoth is adding.")
        return report()

    assert list(follow(sync, iter([None]), told.append)) == [report()]
    assert told == ["waiting: Another quoth is adding."]


# ---- a real process

WATCHER = """
import sys
from pathlib import Path
from index.corpus import Corpus
from index.store import Store
from tests.index.fakes import ingester, ticking_clock

def say(*words):
    print(*words, flush=True)

store = Store.open(Path(sys.argv[1]))
corpus = Corpus(store, lambda: ingester(store), ticking_clock())
poll = float(sys.argv[2]) or None
for report in corpus.watch([Path(path) for path in sys.argv[3:]], lambda told: say("told", told), poll_seconds=poll):
    for word in ("added", "updated", "removed", "unreachable"):
        for uri in getattr(report, word):
            say(word, Path(uri).name)
    for failure in report.failed:
        say("failed", Path(failure.uri).name, failure.reason)
    say("looked")
"""


@contextmanager
def watcher(data: Path, *places: Path, poll: float = 0) -> Iterator[Callable[[str], list[str]]]:
    """Another process that watches; what it gives waits for a line that begins so, and returns the lines up to it."""
    command = [sys.executable, "-c", WATCHER, str(data), str(poll), *map(str, places)]
    lines: queue.Queue[str] = queue.Queue()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        out = process.stdout
        assert out
        reading = threading.Thread(target=lambda: [lines.put(line.rstrip("\n")) for line in out])
        reading.start()

        def until(beginning: str) -> list[str]:
            seen: list[str] = []
            while not seen or not seen[-1].startswith(beginning):
                seen.append(lines.get(timeout=PATIENCE_SECONDS))
            return seen

        try:
            yield until
        finally:
            process.kill()
            reading.join()


@pytest.mark.parametrize("poll", [0, 0.1], ids=["events", "polling"])
def test_files_come_change_and_go_as_they_do_in_the_folder(folder: Path, tmp_path: Path, poll: float) -> None:
    (folder / "old.txt").write_text("The old harbour.")
    with watcher(tmp_path / "data", folder, poll=poll) as until:
        until("added old.txt")
        (folder / "new.txt").write_text("The new harbour.")
        until("added new.txt")
        (folder / "new.txt").write_text("The newer harbour, which is longer.")
        until("updated new.txt")
        (folder / ".new.txt.part").write_text("Written beside and moved into place, as editors do.")
        (folder / ".new.txt.part").replace(folder / "new.txt")
        assert not any(line.startswith(("removed", "failed")) for line in until("updated new.txt"))
        (folder / "sub").mkdir()
        (folder / "sub" / "deep.txt").write_text("A harbour in a folder that is new itself.")
        until("added deep.txt")
        (folder / "sub").rename(folder / "moved")
        assert "removed deep.txt" in [*until("added deep.txt"), *until("looked")]
        (folder / "old.txt").unlink()
        until("removed old.txt")
        folder.rename(folder.with_name("unplugged"))
        until("unreachable")
        until("failed articles is not there")
        folder.with_name("unplugged").rename(folder)
        (folder / "back.txt").write_text("The disk is back.")
        until("added back.txt")
    with Store.open(tmp_path / "data") as store:
        assert sorted(Path(info.uri).name for info in store.articles()) == ["back.txt", "deep.txt", "new.txt"]
        assert store.check() == ()


def test_what_another_process_writes_is_waited_for(folder: Path, tmp_path: Path) -> None:
    with watcher(tmp_path / "data", folder) as until, Store.open(tmp_path / "data") as store:
        until("looked")
        with store.writing():
            (folder / "new.txt").write_text("The new harbour.")
            until("told waiting: Another quoth")
            assert store.articles() == ()
        until("added new.txt")


def test_a_file_that_is_written_to_without_a_pause_is_whole_in_the_end(folder: Path, tmp_path: Path) -> None:
    with watcher(tmp_path / "data", folder) as until:
        until("looked")
        written = threading.Event()

        def write() -> None:
            for number in range(2_000):
                with (folder / "growing.txt").open("a") as file:
                    file.write(f"Sentence {number} tells of a harbour. ")
            written.set()

        threading.Thread(target=write).start()
        until("added growing.txt")
        assert written.wait(PATIENCE_SECONDS)
        (folder / "last.txt").write_text("Whatever is looked at now was written before.")
        until("added last.txt")
        until("looked")
    with Store.open(tmp_path / "data") as store:
        article = next(store.article(info.id) for info in store.articles() if "growing" in info.uri)
        assert article
        assert article.text.strip() == (folder / "growing.txt").read_text().strip()
