"""Energy as the processor's own counters tell it (RAPL), where they are there and may be read.

Knows the files under /sys/class/powercap. They count the whole package, so whatever else runs is counted too.
"""

from __future__ import annotations

from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Joules used since it was last read."""

    def __init__(self, folder: Path = POWERCAP) -> None:
        self._counters = {path: _number(path) for path in sorted(folder.glob("intel-rapl:?/energy_uj"))}

    @property
    def readable(self) -> bool:
        """Whether any counter can be read; they are root's alone on most systems."""
        return any(value is not None for value in self._counters.values())

    def joules(self) -> float | None:
        """Since the last call. A counter that has begun anew is counted from its greatest value on."""
        if not self.readable:
            return None
        used = 0
        for path, before in self._counters.items():
            now = _number(path)
            if now is not None and before is not None:
                used += (
                    now - before
                    if now >= before
                    else now + (_number(path.parent / "max_energy_range_uj") or 0) - before
                )
            self._counters[path] = now
        return used / 1e6


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
