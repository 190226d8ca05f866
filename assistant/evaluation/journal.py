"""A run's folder: what it is a run of (`run.json`) and one JSON line for each thing done (`records.jsonl`).

Knows how to go on after a kill at any instant, and nothing of what a record means but its key and its `error`. A line
is whole or, at the very end of the file, torn: a torn one is dropped and its question asked again, and so is one that
failed. What is in the folder is never mixed with a run under other settings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from assistant.errors import (
    BackendMissing,
    EvaluationError,
    GenerationCancelled,
    ModelCorrupt,
    ModelMissing,
    ModelUnfit,
    SettingsError,
)
from index.errors import IndexingError

Json = dict[str, Any]

HEADER = "run.json"
RECORDS = "records.jsonl"
HOPELESS = (
    SettingsError,
    BackendMissing,
    ModelMissing,
    ModelCorrupt,
    ModelUnfit,
    GenerationCancelled,
    IndexingError,
    EvaluationError,
)
"""Errors that the next record would meet as well, or that somebody asked for: they end a run, which can go on later."""

SYNC_EVERY = 20
"""Records between two fsyncs: a power cut costs at most these."""


class Journal:
    """An open `records.jsonl`, appended to record by record. Close it, or use it as a context manager."""

    def __init__(self, path: Path, done: Sequence[Json]) -> None:
        self.done = tuple(done)
        self._path = path
        self._unsynced = 0
        with _writing(path):
            self._file: TextIO = path.open("a", encoding="utf-8", newline="\n")

    def append(self, record: Json) -> None:
        """Write one record through to the operating system."""
        with _writing(self._path):
            self._file.write(_line(record))
            self._file.flush()
            self._unsynced += 1
            if self._unsynced >= SYNC_EVERY:
                self._sync()

    def close(self) -> None:
        """Make what was written safe against a power cut."""
        with _writing(self._path):
            self._sync()
            self._file.close()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._unsynced = 0

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_journal(out: Path, header: Mapping[str, Any], *, fresh: bool = False) -> Journal:
    """Start a run in `out`, or go on with the one there if its header is the same; `fresh` throws that one away.

    Raises EvaluationError if another run's records are there, naming what differs.
    """
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
    if fresh:
        (out / RECORDS).unlink(missing_ok=True)
    elif (out / RECORDS).exists():
        _refuse_another_run(out, header)
    done = [record for record in _whole_lines(out / RECORDS) if record.get("error") is None]
    write_atomically(out / HEADER, json.dumps(dict(header), indent=2) + "\n")
    write_atomically(out / RECORDS, "".join(map(_line, done)))
    return Journal(out / RECORDS, done)


def read_run(out: Path) -> tuple[Json, tuple[Json, ...]]:
    """A run's header and records. Raises EvaluationError if there is none."""
    header = _read_header(out)
    if header is None or not (out / RECORDS).is_file():
        raise EvaluationError(
            f"{out} holds no run ({HEADER} or {RECORDS} is missing); give the folder that `quoth eval --out` wrote"
        )
    return header, tuple(_whole_lines(out / RECORDS))


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader sees the old or the new text. Raises EvaluationError if it cannot be written."""
    beside = path.with_name(path.name + ".new")
    with _writing(path):
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EvaluationError(
            f"cannot write {path}: {error.strerror}; free the place or choose another folder with --out, "
            "then run the same command again: it goes on where it stopped"
        ) from error


def _refuse_another_run(out: Path, header: Mapping[str, Any]) -> None:
    stored = _read_header(out) or {}
    wanted = json.loads(json.dumps(dict(header)))
    differing = sorted(key for key in stored.keys() | wanted.keys() if stored.get(key) != wanted.get(key))
    if differing:
        changes = "; ".join(f"{key} was {stored.get(key)!r}, is {wanted.get(key)!r}" for key in differing)
        raise EvaluationError(
            f"{out} holds another run ({changes}); choose another folder with --out, "
            "or start it afresh with --fresh, which deletes its records"
        )


def _read_header(out: Path) -> Json | None:
    try:
        header = json.loads((out / HEADER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return header if isinstance(header, dict) else None


def _whole_lines(path: Path) -> Iterator[Json]:
    """Every record; a torn last line is left out, a broken one before it is an error: nothing here writes such."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):
                return
            yield _record(path, number, line)


def _record(path: Path, number: int, line: str) -> Json:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise EvaluationError(
            f"{path}:{number}: not a record ({error}); take the line out, or start afresh with --fresh"
        ) from error
    if not isinstance(record, dict):
        raise EvaluationError(f"{path}:{number}: not a record; take the line out, or start afresh with --fresh")
    return record


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record) + "\n"
