"""The page as `quoth ui` serves it, with real models: a newcomer's first ten minutes in a real Chromium."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.conftest import STARTER, Quoth, hear_ctrl_c

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
    pytest.mark.usefixtures("tiny_model", "embedder_folder"),
]

FERRY = """---
title: The ferry Bore is back
published: 2024-05-20
source: Harbour Notes
---
The ferry Bore sails between Turku and Stockholm again. Its new engines burn methanol, the operator said.
"""
ENGINES = "What do the new engines of the ferry Bore burn?"


@contextmanager
def served(port: int = 0) -> Iterator[str]:
    """The address of `quoth ui` in a process of its own, which must end well when it is interrupted."""
    command = [sys.executable, "-m", "assistant", "ui", "--port", str(port)]
    pipe, both, here = subprocess.PIPE, subprocess.STDOUT, STARTER.parents[1]
    running = subprocess.Popen(command, cwd=here, stdout=pipe, stderr=both, text=True, preexec_fn=hear_ctrl_c)
    try:
        assert running.stdout is not None
        line = next(line for line in running.stdout if "Quoth is open at" in line)
        yield line.split(" at ")[1].split()[0]
        running.send_signal(signal.SIGINT)
        assert (running.communicate(timeout=60)[0].strip(), running.returncode) == ("Closed.", 0)
    finally:
        running.kill()
        running.communicate()


def library(tab: Watched) -> None:
    if not tab.page.locator(".q-side").is_visible():
        tab.page.get_by_role("button", name="Menu").click()
    tab.page.get_by_role("tab", name="Library").click()


def test_own_files_are_added_asked_about_read_judged_and_found_again_after_a_restart(
    quoth: Quoth, open_tab: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("QUOTH_STRICTNESS", "off")  # the tiny model cannot judge whether it knows
    assert quoth("add", STARTER / "2024-11-20-kurakhove.md").status == 0
    (tmp_path / "ferry.md").write_text(FERRY)
    (tmp_path / "notes.docx").write_bytes(b"PK\x03\x04")
    with served() as url:
        tab = open_tab(url)
        assert "1 article" in tab.page.locator(".q-welcome").inner_text()
        library(tab)
        tab.page.locator(".q-files input[type=file]").set_input_files([tmp_path / "ferry.md", tmp_path / "notes.docx"])
        tab.page.locator(".q-job-done").wait_for()
        assert "notes.docx" in tab.page.locator(".q-jobs").inner_text()
        if width == 380:
            tab.page.get_by_role("button", name="Menu").click()

        tab.ask(ENGINES)
        answer = tab.answered()
        said = answer.locator(".q-answer").inner_text()
        quoted = answer.locator(".q-citation blockquote").first.inner_text()
        assert quoted in FERRY
        answer.get_by_role("button", name="Read in the article").first.click()
        tab.page.locator("mark.q-now").wait_for()
        assert "".join(tab.page.locator("mark.q-now").all_inner_texts()) == quoted
        tab.page.keyboard.press("Escape")
        tab.page.get_by_role("button", name="Something is wrong").click()
        tab.page.get_by_text("Noted beside the answer.").wait_for()
        assert tab.faults == []
        tab.page.reload()
        assert tab.answered().locator(".q-answer").inner_text() == said
        tab.page.goto("about:blank")

    with served(int(url.rstrip("/").rpartition(":")[2])) as again:
        assert again == url
        tab.page.goto(url)
        tab.faults.clear()  # Gradio reports on the console every stream that ended with the page it left
        assert tab.answered().locator(".q-answer").inner_text() == said
        assert tab.page.get_by_text("Noted beside the answer.").is_visible()
        tab.close()
    assert list((tmp_path / "data" / "uploads").iterdir()), "what was given is kept in the data folder"
    shown = quoth("conversations", "list")
    assert shown.status == 0 and "What do the new engines" in shown.out


def test_without_its_model_the_page_opens_and_says_what_to_fetch_where_the_answer_would_stand(
    quoth: Quoth, open_tab: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quoth("add", STARTER / "2024-11-20-kurakhove.md").status == 0
    monkeypatch.setenv("QUOTH_GENERATOR", str(tmp_path / "gone.gguf"))
    with served() as url:
        tab = open_tab(url)
        for count in (1, 2):
            tab.ask(ENGINES)
            failed = tab.page.locator(".q-error").nth(count - 1)
            failed.wait_for()
            assert "gone.gguf" in failed.inner_text() and "quoth models" in failed.inner_text()
        library(tab)
        tab.page.locator(".block.q-library").get_by_text("1 article").first.wait_for()
        tab.close()
