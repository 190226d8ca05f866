"""What all tests share: the real models where they are, and a way to run the command in this process.

The tests reach no network. The models are the ones `make test` fetches; a test whose model is missing is skipped with
the command that fetches it, except where CI=true: there a missing model is a failure.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from assistant.cli import main
from assistant.errors import ModelMissing
from assistant.models import ModelStore, load_catalogue
from assistant.settings import load_settings

# No test measures time: the machines are shared and slow at times. And the same code passes or fails the same tests
# every time: fresh cases are looked for on purpose, with --hypothesis-profile=fresh.
settings.register_profile("fresh", deadline=None)
settings.register_profile("quoth", deadline=None, derandomize=True)
settings.load_profile("quoth")

TINY = "smollm2-135m"
DEFAULT = "qwen2.5-coder-1.5b"
EMBEDDER = "all-minilm-l6-v2"
STARTER = Path(__file__).parent.parent / "seeds" / "articles"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


Quoth = Callable[..., Ran]


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """Where the real models are kept."""
    return load_settings().settings.models


def located(folder: Path, name: str) -> Path:
    """The model's path; skips, or fails under CI, when it is not there."""
    try:
        return ModelStore(folder, load_catalogue(), offline=True).locate(name).path
    except ModelMissing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tiny_model(models_folder: Path) -> Path:
    """A real language model, small enough for tests."""
    return located(models_folder, TINY)


@pytest.fixture(scope="session")
def default_model(models_folder: Path) -> Path:
    """The language model people get."""
    return located(models_folder, DEFAULT)


@pytest.fixture(scope="session")
def embedder_folder(models_folder: Path) -> Path:
    """The real embedding model."""
    return located(models_folder, EMBEDDER)


@pytest.fixture
def quoth(
    tmp_path: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Quoth:
    """Run `quoth ARGUMENTS` in this process, offline, with the tiny model and a data folder of the test's own."""
    for name in [name for name in os.environ if name.startswith("QUOTH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QUOTH_CONFIG", str(tmp_path / "quoth.toml"))
    (tmp_path / "quoth.toml").write_text("")
    monkeypatch.setenv("QUOTH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("QUOTH_MODELS", str(models_folder))
    monkeypatch.setenv("QUOTH_OFFLINE", "true")
    monkeypatch.setenv("QUOTH_GENERATOR", TINY)

    def run(*arguments: str | Path) -> Ran:
        capfd.readouterr()
        status = exit_status([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(status, out, err)

    return run


def exit_status(arguments: Sequence[str]) -> int:
    """The status `quoth ARGUMENTS` exits with."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def hear_ctrl_c() -> None:
    """Undo what a shell does to the programs it starts in the background, which is to make them deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
