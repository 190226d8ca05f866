"""The server goes away and comes back under an open page, in a real Chromium."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant.ui.server import serving
from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.assistant.ui.fake_service import DAM, SITUATION, FakeAnswers
from tests.assistant.ui.keeping_service import keeping

pytestmark = [pytest.mark.browser, pytest.mark.skipif(missing() is not None, reason=missing() or "")]


def port_of(url: str) -> int:
    return int(url.rstrip("/").rpartition(":")[2])


@contextmanager
def fake_server(folder: Path) -> Iterator[str]:
    """The address of a server in a process of its own that never answers, and is killed at the end."""
    command = [sys.executable, "-m", "tests.assistant.ui.serve_fake", "--port", "0", "--pause", "600"]
    running = subprocess.Popen([*command, "--folder", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        yield next(line for line in running.stdout if "Quoth is open at" in line).split(" at ")[1].split()[0]
    finally:
        running.kill()
        running.communicate()


def come_back(tab: Watched) -> None:
    """Wait until the page has loaded itself anew, which it does once it reaches a server again."""
    tab.page.locator("body[data-old]").wait_for(state="detached")
    tab.page.get_by_role("button", name="Ask", exact=True).wait_for()
    tab.faults.clear()  # the browser reports every request that found no server


def test_a_page_whose_server_went_away_says_so_and_goes_on_when_it_is_back(tmp_path: Path, open_tab: Open) -> None:
    with keeping(tmp_path) as service, serving(service, port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        tab.answered()
    tab.page.evaluate("document.body.dataset.old = 'yes'")
    tab.ask(DAM)
    tab.page.get_by_text("Connection to the server was lost").first.wait_for()
    assert tab.page.get_by_label("Your question").input_value() == DAM
    with keeping(tmp_path) as service, serving(service, port=port_of(url)):
        come_back(tab)
        assert "most difficult area" in tab.answered().inner_text()
        tab.page.wait_for_function("typed => document.querySelector('.q-box textarea').value === typed", arg=DAM)
        tab.page.get_by_label("Your question").press("Enter")
        assert "1.2 metres" in tab.answered(2).inner_text()
        tab.close()


def test_a_server_that_is_ended_in_an_answer_says_so_in_its_place_and_the_question_can_be_asked_again(
    tmp_path: Path, open_tab: Open
) -> None:
    with keeping(tmp_path, FakeAnswers(pause=600)) as service, serving(service, port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        tab.page.get_by_text("Found so far").wait_for()
        tab.ask(DAM)
        tab.page.get_by_text("Waiting its turn").wait_for()
        tab.page.evaluate("document.body.dataset.old = 'yes'")
    tab.page.get_by_text("Quoth was ended before this was answered").nth(1).wait_for()
    with keeping(tmp_path) as service, serving(service, port=port_of(url)):
        come_back(tab)
        tab.page.get_by_text("Quoth was ended before this was answered").nth(1).wait_for()
        tab.page.get_by_role("button", name="Ask again").click()
        assert "1.2 metres" in tab.answered().inner_text()
        tab.close()


def test_a_server_that_is_killed_in_an_answer_is_missed_there_and_the_questions_come_back_to_the_box(
    tmp_path: Path, open_tab: Open
) -> None:
    with fake_server(tmp_path) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        tab.page.get_by_text("Found so far").wait_for()
        tab.ask(DAM)
        tab.page.get_by_text("Waiting its turn").wait_for()
        tab.page.get_by_label("Your question").fill("and what was")
        tab.page.evaluate("document.body.dataset.old = 'yes'")
    said = tab.page.get_by_role("alert").filter(has_text="start it again with quoth ui")
    said.wait_for()
    place, composer = said.bounding_box(), tab.page.locator(".q-composer").bounding_box()
    assert place["y"] + place["height"] <= composer["y"]  # type: ignore[index]
    assert not tab.page.locator(".q-progress").is_visible()
    with keeping(tmp_path) as service, serving(service, port=port_of(url)):
        come_back(tab)
        told = "lines => document.querySelector('.q-box textarea').value === lines.join('\\n')"
        tab.page.wait_for_function(told, arg=[SITUATION, DAM, "and what was"])
        tab.ask(DAM)
        assert "1.2 metres" in tab.answered().inner_text()
        tab.close()
