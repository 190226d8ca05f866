"""Where articles come from: a `Source` lists its pages and hands over their bytes.

Knows places and bytes; knows nothing of formats beyond their suffix, and nothing of articles. `Paths` reads files
and folders. What cannot be read is reported with a reason that reads on after the name ("x.txt: is empty"), and the
rest goes in.

Every URI of `Paths` is an absolute path with all links resolved, so that one file has one URI however it was reached.
Links inside a folder are not followed: what they point at is listed under its own name, or it lies elsewhere and is
no part of the folder.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from index.errors import SourceUnreadable
from index.roots import UNKNOWN, loss, mark, shows
from index.types import Absence, RawPage, Root, SkippedSource

MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".txt": "text/plain",
        ".text": "text/plain",
        ".md": "text/markdown",
        ".markdown": "text/markdown",
        ".html": "text/html",
        ".htm": "text/html",
        ".xhtml": "text/html",
        ".json": "application/json",
        ".pdf": "application/pdf",
    }
)
READINGS: Final[Mapping[str, int]] = MappingProxyType(
    {"text/plain": 2, "text/html": 3, "text/markdown": 2, "application/json": 2, "application/pdf": 2}
)
"""How often what is read of a kind of page has changed: it makes a new revision, so that pages are read again."""
DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024
_READS: Final = 3
"""How often a file that changes while it is read is read before it is given up for now."""


class Source(Protocol):
    """A place that articles come from."""

    def uris(self) -> Iterator[str | SkippedSource]:
        """Everything the source has, in a stable order, each once; what is no article comes with its reason."""
        ...

    def revision(self, uri: str) -> str:
        """A cheap mark that differs whenever the bytes may. Raises SourceUnreadable."""
        ...

    def read(self, uri: str) -> RawPage:
        """The bytes of one page. Raises SourceUnreadable."""
        ...

    def absence(self, uri: str) -> Absence:
        """What it means that `uris`, run to its end, did not list this one."""
        ...

    def roots(self) -> tuple[Root, ...]:
        """The places to come back to. One without a mark is to be forgotten."""
        ...


class Paths:
    """Files, and folders with all that is in them. Hidden files and folders (".name") inside a folder are passed over.

    A file named outright is taken even if hidden. `known` are the places remembered from before. What was indexed of
    one of them that is away, or is another and empty folder now, is unreachable, as from a disk that is not mounted;
    with `prune` it is gone. With `nested`, a folder given is remembered also where it lies in a place that is.
    `stored` gives the URIs that are indexed: a path given that is not there and of which nothing is indexed is said
    not to exist; without `stored`, it has nothing.
    """

    def __init__(
        self,
        paths: Iterable[Path | str],
        max_bytes: int = DEFAULT_MAX_BYTES,
        suffixes: Iterable[str] = tuple(MEDIA_TYPES),
        known: Iterable[Root] = (),
        prune: bool = False,
        nested: bool = False,
        stored: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        self._given = dict.fromkeys(_resolved(Path(path)) for path in paths)
        self._known = {Path(root.uri): root.mark or "" for root in known}
        self._max_bytes = max_bytes
        self._suffixes = frozenset(suffix.lower() for suffix in suffixes)
        self._prune = prune
        self._nested = nested
        self._stored = stored
        self._unlisted: list[Path] = []

    def uris(self) -> Iterator[str | SkippedSource]:
        self._unlisted = []
        seen: set[str] = set()
        for path in self._places:
            for found in self._of(path):
                uri = found.uri if isinstance(found, SkippedSource) else found
                if uri not in seen:
                    seen.add(uri)
                    yield found

    def revision(self, uri: str) -> str:
        try:
            return _revision(uri, Path(uri).stat())
        except (OSError, ValueError) as error:
            raise SourceUnreadable(_reason(error)) from error

    def read(self, uri: str) -> RawPage:
        for _ in range(_READS):
            body, revision = self._bytes(uri)
            if revision:
                return RawPage(uri=uri, body=body, media_type=_kind(uri), revision=revision, name=Path(uri).name)
        raise SourceUnreadable("changed while it was read; run again when nothing writes to it")

    def absence(self, uri: str) -> Absence:
        path = Path(uri)
        holding = [place for place in self._places if shows(place, path)]
        if not holding:
            return "foreign"
        if any(place in self._lost for place in holding):
            return "gone" if self._prune else "unreachable"
        return "unreachable" if any(path.is_relative_to(folder) for folder in self._unlisted) else "gone"

    def roots(self) -> tuple[Root, ...]:
        """The places looked at that are known or lie in no other; with `prune`, those not there without a mark."""
        found = (Root(str(path), self._mark(path)) for path in self._places if self._is_remembered(path))
        return tuple(root for root in found if (root.mark or self._prune) and _storable(root.uri))

    def _is_remembered(self, path: Path) -> bool:
        if path in self._known or (self._nested and (self._mark(path) or "").startswith("folder")):
            return True
        return not any(other != path and shows(other, path) for other in (*self._given, *self._known))

    def _mark(self, path: Path) -> str | None:
        """The mark to remember: as long as a place is lost that of then, so that it is known when it is back."""
        then = self._known.get(path)
        if path in self._lost and not self._prune:
            return then
        try:
            return mark(path) or (None if path in self._lost else then)
        except (OSError, ValueError):
            return None if path in self._lost else then

    @cached_property
    def _places(self) -> tuple[Path, ...]:
        """What was given, and the places known in it: each may be away by itself."""
        others = (path for path in self._known if path not in self._given)
        return (*self._given, *(path for path in others if any(shows(given, path) for given in self._given)))

    @cached_property
    def _lost(self) -> Mapping[Path, str]:
        """The places of which nothing may be taken for deleted, and why."""
        return {path: reason for path in self._places if (reason := loss(path, self._known))}

    def _of(self, path: Path) -> Iterator[str | SkippedSource]:
        """What one place yields, unless another yields it."""
        if reason := self._lost.get(path):
            told = any(outer in self._lost for outer in path.parents)
            if not told and (not self._prune or (reason == UNKNOWN and self._is_mistyped(path))):
                yield SkippedSource(_printable(path), reason)
        elif path in self._given:
            yield from self._under(path)

    def _under(self, given: Path) -> Iterator[str | SkippedSource]:
        """The files at and below a path. Folders are walked without recursion, so that no depth is too deep."""
        waiting = [given]
        while waiting:
            path = waiting.pop()
            try:
                mode = path.lstat().st_mode
                if stat.S_ISLNK(mode):
                    yield from self._link(path)
                elif stat.S_ISDIR(mode):
                    waiting.extend(sorted(self._visible(path), reverse=True))
                else:
                    yield self._file(str(path), mode)
            except FileNotFoundError:  # otherwise deleted, since it was indexed or since its folder was listed
                if path == given and self._is_mistyped(path):
                    yield SkippedSource(_printable(path), UNKNOWN)
            except (OSError, ValueError) as error:
                self._unlisted.append(path)
                yield SkippedSource(_printable(path), _reason(error))

    def _is_mistyped(self, path: Path) -> bool:
        """Of a path that is not there: whether it was never there either, as far as the index can tell."""
        if self._stored is None:
            return False
        return not any(uri == str(path) or uri.startswith(f"{path}{os.sep}") for uri in self._stored())

    def _visible(self, folder: Path) -> list[Path]:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]

    def _link(self, path: Path) -> Iterator[SkippedSource]:
        """Why a link leads to no article of these folders; nothing where its target is listed itself."""
        target = _resolved(path)
        try:
            target.stat()
        except OSError as error:
            nothing = isinstance(error, FileNotFoundError)
            yield SkippedSource(
                _printable(path), "is a link to nothing; mend or remove it" if nothing else _reason(error)
            )
            return
        if not any(shows(place, target) for place in (*self._given, *self._known)):
            yield SkippedSource(
                _printable(path), f"is a link out of the folder, to {_printable(target)}; add that to take it in"
            )

    def _file(self, path: str, mode: int) -> str | SkippedSource:
        if not stat.S_ISREG(mode):
            return SkippedSource(_printable(path), "is not a file: only files and folders can be read")
        if not _storable(path):
            reason = "has a name that is not valid UTF-8; rename it and add it again"
            return SkippedSource(_printable(path), reason)
        if _suffix(path) not in self._suffixes:
            kind = f"is a {_suffix(path)} file" if _suffix(path) else "has no suffix that tells its kind"
            known = ", ".join(sorted(self._suffixes))
            return SkippedSource(path, f"{kind}; what can be read: {known}")
        return path

    def _bytes(self, uri: str) -> tuple[bytes, str]:
        """The bytes and their revision, which is "" if they may not belong together."""
        try:
            # Without O_NONBLOCK a pipe that took the file's place would hold us here for ever.
            descriptor = os.open(uri, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(descriptor, "rb") as file:
                before = os.fstat(descriptor)
                self._check_size(before)
                body = file.read(self._max_bytes + 1)
                after, named = os.fstat(descriptor), Path(uri).stat()
        except (OSError, ValueError) as error:
            raise SourceUnreadable(_reason(error)) from error
        revisions = {_revision(uri, status) for status in (before, after, named)}
        whole = len(revisions) == 1 and len(body) == before.st_size
        return body, revisions.pop() if whole else ""

    def _check_size(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise SourceUnreadable("is not a file: only files and folders can be read")
        if status.st_size == 0:
            raise SourceUnreadable("is empty")
        if status.st_size > self._max_bytes:
            raise SourceUnreadable(
                f"is {_mebibytes(status.st_size)} long, more than the {_mebibytes(self._max_bytes)} read at once; "
                "split it into smaller files"
            )


def _resolved(path: Path) -> Path:
    """The path with its links resolved. One that cannot be (no such user, a NUL) stays: opening it tells why."""
    try:
        return Path(os.path.realpath(path.expanduser()))
    except (OSError, ValueError, RuntimeError):
        return path


def _suffix(uri: str) -> str:
    return Path(uri).suffix.lower()


def _kind(uri: str) -> str:
    return MEDIA_TYPES.get(_suffix(uri), "application/octet-stream")


def _revision(uri: str, status: os.stat_result) -> str:
    return as_read(f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}", _kind(uri))


def as_read(revision: str, media_type: str) -> str:
    """The revision of bytes, with how their kind is read now: "-r2" behind it where that has changed once."""
    kind = media_type.lower().partition(";")[0].strip()
    return f"{revision}-r{READINGS[kind]}" if kind in READINGS else revision


def _mebibytes(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MiB"


def _storable(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: Path | str) -> str:
    """A path that can be stored and shown even if its bytes are no text: "caf\\xe9.txt"."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _reason(error: OSError | ValueError) -> str:
    reasons = {
        errno.ENOENT: UNKNOWN,
        errno.EACCES: "may not be read by you; change its permissions",
        errno.EPERM: "may not be read by you; change its permissions",
        errno.ELOOP: "is a link that leads back to itself; remove the link",
        errno.ENAMETOOLONG: "has a path longer than the system can open; move it higher up",
        errno.EISDIR: "is a folder",
    }
    if isinstance(error, OSError) and error.errno in reasons:
        return reasons[error.errno]
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot be read: {text}"
