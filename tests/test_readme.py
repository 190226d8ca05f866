"""The documents' commands, run as they stand there, and their links, followed."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Quoth

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "seeds/README.md", "prompts/README.md")
ELSEWHERE = {"watch", "ui", "chat", "eval", "doctor"}
"""Commands that wait for a person or take minutes: their `--help` runs here; they have tests of their own."""


def commands(document: str, program: str) -> list[str]:
    """The lines of the document's shell blocks that run `program`, comments removed."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.M | re.S)
    lines = (line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line.split(" ")[0] == program]


def shown(program: str) -> list[str]:
    return sorted({line for document in DOCUMENTS[:2] for line in commands(document, program)})


def test_the_readme_shows_the_two_commands_that_matter() -> None:
    assert "make chat" in commands("README.md", "make")
    assert "make test" in commands("README.md", "make")


@pytest.mark.parametrize("line", shown("make"))
def test_a_make_command_names_a_target_that_can_be_made(line: str) -> None:
    words = shlex.split(line, comments=True)
    done = subprocess.run([words[0], "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.model
@pytest.mark.usefixtures("tiny_model", "embedder_folder")
def test_the_readmes_quoth_commands_run_in_the_order_they_stand(
    quoth: Quoth, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = commands("README.md", "quoth")
    assert len(lines) >= 8
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "own.md").write_text("---\ntitle: Own\n---\nThe ferry Aurora left Turku at noon.\n")
    monkeypatch.chdir(ROOT)
    for line in lines:
        words = [word.replace("~", str(tmp_path)) for word in shlex.split(line, comments=True)[1:]]
        ran = quoth(*([words[0], "--help"] if words[0] in ELSEWHERE else words))
        assert ran.status == 0, (line, ran.err)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_within_the_project_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text):
        assert ((ROOT / document).parent / target).exists(), target


def test_every_file_the_architecture_names_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listing = text.split("```")[1]
    folder = ROOT
    for line in listing.splitlines():
        names = re.match(r"(\s*)((?:[\w./]+(?:/|\.\w+)\s?)+)", line)
        if not names:
            continue
        indent, found = names[1], names[2].split()
        if not indent and found[0].endswith("/"):
            folder = ROOT / found[0]
        for name in found:
            assert (folder / name if indent else ROOT / name).exists(), name
