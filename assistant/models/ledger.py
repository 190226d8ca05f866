"""What each model's files were when they were last read, so that a start need not read gigabytes again.

Knows sizes, times, SHA-256 and the file hashes.json. Knows no catalogue and judges nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import filelock
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from assistant.errors import ModelCorrupt
from assistant.models.catalogue import STRICT, Sha256
from assistant.models.source import BLOCK_BYTES

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with the stage ("waiting", a source's name, "checking") and the bytes done of all bytes."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Seen:
    """A file when its content was last read. Same size and time: taken for the same content."""

    size: int
    mtime_ns: int
    sha256: Sha256


def look(files: Mapping[str, Path], known: Mapping[str, Seen], progress: Progress) -> dict[str, Seen]:
    """Each file as it is now, by its relative path; only those of another size or time than `known` are read."""
    stats = {name: path.stat() for name, path in files.items()}
    total = sum(stat.st_size for stat in stats.values())
    done = 0
    seen = {}
    for name, stat in stats.items():
        was = known.get(name)
        if was is None or (was.size, was.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
            was = Seen(stat.st_size, stat.st_mtime_ns, _sha256(files[name], done, total, progress))
        seen[name] = was
        done += stat.st_size
    return seen


def _sha256(path: Path, done: int, total: int, progress: Progress) -> str:
    """The file's hash; `progress` counts on from `done`."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            hasher.update(block)
            done += len(block)
            progress("checking", done, total)
    return hasher.hexdigest()


class Ledger:
    """hashes.json in `directory`: the files of each model, by where the model lies."""

    _shape = TypeAdapter(dict[str, dict[str, Seen]])

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "hashes.json"

    def get(self, model: Path) -> Mapping[str, Seen]:
        """Empty for a model never seen. Raises ModelCorrupt if the ledger itself is damaged."""
        return self._read().get(self._key(model), {})

    def put(self, model: Path, files: Mapping[str, Seen]) -> None:
        """Remember `files`; a store that cannot be written to is no reason to refuse a model, only to read it again."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(f"{self._path}.lock"):
                content = self._shape.dump_json(self._read() | {self._key(model): dict(files)}, indent=1)
                temporary = self._path.with_suffix(".tmp")
                temporary.write_bytes(content)
                temporary.replace(self._path)
        except OSError as error:
            log.warning("the hash of %s cannot be kept in %s: %s", model, self._path, error)

    def _key(self, model: Path) -> str:
        """Relative inside the store, so that the store can be moved."""
        return (model.relative_to(self._directory) if model.is_relative_to(self._directory) else model).as_posix()

    def _read(self) -> dict[str, dict[str, Seen]]:
        try:
            return self._shape.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise ModelCorrupt(
                f"the list of model hashes {self._path} cannot be read ({type(error).__name__}); delete it to have "
                "every model read and recorded anew"
            ) from error
