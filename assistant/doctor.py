"""Looks Quoth over: what is installed, what is missing, and what to do about it.

Knows names of packages and the parts it is given; mends nothing. Each check is made when it is asked for, so the quick
ones are told before the slow ones run.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError
from assistant.machine import PACKAGES, package_version
from assistant.tuning import WORTH, Tuned
from index.errors import IndexingError

TIMED_TOKENS = 30
SLOW_TOKENS_PER_SECOND = 4.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `remedy` is what to do when `ok` is false, "" otherwise."""

    name: str
    value: str
    ok: bool = True
    remedy: str = ""


def examine(name: str, look: Callable[[], Check]) -> Check:
    """The check, or the error's own message where looking fails."""
    try:
        return look()
    except (AssistantError, IndexingError) as error:
        return Check(name, "not usable", False, str(error))


def examine_all(name: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """The checks as they come, and the error's own message where looking fails."""
    try:
        yield from look()
    except (AssistantError, IndexingError) as error:
        yield Check(name, "not usable", False, str(error))


def versions(quoth: str) -> Iterator[Check]:
    """Quoth, Python and the packages that matter."""
    yield Check("quoth", quoth)
    running = platform.python_version()
    fits = sys.version_info >= (3, 11)
    yield Check("python", running, fits, "" if fits else "install Python 3.11 or newer and make the environment anew")
    for package in PACKAGES:
        found = package_version(package)
        remedy = "" if found else f"pip install {package}, or `make chat` in the checkout"
        yield Check(package, found or "missing", bool(found), remedy)


def processor(system_info: str, threads: int, cores: int, measured: bool = False) -> Iterator[Check]:
    """The vector instructions that the llama.cpp build uses, and the threads: few are well only if `measured`."""
    used = sorted(set(re.findall(r"\b(\w+) = 1\b", system_info)))
    vector = {"AVX", "AVX2", "NEON", "AVX512", "SVE"} & set(used)
    remedy = "" if vector else "build llama-cpp-python natively: CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary"
    yield Check("cpu features used", " ".join(used) or "none", bool(vector), remedy)
    few = threads < cores and not measured
    yield Check("threads", f"{threads} of {cores} cores", not few, "set threads = 0 to use every core" if few else "")


def tuning(tuned: Tuned | None, packed: bool = True) -> Check:
    """What was measured for threads and batches, what was chosen, and whether `packed` weights are the quicker ones."""
    if tuned is None:
        return Check("tuning", "never measured here; `quoth doctor --tune` takes about twenty seconds")
    usual, chosen = tuned.trials[0], tuned.choice
    seconds = {trial.choice: trial.question_s for trial in tuned.trials}
    told = ", ".join(f"{c.threads} threads × {c.batch_size}: {one:.1f} s" for c, one in seconds.items())
    share = seconds[chosen] / usual.question_s
    gain = "the default" if chosen == usual.choice else f"{share:.2f} of the default's time"
    value = f"{chosen.threads} threads, {chosen.batch_size} tokens a batch, {gain} ({told} a question)"
    return Check("tuning", value + _other_way(tuned, packed))


def _other_way(tuned: Tuned, packed: bool) -> str:
    """What holding the weights the other way would bring."""
    if not tuned.other:
        return ""
    share = tuned.other.question_s / tuned.chosen.question_s
    other = "mapped" if packed else "packed"
    return f"; with weights {other} {share:.2f} of that" + (f': set weights = "{other}"' if share <= WORTH else "")


def memory(available_bytes: int | None, needed_bytes: int) -> Check:
    """Whether the model fits in the memory that is free now."""
    if available_bytes is None:
        return Check("memory", "this system does not say")
    told = f"{available_bytes / 1e9:.1f} GB free, the model wants about {needed_bytes / 1e9:.1f} GB"
    fits = available_bytes > needed_bytes
    return Check("memory", told, fits, "" if fits else "close other programs, or choose a smaller generator")


def folder(name: str, path: Path) -> Check:
    """Whether a folder of ours can be written."""
    nearest = next(p for p in (path, *path.parents) if os.access(p, os.F_OK))
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return Check(name, str(path), writable, "" if writable else f"make {nearest} a writable folder, or choose another")


def speed(tokens: int, seconds: float) -> Check:
    """What a timed generation of `tokens` tokens says about waiting."""
    rate = tokens / seconds if seconds else 0.0
    remedy = "" if rate >= SLOW_TOKENS_PER_SECOND else "close other programs, or choose a smaller generator"
    return Check("generation", f"{tokens} tokens in {seconds:.1f} s, {rate:.1f} tokens/s", not remedy, remedy)
