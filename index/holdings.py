"""What a person adds to and takes out of an index by hand: files given to the page, web pages, single articles.

Knows the order of the steps; copying, fetching and storing are others'. What is taken out can be put back as it was,
without being read or embedded again, as long as the process lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import IndexingError, IndexMissing, SourceUnreadable
from index.ingest import Ingester, ProgressCall
from index.readers import Draft, read_page
from index.sources import Paths, Source
from index.store import Entry, Store
from index.types import IngestReport, Manifest, RawPage, SkippedSource
from index.uploads import Uploads

MakeIngester = Callable[[Callable[[RawPage], Draft]], Ingester]


@dataclass(frozen=True, slots=True)
class Removed:
    """An article that was taken out, whole."""

    entry: Entry
    made_with: Manifest

    @property
    def title(self) -> str:
        return self.entry.article.title


class Holdings:
    """Adds to and takes from one store. `web` makes a source of an address; None where that is switched off."""

    def __init__(
        self,
        store: Store,
        ingester: MakeIngester,
        uploads: Uploads,
        max_bytes: int,
        web: Callable[[str], Source] | None = None,
    ) -> None:
        self._store = store
        self._ingester = ingester
        self._uploads = uploads
        self._max_bytes = max_bytes
        self._web = web

    def add_files(self, files: Sequence[tuple[Path, str]], progress: ProgressCall | None = None) -> IngestReport:
        """Copy files, each with the name it was given under, and index the copies; those that fail are not kept.

        Raises IndexBusy, IndexMismatch, StorageFull; what was indexed until then stays.
        """
        refused: list[SkippedSource] = []
        taken: dict[str, str] = {}
        for file, name in files:
            try:
                taken[str(self._uploads.take(file, name, self._max_bytes).resolve())] = name
            except SourceUnreadable as error:
                refused.append(SkippedSource(name, str(error)))
        report = self._ingester(read_page).add(Paths(taken, self._max_bytes), progress)
        self._uploads.drop(Path(failure.uri) for failure in report.failed if self._uploads.holds(failure.uri))
        failed = (SkippedSource(taken.get(one.uri, one.uri), one.reason) for one in report.failed)
        return replace(report, failed=(*refused, *failed))

    def add_page(self, address: str, progress: ProgressCall | None = None) -> IngestReport:
        """Fetch and index a web page. Raises IndexingError where that is switched off."""
        if self._web is None:
            raise IndexingError("Web addresses are switched off. Set web_pages = true in the settings to allow them.")

        def read(page: RawPage) -> Draft:
            draft = read_page(page)
            return replace(draft, url=page.uri)  # where it was fetched, whatever it says of itself

        return self._ingester(read).add(self._web(address), progress)

    def remove(self, article_id: str) -> Removed:
        """Take an article out; a copy in our own folder goes with it. Raises IndexMissing."""
        entry, made_with = self._store.entry(article_id), self._store.manifest()
        if entry is None:
            raise IndexMissing("This article is not in the index any more.")
        self._ingester(read_page).remove([article_id])
        if self._uploads.holds(entry.article.uri):
            self._uploads.remove(entry.article.uri)
        return Removed(entry, made_with)

    def restore(self, removed: Removed) -> None:
        """Put an article back as it was. Raises IndexingError."""
        if self._uploads.holds(removed.entry.article.uri):
            self._uploads.restore(removed.entry.article.uri)
        made = removed.made_with
        with self._store.writing(), self._store.transaction():
            self._store.claim(made.embedder, made.dimension, made.chunking)
            self._store.put(removed.entry)
        file = Path(removed.entry.article.uri)
        if file.is_absolute() and file.is_file():  # so that it is come back to, as before
            self._ingester(read_page).add(Paths([file], self._max_bytes, known=self._store.roots()))
