"""An index and the places it was filled from: add to them, bring the index in line with them, watch them, ask of them.

Knows which files and folders belong to the index, and what to call on; how they are compared, read and stored is the
others'. Makes an ingester, and with it an embedder, only for what may have to embed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from index.changes import changes, statuses
from index.errors import IndexMissing, SourceUnreadable
from index.ingest import Clock, Ingester, ProgressCall, preview
from index.roots import shows
from index.sources import DEFAULT_MAX_BYTES, Paths
from index.store import Store
from index.types import Filters, IngestReport, Root, SourceStatus
from index.watching import Tell, Watching, follow, looks

_EVERYTHING = Filters()


class Corpus:
    """A store and its folders. Without paths, its methods are about every place that was ever added."""

    def __init__(
        self, store: Store, ingester: Callable[[], Ingester], clock: Clock, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> None:
        self._store = store
        self._ingester = ingester
        self._clock = clock
        self._max_bytes = max_bytes

    def add(
        self, paths: Sequence[Path], progress: ProgressCall | None = None, remove_vanished: bool = False
    ) -> IngestReport:
        """Index files and folders and remember them. What is gone from them stays, unless `remove_vanished`."""
        source = Paths(paths, self._max_bytes, known=self._store.roots(), nested=True, stored=self._store.revisions)
        return self._ingester().add(source, progress, remove_vanished)

    def sync(
        self, paths: Sequence[Path] = (), progress: ProgressCall | None = None, prune: bool = False
    ) -> IngestReport:
        """Bring the index in line with its places. With `prune`, a place that is away counts as deleted."""
        return self._ingester().sync(self._places(paths, prune, told=True), progress)

    def preview(self, paths: Sequence[Path] = (), prune: bool = False) -> IngestReport:
        """What `sync` would do."""
        return preview(self._store, self._places(paths, prune, told=True), self._clock)

    def watch(
        self,
        paths: Sequence[Path],
        tell: Tell,
        progress: ProgressCall | None = None,
        poll_seconds: float | None = None,
    ) -> Iterator[IngestReport]:
        """Sync whenever something changes, without end; `tell` is told how the places are watched.

        Raises SourceUnreadable for a path that does not exist.
        """
        given = [path.expanduser().resolve() for path in paths]
        for path in given:
            if not path.exists():
                raise SourceUnreadable(f"There is nothing to watch at {path}; check the spelling.")
        self._places(given)
        watching = Watching(
            lambda: given or [Path(root.uri) for root in self._store.roots()],
            ignored=self._store.directory and self._store.directory.resolve(),
            poll_seconds=poll_seconds,
        )
        return follow(lambda: self._ingester().sync(self._places(given), progress), looks(watching, tell), tell)

    def statuses(self, filters: Filters = _EVERYTHING) -> tuple[SourceStatus, ...]:
        """How every source stands to the index, by its URI; with filters, only those whose article passes.

        What is no file (a web page) is never looked at again by itself, so it is as it was indexed.
        """
        known, revisions = self._store.roots(), self._store.revisions()
        ids = {info.uri: info.id for info in self._store.articles()}
        passing = None if filters == _EVERYTHING else {info.uri for info in self._store.articles(filters)}
        failures = {failure.uri: failure.reason for failure in self._store.failures()}
        files = {uri: revision for uri, revision in revisions.items() if Path(uri).is_absolute()}
        source = Paths([root.uri for root in known] + _strays(files, known), self._max_bytes, known=known)
        found = [
            *statuses(changes(source, files), failures, ids),
            *(SourceStatus(uri, "indexed", None, ids.get(uri)) for uri in revisions if uri not in files),
        ]
        return tuple(sorted((s for s in found if passing is None or s.uri in passing), key=lambda s: s.uri))

    def _places(self, paths: Sequence[Path], prune: bool = False, told: bool = False) -> Paths:
        """The given places, or all that were added. Raises IndexMissing when none were.

        With `told`, a given one that does not exist is listed as failed unless something of it is indexed.
        """
        known = self._store.roots()
        if not paths and not known:
            raise IndexMissing(
                f"The index in {self._store.directory} does not know where its articles come from. Name the files and"
                " folders once: `quoth sync PATH…`."
            )
        stored = self._store.revisions if paths and told else None
        given = paths or [Path(root.uri) for root in known]
        return Paths(given, self._max_bytes, known=known, prune=prune, stored=stored)


def _strays(uris: Iterable[str], known: Sequence[Root]) -> list[str]:
    """What lies in no place that is remembered: an index made before places were holds only such."""
    folders = [Path(root.uri) for root in known]
    return [uri for uri in uris if not any(shows(folder, Path(uri)) for folder in folders)]
