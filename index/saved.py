"""Arrays of numbers in a file that is never trusted blindly.

Knows bytes, shapes and checksums; nothing of what the numbers mean. A file is one line of JSON, then the arrays as
plain little-endian numbers. FAISS's own format would have its parser read a file that anybody may have put there, and
takes three times as long to load.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[Any]]

_KINDS = frozenset({"<i8", "<i4", "<u4", "<f4", "|u1"})
_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Saved:
    """What a file holds. `facts` are a few numbers beside the arrays."""

    layout: str
    stamp: str
    arrays: Arrays
    facts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Header:
    """The first line of a file. `arrays` are name, kind and shape of each; `sha256` is of all bytes after the line."""

    layout: str
    stamp: str
    arrays: list[list[Any]]
    facts: dict[str, float]
    sha256: str


def write(path: Path, saved: Saved) -> None:
    """Under another name first: a kill or a full disk leaves the old file as it was. Raises OSError.

    That name is fixed, so that killed writers leave one file behind and not many. Two writing to it at once spoil
    each other's copy, which the checksum shows when it is loaded.
    """
    body = {name: np.ascontiguousarray(numbers, _little(numbers.dtype)) for name, numbers in saved.arrays.items()}
    shapes = [[name, numbers.dtype.str, list(numbers.shape)] for name, numbers in body.items()]
    header = _Header(saved.layout, saved.stamp, shapes, dict(saved.facts), _sha256(body.values()))
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as file:
            file.write(json.dumps(asdict(header)).encode() + b"\n")
            for numbers in body.values():
                file.write(numbers.data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def read(path: Path, layout: str, stamp: str | None = None) -> Saved | None:
    """What was saved there, whole; None when it is not there, of another layout or stamp, or damaged."""
    try:
        with path.open("rb") as file:
            header = _Header(**json.loads(file.readline(_LONGEST_HEADER)))
            if header.layout != layout or stamp not in (None, header.stamp):
                return None
            return Saved(layout, header.stamp, _body(file, header), header.facts)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("saved vectors passed over file=%s reason=%s", path, error)
        return None


def _body(file: BinaryIO, header: _Header) -> dict[str, NDArray[Any]]:
    if any(kind not in _KINDS or min(shape, default=0) < 0 for _, kind, shape in header.arrays):
        raise ValueError("its arrays are of no kind that is ever saved")
    room = os.fstat(file.fileno()).st_size - file.tell()
    promised = sum(math.prod(shape) * np.dtype(kind).itemsize for _, kind, shape in header.arrays)
    if room != promised:  # before anything of that size is allocated
        raise ValueError(f"{room} bytes where {promised} were promised")
    body = {name: np.fromfile(file, kind, math.prod(shape)).reshape(shape) for name, kind, shape in header.arrays}
    if _sha256(body.values()) != header.sha256:
        raise ValueError("the checksum differs")
    return body


def _little(kind: np.dtype[Any]) -> np.dtype[Any]:
    return kind.newbyteorder("<")


def _sha256(arrays: Iterable[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for numbers in arrays:
        digest.update(numbers.data)
    return digest.hexdigest()
