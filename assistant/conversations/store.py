"""Conversations on disk: one SQLite file in the data folder, apart from the index, so that neither can harm the other.

Knows records and their places; nothing of models, sources or screens. Each change is one transaction, flushed before
it counts: a kill at any instant loses nothing acknowledged. Any number of processes and threads may have it open, and
each change is one short turn of one writer. What is deleted can be brought back for a week; then it is gone for good.
The only importer of sqlite3's errors: they leave here as ConversationError.

A search reads every record. Ten thousand take a tenth of a second, any language's words are found inside
others, and no second copy of what was deleted is left in an index.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from assistant.conversations.records import (
    ConversationInfo,
    Feedback,
    Found,
    Kept,
    Record,
    record_from_json,
    record_to_json,
    title_of,
    words_of,
)
from assistant.errors import ConversationError

DATABASE = "conversations.db"
FORMAT = 1
KEPT_FOR_UNDO = timedelta(days=7)

_APPLICATION = 0x51434F4E  # "QCON", in the header of every file of ours
_BUSY_SECONDS = 10.0
_SNIPPET_CHARACTERS = 120

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    started TEXT NOT NULL,
    changed TEXT NOT NULL,
    deleted TEXT);
CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    question TEXT NOT NULL,
    asked TEXT NOT NULL,
    record TEXT NOT NULL,
    words TEXT NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    UNIQUE (conversation_id, ordinal));
CREATE TABLE IF NOT EXISTS feedback (
    exchange_id TEXT PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    given TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tabs (
    name TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    used TEXT NOT NULL);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""
_INFO = (
    "conversations.id, title, started, changed,"
    " (SELECT count(*) FROM exchanges WHERE conversation_id = conversations.id AND NOT withdrawn)"
)
_KEPT = (
    "exchanges.id, conversation_id, ordinal, question, asked, record, verdict, reason, note, given"
    " FROM exchanges LEFT JOIN feedback ON exchange_id = exchanges.id"
)
_NEW_ID = "SELECT ? || lower(hex(randomblob(6)))"

Clock = Callable[[], datetime]


class Conversations:
    """The conversations of one data folder, or with no folder of this process. Safe to call from several threads."""

    def __init__(self, connection: sqlite3.Connection, place: str, clock: Clock) -> None:
        self._connection = connection
        self._place = place
        self._clock = clock
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls,
        directory: Path | None,
        clock: Clock,
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
    ) -> Conversations:
        """Open what `directory` holds, made if need be. Raises ConversationError."""
        place = "memory" if directory is None else str(directory / DATABASE)
        with _translated(place):
            if directory is not None:
                directory.mkdir(parents=True, exist_ok=True)
            connection = connect(
                ":memory:" if directory is None else place,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        kept = cls(connection, place, clock)
        try:
            kept._prepare()
        except BaseException:
            connection.close()
            raise
        return kept

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Conversations:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        with _translated(self._place):
            for pragma in ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            if not self._value("SELECT count(*) FROM sqlite_master"):
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.executescript(_SCHEMA)
            found = (self._value("PRAGMA application_id"), self._value("PRAGMA user_version"))
        if found != (_APPLICATION, FORMAT):
            raise ConversationError(
                f"{self._place} was made by another program or version (format {found[1]}, this one reads {FORMAT});"
                " move it away, or choose a folder with --data OTHER"
            )
        self.purge(self._clock() - KEPT_FOR_UNDO)

    # Reading ------------------------------------------------------------------------------------------------------

    def recent(self) -> tuple[ConversationInfo, ...]:
        """All that are not deleted, the one that changed last first."""
        rows = self._rows(f"SELECT {_INFO} FROM conversations WHERE deleted IS NULL ORDER BY changed DESC, id")
        return tuple(map(_info, rows))

    def last(self) -> ConversationInfo:
        """The one that changed last. Raises ConversationError where there is none."""
        for info in self.recent():
            return info
        raise ConversationError("no conversation is kept yet; ask something on the page that `quoth ui` opens")

    def find(self, name: str, deleted: bool = False) -> ConversationInfo:
        """The conversation, or the deleted one, with this id, or the only one whose id begins so.

        Raises ConversationError.
        """
        rows = self._rows(
            f"SELECT {_INFO} FROM conversations WHERE substr(id, 1, length(?)) = ? AND (deleted IS NULL) = ?",
            *(name, name, not deleted),
        )
        if not name or not rows:
            kind = "deleted conversation" if deleted else "conversation"
            raise ConversationError(f"there is no {kind} {name!r}; `quoth conversations list` shows the ids")
        if len(rows) > 1:
            ids = ", ".join(row[0] for row in rows[:5])
            raise ConversationError(f"{name!r} fits {len(rows)} conversations: {ids}; give more of the id")
        return _info(rows[0])

    def exchanges(self, conversation_id: str) -> tuple[Kept, ...]:
        """What was asked in a conversation, in order; () for one that is not there or is deleted."""
        rows = self._rows(
            f"SELECT {_KEPT} JOIN conversations ON conversations.id = conversation_id"
            " WHERE conversation_id = ? AND deleted IS NULL AND NOT withdrawn ORDER BY ordinal",
            conversation_id,
        )
        return tuple(map(_kept, rows))

    def judged(self) -> tuple[Kept, ...]:
        """Every exchange that a reader has judged, the first judged first."""
        rows = self._rows(
            f"SELECT {_KEPT} JOIN conversations ON conversations.id = conversation_id"
            " WHERE verdict IS NOT NULL AND deleted IS NULL AND NOT withdrawn ORDER BY given, exchanges.id"
        )
        return tuple(map(_kept, rows))

    def search(self, query: str) -> tuple[Found, ...]:
        """The conversations with an exchange that holds every word of the query, or with all of them in the title."""
        wanted = sorted({word.casefold() for word in query.split()}, key=len, reverse=True)
        if not wanted:
            return ()
        matching: dict[str, str] = {}
        for conversation_id, title, words in self._searched():
            if conversation_id not in matching and _holds(words, wanted):
                matching[conversation_id] = _snippet(words, wanted[0])
            elif conversation_id not in matching and _holds(title, wanted):
                matching[conversation_id] = ""
        return tuple(Found(info, matching[info.id]) for info in self.recent() if info.id in matching)

    def _searched(self) -> list[Any]:
        return self._rows(
            "SELECT conversations.id, title, words FROM conversations"
            " LEFT JOIN exchanges ON conversation_id = conversations.id AND NOT withdrawn"
            " WHERE deleted IS NULL ORDER BY ordinal DESC"
        )

    # Changing -----------------------------------------------------------------------------------------------------

    def append(self, record: Record, conversation_id: str | None = None) -> Kept:
        """Keep a record at the end of a conversation, or of a new one where none is named or it is gone.

        A conversation that was deleted meanwhile, in another tab, is there again: nothing that is asked gets lost.
        """
        now = self._clock().isoformat()
        stored, words = record_to_json(record), _storable(words_of(record))
        with self._transaction():
            place = conversation_id or ""
            if not self._value("SELECT EXISTS (SELECT 1 FROM conversations WHERE id = ?)", place):
                place = self._value(_NEW_ID, "c")
                title = _storable(title_of(record.question))
                self._run("INSERT INTO conversations VALUES (?, ?, ?, ?, NULL)", place, title, now, now)
            ordinal = self._value(
                "SELECT 1 + coalesce(max(ordinal), 0) FROM exchanges WHERE conversation_id = ?", place
            )
            exchange_id = self._value(_NEW_ID, "e")
            self._run(
                "INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                *(exchange_id, place, ordinal, _storable(record.question), record.asked.isoformat(), stored, words),
            )
            self._run("UPDATE conversations SET changed = ?, deleted = NULL WHERE id = ?", now, place)
        return Kept(exchange_id, place, ordinal, record)

    def withdraw(self, exchange_id: str, withdrawn: bool = True) -> None:
        """Leave an exchange out, because its question is asked anew; or take it in again."""
        with self._transaction():
            self._run("UPDATE exchanges SET withdrawn = ? WHERE id = ?", int(withdrawn), exchange_id)

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title. An empty one is refused with ConversationError."""
        line = _storable(title_of(title))
        if not line:
            raise ConversationError("a conversation needs a title; write one")
        with self._transaction():
            if not self._run("UPDATE conversations SET title = ? WHERE id = ?", line, conversation_id):
                raise ConversationError(f"there is no conversation {conversation_id!r} any more; it was deleted")

    def delete(self, conversation_id: str) -> None:
        """Take a conversation out of every list and search. `restore` brings it back for a week."""
        with self._transaction():
            now = self._clock().isoformat()
            self._run("UPDATE conversations SET deleted = coalesce(deleted, ?) WHERE id = ?", now, conversation_id)

    def restore(self, conversation_id: str) -> None:
        """Bring a deleted conversation back. Raises ConversationError once it is gone for good."""
        with self._transaction():
            if not self._run("UPDATE conversations SET deleted = NULL WHERE id = ?", conversation_id):
                raise ConversationError(f"the conversation {conversation_id!r} cannot be brought back; it is gone")

    def purge(self, deleted_before: datetime) -> None:
        """Remove for good what was deleted before then, and tabs that were not used since."""
        with self._transaction():
            self._run("DELETE FROM conversations WHERE deleted < ?", deleted_before.isoformat())
            self._run("DELETE FROM tabs WHERE used < ?", deleted_before.isoformat())

    def all_ids(self) -> frozenset[str]:
        """Every conversation there is, also those that are deleted and can be brought back."""
        return frozenset(name for (name,) in self._rows("SELECT id FROM conversations"))

    def judge(self, exchange_id: str, feedback: Feedback | None) -> None:
        """Keep what a reader thinks of an answer, in place of what was thought before; None takes it back."""
        with self._transaction():
            self._run("DELETE FROM feedback WHERE exchange_id = ?", exchange_id)
            if feedback is None:
                return
            if not self._value("SELECT EXISTS (SELECT 1 FROM exchanges WHERE id = ?)", exchange_id):
                raise ConversationError("this answer is no longer kept, so nothing can be noted beside it")
            told = (feedback.verdict, feedback.reason, _storable(feedback.note), feedback.given.isoformat())
            self._run("INSERT INTO feedback VALUES (?, ?, ?, ?, ?)", exchange_id, *told)

    # Tabs ---------------------------------------------------------------------------------------------------------

    def note_tab(self, name: str, conversation_id: str | None) -> None:
        """Remember which conversation a browser's tab shows, so that a restart of ours brings it back there."""
        with self._transaction():
            self._run("DELETE FROM tabs WHERE name = ?", name)
            if conversation_id is not None:
                self._run(
                    "INSERT INTO tabs SELECT ?, id, ? FROM conversations WHERE id = ?",
                    *(name, self._clock().isoformat(), conversation_id),
                )

    def of_tab(self, name: str) -> str | None:
        """The conversation this tab showed; None where it showed none or that is deleted."""
        found: str | None = self._value(
            "SELECT id FROM conversations JOIN tabs ON conversation_id = id WHERE name = ? AND deleted IS NULL", name
        )
        return found

    # SQLite -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, _translated(self._place):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has SQLite roll back by itself
                    self._connection.execute("ROLLBACK")
                raise

    def _run(self, sql: str, *values: object) -> int:
        """How many rows a statement changed."""
        return self._connection.execute(sql, values).rowcount

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock, _translated(self._place):
            return self._connection.execute(sql, values).fetchall()

    def _value(self, sql: str, *values: object) -> Any:
        rows = self._rows(sql, *values)
        return rows[0][0] if rows else None


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _info(row: Any) -> ConversationInfo:
    conversation_id, title, started, changed, exchanges = row
    return ConversationInfo(
        conversation_id, title, datetime.fromisoformat(started), datetime.fromisoformat(changed), exchanges
    )


def _kept(row: Any) -> Kept:
    exchange_id, conversation_id, ordinal, question, asked, stored, verdict, reason, note, given = row
    record = record_from_json(stored, question, datetime.fromisoformat(asked))
    feedback = Feedback(verdict, reason, note, datetime.fromisoformat(given)) if verdict else None
    return Kept(exchange_id, conversation_id, ordinal, record, feedback)


def _storable(text: str) -> str:
    """What a browser sends may hold half a character, which no database takes."""
    return text.encode("utf-8", "replace").decode()


def _holds(text: str | None, words: list[str]) -> bool:
    folded = (text or "").casefold()
    return all(word in folded for word in words)


def _snippet(text: str, word: str) -> str:
    """The line around the first place that shows the word."""
    found = re.search(re.escape(word), text, re.IGNORECASE)
    at = found.start() if found else 0
    first, last = max(0, at - _SNIPPET_CHARACTERS // 2), at + _SNIPPET_CHARACTERS // 2
    stretch = " ".join(text[first:last].split())
    return ("… " if first else "") + stretch + (" …" if last < len(text) else "")


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ConversationError(_explained(error, place)) from error
    except OSError as error:
        raise ConversationError(f"{place} cannot be used: {error}; choose a folder with --data OTHER") from error


def _explained(error: sqlite3.Error, place: str) -> str:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code in {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}:
        return f"there is no room left on the disk of {place}; what was kept before is whole. Make room and try again"
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"{place} is in use by another program; try again when it is done"
    if code.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")):
        return f"{place} may not be written; change its permissions or choose a folder with --data OTHER"
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"{place} is damaged ({error}); move it away or put back a copy"
    return f"{place} cannot be used: {error} ({code or type(error).__name__}); try again, or move it away"
