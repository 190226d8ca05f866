"""LICENSE is the standard text, and NOTICE names what Quoth fetches and needs as its publishers license it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path

import pytest

from assistant.models import load_catalogue

ROOT = Path(__file__).parents[1]
APACHE_2_SHA256 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""Of the text as the Apache Software Foundation publishes it."""


def stated() -> dict[str, str]:
    """NOTICE's lists: the licence by the name of the model or package."""
    return dict(re.findall(r"^  (\S+)  +(\S.*)$", (ROOT / "NOTICE").read_text(encoding="utf-8"), re.MULTILINE))


def direct_dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[^\w.-]", requirement)[0] for group in groups for requirement in group}
    return sorted(names - {project["name"]})


def test_the_licence_is_the_unmodified_standard_text() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2_SHA256


def test_the_notice_names_every_model_and_direct_dependency_and_nothing_else() -> None:
    models = [entry.name for entry in load_catalogue().models]
    assert set(stated()) == {*models, *direct_dependencies()}


def test_every_model_has_the_licence_of_the_catalogue() -> None:
    notice = stated()
    for entry in load_catalogue().models:
        assert notice[entry.name] == entry.licence


@pytest.mark.parametrize("name", direct_dependencies())
def test_every_direct_dependency_has_the_licence_its_metadata_states(name: str) -> None:
    try:
        found = metadata(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    family = [kind.rsplit(" :: ", 1)[1] for kind in found.get_all("Classifier", []) if kind.startswith("License ::")]
    told = found.get_all("License-Expression") or found.get_all("License") or family or [first_of_licence_file(name)]
    assert [stated()[name]] == told


def first_of_licence_file(name: str) -> str:
    """The name a licence text begins with, for a package whose metadata gives the text alone."""
    lines = (distribution(name).read_text("licenses/LICENSE") or "").split("\n")
    return lines[0].strip().removesuffix(" License")


def test_the_notice_is_free_of_links() -> None:
    assert "://" not in (ROOT / "NOTICE").read_text(encoding="utf-8")
