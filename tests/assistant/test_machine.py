"""A report says what machine and installation it comes from, and nothing of whose it is."""

from __future__ import annotations

import getpass
import json
import socket
from pathlib import Path

import pytest

from assistant.machine import PACKAGES, cores, describe, package_version, peak_memory_bytes, version


def test_a_description_is_plain_data() -> None:
    told = describe()
    assert json.loads(json.dumps(told)) == told
    assert set(told) == {"processor", "cores", "system", "python", "packages", "peak_memory_bytes"}
    assert told["processor"]


def test_a_description_names_no_person_path_or_host() -> None:
    told = json.dumps(describe())
    for private in (str(Path.home()), str(Path.cwd()), socket.gethostname()):
        assert len(private) < 4 or private not in told
    assert getpass.getuser() == "root" or getpass.getuser() not in told


def test_versions_are_those_installed() -> None:
    assert all(package_version(name) for name in PACKAGES)
    assert package_version("no-such-distribution") is None
    assert version()


def test_the_machine_has_cores_and_this_process_memory() -> None:
    assert cores() >= 1
    peak = peak_memory_bytes()
    assert peak is None or peak > 10_000_000


@pytest.mark.parametrize(
    ("quota", "at_most"),
    [
        ("100000 100000", 1),
        ("20000 100000", 1),
        ("max 100000", None),
        ("", None),
        ("10 0x", None),
        ("10 0", None),
        ("9900000 100", None),
    ],
)
def test_a_quota_of_time_counts_as_cores(quota: str, at_most: int | None, tmp_path: Path) -> None:
    told = tmp_path / "cpu.max"
    unlimited = cores(told)
    told.write_text(quota, encoding="ascii")
    assert cores(told) == (unlimited if at_most is None else at_most)
