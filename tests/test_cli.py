"""Mistakes a person makes at the command line: one clear message, status 2, no output, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import hoist
from tests.conftest import STARTER, Quoth, hear_ctrl_c

ROOT = Path(__file__).parents[1]
ARTICLE = STARTER / "2024-11-20-kurakhove.md"


def assert_refused(ran: object, *told: str) -> None:
    assert (ran.status, ran.out) == (2, ""), ran  # type: ignore[attr-defined]
    for part in told:
        assert part in ran.err, ran.err  # type: ignore[attr-defined]
    assert "Traceback" not in ran.err  # type: ignore[attr-defined]


def test_the_shared_options_may_stand_before_or_after_the_command() -> None:
    assert hoist(["--data", "d", "ask", "q"]) == hoist(["ask", "q", "--data=d"]) == ({"data": "d"}, ["ask", "q"])
    assert hoist(["ask", "--", "--data"]) == ({}, ["ask", "--", "--data"])


def test_help_is_made_of_examples_that_name_real_commands(quoth: Quoth) -> None:
    ran = quoth("--help")
    assert ran.status == 0
    used = {line.split()[1] for line in ran.out.splitlines() if line.strip().startswith("quoth ")}
    listed = ran.out[ran.out.index("Commands:") :]
    assert len(used) >= 8
    assert all(f"\n  {command}" in listed for command in used)


def test_asking_before_anything_is_indexed_names_the_command_that_indexes(quoth: Quoth) -> None:
    assert_refused(quoth("ask", "Where?"), "There is no index", "quoth add")


@pytest.mark.usefixtures("embedder_folder", "tiny_model")
class TestWithAnIndex:
    @pytest.fixture(autouse=True)
    def _filled(self, quoth: Quoth) -> None:
        assert quoth("add", ARTICLE).status == 0

    def test_an_empty_question(self, quoth: Quoth) -> None:
        assert_refused(quoth("ask", "  "), "the question is empty")

    def test_a_question_of_ten_thousand_words(self, quoth: Quoth) -> None:
        assert_refused(quoth("ask", "why " * 10_000), "10000 words", "question_words")

    def test_a_context_too_small_for_the_prompt(self, quoth: Quoth, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("QUOTH_CONTEXT_TOKENS", "128")
        assert_refused(quoth("ask", "What is the situation in Kurakhove?"), "context", "context_tokens")

    def test_a_missing_model(self, quoth: Quoth, tmp_path: Path) -> None:
        assert_refused(quoth("ask", "Where?", "--generator", str(tmp_path / "none.gguf")), "none.gguf")

    def test_a_corrupt_model(self, quoth: Quoth, tmp_path: Path, tiny_model: Path) -> None:
        whole = tiny_model.read_bytes()
        (tmp_path / "cut.gguf").write_bytes(whole[: len(whole) // 2])
        (tmp_path / "text.gguf").write_text("this is no model")
        assert_refused(quoth("ask", "Where?", "--generator", str(tmp_path / "cut.gguf")), "cut.gguf")
        assert_refused(quoth("ask", "Where?", "--generator", str(tmp_path / "text.gguf")), "text.gguf")

    def test_a_date_that_is_none(self, quoth: Quoth) -> None:
        assert_refused(quoth("search", "Kurakhove", "--since", "soon"), "'soon'", "YYYY-MM-DD")

    def test_an_article_that_is_not_there(self, quoth: Quoth) -> None:
        assert_refused(quoth("article", "a000"), "a000", "quoth list")
        assert_refused(quoth("remove", "a000"), "a000", "quoth list")

    def test_an_article_is_shown_as_it_was_or_is_said_to_have_changed(self, quoth: Quoth, tmp_path: Path) -> None:
        own = tmp_path / "own.txt"
        own.write_text("The ferry Aurora left Turku at noon on Friday.")
        quoth("add", own)
        then = json.loads(quoth("article", own, "--json").out)
        assert json.loads(quoth("article", own, "--digest", then["digest"], "--json").out) == then
        own.write_text("The ferry Aurora stayed in Turku.")
        quoth("add", own)
        assert_refused(quoth("article", own, "--digest", then["digest"]), "its source has changed", "quoth article")

    def test_removing_an_article_leaves_its_file(self, quoth: Quoth, tmp_path: Path) -> None:
        own = tmp_path / "own.txt"
        own.write_text("The ferry Aurora left Turku at noon on Friday.")
        quoth("add", own)
        assert quoth("remove", own).status == 0
        listed = json.loads(quoth("list", "--json").out)
        assert [article["uri"] for article in listed["articles"]] == [str(ARTICLE)]
        assert own.is_file()

    def test_bad_files_are_listed_with_their_reason_and_the_rest_goes_in(self, quoth: Quoth, tmp_path: Path) -> None:
        folder = tmp_path / "mixed"
        folder.mkdir()
        (folder / "good.txt").write_text("The ferry Aurora left Turku at noon on Friday.")
        (folder / "binary.txt").write_bytes(bytes(range(256)) * 20)
        (folder / "empty.md").write_text("")
        (folder / "latin.txt").write_bytes("Åland är en ö och där går färjan varje dag på sommaren.".encode("latin-1"))
        (folder / "name\nwith a line.txt").write_text("A name may hold anything but a slash.")
        (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        report = json.loads(quoth("add", folder, "--json").out)
        added = {Path(uri).name for uri in report["added"]}
        failed = {Path(failure["uri"]).name: failure["reason"] for failure in report["failed"]}
        assert {"good.txt", "latin.txt"} <= added
        assert {"binary.txt", "empty.md", "picture.png"} <= set(failed)
        assert all(failed.values())
        shown = quoth("list")
        assert "binary.txt" in shown.out
        assert "\nwith a line" not in shown.out, "a line break in a name must not pass for the end of a line"

    def test_a_character_of_an_id_removes_nothing(self, quoth: Quoth) -> None:
        assert_refused(quoth("remove", "a"), "'a' is too little of an id", "5 characters", "quoth list")
        assert len(json.loads(quoth("list", "--json").out)["articles"]) == 1

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
    def test_any_character_can_be_printed_in_any_encoding(self, quoth: Quoth, tmp_path: Path, encoding: str) -> None:
        own = tmp_path / "own.txt"
        own.write_text("Zürich 库拉\n\nThe ferry left at noon.", encoding="utf-8")
        assert quoth("add", own).status == 0
        shown, as_json = (printed("list", *how, encoding=encoding) for how in ((), ("--json",)))
        assert shown.returncode == as_json.returncode == 0, (shown.stderr, as_json.stderr)
        titles = [article["title"] for article in json.loads(as_json.stdout)["articles"]]
        assert "Zürich 库拉" in titles
        text = shown.stdout.decode(encoding)
        assert {"ascii": "Z?rich ??", "latin-1": "Zürich ??", "utf-8": "Zürich 库拉"}[encoding] in text

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
    @pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("settings",), ("--help",)])
    @pytest.mark.parametrize("unbuffered", ["", "1"])
    def test_output_that_cannot_be_written_is_one_line(self, arguments: tuple[str, ...], unbuffered: str) -> None:
        with Path("/dev/full").open("wb") as full:
            ran = subprocess.run(
                [sys.executable, "-m", "assistant", *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            )
        assert ran.returncode == 2
        told = ran.stderr.decode()
        assert "No space left on device; make room" in told.splitlines()[-1]
        assert "Traceback" not in told

    @pytest.mark.parametrize("unbuffered", ["", "1"])
    def test_a_reader_who_has_enough_gets_no_traceback(self, unbuffered: str) -> None:
        command = [sys.executable, "-m", "assistant", "list"]
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        pipe = subprocess.PIPE
        listing = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, env=environment)
        assert listing.stdout and listing.stderr
        listing.stdout.close()
        assert (listing.stderr.read(), listing.wait()) == (b"", 1)
        listing.stderr.close()


def printed(*arguments: str, encoding: str) -> subprocess.CompletedProcess[bytes]:
    """`quoth ARGUMENTS` where standard output takes this encoding."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "100"}
    command = [sys.executable, "-m", "assistant", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, env=environment)


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", ""),
        ("add", "--", ""),
        ("add", "here.txt", ""),
        ("sync", ""),
        ("watch", "nowhere", ""),
        ("eval", ""),
        ("conversations", "export", ""),
        ("list", "--data", ""),
        ("list", "--data="),
        ("list", "--config", ""),
        ("list", "--models="),
    ],
)
def test_an_empty_path_is_not_the_folder_one_is_in(
    quoth: Quoth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "here.txt").write_text("The ferry Aurora left Turku at noon.")
    monkeypatch.chdir(tmp_path / "here")
    ran = quoth(*arguments)
    assert_refused(ran)
    assert "a path is empty" in ran.err or "got an empty one" in ran.err
    assert [path.name for path in Path().iterdir()] == ["here.txt"]
    assert not (tmp_path / "data").exists()


def test_a_data_folder_set_to_nothing_is_not_the_folder_one_is_in(
    quoth: Quoth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTH_DATA", "")
    assert_refused(quoth("list"), "data = ''", "environment", "name one")


@pytest.mark.parametrize("start", ["run_module('assistant')", "run_path('assistant/launch.py')['main']()"])
def test_ctrl_c_while_quoth_starts_is_no_traceback(start: str) -> None:
    script = (
        "import runpy, sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        f"runpy.{start}\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_an_unknown_setting_names_the_nearest_known_one(quoth: Quoth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOTH_THREDS", "2")
    assert_refused(quoth("settings"), "QUOTH_THREDS", "threads")


def test_settings_say_where_each_value_comes_from(quoth: Quoth, tmp_path: Path) -> None:
    (tmp_path / "quoth.toml").write_text("candidates = 20\n")
    values = json.loads(quoth("settings", "--json", "--threads", "2").out)
    assert values["candidates"] == {"value": 20, "from": "file"}
    assert values["generator"]["from"] == "environment"
    assert values["threads"] == {"value": 2, "from": "command line"}
    assert values["port"]["from"] == "default"


@pytest.mark.model
@pytest.mark.usefixtures("embedder_folder", "tiny_model")
@pytest.mark.parametrize("moment", ["embedder loaded", "retrieved", "answered"])
def test_ctrl_c_ends_an_answer_with_130_wherever_it_is_and_the_index_stays_usable(quoth: Quoth, moment: str) -> None:
    quoth("add", ARTICLE)
    command = [sys.executable, "-m", "assistant", "ask", "-", "-v"]
    pipe = subprocess.PIPE
    started = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, preexec_fn=hear_ctrl_c)
    assert started.stdin and started.stderr
    started.stdin.write("What is the situation in Kurakhove?\n" * 200)  # more than it can answer before the signal
    started.stdin.flush()
    next(line for line in started.stderr if moment in line)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=20)
    assert started.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert quoth("search", "Kurakhove", "--json").status == 0


def test_a_user_without_a_password_is_told_where_to_put_it(quoth: Quoth) -> None:
    assert_refused(quoth("ui", "--user", "ada"), "QUOTH_PASSWORD")
