"""What is installed is one folder, whole, and it runs beside whatever else is called `assistant` or `index`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("assistant", "index", "prompts", "seeds")
DECOY = "raise SystemExit('the decoy was imported')\n"


def run(arguments: Sequence[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The finished command, in `folder`, with only `environment` of what Quoth reads."""
    ours = ("QUOTH_", "XDG_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def must(arguments: Sequence[str | Path], folder: Path, **environment: str) -> str:
    done = run(arguments, folder, **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    must([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def environment(folder: Path, *arguments: str | Path) -> None:
    """A fresh environment with only Quoth in it, which sees the dependencies of this one; nothing is downloaded."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet"]
    must([*pip, "--no-deps", "--no-index", *arguments], folder)


@pytest.fixture(scope="module", params=["wheel", "editable"])
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The installed command, in an environment whose site-packages hold the other `assistant` and `index` as well."""
    folder = tmp_path_factory.mktemp(request.param)
    environment(folder / "env", *([wheel] if request.param == "wheel" else ["--no-build-isolation", "-e", ROOT]))
    (site,) = folder.glob("env/lib/python*/site-packages")
    plant_decoys(site)
    return folder / "env" / "bin" / "quoth"


def plant_decoys(folder: Path) -> None:
    for name in ("assistant", "index"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(DECOY, encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working directory that is not the checkout, and holds folders of the colliding names."""
    plant_decoys(tmp_path)
    return tmp_path


def home(folder: Path) -> Mapping[str, str]:
    return {"HOME": str(folder), "PYTHONPATH": str(folder)}


def test_the_wheel_has_one_folder_beside_its_metadata(names: set[str]) -> None:
    package, metadata = sorted({name.partition("/")[0] for name in names})
    assert package == "quoth" and re.fullmatch(r"quoth-.+\.dist-info", metadata)


def test_the_wheel_holds_every_file_of_the_shipped_folders_and_no_other(names: set[str]) -> None:
    files = [path.relative_to(ROOT) for folder in SHIPPED for path in (ROOT / folder).rglob("*") if path.is_file()]
    wanted = {f"quoth/{path.as_posix()}" for path in files if "__pycache__" not in path.parts}
    wanted = wanted - {"quoth/assistant/launch.py"} | {"quoth/__init__.py", "quoth/app.py"}
    assert {name for name in names if name.startswith("quoth/")} == wanted


@pytest.mark.parametrize(
    "name",
    [
        "assistant/models.toml",
        "assistant/verifying.json",
        "assistant/abstaining.json",
        "assistant/quoting.json",
        "assistant/ui/shell.js",
        "assistant/ui/live.js",
        "assistant/ui/lost.js",
        "assistant/ui/reader.js",
        "assistant/ui/style.css",
        "prompts/answer.md",
        "prompts/system.md",
        "seeds/questions.jsonl",
        "seeds/articles/2024-11-20-kurakhove.md",
    ],
)
def test_what_the_program_reads_besides_code_is_in_the_wheel(names: set[str], name: str) -> None:
    assert f"quoth/{name}" in names


def test_the_licence_and_its_notice_come_with_the_wheel(names: set[str]) -> None:
    licences = {name.rpartition("/")[2] for name in names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_no_other_distribution_can_overwrite_what_is_installed(names: set[str]) -> None:
    """Two live distributions install top-level packages of these names, and pip overwrites without a word."""
    assert not {name.partition("/")[0] for name in names} & {"assistant", "index", "prompts", "seeds", "app.py"}


def test_the_command_shows_its_help_and_no_decoy_wins(command: Path, elsewhere: Path) -> None:
    assert "quoth add" in must([command, "--help"], elsewhere, **home(elsewhere))


def test_the_command_shows_its_settings(command: Path, elsewhere: Path) -> None:
    assert "generator" in must([command, "settings"], elsewhere, **home(elsewhere))


def test_the_command_finds_the_files_it_came_with(command: Path, elsewhere: Path) -> None:
    listed = must([command, "models", "list"], elsewhere, **home(elsewhere))
    assert "qwen2.5-coder-1.5b" in listed and "all-minilm-l6-v2" in listed


def test_the_decoys_would_win_without_the_launcher(command: Path, elsewhere: Path) -> None:
    done = run([command.with_name("python"), "-c", "import assistant"], elsewhere, **home(elsewhere))
    assert done.returncode and "the decoy was imported" in done.stderr


def test_an_editable_install_whose_checkout_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "quoth").mkdir()
    shutil.copy(ROOT / "assistant" / "launch.py", tmp_path / "quoth" / "__init__.py")
    lost = "import sys; sys.path.append(sys.argv[1]); import quoth; quoth.main()"
    done = run([sys.executable, "-I", "-S", "-c", lost, tmp_path], tmp_path)
    assert done.returncode == 1 and "install Quoth again" in done.stderr
