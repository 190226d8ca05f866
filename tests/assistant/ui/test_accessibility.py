"""axe-core over every state of the page: no finding that is serious or critical, at both widths, light and dark."""

from __future__ import annotations

import shutil
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.ui.server import serving
from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.assistant.ui.fake_service import FakeAnswers
from tests.assistant.ui.keeping_service import shelving
from tests.screenshots import (
    STATES,
    Scene,
    added,
    conversations,
    deleted,
    furnished,
    judged,
    library,
    managed,
    narrowed_chat,
    read_alone,
    removed,
    searched,
    to_give,
    welcome,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WHY_NOT = missing() or (None if find_spec("axe_playwright_python") else "axe is missing: pip install -e '.[test]'")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")]


def findings(tab: Watched) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab.page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


COLOURS = ("answered", "checking", "settings", "abstained", "failed")
"""Where every colour is seen: enough for the second scheme of a width, whose markup is the same."""


@pytest.mark.parametrize(
    ("width", "scheme", "states"),
    [(1280, "light", tuple(STATES)), (1280, "dark", COLOURS), (380, "dark", tuple(STATES)), (380, "light", COLOURS)],
    ids=["wide-light", "wide-dark", "narrow-dark", "narrow-light"],
)
def test_no_state_has_a_serious_finding(open_tab: Open, width: int, scheme: str, states: tuple[str, ...]) -> None:
    bad: dict[str, list[str]] = {}
    with serving(FakeAnswers(pause=0.2, pace=0.02).service(), port=0) as url:
        tab = open_tab(url)
        for name in states:
            STATES[name](tab.page)
            bad[name] = findings(tab)
            start_anew(tab, url)
        tab.close()
    with serving(FakeAnswers(articles=()).service(), port=0) as url:
        tab = open_tab(url)
        bad["empty"] = findings(tab)
        tab.close()
    assert {name: found for name, found in bad.items() if found} == {}


KEPT = (
    library, added, removed, narrowed_chat, read_alone, conversations, managed, deleted, searched, judged,
)  # fmt: skip
"""What a page over a filled library and kept conversations can look like."""


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (380, "dark")], ids=["wide-light", "narrow-dark"])
def test_neither_library_nor_conversations_have_a_serious_finding(
    open_tab: Open, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    furnished(tmp_path / "data", browser)
    to_give(tmp_path / "files")
    bad: dict[str, list[str]] = {}
    for act in KEPT:
        own = shutil.copytree(tmp_path / "data", tmp_path / act.__name__)
        with shelving(own) as shelf, serving(shelf.service, port=0) as url:
            tab = open_tab(url)
            act(Scene(tab.page, tmp_path / "files", threading.Event(), lambda: None))
            bad[act.__name__] = findings(tab)
            tab.close()
    assert {name: found for name, found in bad.items() if found} == {}


def start_anew(tab: Watched, url: str) -> None:
    tab.page.keyboard.press("Escape")
    tab.page.evaluate("sessionStorage.clear()")
    tab.page.goto(url)
    tab.faults.clear()  # Gradio reports on the console that the page it left was in the middle of a stream
    welcome(tab.page)
