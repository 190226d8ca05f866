"""What this machine and this installation are: what a reported number must carry to be understood.

Reads only what the system tells about itself; nothing that names a person or a path.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path

PACKAGES = (
    "sentence-transformers",
    "transformers",
    "torch",
    "onnxruntime",
    "faiss-cpu",
    "llama-cpp-python",
    "gradio",
    "numpy",
)


def version() -> str:
    """Quoth's own version, "unknown" when it runs from a bare checkout."""
    return package_version("quoth") or "unknown"


def package_version(name: str) -> str | None:
    """The installed version, None when it is not installed."""
    from importlib import metadata  # half of the time this module takes to import

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """The cores this process may use: those it may run on, or as many as a container's quota of time makes up."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        time, period = map(int, quota.read_text(encoding="ascii").split())
        return max(1, min(usable, round(time / period)))
    except (OSError, ValueError, ZeroDivisionError):  # no such system, or no limit ("max 100000")
        return usable


def processor() -> str:
    """The processor's name as it calls itself."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def peak_memory_bytes() -> int | None:
    """The most memory this process has held at once; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def describe() -> dict[str, object]:
    """All of the above, for a report."""
    return {
        "processor": processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "peak_memory_bytes": peak_memory_bytes(),
    }
