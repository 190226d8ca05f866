"""The doctor says of each thing whether it is well, and what to do where it is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.doctor import Check, examine, examine_all, folder, memory, processor, speed, versions
from assistant.errors import ModelMissing
from assistant.machine import PACKAGES
from index.errors import IndexMissing

NATIVE = "CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1 | AVX512 = 0 | LLAMAFILE = 1 | "
BARE = "CPU : SSE3 = 0 | AVX = 0 | NEON = 0 | "


def assert_told(check: Check) -> None:
    """Well without a remedy, or ill with one."""
    assert check.ok == (check.remedy == "")


def test_what_looking_finds_is_told() -> None:
    assert examine("index", lambda: Check("index", "3 articles")) == Check("index", "3 articles")


@pytest.mark.parametrize("error", [ModelMissing("no model; pull it"), IndexMissing("no index; add something")])
def test_what_cannot_be_looked_at_is_told_with_its_own_remedy(error: Exception) -> None:
    def look() -> Check:
        raise error

    assert examine("thing", look) == Check("thing", "not usable", False, str(error))


def test_checks_before_a_failure_are_kept() -> None:
    def look() -> Iterator[Check]:
        yield Check("model", "loaded")
        raise ModelMissing("no model; pull it")

    assert list(examine_all("generation", look)) == [
        Check("model", "loaded"),
        Check("generation", "not usable", False, "no model; pull it"),
    ]


def test_a_bug_is_no_finding() -> None:
    def look() -> Check:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        examine("thing", look)


def test_every_package_that_matters_has_a_version_here() -> None:
    checks = {check.name: check for check in versions("1.2.3")}
    assert checks["quoth"].value == "1.2.3"
    assert set(PACKAGES) <= set(checks)
    assert all(check.ok for check in checks.values())


def test_a_missing_package_comes_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.doctor.package_version", lambda name: None if name == "gradio" else "1.0")
    checks = {check.name: check for check in versions("1.2.3")}
    assert (checks["gradio"].value, checks["gradio"].ok) == ("missing", False)
    assert "pip install gradio" in checks["gradio"].remedy
    assert checks["torch"].ok


def test_the_vector_instructions_in_use_are_named() -> None:
    features, threads = processor(NATIVE, threads=4, cores=4)
    assert features.value == "AVX AVX2 LLAMAFILE SSE3"
    assert features.ok and threads.ok
    assert_told(features)


def test_a_build_without_vector_instructions_is_slow_and_says_so() -> None:
    features, _ = processor(BARE, threads=4, cores=4)
    assert (features.value, features.ok) == ("none", False)
    assert "GGML_NATIVE=ON" in features.remedy


def test_idle_cores_are_told() -> None:
    _, threads = processor(NATIVE, threads=1, cores=4)
    assert (threads.value, threads.ok) == ("1 of 4 cores", False)
    assert "threads = 0" in threads.remedy


@pytest.mark.parametrize(
    ("available", "needed", "ok"), [(4_000_000_000, 1_300_000_000, True), (10**9, 2 * 10**9, False), (None, 1, True)]
)
def test_memory_is_compared_with_what_the_model_wants(available: int | None, needed: int, ok: bool) -> None:
    check = memory(available, needed)
    assert check.ok is ok
    assert_told(check)


def test_a_folder_yet_to_be_made_is_fine_where_its_parent_can_be_written(tmp_path: Path) -> None:
    check = folder("data", tmp_path / "not" / "yet")
    assert (check.value, check.ok) == (str(tmp_path / "not" / "yet"), True)
    assert not (tmp_path / "not").exists()


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    for path in (tmp_path / "data", tmp_path / "data" / "deeper"):
        check = folder("data", path)
        assert not check.ok
        assert f"make {tmp_path / 'data'} a writable folder" in check.remedy


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK)  # who runs the tests may write anywhere
    check = folder("data", tmp_path)
    assert not check.ok
    assert_told(check)


@pytest.mark.parametrize(
    ("tokens", "seconds", "ok"), [(30, 2.0, True), (30, 7.5, True), (30, 10.0, False), (0, 0, False)]
)
def test_a_slow_generation_is_told_with_its_rate(tokens: int, seconds: float, ok: bool) -> None:
    check = speed(tokens, seconds)
    assert check.ok is ok
    assert_told(check)
    assert f"{tokens} tokens in {seconds:.1f} s" in check.value
