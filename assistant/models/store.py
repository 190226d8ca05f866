"""The models of one directory: listing, locating, verifying and pulling them.

Knows where a model is looked for and when it is read again. How one is fetched is pulling.py's, what one looks like
is present.py's.
"""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.errors import ModelCorrupt, ModelMissing
from assistant.models.catalogue import Catalogue, ModelEntry, ModelFile
from assistant.models.ledger import Ledger, Progress, Seen, look
from assistant.models.present import LocatedModel, Present, VerifyReport, of_catalogue, of_user, readable
from assistant.models.pulling import Puller, megabytes, partial_folder, use_your_own
from assistant.models.source import Source

State = Literal["present", "partial", "missing", "damaged"]


@dataclass(frozen=True, slots=True)
class ModelState:
    """What is here of a catalogue entry, judged by sizes alone: "damaged" has all files but not their sizes."""

    entry: ModelEntry
    state: State
    path: Path | None
    bytes_here: int


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _free_bytes(directory: Path) -> int:
    return shutil.disk_usage(directory).free


class ModelStore:
    """The models in `directory`, and in the folders of `search`, which are only read."""

    def __init__(
        self,
        directory: Path,
        catalogue: Catalogue,
        *,
        offline: bool = False,
        sources: Sequence[Source] = (),
        search: Sequence[Path] = (),
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        self._directory = _absolute(directory)
        self._directories = (self._directory, *map(_absolute, search))
        self._catalogue = catalogue
        self._offline = offline
        self._puller = Puller(self._directory, tuple(sources), free_bytes)
        self._ledger = Ledger(self._directory)

    def list(self) -> tuple[ModelState, ...]:
        """Every entry of the catalogue, in its order."""
        return tuple(self._state(entry) for entry in self._catalogue.models)

    def locate(self, name_or_path: str, progress: Progress = _silent) -> LocatedModel:
        """A catalogue model or the user's own .gguf file or sentence-transformers folder, checked.

        Reads a file only if its size or time is not the recorded one. Raises ModelMissing, ModelCorrupt.
        """
        model = self._present(name_or_path)
        known = self._ledger.get(model.path)
        with readable(model.path):
            seen = look(model.files, known, progress)
        report = model.compared(seen, known)
        if not report.ok:
            raise ModelCorrupt(
                f"{model.path} is not what it should be: SHA-256 {report.sha256} where {report.expected} was expected "
                f"({', '.join(report.changed[:5])}). It was left as it is; {report.remedy}"
            )
        if seen != known:
            self._ledger.put(model.path, seen)
        return model.located(seen)

    def verify(self, name_or_path: str, progress: Progress = _silent, *, accept: bool = False) -> VerifyReport:
        """Read a model's every byte and compare. Raises ModelMissing if it is not here.

        `accept` records a user's own model as it is now; a catalogue model's hash is not for the user to change.
        """
        model = self._present(name_or_path)
        known = {} if accept else self._ledger.get(model.path)
        with readable(model.path):
            seen = look(model.files, {}, progress)
        report = model.compared(seen, known)
        if report.ok:
            self._ledger.put(model.path, seen)
        return report

    def pull(self, name: str, progress: Progress = _silent) -> LocatedModel:
        """Make sure a catalogue model is here, fetching what is missing of it. Interrupted, it can be called again.

        Raises ModelMissing with every source's reason, ModelCorrupt when the bytes are wrong.
        """
        entry = self._catalogue.find(name)
        if entry is None:
            raise self._unknown(name)
        if self._whereabouts(entry) is None:
            if self._offline:
                raise _offline(entry)
            self._record(entry, self._puller.fetch(entry, progress))
        return self.locate(name, progress)

    def _state(self, entry: ModelEntry) -> ModelState:
        if directory := self._whereabouts(entry):
            sizes = {name: path.stat().st_size for name, path in entry.paths(directory).items()}
            right = sizes == {file.path: file.size for file in entry.files}
            state: State = "present" if right else "damaged"
            return ModelState(entry, state, entry.location(directory), sum(sizes.values()))
        partial = partial_folder(self._directory, entry)
        here = [*(partial / file.path for file in entry.files), *entry.paths(self._directory).values()]
        bytes_here = sum(path.stat().st_size for path in here if path.is_file())
        return ModelState(entry, "partial" if bytes_here else "missing", None, bytes_here)

    def _present(self, name_or_path: str) -> Present:
        entry = self._catalogue.find(name_or_path)
        if entry is None:
            own = of_user(name_or_path, _absolute(Path(name_or_path).expanduser()))
            if own is None:
                raise self._unknown(name_or_path)
            return own
        if directory := self._whereabouts(entry):
            return of_catalogue(entry, directory)
        raise ModelMissing(
            f"the model {entry.name} ({megabytes(entry.size)}) is not in {' or '.join(map(str, self._directories))}; "
            f"fetch it with `quoth models pull {entry.name}`, or {use_your_own(entry.role)}"
        )

    def _whereabouts(self, entry: ModelEntry) -> Path | None:
        """The first directory that has all the entry's files, whatever is in them."""
        for directory in self._directories:
            with readable(directory):
                if all(path.is_file() for path in entry.paths(directory).values()):
                    return directory
        return None

    def _unknown(self, given: str) -> ModelMissing:
        names = [entry.name for entry in self._catalogue.models]
        near = difflib.get_close_matches(given, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"the catalogue has {', '.join(names)}"
        return ModelMissing(
            f'"{given}" is neither a model of the catalogue nor a file or folder here; {hint}; put the file there, or '
            "choose another: `quoth models list` shows them"
        )

    def _record(self, entry: ModelEntry, fetched: Sequence[ModelFile]) -> None:
        """Spare the next start a reading of what has just been checked; files that were there before are not."""
        paths = entry.paths(self._directory)
        with readable(self._directory):
            stats = [(file, paths[file.path].stat()) for file in fetched]
        seen = {file.path: Seen(stat.st_size, stat.st_mtime_ns, file.sha256) for file, stat in stats}
        if seen:
            self._ledger.put(entry.location(self._directory), seen)


def _absolute(path: Path) -> Path:
    """Without following links: a model is known by the place its user names."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _offline(entry: ModelEntry) -> ModelMissing:
    return ModelMissing(
        f"the model {entry.name} is not here and Quoth is offline, so no source was asked; leave offline mode and run "
        f"`quoth models pull {entry.name}`, or {use_your_own(entry.role)}"
    )
