"""What differs between a source and what is stored of it, told from revisions alone: no page is read.

Knows lists of URIs; knows no embedder, no chunks, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from index.errors import SourceUnreadable
from index.sources import Source
from index.types import SkippedSource, SourceState, SourceStatus

_Listed = Literal["new", "changed", "indexed"]

AWAY = "its place cannot be looked into now"


@dataclass(frozen=True, slots=True)
class Changes:
    """The URIs of a source, in its order, by what is to be done about them.

    `failed` holds reasons by URI; what is stored of such a source stays. `gone` and `unreachable` are stored and were
    not listed: the first are not there, of the second nobody can tell.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: Mapping[str, str]
    gone: tuple[str, ...]
    unreachable: tuple[str, ...]


def changes(source: Source, stored: Mapping[str, str]) -> Changes:
    """Compare a source with the revisions stored by URI."""
    listed: dict[_Listed, list[str]] = {"new": [], "changed": [], "indexed": []}
    failed: dict[str, str] = {}
    for uri in source.uris():
        if isinstance(uri, SkippedSource):
            failed[uri.uri] = uri.reason
            continue
        try:
            listed[_state(source, uri, stored.get(uri))].append(uri)
        except SourceUnreadable as error:
            failed[uri] = str(error)
    present = {*failed, *(uri for uris in listed.values() for uri in uris)}
    absent = {uri: source.absence(uri) for uri in stored if uri not in present}
    return Changes(
        new=tuple(listed["new"]),
        changed=tuple(listed["changed"]),
        unchanged=tuple(listed["indexed"]),
        failed=failed,
        gone=tuple(uri for uri, absence in absent.items() if absence == "gone"),
        unreachable=tuple(uri for uri, absence in absent.items() if absence == "unreachable"),
    )


def _state(source: Source, uri: str, stored: str | None) -> _Listed:
    if stored is None:
        return "new"
    return "indexed" if source.revision(uri) == stored else "changed"


def statuses(found: Changes, failures: Mapping[str, str], ids: Mapping[str, str]) -> Iterator[SourceStatus]:
    """How every source stands. `failures` are the reasons of the last try, `ids` the stored articles', both by URI."""
    failed = {uri: failures[uri] for uri in (*found.new, *found.changed) if uri in failures} | dict(found.failed)
    by_state: Mapping[SourceState, tuple[str, ...]] = {
        "indexed": found.unchanged,
        "new": found.new,
        "changed": found.changed,
        "gone": found.gone,
    }
    for state, uris in by_state.items():
        yield from (SourceStatus(uri, state, None, ids.get(uri)) for uri in uris if uri not in failed)
    yield from (SourceStatus(uri, "away", AWAY, ids.get(uri)) for uri in found.unreachable)
    yield from (SourceStatus(uri, "failed", reason, ids.get(uri)) for uri, reason in failed.items())
