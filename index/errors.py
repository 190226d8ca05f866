"""Every way indexing fails.

IndexingError
├── SourceUnreadable    one source cannot be read: skipped and reported, the rest goes in
│   └── UnknownFormat   no reader for this kind of file
├── IndexMissing        there is no index, or it is empty
├── IndexMismatch       the index was built with other settings (embedder, chunking) or by another format
├── IndexDamaged        the database or a cache file does not hold what it promised
├── IndexBusy           another process is writing
├── StorageFull         the disk has no room; nothing already stored is lost
└── EventsUnavailable   the system does not tell of changes: watching looks by the clock instead

Each message says what happened, with which value, and what to do next.
"""

from __future__ import annotations


class IndexingError(Exception):
    """The base of all errors of `index`."""


class SourceUnreadable(IndexingError):
    """One source cannot become an article."""


class UnknownFormat(SourceUnreadable):
    """No reader knows this kind of source."""


class IndexMissing(IndexingError):
    """No index where one was expected, or nothing in it."""


class IndexMismatch(IndexingError):
    """The stored manifest differs from the running settings."""


class IndexDamaged(IndexingError):
    """Stored data fails its check."""


class IndexBusy(IndexingError):
    """Another process holds the writer's lock."""


class StorageFull(IndexingError):
    """The disk ran out while writing; the transaction was rolled back."""


class EventsUnavailable(IndexingError):
    """The system has no word for what changes in a folder."""
