"""Work on the library is done one after another behind the chat's back, and ends in words whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.library import SHOWN_FILES, SHOWN_JOBS, Library
from index.errors import IndexBusy
from index.types import IngestProgress, IngestReport
from tests.fakes import article, info

REPORT = IngestReport(("a",), (), (), (), (), (), 1, 1, 0.1)
FILES = [(Path("/tmp/x"), "x.txt")]
DAM = info(article("The dam."))


class FakeHoldings:
    """Writes down what it is asked; `at` is called with each."""

    def __init__(self, at: Callable[[str], None] = lambda what: None) -> None:
        self.asked: list[str] = []
        self.at = at

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        self.at(what)

    def add_files(self, files: Sequence[tuple[Path, str]], progress: Any = None) -> IngestReport:
        progress(IngestProgress("x.txt", 0, 1, 0, 0.0))
        self._ask(f"files {len(files)}")
        return REPORT

    def add_page(self, address: str, progress: Any = None) -> IngestReport:
        self._ask(address)
        return REPORT

    def remove(self, article_id: str) -> Any:
        self._ask(f"remove {article_id}")
        return DAM

    def restore(self, removed: Any) -> None:
        self._ask(f"restore {removed.id}")


def test_jobs_are_done_in_their_order_and_tell_what_came_of_them() -> None:
    holdings, freed = FakeHoldings(), threading.Event()
    library = Library(lambda: holdings)
    library.add_files(FILES, freed.set)
    library.add_page("https://news.example/1")
    library.wait()
    assert holdings.asked == ["files 1", "https://news.example/1"] and freed.is_set()
    newest, first = library.jobs()
    assert (first.what, first.state, first.report) == ("Adding x.txt", "done", REPORT)
    assert newest.state == "done" and not library.busy


def test_a_job_holds_what_was_told_last_of_its_newest_files() -> None:
    class Told(FakeHoldings):
        def add_files(self, files: Sequence[tuple[Path, str]], progress: Any = None) -> IngestReport:
            for number in range(SHOWN_FILES + 2):
                progress(IngestProgress(f"{number}.txt", number, 9, 0, 0.0))
                progress(IngestProgress(f"{number}.txt", number + 1, 9, 0, 0.0, stage="read"))
            return REPORT

    library = Library(Told)
    library.add_files(FILES)
    library.wait()
    told = [(file.uri, file.stage) for file in library.jobs()[0].files]
    assert told == [(f"{number}.txt", "read") for number in range(2, SHOWN_FILES + 2)]


def test_asking_for_work_never_waits_for_it() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def at(what: str) -> None:
        begun.set()
        assert go_on.wait(60)

    library = Library(lambda: FakeHoldings(at))
    library.add_files(FILES * 3)
    library.add_page("https://news.example/1")
    assert begun.wait(60)
    waiting, running = library.jobs()
    assert (running.what, running.state, waiting.state) == ("Adding 3 files", "running", "waiting")
    assert running.progress is not None and library.busy
    go_on.set()
    library.wait()
    assert not library.busy


def test_what_was_removed_can_be_put_back_once() -> None:
    holdings = FakeHoldings()
    library = Library(lambda: holdings)
    number = library.remove(DAM)
    library.wait()
    assert library.jobs()[0].undo
    library.undo(number)
    library.undo(number)
    library.undo(99)
    library.wait()
    assert holdings.asked == ["remove a1", "restore a1"]
    assert not any(job.undo for job in library.jobs())


def test_a_failure_ends_in_words_and_the_next_job_is_done(caplog: pytest.LogCaptureFixture) -> None:
    def at(what: str) -> None:
        if what == "busy":
            raise IndexBusy("Another quoth is adding to the index. Wait until it is done.")
        if what == "bug":
            raise ZeroDivisionError("division by zero")

    library, freed = Library(lambda: FakeHoldings(at)), threading.Event()
    for address in ("busy", "bug"):
        library.add_page(address)
    library.add_files(FILES, freed.set)
    library.wait()
    done, bug, busy = library.jobs()
    assert busy.failure is not None and "Another quoth" in busy.failure
    assert bug.failure is not None and "ZeroDivisionError" in bug.failure and "division" not in bug.failure
    assert done.state == "done" and freed.is_set()


def test_an_index_that_cannot_be_opened_is_tried_again_by_the_next_job() -> None:
    tries = iter([IndexBusy("in use"), None])

    def make() -> FakeHoldings:
        if error := next(tries):
            raise error
        return FakeHoldings()

    library = Library(make)
    library.add_page("1")
    library.add_page("2")
    library.wait()
    assert [job.state for job in library.jobs()] == ["done", "failed"]


def test_only_the_newest_jobs_are_shown_and_any_can_be_dismissed() -> None:
    library = Library(FakeHoldings)
    for number in range(SHOWN_JOBS + 5):
        library.add_page(str(number))
        library.wait()
    assert len(library.jobs()) == SHOWN_JOBS
    library.dismiss(library.jobs()[0].number)
    assert library.jobs()[0].what == f"Fetching {SHOWN_JOBS + 3}"
