"""The places that were added, and whether what is there now is still they.

Knows folders and inodes; reads no article. A folder that is away, or is another and empty one than the one that was
added, is most likely a disk that is not mounted: nothing in it may be taken for deleted.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

UNKNOWN = "does not exist; check the spelling"
AWAY = "is not there; what is indexed of it stays. If it is gone for good, say so with `quoth sync --prune`"
REPLACED = (
    "is empty and not the folder that was added, as if its disk were not mounted; what is indexed of it stays."
    " If it is gone for good, say so with `quoth sync --prune`"
)


def mark(path: Path) -> str | None:
    """Tells a place from another of its name: by the folder's inode, which unlike its device outlives a restart.

    A file is known by the folder it lies in, since editors replace files. None where there is neither. Raises OSError.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return f"folder {status.st_ino}"
        return f"file in {path.parent.stat().st_ino}"
    except FileNotFoundError:
        return None


def shows(folder: Path, path: Path) -> bool:
    """Whether a path is this folder or lies in it with no hidden file or folder between."""
    return path.is_relative_to(folder) and not any(part.startswith(".") for part in path.relative_to(folder).parts)


def loss(path: Path, known: Mapping[Path, str]) -> str | None:
    """Why nothing of `path` may be taken for deleted though it is not there. None when what is not there is deleted.

    `known` are the places remembered, with their marks. Each folder among them says what has become of all that lies
    in it, since each may be on a disk of its own; of a single file in one of them, that one does.
    """
    holding = sorted((place for place in known if shows(place, path)), key=lambda place: len(place.parts))
    telling = holding[:1] + [place for place in holding[1:] if known[place].startswith("folder")]
    try:
        if not telling:
            return None if mark(path) else UNKNOWN
        return next((reason for place in reversed(telling) if (reason := _loss_of(place, known[place]))), None)
    except (OSError, ValueError):  # listing it tells which
        return AWAY


def _loss_of(place: Path, then: str) -> str | None:
    if now := mark(place):
        emptied = now.startswith("folder") and now != then and next(place.iterdir(), None) is None
        return REPLACED if emptied else None
    folder = mark(place.parent) if then.startswith("file") else None
    deleted = folder is not None and folder.removeprefix("folder") == then.removeprefix("file in")
    return None if deleted else AWAY
