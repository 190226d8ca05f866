"""A model on its way: the growing copy of each of its files, from whichever source, until the whole is right.

Knows one folder of half-come files, where anything is ours, so what proves wrong is thrown away. Knows no source by
name and decides nothing about which is asked.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from assistant.errors import ModelCorrupt
from assistant.models.catalogue import ModelEntry, ModelFile
from assistant.models.ledger import Progress, look
from assistant.models.source import Piece, Source, SourceFailed, WrongHash


class Download:
    """The `wanted` files of an entry, growing in `folder`: each file there is a prefix of the right one."""

    def __init__(self, entry: ModelEntry, wanted: Sequence[ModelFile], folder: Path, progress: Progress) -> None:
        self.entry = entry
        self._files = {file.path: file for file in wanted}
        self._folder = folder
        self._scratch = folder / ".fetching"
        self._progress = progress
        self._shown = 0

    @property
    def done(self) -> int:
        return sum(self._have().values())

    @property
    def total(self) -> int:
        return sum(file.size for file in self._files.values())

    def complete(self, source: Source) -> None:
        """Take what is missing from `source` and check the whole. Raises SourceFailed; a wrong file is dropped."""
        if missing := self._missing():
            self._take(source, missing)
        for path, size in self._missing().items():
            raise SourceFailed(f"{path} ended after {size} of {self._files[path].size} bytes")
        self._check()

    def install(self, places: Mapping[str, Path]) -> None:
        """Give each file its place, durably; never over a file that is there."""
        for path in self._files:
            here, target = self._folder / path, places[path]
            with here.open("rb+") as written:
                os.fsync(written.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                raise ModelCorrupt(
                    f"{target} appeared while its model was fetched and was left as it is; move it away and pull again"
                )
            here.replace(target)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _have(self) -> dict[str, int]:
        """Bytes here of each wanted file; a file too long to be a prefix counts for nothing and is removed."""
        have = {}
        for path, file in self._files.items():
            here = self._folder / path
            have[path] = here.stat().st_size if here.is_file() else 0
            if have[path] > file.size:
                here.unlink()
                have[path] = 0
        return have

    def _missing(self) -> dict[str, int]:
        return {path: size for path, size in self._have().items() if size < self._files[path].size}

    def _take(self, source: Source, missing: Mapping[str, int]) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        done = self.done
        pieces = source.fetch(self.entry, missing, self._scratch, lambda arriving: self._show(source, done + arriving))
        with contextlib.closing(pieces):
            for piece in pieces:
                self._append(piece)
                done += len(piece.data)
                self._show(source, done)

    def _show(self, source: Source, done: int) -> None:
        """What arrives in a wheel is counted on arrival, then again when unpacked: never show less than before."""
        self._shown = max(self._shown, min(done, self.total))
        self._progress(source.name, self._shown, self.total)

    def _append(self, piece: Piece) -> None:
        size = self._files[piece.path].size
        here = self._folder / piece.path
        here.parent.mkdir(parents=True, exist_ok=True)
        with here.open("ab") as out:
            if out.tell() + len(piece.data) > size:
                raise SourceFailed(f"{piece.path} goes on beyond its {size} bytes")
            out.write(piece.data)

    def _check(self) -> None:
        found = look({path: self._folder / path for path in self._files}, {}, self._progress)
        wrong = [file for path, file in self._files.items() if found[path].sha256 != file.sha256]
        for file in wrong:
            (self._folder / file.path).unlink()
        if wrong:
            path = wrong[0].path
            raise WrongHash(f"{path} has SHA-256 {found[path].sha256} where {wrong[0].sha256} was expected")
