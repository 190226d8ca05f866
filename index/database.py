"""One SQLite database in one folder: opened, locked, changed in transactions, its failures told in our words.

Knows connections, locks, transactions and what goes wrong with them; nothing of what the tables mean. sqlite3's errors
and the file system's leave here as those of `index.errors`. Every transaction is flushed to the disk before it counts,
so that a kill at any instant loses nothing acknowledged.

One connection serves all threads, one at a time; transactions are short, because vectors are computed before them.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from index import schema
from index.errors import IndexBusy, IndexDamaged, IndexingError, IndexMismatch, IndexMissing, StorageFull
from index.rows import row_sum

DATABASE = "quoth.db"
WRITE_LOCK = "write.lock"

_BUSY_SECONDS = 10.0

Connect = Callable[..., sqlite3.Connection]


class Database:
    """An opened database file, or with no folder a database in memory. Safe to call from several threads."""

    def __init__(self, connection: sqlite3.Connection, directory: Path | None) -> None:
        self.directory = directory
        self._connection = connection
        self._lock = threading.RLock()
        self._memory_writer = threading.Lock()

    @classmethod
    def open(cls, directory: Path | None, create: bool = True, connect: Connect = sqlite3.connect) -> Database:
        """Open the database in `directory`; make an empty one where there is none, unless `create` is False.

        One of an older format is brought to ours. Raises IndexMissing, IndexMismatch (a format we do not know),
        IndexDamaged, IndexBusy, StorageFull.
        """
        place = ":memory:" if directory is None else str(directory / DATABASE)
        with _translated(directory):
            if directory is not None and not create and not (directory / DATABASE).is_file():
                raise IndexMissing(f"There is no index in {directory}. Make one with `quoth add PATH…`.")
            if directory is not None and create:
                directory.mkdir(parents=True, exist_ok=True)
            connection = connect(place, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        database = cls(connection, directory)
        try:
            database._prepare()
        except BaseException:
            connection.close()
            raise
        return database

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @property
    def name(self) -> str:
        """How messages call it."""
        return _named(self.directory)

    def _prepare(self) -> None:
        with _translated(self.directory):
            self._connection.create_function("row_sum", -1, row_sum, deterministic=True)
            for pragma in ("foreign_keys = ON", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            if not self.value("SELECT count(*) FROM sqlite_master"):
                with self.writing():
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.executescript(schema.CREATE)
            self._refuse_foreign()
            if self.value("PRAGMA user_version") != schema.FORMAT:
                self._migrate()

    def _refuse_foreign(self) -> None:
        if self.value("PRAGMA application_id") != schema.APPLICATION:
            raise IndexMismatch(f"{self.name} holds a database of another program. Choose a folder with --data OTHER.")
        found = self.value("PRAGMA user_version")
        if found != schema.FORMAT and found not in schema.MIGRATIONS:
            raise IndexMismatch(
                f"{self.name} holds an index of format {found}; this version reads format {schema.FORMAT}."
                " Use the version that made it, or build anew in another folder: `quoth add PATH… --data OTHER`."
            )

    def _migrate(self) -> None:
        """From an older format to ours, all of it or nothing."""
        with self.writing(), self.transaction():
            while (found := self.value("PRAGMA user_version")) != schema.FORMAT:
                for statement in schema.MIGRATIONS[found]:
                    self.run(statement)
                self.run(f"PRAGMA user_version = {found + 1}")

    # Locks and transactions ---------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, timeout_seconds: float = _BUSY_SECONDS) -> Iterator[None]:
        """Be the only writer of this folder, over all processes, for as long as it takes. Dies with the process."""
        if self.directory is None:
            with self._memory_writer:
                yield
            return
        lock = FileLock(self.directory / WRITE_LOCK, timeout=timeout_seconds)
        try:
            lock.acquire()
        except Timeout as error:
            raise IndexBusy(
                f"Another quoth is adding to {self.directory} (waited {timeout_seconds:g} s)."
                " Wait until it is done, or use another folder with --data OTHER."
            ) from error
        except OSError as error:
            raise _from_system(error, self.directory) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def transaction(self) -> Iterator[bool]:
        """All changes within are kept, or none. One inside another joins it. Yields whether it is the outermost."""
        with self._all_or_nothing("BEGIN IMMEDIATE") as outermost:
            yield outermost

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads within see one and the same state, whatever other processes write meanwhile."""
        with self._all_or_nothing("BEGIN"):
            yield

    @contextmanager
    def _all_or_nothing(self, begin: str) -> Iterator[bool]:
        with self._lock, _translated(self.directory):
            if self._connection.in_transaction:
                yield False
                return
            try:
                self._connection.execute(begin)
                yield True
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has SQLite roll back by itself
                    self._connection.execute("ROLLBACK")
                raise

    # Statements ---------------------------------------------------------------------------------------------------

    def rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock, _translated(self.directory):
            return self._connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: object) -> Any:
        """The first column of the first row, None where there is no row."""
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def run(self, sql: str, *values: object) -> int:
        """Change something; the row id of what was inserted last."""
        with self._lock, _translated(self.directory):
            return self._connection.execute(sql, values).lastrowid or 0

    def run_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._lock, _translated(self.directory):
            self._connection.executemany(sql, rows)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The connection itself, for what needs more than rows: a cursor read bit by bit, the word index."""
        with self._lock, _translated(self.directory):
            yield self._connection

    @contextmanager
    def as_promised(self) -> Iterator[None]:
        """Values that cannot be what was once stored are damage: a date that is none, half a vector."""
        try:
            yield
        except (TypeError, ValueError) as error:
            raise _damaged(self.directory, str(error)) from error


# Errors ---------------------------------------------------------------------------------------------------------------


@contextmanager
def _translated(directory: Path | None) -> Iterator[None]:
    """SQLite's and the file system's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, directory) from error
    except UnicodeDecodeError as error:  # of SQLite's own message, which quotes what it could not read
        raise _damaged(directory, error.object.decode("utf-8", "replace")) from error
    except OSError as error:
        raise _from_system(error, directory) from error


def _from_system(error: OSError, directory: Path | None) -> IndexingError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(directory)
    remedy = _UNLOCK if error.errno in (errno.EACCES, errno.EPERM) else _ELSEWHERE
    return IndexingError(f"{_named(directory)} cannot be used: {error}. {remedy}")


def _from_sqlite(error: sqlite3.Error, directory: Path | None) -> IndexingError:
    code = getattr(error, "sqlite_errorname", "")
    if code == "SQLITE_FULL":
        return _full(directory)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return IndexBusy(f"{_named(directory)} is in use by another program ({error}). Try again when it is done.")
    if code.startswith("SQLITE_IOERR"):
        return IndexingError(
            f"{_named(directory)} is on a disk that fails: {error} ({code}). What was stored before is whole."
            " Look after the disk and run the same command again, or use another with --data OTHER."
        )
    if code.startswith(_DAMAGE) or (not code and isinstance(error, sqlite3.OperationalError)):
        return _damaged(directory, str(error))
    remedy = _UNLOCK if code.startswith(_LOCKED) else _ELSEWHERE
    return IndexingError(f"{_named(directory)} cannot be used: {error} ({code or type(error).__name__}). {remedy}")


_LOCKED = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")
_UNLOCK = "Change its permissions, or choose another folder with --data OTHER."
_ELSEWHERE = "Choose a folder with --data OTHER."
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_ERROR")
"""What only wrong content brings about: a statement of ours is at fault only where a table is not what it was.

Text that is not UTF-8 does too: an operational error without a code.
"""


def _full(directory: Path | None) -> StorageFull:
    return StorageFull(
        f"There is no room left for {_named(directory)}. What was stored before is whole."
        " Make room and run the same command again, or use another disk with --data OTHER."
    )


def _damaged(directory: Path | None, what: str) -> IndexDamaged:
    return IndexDamaged(
        f"{_named(directory)} is damaged: {what}. Put back a copy of the folder, or move it away and build it anew"
        " with `quoth add PATH…`."
    )


def _named(directory: Path | None) -> str:
    return "The index in memory" if directory is None else f"The index in {directory}"
