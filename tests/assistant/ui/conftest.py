"""Tabs of a real Chromium that note what should never happen, for every test of the page in this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from assistant.ui.server import serving
from tests.assistant.ui.browser import chromium
from tests.assistant.ui.fake_service import FakeAnswers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Watched"]


PATIENCE_MS = 120_000
"""How long a tab waits for what should come: machines are shared, and a test that waits for an event costs nothing."""


class Watched:
    """A tab that notes what should never happen: errors on the console, requests elsewhere, dialogs."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.faults = page, []
        page.on("console", lambda message: message.type == "error" and self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self._note(request.url, url))
        page.goto(url)
        page.locator(".q-welcome").wait_for()

    def _note(self, address: str, own: str) -> None:
        if not address.startswith((own, "data:")):
            self.faults.append(address)

    def ask(self, question: str) -> None:
        box = self.page.get_by_label("Your question")
        box.fill(question)
        box.press("Enter")

    def answered(self, count: int = 1) -> Any:
        """The newest of `count` finished exchanges."""
        newest = self.page.locator(".q-answered").nth(count - 1)
        newest.wait_for()
        return newest

    def close(self) -> None:
        """Close it before its server, whose end it would report as an error."""
        self.page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(FakeAnswers(pause=0.3, pace=0.01).service(), port=0) as address:
        yield address


@pytest.fixture(params=[(1280, "light"), (380, "dark")], ids=["desktop-light", "phone-dark"])
def screen(request: pytest.FixtureRequest) -> tuple[int, str]:
    """Every test of the page runs on both, unless it chooses `width` and `scheme` itself."""
    return tuple(request.param)


@pytest.fixture
def width(screen: tuple[int, str]) -> int:
    return screen[0]


@pytest.fixture
def scheme(screen: tuple[int, str]) -> str:
    return screen[1]


@pytest.fixture
def open_tab(browser: Browser, width: int, scheme: str) -> Iterator[Open]:
    """Opens watched tabs, and finds them without fault at the end."""
    tabs: list[Watched] = []

    def opened(url: str, locale: str = "en-GB", motion: str = "reduce") -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion=motion,  # type: ignore[arg-type]
            locale=locale,
        )
        context.set_default_timeout(PATIENCE_MS)
        tabs.append(Watched(context.new_page(), url))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.page.context.close()
    assert [tab.faults for tab in tabs] == [[] for _ in tabs]
