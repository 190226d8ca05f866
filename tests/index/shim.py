"""Between SQLite and the disk: every write, sync, truncation and deletion passes by here, and may be its last.

Works on SQLite's own file methods, through ctypes: the process has no other SQLite, and none of it is replaced, so
what fails is the real thing at the real moment. Calls before and after which something may be done are "instants",
counted from 1 over everything that is watched: SQLite's files, and the system calls of Python code (see `Calls`).
"""

from __future__ import annotations

import ctypes as c
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

OK, FULL, READ_FAILED, SYNC_FAILED = 0, 13, 266, 1034

_OPEN = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_void_p, c.c_int, c.POINTER(c.c_int))
_READ = _WRITE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_int, c.c_int64)
_TRUNCATE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int64)
_SYNC = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int)
_SIZE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(c.c_int64))
_DELETE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_int)
_CLOSE = c.CFUNCTYPE(c.c_int, c.c_void_p)


class _Methods(c.Structure):
    """`sqlite3_io_methods`."""

    _fields_ = (
        ("iVersion", c.c_int),
        *((name, c.c_void_p) for name in ("xClose", "xRead", "xWrite", "xTruncate", "xSync", "xFileSize")),
        *((f"rest{number}", c.c_void_p) for number in range(12)),
    )


class _Vfs(c.Structure):
    """The beginning of `sqlite3_vfs`."""

    _fields_ = (
        ("iVersion", c.c_int),
        ("szOsFile", c.c_int),
        ("mxPathname", c.c_int),
        *((name, c.c_void_p) for name in ("pNext", "zName", "pAppData", "xOpen", "xDelete")),
    )


@dataclass(frozen=True, slots=True)
class Unsynced:
    """One change of a file that a power failure may undo: `old` stood at `offset`, the file was `size` long."""

    kind: str
    offset: int
    old: bytes
    new: bytes
    size: int


@dataclass(slots=True)
class Instants:
    """Counts what happens, and does something at one instant. `fault` is what SQLite is told from there on."""

    at: int = 0
    then: Callable[[str], int] | None = None
    count: int = 0
    seen: list[str] = field(default_factory=list)

    def reach(self, what: str) -> int:
        """What the call shall answer instead of doing its work; OK to do it."""
        self.count += 1
        self.seen.append(what)
        if self.then and self.count >= self.at:
            return self.then(what)
        return OK


class Disk:
    """SQLite's default file layer, watched. One for the whole process, for good."""

    def __init__(self, instants: Instants, reads: bool = False) -> None:
        self._instants = instants
        self._reads = reads
        self._unsynced: dict[int, list[Unsynced]] = {}
        self._methods: dict[int, _Methods] = {}  # each file's own methods, not ours
        self._kept: list[Any] = []
        self._shims: dict[int, int] = {}
        vfs = _Vfs.from_address(_default_vfs())
        self._open, self._delete = _OPEN(vfs.xOpen), _DELETE(vfs.xDelete)
        vfs.xOpen = self._keep(_OPEN(self._on_open))
        vfs.xDelete = self._keep(_DELETE(self._on_delete))

    def lose_power(self, survives: Callable[[], bool]) -> None:
        """Leave of what was never synced only some: each change is kept or undone as `survives` says."""
        for file, changes in self._unsynced.items():
            methods = self._methods[file]
            write, cut = _WRITE(methods.xWrite), _TRUNCATE(methods.xTruncate)
            for change in reversed(changes):
                write(file, change.old, len(change.old), change.offset)
                cut(file, change.size)
            for change in changes:
                if survives():
                    if change.kind == "write":
                        write(file, change.new, len(change.new), change.offset)
                    else:
                        cut(file, change.offset)

    def _keep(self, callback: Any) -> int | None:
        self._kept.append(callback)
        return c.cast(callback, c.c_void_p).value

    def _on_open(self, vfs: int, name: int | None, file: int, flags: int, out: Any) -> int:
        status = self._open(vfs, name, file, flags, out)  # SQLite keeps the name itself: a copy would not live on
        if status == OK:
            place = c.c_void_p.from_address(file)
            assert place.value
            self._methods[file] = _Methods.from_address(place.value)
            self._unsynced[file] = []
            place.value = self._shimmed(place.value)
        return int(status)

    def _shimmed(self, original: int) -> int:
        if original not in self._shims:
            ours = _Methods()
            c.memmove(c.addressof(ours), original, c.sizeof(_Methods))
            ours.xWrite = self._keep(_WRITE(self._on_write))
            ours.xTruncate = self._keep(_TRUNCATE(self._on_truncate))
            ours.xSync = self._keep(_SYNC(self._on_sync))
            ours.xClose = self._keep(_CLOSE(self._on_close))
            if self._reads:
                ours.xRead = self._keep(_READ(self._on_read))
            self._kept.append(ours)
            self._shims[original] = c.addressof(ours)
        return self._shims[original]

    def _on_write(self, file: int, buffer: int, length: int, offset: int) -> int:
        if fault := self._instants.reach("write"):
            return fault
        methods = self._methods[file]
        size, old = self._around(file, offset, length)
        new = c.string_at(buffer, length)
        self._unsynced[file].append(Unsynced("write", offset, old, new, size))
        half = length // 2
        status = _WRITE(methods.xWrite)(file, buffer, half, offset)
        if fault := self._instants.reach("half a write"):
            return fault
        return int(status or _WRITE(methods.xWrite)(file, buffer + half, length - half, offset + half))

    def _on_truncate(self, file: int, length: int) -> int:
        if fault := self._instants.reach("truncate"):
            return fault
        size = self._size(file)
        _, old = self._around(file, length, max(0, size - length))
        self._unsynced[file].append(Unsynced("truncate", length, old, b"", size))
        return int(_TRUNCATE(self._methods[file].xTruncate)(file, length))

    def _on_sync(self, file: int, flags: int) -> int:
        if fault := self._instants.reach("sync"):
            return SYNC_FAILED if fault == FULL else fault
        status = _SYNC(self._methods[file].xSync)(file, flags)
        self._unsynced[file].clear()
        self._instants.reach("synced")
        return int(status)

    def _on_read(self, file: int, buffer: int, length: int, offset: int) -> int:
        if fault := self._instants.reach("read"):
            return fault
        return int(_READ(self._methods[file].xRead)(file, buffer, length, offset))

    def _on_close(self, file: int) -> int:
        self._unsynced.pop(file, None)
        return int(_CLOSE(self._methods.pop(file).xClose)(file))

    def _on_delete(self, vfs: int, name: int, directory: int) -> int:
        if fault := self._instants.reach("delete"):
            return fault
        return int(self._delete(vfs, name, directory))

    def _size(self, file: int) -> int:
        size = c.c_int64()
        _SIZE(self._methods[file].xFileSize)(file, c.byref(size))
        return size.value

    def _around(self, file: int, offset: int, length: int) -> tuple[int, bytes]:
        """The file's length, and what stands at `offset`, as far as there is anything."""
        size = self._size(file)
        there = max(0, min(length, size - offset))
        buffer = c.create_string_buffer(max(there, 1))
        if there:
            _READ(self._methods[file].xRead)(file, c.addressof(buffer), there, offset)
        return size, buffer.raw[:there]


class Calls:
    """The system calls of Python code that move bytes or names to the disk, seen as the interpreter makes them."""

    NAMES = frozenset({"fsync", "replace", "rename", "open", "write", "flush", "unlink", "close"})
    MODULES = frozenset({"posix", "io", "_io"})

    def __init__(self, instants: Instants) -> None:
        self._instants = instants

    def watch(self) -> None:
        sys.setprofile(self._on_call)

    def _on_call(self, frame: Any, event: str, called: Any) -> None:
        if event in ("c_call", "c_return") and getattr(called, "__name__", "") in self.NAMES:
            owner = getattr(called, "__module__", None) or type(getattr(called, "__self__", None)).__module__
            if owner in self.MODULES and frame.f_globals.get("__name__", "").startswith(("index", "pathlib")):
                when = "before" if event == "c_call" else "after"
                if self._instants.reach(f"{when} {called.__name__}"):
                    raise OSError(28, "No space left on device")


def reachable() -> bool:
    """Whether the SQLite of this Python can be got at: not where it is linked in without its names."""
    try:
        return bool(_default_vfs())
    except (AttributeError, ImportError, OSError):
        return False


def _default_vfs() -> int:
    import _sqlite3

    library = c.CDLL(_sqlite3.__file__)
    library.sqlite3_initialize()
    library.sqlite3_vfs_find.restype = c.c_void_p
    library.sqlite3_vfs_find.argtypes = (c.c_char_p,)
    return int(library.sqlite3_vfs_find(None))
