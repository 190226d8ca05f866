"""When to look again at the places that were added: at the system's word, or by the clock where it gives none.

Knows folders, events and the clock; nothing of articles. An event only says that it is time to look: what has changed
is found by looking, since events get lost and merged, and editors write by renaming. The only importer of watchfiles.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import EventsUnavailable, IndexBusy
from index.roots import mark, shows
from index.types import IngestReport, SkippedSource

QUIET_MS = 150
"""An event is acted on once nothing has followed it for this long: saving a file is often several events."""
LONGEST_MS = 2_000
"""A folder that is written to without a pause is looked at this often all the same."""
GLANCE_SECONDS = 1.0
"""How often the places themselves are glanced at: whether a folder came back, whether a single file was replaced."""
ANYWAY_SECONDS = 60.0
"""How long without a word until a look all the same: a network disk changes in silence."""
POLL_SECONDS = 10.0

Tell = Callable[[str], None]
Events = Callable[[Sequence[Path], Callable[[Path], bool]], Iterator[bool]]
"""Folders and which paths in them count → at every event True, else at least once a second False."""


def system_events(folders: Sequence[Path], counts: Callable[[Path], bool]) -> Iterator[bool]:
    """What the system tells of these folders and all in them. Raises EventsUnavailable, FileNotFoundError."""
    try:
        from watchfiles import watch

        changes = watch(
            *folders,
            watch_filter=lambda _, path: counts(Path(path)),
            debounce=LONGEST_MS,
            step=QUIET_MS,
            rust_timeout=int(GLANCE_SECONDS * 1000),
            yield_on_timeout=True,
            force_polling=False,
            ignore_permission_denied=True,
        )
        yield from map(bool, changes)
    except FileNotFoundError:
        raise
    except (ImportError, OSError, RuntimeError) as error:  # no inotify, or no more watches to be had
        raise EventsUnavailable(str(error)) from error


@dataclass(frozen=True, slots=True)
class Watching:
    """What is watched, and how. `ignored` is a folder whose changes do not count, should it lie within a place."""

    places: Callable[[], Sequence[Path]]
    ignored: Path | None = None
    poll_seconds: float | None = None
    events: Events = system_events
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic


def looks(watching: Watching, tell: Tell) -> Iterator[None]:
    """One item whenever it is time to look; the first once nothing that happens from then on can be missed."""
    every = watching.poll_seconds
    if every is None:
        try:
            yield from _at_events(watching, tell)
        except EventsUnavailable as reason:
            every = POLL_SECONDS
            tell(f"the system does not tell of changes ({reason}): looking every {every:g} s instead; Ctrl-C stops")
    else:
        tell(f"looking every {every:g} s; Ctrl-C stops")
    while every is not None:
        yield
        watching.sleep(every)


def _at_events(watching: Watching, tell: Tell) -> Iterator[None]:
    """Without end: a watcher for the places there are, and another when a place comes, goes or is replaced."""
    said: Sequence[Path] | None = None
    while True:
        seen = _glance(watching.places())
        folders = [place for place, state in seen.items() if state and state.startswith("folder")]
        if said != folders:
            tell(f"watching {', '.join(map(str, seen)) or 'nothing'}; Ctrl-C stops")
            said = folders
        try:
            yield from _until_places_change(watching, seen, folders)
        except FileNotFoundError:  # a folder went while the watcher was made: the next glance sees it
            watching.sleep(GLANCE_SECONDS)


def _until_places_change(
    watching: Watching, seen: Mapping[Path, str | None], folders: Sequence[Path]
) -> Iterator[None]:
    looked = float("-inf")
    for happened in watching.events(folders, _counting(folders, watching.ignored)) if folders else _silence(watching):
        if happened or watching.clock() - looked > ANYWAY_SECONDS:
            looked = watching.clock()
            yield
        if _glance(watching.places()) != seen:
            return


def _silence(watching: Watching) -> Iterator[bool]:
    while True:
        yield False
        watching.sleep(GLANCE_SECONDS)


def _counting(folders: Sequence[Path], ignored: Path | None) -> Callable[[Path], bool]:
    def counts(path: Path) -> bool:
        ours = ignored is not None and path.is_relative_to(ignored)
        return not ours and any(shows(folder, path) for folder in folders)

    return counts


def _glance(places: Sequence[Path]) -> dict[Path, str | None]:
    """What tells that a place is another than before: of a folder which one it is, of a file its size and time."""
    return {place: _state(place) for place in places}


def _state(place: Path) -> str | None:
    with suppress(OSError, ValueError):
        if place.is_dir():
            return mark(place)
        status = place.stat()
        return f"file {status.st_size} {status.st_mtime_ns} {status.st_ino}"
    return None


def follow(sync: Callable[[], IngestReport], look: Iterator[None], tell: Tell) -> Iterator[IngestReport]:
    """Sync at every look; the report of each, without what cannot be read or reached and was told before.

    While another process writes to the index, waits for it.
    """
    failed: tuple[SkippedSource, ...] = ()
    unreachable: tuple[str, ...] = ()
    for _ in look:
        report = _when_free(sync, tell)
        told, away = set(failed), set(unreachable)
        failed, unreachable = report.failed, report.unreachable
        yield replace(
            report,
            failed=tuple(failure for failure in failed if failure not in told),
            unreachable=tuple(uri for uri in unreachable if uri not in away),
        )


def _when_free(sync: Callable[[], IngestReport], tell: Tell) -> IngestReport:
    waited = False
    while True:
        try:
            return sync()
        except IndexBusy as error:  # raised after some seconds of waiting
            if not waited:
                tell(f"waiting: {error}")
            waited = True
