"""How many bytes a model will take, and how many there are.

Knows the arithmetic of a transformer's weights and cache, and where Linux tells what is free. Knows no back end.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_MARGIN_BYTES = 64 << 20
_BYTES_PER_VALUE = {"f16": 2.0, "q8_0": 34 / 32}


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a transformer that decide its memory, as its file's metadata tells them."""

    layers: int
    embedding: int
    feed_forward: int
    heads: int
    cached_heads: int
    head_size: int


def memory_needed(file_bytes: int, shape: Shape, context_size: int, batch_size: int, cache_type: str) -> int:
    """Bytes for the weights, the cached keys and values of a full context, and one batch's intermediate values.

    Of 1.5B parameters at Q4_K_M, context 4096, batches of 256, estimated 1.38 GB, a process grew by 1.35 GB.
    """
    cached = 2 * shape.layers * shape.cached_heads * shape.head_size * context_size
    working = 4 * batch_size * (2 * shape.feed_forward + 4 * shape.embedding + shape.heads * context_size)
    return file_bytes + int(cached * _BYTES_PER_VALUE[cache_type]) + working + _MARGIN_BYTES


def memory_available() -> int | None:
    """Bytes a new allocation may take without swapping, within this container's limit; None if nothing tells."""
    free = (_meminfo(Path("/proc/meminfo")), _left_in_group(Path("/sys/fs/cgroup")))
    known = [amount for amount in free if amount is not None]
    return min(known) if known else _physical()


def _meminfo(path: Path) -> int | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _left_in_group(folder: Path) -> int | None:
    try:
        limit, used = (int((folder / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no such controller, or "max"
        return None
    return max(0, limit - used)


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
