"""Nothing acknowledged is ever lost: the process, the power, the room or the disk may fail at every instant.

The trials are those of `crashing`: each ends the life of an index at one instant and looks at what is left. They run
in a process of their own, which forks; on a disk in memory where there is one, since some hundred commits wait for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.index.shim import reachable

ROOT = Path(__file__).parents[2]
IN_MEMORY = Path("/dev/shm")

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="a trial is a forked process"),
    pytest.mark.skipif(not reachable(), reason="this Python's SQLite keeps its names to itself"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    place = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as made:
        yield Path(made)


def trials(folder: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.index.crashing", str(folder), *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert ran.returncode == 0, ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


def test_a_kill_at_any_write_sync_or_rename_loses_nothing(folder: Path) -> None:
    report = trials(folder, "kill")
    assert report["wrong"] == []
    assert report["died"] >= 500
    assert report["trials"] - report["died"] < 20  # how many pages are written differs a little from life to life
    watched = {"write", "half a write", "sync", "synced", "before fsync", "after fsync"}
    assert watched | {"before replace", "after replace"} <= report["instants"].keys()


def test_a_kill_at_a_random_time_loses_nothing(folder: Path) -> None:
    report = trials(folder, "timer", "--trials", "40", "--seed", "1")
    assert report["wrong"] == []
    assert report["died"] > 20


@pytest.mark.parametrize("seed", ["0", "1"])
def test_a_power_failure_loses_nothing_that_was_acknowledged(folder: Path, seed: str) -> None:
    report = trials(folder, "power", "--every", "7", "--seed", seed)
    assert report["wrong"] == []
    assert report["died"] > 50


def test_a_power_failure_would_show_where_nothing_is_synced(folder: Path) -> None:
    """That the trials can fail: with SQLite told not to wait for the disk, they do."""
    assert trials(folder, "power", "--every", "7", "--careless")["wrong"]


def test_a_disk_that_is_full_from_any_write_on_is_told_and_loses_nothing(folder: Path) -> None:
    report = trials(folder, "full", "--every", "6")
    assert report["wrong"] == []
    assert report["refused"] > 50
    told = " ".join(report["messages"])
    assert "no room left" in told and "--data OTHER" in told


def test_a_disk_that_cannot_be_read_from_any_instant_on_is_told_and_loses_nothing(folder: Path) -> None:
    report = trials(folder, "read", "--every", "9")
    assert report["wrong"] == []
    assert report["refused"] > 0
    assert all("is on a disk that fails" in message for message in report["messages"])
