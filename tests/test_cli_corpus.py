"""`quoth sync`, `watch` and `list`: what a person with a folder of articles sees."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from index.store import Store
from tests.conftest import Quoth, hear_ctrl_c
from tests.index.pdfs import encrypted, pdf
from tests.test_cli import assert_refused
from tests.test_layers import HEAVY

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = Path(os.path.realpath(tmp_path)) / "articles"
    folder.mkdir()
    for name, day, source in (("aurora", "2024-11-02", "Harbour News"), ("borealis", "2025-01-10", "Lighthouse")):
        head = f"---\ntitle: {name}\ndate: {day}\nsource: {source}\n---\n"
        (folder / f"{name}.md").write_text(f"{head}The ferry {name} left Turku at noon.\n")
    return folder


def test_a_sync_of_nothing_says_what_to_name(quoth: Quoth, tmp_path: Path) -> None:
    assert_refused(quoth("sync"), "There is no index", "quoth add")
    assert not (tmp_path / "data").exists()
    Store.open(tmp_path / "data").close()
    assert_refused(quoth("sync"), "does not know where its articles come from", "quoth sync PATH")
    assert_refused(quoth("watch", tmp_path / "typo"), "nothing to watch", "typo")


def started(*arguments: str) -> subprocess.Popen[str]:
    """`quoth ARGUMENTS` in a process of its own, which hears Ctrl-C."""
    command, pipe = [sys.executable, "-m", "assistant", *arguments], subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, preexec_fn=hear_ctrl_c)


@pytest.mark.usefixtures("embedder_folder")
class TestWithAFolder:
    @pytest.fixture(autouse=True)
    def _filled(self, quoth: Quoth, folder: Path) -> None:
        assert quoth("add", folder).status == 0

    def test_a_folder_is_brought_in_line(self, quoth: Quoth, folder: Path) -> None:
        (folder / "aurora.md").unlink()
        (folder / "same.md").write_text((folder / "borealis.md").read_text())
        planned = quoth("sync", "--dry-run")
        assert (planned.status, planned.out.splitlines()) == (
            0,
            [
                f"would be added: {folder}/same.md",
                f"would be removed: {folder}/aurora.md",
                "nothing was changed; a sync gives: 1 added, 1 unchanged, 1 removed",
            ],
        )
        done = quoth("sync")
        assert done.status == 0
        assert done.out.startswith("1 added, 1 unchanged, 1 removed · 1 chunk (0 embedded, 1 reused)")
        assert json.loads(quoth("search", "ferry", "--json").out)[0]["title"] == "borealis"
        assert "; 1 have the text of another" in quoth("list").out

    def test_a_folder_that_is_away_costs_nothing_but_a_warning(self, quoth: Quoth, folder: Path) -> None:
        folder.rename(folder.with_name("unplugged"))
        ran = quoth("sync")
        assert ran.status == 2
        assert "2 articles stay" in ran.out
        assert f"{folder}: is not there; what is indexed of it stays" in ran.out
        assert len(json.loads(quoth("list", "--json").out)["articles"]) == 2
        assert quoth("list", "--status").out.splitlines()[-1] == "1 failed, 2 away"
        assert quoth("sync", "--prune").out.startswith("2 removed")
        assert json.loads(quoth("list", "--json").out) == {"articles": [], "failures": []}

    @pytest.mark.parametrize("command", ["add", "sync"])
    @pytest.mark.parametrize("name", ["typo.md", "../typo/typo.md"], ids=["in the folder", "elsewhere"])
    def test_a_path_that_does_not_exist_is_a_mistake_wherever_it_is(
        self, quoth: Quoth, folder: Path, command: str, name: str
    ) -> None:
        ran = quoth(command, folder / name)
        assert ran.status == 2
        assert f"skipped: {os.path.normpath(folder / name)}: does not exist; check the spelling" in ran.out
        both = quoth(command, folder / "aurora.md", folder / name)
        assert (both.status, "check the spelling" in both.out) == (0, True)
        assert "check the spelling" not in quoth("sync").out + quoth("list").out

    def test_a_path_that_was_deleted_is_no_mistake(self, quoth: Quoth, folder: Path) -> None:
        (folder / "aurora.md").unlink()
        ran = quoth("sync", folder / "aurora.md")
        assert (ran.status, "1 removed" in ran.out, "spelling" in ran.out) == (0, True, False)

    def test_every_file_has_a_state(self, quoth: Quoth, folder: Path) -> None:
        (folder / "aurora.md").unlink()
        (folder / "empty\nname.md").write_text("")
        quoth("sync")
        (folder / "borealis.md").write_text("Another text.")
        (folder / "new.md").write_text("The ferry Corona.")
        ran = quoth("list", "--status")
        states = [line.split()[0] for line in ran.out.splitlines()[:-1]]
        assert states == ["changed", "failed", "new"], "a name's line break must not begin a line"
        assert ran.out.splitlines()[-1] == "1 new, 1 changed, 1 failed; `quoth sync` brings the index in line"
        sources = {Path(s["uri"]).name: s for s in json.loads(quoth("list", "--status", "--json").out)["sources"]}
        assert {name: source["state"] for name, source in sources.items()} == {
            "borealis.md": "changed",
            "empty\nname.md": "failed",
            "new.md": "new",
        }
        assert sources["empty\nname.md"]["reason"] == "is empty"

    def test_a_pdf_is_taken_in_and_a_locked_one_is_named(self, quoth: Quoth, folder: Path) -> None:
        report = pdf(["The ferry Corona", "Published 3 March 2025", "The ferry Corona left Turku at one."])
        (folder / "corona.pdf").write_bytes(report)
        (folder / "locked.pdf").write_bytes(encrypted(report, "secret"))
        told = quoth("add", folder)
        assert "locked.pdf" in told.out + told.err and "is an encrypted PDF" in told.out + told.err
        articles = json.loads(quoth("list", "--json").out)["articles"]
        assert ("The ferry Corona", "2025-03-03") in [(one["title"], one["published"]) for one in articles]

    def test_the_list_is_filtered_by_date_and_source(self, quoth: Quoth) -> None:
        def titles(*arguments: str) -> list[str]:
            return [article["title"] for article in json.loads(quoth("list", "--json", *arguments).out)["articles"]]

        assert titles() == ["borealis", "aurora"]
        assert titles("--since", "2025-01-01") == ["borealis"]
        assert titles("--until", "2025-01-01") == ["aurora"]
        assert titles("--source", "Harbour News", "--source", "Lighthouse") == ["borealis", "aurora"]
        assert titles("--source", "harbour") == []
        shown = quoth("list", "--status", "--since", "2025-01-01").out
        assert "borealis.md" in shown
        assert "aurora.md" not in shown
        assert_refused(quoth("list", "--since", "soon"), "'soon'", "YYYY-MM-DD")

    def test_a_sync_that_finds_nothing_new_loads_no_model(self, quoth: Quoth) -> None:
        assert quoth("sync").status == 0
        script = (
            "import sys\nfrom assistant.cli import main\n"
            "try: main(['sync'])\nexcept SystemExit as ended: print(ended.code)\n"
            f"print([name for name in {HEAVY!r} if name in sys.modules])"
        )
        ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        assert ran.stdout.splitlines()[0].startswith("2 unchanged · 0 chunks")
        assert ran.stdout.splitlines()[1:] == ["0", "[]"]

    def test_ctrl_c_in_a_sync_keeps_what_was_stored(self, quoth: Quoth, folder: Path, tmp_path: Path) -> None:
        for number in range(200):
            (folder / f"{number}.txt").write_text(f"Ferry number {number} left Turku at noon.")
        syncing = started("sync", "-v")
        assert syncing.stderr
        next(line for line in syncing.stderr if "batch stored" in line)
        syncing.send_signal(signal.SIGINT)
        _, err = syncing.communicate(timeout=60)
        assert (syncing.returncode, "Traceback" in err) == (130, False)
        with Store.open(tmp_path / "data") as store:
            kept = store.manifest().articles
            assert 64 <= kept < 202
            assert store.check() == ()
        states = [source["state"] for source in json.loads(quoth("list", "--status", "--json").out)["sources"]]
        assert (states.count("indexed"), states.count("new")) == (kept, 202 - kept)

    def test_ctrl_c_ends_watching_with_no_error(self, folder: Path) -> None:
        watching = started("watch")
        assert watching.stdout and watching.stderr
        assert next(line for line in watching.stderr if "watching" in line) == f"watching {folder}; Ctrl-C stops\n"
        (folder / "aurora.md").unlink()
        assert watching.stdout.readline() == f"removed {folder}/aurora.md\n"
        (folder / "empty.md").write_text("")
        assert watching.stdout.readline() == f"skipped: {folder}/empty.md: is empty\n"
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=60)
        assert (watching.returncode, out) == (0, "")
        assert "Traceback" not in err
