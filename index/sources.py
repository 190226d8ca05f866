"""Where articles come from: a `Source` lists its pages and hands over their bytes.

Knows places and bytes; knows nothing of formats beyond their suffix, and nothing of articles. `Paths` reads files
and folders. What cannot be read is reported with a reason that reads on after the name ("x.txt: is empty"), and the
rest goes in.

Every URI of `Paths` is an absolute path with all links resolved, so that one file has one URI however it was reached.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from index.errors import SourceUnreadable
from index.types import RawPage, SkippedSource

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
    }
)
DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024


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

    def covers(self, uri: str) -> bool:
        """Whether `uris` would list this one if it existed: if it does not, the page has vanished."""
        ...


class Paths:
    """Files, and folders with all that is in them. Hidden files and folders (".name") inside a folder are passed over.

    A file named outright is taken even if hidden. Links are followed, each real file and folder once.
    """

    def __init__(
        self,
        paths: Iterable[Path | str],
        max_bytes: int = DEFAULT_MAX_BYTES,
        suffixes: Iterable[str] = tuple(MEDIA_TYPES),
    ) -> None:
        self._roots = tuple(dict.fromkeys(_resolved(Path(path)) for path in paths))
        self._max_bytes = max_bytes
        self._suffixes = frozenset(suffix.lower() for suffix in suffixes)

    def uris(self) -> Iterator[str | SkippedSource]:
        seen: set[str] = set()
        for root in self._roots:
            for found in self._under(root):
                uri = found.uri if isinstance(found, SkippedSource) else found
                if uri not in seen:
                    seen.add(uri)
                    yield found

    def revision(self, uri: str) -> str:
        try:
            return _revision(Path(uri).stat())
        except (OSError, ValueError) as error:
            raise SourceUnreadable(_reason(error)) from error

    def read(self, uri: str) -> RawPage:
        body, revision = self._bytes(uri)
        return RawPage(
            uri=uri,
            body=body,
            media_type=MEDIA_TYPES.get(_suffix(uri), "application/octet-stream"),
            revision=revision,
            name=Path(uri).name,
        )

    def covers(self, uri: str) -> bool:
        """As `Source.covers`. A folder that is missing or cannot be listed (an unplugged disk) covers nothing."""
        try:
            return _suffix(uri) in self._suffixes and any(_would_list(root, Path(uri)) for root in self._roots)
        except (OSError, ValueError):
            return False

    def _under(self, root: Path) -> Iterator[str | SkippedSource]:
        """What one given path yields. Folders are walked without recursion, so that no depth is too deep."""
        waiting, entered = [root], set[Path]()
        while waiting:
            path = waiting.pop()
            try:
                # What it lies in is resolved already.
                real = _resolved(path) if path.is_symlink() else path
                mode = real.stat().st_mode
                if not stat.S_ISDIR(mode):
                    yield self._file(str(real), mode)
                elif real not in entered:
                    entered.add(real)
                    waiting.extend(sorted(_visible(real), reverse=True))
            except (OSError, ValueError) as error:
                dangling = isinstance(error, FileNotFoundError) and path.is_symlink()
                reason = "is a link to nothing; mend or remove it" if dangling else _reason(error)
                yield SkippedSource(_printable(path), reason)

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
        """The bytes and their revision, sure to belong together."""
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
        if not _revision(before) == _revision(after) == _revision(named) or len(body) != before.st_size:
            raise SourceUnreadable("changed while it was read; run again when nothing writes to it")
        return body, _revision(before)

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


def _visible(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not path.name.startswith("."))


def _would_list(root: Path, path: Path) -> bool:
    if path == root:
        return root.exists()
    if not path.is_relative_to(root) or any(part.startswith(".") for part in path.relative_to(root).parts):
        return False
    folder = path.parent
    while folder != root and not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)


def _resolved(path: Path) -> Path:
    """The path with its links resolved. One that cannot be (no such user, a NUL) stays: opening it tells why."""
    try:
        return Path(os.path.realpath(path.expanduser()))
    except (OSError, ValueError, RuntimeError):
        return path


def _suffix(uri: str) -> str:
    return Path(uri).suffix.lower()


def _revision(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"


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
        errno.ENOENT: "does not exist; check the spelling",
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
