"""The folder of our own that holds what was given to the page: copies under safe names, none ever overwritten.

Knows names and files; reads no article. What is removed goes to a hidden folder beside, which is emptied when the next
process begins, so that removing can be undone.
"""

from __future__ import annotations

import errno
import re
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from index.errors import IndexingError, SourceUnreadable, StorageFull

FOLDER = "uploads"
_REMOVED = ".removed"
_NAME_CHARACTERS = 80
_SUFFIX_CHARACTERS = 12
_KEPT = re.compile(r"[^\w .()+,-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class Uploads:
    """The files under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self) -> None:
        """Forget what was removed before."""
        shutil.rmtree(self.folder / _REMOVED, ignore_errors=True)

    def take(self, file: Path, name: str, most_bytes: int) -> Path:
        """Copy a file in, as `name` says or nearly so. The same file under the same name is taken once.

        Raises SourceUnreadable with a reason that reads on after the name, StorageFull, IndexingError.
        """
        try:
            size = file.stat().st_size
            if size > most_bytes:
                most, is_ = most_bytes / 2**20, size / 2**20
                raise SourceUnreadable(f"is {is_:.1f} MiB long, more than the {most:.1f} MiB taken; split it")
            self.folder.mkdir(parents=True, exist_ok=True)
            place = self._free(safe_name(name), file)
            if not place.exists():
                partial = self.folder / f".{place.name}.partial"
                shutil.copyfile(file, partial)
                partial.replace(place)
            return place
        except OSError as error:
            raise _explained(error, self.folder) from error

    def _free(self, name: str, file: Path) -> Path:
        """A path nobody has, or that of a file with the same bytes."""
        place, number = self.folder / name, 1
        while place.exists() and not _same(place, file):
            number += 1
            place = self.folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
        return place

    def holds(self, uri: str) -> bool:
        """Whether a stored article's file is one of these."""
        try:
            return Path(uri).parent == self.folder.resolve()
        except (OSError, ValueError):
            return False

    def drop(self, files: Iterable[Path]) -> None:
        """Delete files that did not become articles."""
        for file in files:
            file.unlink(missing_ok=True)

    def remove(self, uri: str) -> None:
        """Put a file aside; nothing where it is not there."""
        self._move(Path(uri), self.folder / _REMOVED / Path(uri).name)

    def restore(self, uri: str) -> None:
        """Put a removed file back."""
        self._move(self.folder / _REMOVED / Path(uri).name, Path(uri))

    def _move(self, here: Path, there: Path) -> None:
        try:
            if here.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                here.replace(there)
        except OSError as error:
            raise _explained(error, self.folder) from error


def safe_name(name: str) -> str:
    """A file name without folders, hidden names, control characters or anything a system or a shell takes amiss."""
    line = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1]).encode("utf-8", "ignore").decode()
    plain = " ".join(_KEPT.sub(" ", line).split())
    stem, dot, suffix = plain.rpartition(".")
    if not dot or len(suffix) > _SUFFIX_CHARACTERS or " " in suffix:
        stem, suffix = plain, ""
    stem = stem.strip(". ")[:_NAME_CHARACTERS].strip(". ") or "file"
    if _RESERVED.fullmatch(stem):
        stem = f"{stem} file"
    return f"{stem}.{suffix}" if suffix else stem


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def _explained(error: OSError, folder: Path) -> IndexingError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"There is no room left for {folder}. What is indexed is whole. Make room and try again.")
    return IndexingError(f"{folder} cannot be used: {error}. Mend its permissions or use a folder with --data OTHER.")
