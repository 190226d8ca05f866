"""The library at work: adding, fetching, removing and putting back, one after another in a thread of its own.

Knows jobs and threads; what a job does is its holdings' doing. Asking goes on meanwhile: readers see the index as it
was until each batch is stored. Every way a job can fail ends as words in it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from assistant.errors import AssistantError
from index.errors import IndexingError
from index.types import ArticleInfo, IngestProgress, IngestReport

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "failed"]
Progress = Callable[[IngestProgress], None]
SHOWN_JOBS = 20
SHOWN_FILES = 6
UNDOABLE = 50


class Taken(Protocol):
    """An article that was taken out and can be put back."""

    @property
    def title(self) -> str: ...


class Holdings(Protocol):
    """What the library asks of the index; see `index.holdings`."""

    def add_files(self, files: Sequence[tuple[Path, str]], progress: Progress | None = None) -> IngestReport: ...
    def add_page(self, address: str, progress: Progress | None = None) -> IngestReport: ...
    def remove(self, article_id: str) -> Any: ...
    def restore(self, removed: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """Something the library was asked to do, and how far it is. `undo` is whether it can be taken back.

    `files` is what was told last of each file dealt with so far, the newest of them, in the order they were begun.
    """

    number: int
    what: str
    state: State = "waiting"
    progress: IngestProgress | None = None
    files: tuple[IngestProgress, ...] = ()
    report: IngestReport | None = None
    failure: str | None = None
    undo: bool = False

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed")


@dataclass(slots=True)
class _Work:
    number: int
    run: Callable[[Progress], IngestReport | None]
    after: Callable[[], None] = field(default=lambda: None)


class Library:
    """Does jobs in the order they came. `holdings` is made at first use, since that may load a model.

    `takes_addresses` says whether web pages may be fetched.
    """

    def __init__(self, holdings: Callable[[], Holdings], takes_addresses: bool = False) -> None:
        self.takes_addresses = takes_addresses
        self._make = holdings
        self._holdings: Holdings | None = None
        self._lock = threading.RLock()
        self._jobs: deque[Job] = deque()
        self._numbered = 0
        self._removed: dict[int, Any] = {}
        self._work: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None

    # ── asking for work ─────────────────────────────────────────────────────────────────────────────────────────────

    def add_files(self, files: Sequence[tuple[Path, str]], after: Callable[[], None] = lambda: None) -> int:
        """Index files under the names they were given; `after` is called when they are no longer needed."""
        what = files[0][1] if len(files) == 1 else f"{len(files)} files"
        return self._begin(f"Adding {what}", lambda tell: self._ready().add_files(files, tell), after)

    def add_page(self, address: str) -> int:
        """Fetch and index a web page."""
        return self._begin(f"Fetching {address}", lambda tell: self._ready().add_page(address, tell))

    def remove(self, info: ArticleInfo) -> int:
        """Take an article out; `undo` with the number this gives puts it back."""

        def run(tell: Progress) -> None:
            removed = self._ready().remove(info.id)
            with self._lock:
                self._removed[number] = removed
                while len(self._removed) > UNDOABLE:
                    del self._removed[next(iter(self._removed))]
                self._change(number, undo=True)

        with self._lock:
            number = self._numbered + 1
            return self._begin(f"Removing {info.title}", run)

    def undo(self, number: int) -> None:
        """Put back what a job removed; nothing where there is nothing left to put back."""
        with self._lock:
            removed = self._removed.pop(number, None)
            self._change(number, undo=False)
        if removed is not None:
            self._begin(f"Putting back {removed.title}", lambda tell: self._ready().restore(removed))

    def dismiss(self, number: int) -> None:
        """Show a finished job no longer."""
        with self._lock:
            self._jobs = deque(job for job in self._jobs if job.number != number or not job.over)

    # ── how it stands ───────────────────────────────────────────────────────────────────────────────────────────────

    def jobs(self) -> tuple[Job, ...]:
        """The newest first."""
        with self._lock:
            return tuple(reversed(self._jobs))

    @property
    def busy(self) -> bool:
        with self._lock:
            return any(not job.over for job in self._jobs)

    def wait(self) -> None:
        """Until all that was asked for is done."""
        done = threading.Event()
        with self._lock:
            if self._worker is None:
                return
            self._work.put(_Work(0, lambda tell: done.set()))
        done.wait()

    # ── the thread ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(
        self, what: str, run: Callable[[Progress], IngestReport | None], after: Callable[[], None] = lambda: None
    ) -> int:
        with self._lock:
            self._numbered += 1
            self._jobs.append(Job(self._numbered, what))
            while len(self._jobs) > SHOWN_JOBS and self._jobs[0].over:
                self._jobs.popleft()
            self._work.put(_Work(self._numbered, run, after))
            if self._worker is None:
                self._worker = threading.Thread(target=self._run, name="quoth-library", daemon=True)
                self._worker.start()
            return self._numbered

    def _run(self) -> None:
        while True:
            work = self._work.get()
            self._change(work.number, state="running")
            self._change(work.number, **self._outcome(work))
            work.after()

    def _outcome(self, work: _Work) -> dict[str, Any]:
        try:
            return {"state": "done", "report": work.run(lambda told: self._hear(work.number, told))}
        except (AssistantError, IndexingError) as error:
            return {"state": "failed", "failure": str(error)}
        except Exception as error:
            log.exception("work on the library broke off")
            kind = type(error).__name__
            return {"state": "failed", "failure": f"something unforeseen went wrong ({kind}); look with `quoth doctor`"}

    def _hear(self, number: int, told: IngestProgress) -> None:
        with self._lock:
            before = next((job.files for job in self._jobs if job.number == number), ())
            others = tuple(file for file in before if file.uri != told.uri)
            self._change(number, progress=told, files=(*others, told)[-SHOWN_FILES:])

    def _change(self, number: int, **changes: Any) -> None:
        with self._lock:
            self._jobs = deque(replace(job, **changes) if job.number == number else job for job in self._jobs)

    def _ready(self) -> Holdings:
        if self._holdings is None:
            self._holdings = self._make()
        return self._holdings
