"""The server goes away and comes back under an open page, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.ui.server import serving
from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.assistant.ui.fake_service import DAM, SITUATION
from tests.assistant.ui.keeping_service import keeping

pytestmark = [pytest.mark.browser, pytest.mark.skipif(missing() is not None, reason=missing() or "")]


def come_back(tab: Watched) -> None:
    """Wait until the page has loaded itself anew, which it does once it reaches a server again."""
    tab.page.locator("body[data-old]").wait_for(state="detached")
    tab.page.get_by_role("button", name="Ask", exact=True).wait_for()
    tab.faults.clear()  # the browser reports every request that found no server


@pytest.mark.parametrize("width", [1280, 380])
def test_a_page_whose_server_went_away_says_so_and_goes_on_when_it_is_back(
    tmp_path: Path, open_tab: Open, width: int
) -> None:
    with keeping(tmp_path) as service, serving(service, port=0) as url:
        tab = open_tab(url, width)
        tab.ask(SITUATION)
        tab.answered()
    tab.page.evaluate("document.body.dataset.old = 'yes'")
    tab.ask(DAM)
    tab.page.get_by_text("Connection to the server was lost").first.wait_for()
    assert tab.page.get_by_label("Your question").input_value() == DAM
    with keeping(tmp_path) as service, serving(service, port=int(url.rstrip("/").rpartition(":")[2])):
        come_back(tab)
        assert "most difficult area" in tab.answered().inner_text()
        tab.page.wait_for_function("typed => document.querySelector('.q-box textarea').value === typed", arg=DAM)
        tab.page.get_by_label("Your question").press("Enter")
        assert "1.2 metres" in tab.answered(2).inner_text()
        tab.close()
