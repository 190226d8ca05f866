"""Pictures of the page in every state: `python -m tests.assistant.ui.screenshots FOLDER [STATE…]`.

Serves the page with the fake service and writes PNG files into FOLDER only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from assistant.ui.server import serving
from tests.assistant.ui.browser import chromium
from tests.assistant.ui.fake_service import BROKEN, DAM, PARIS, SITUATION, SLOW, FakeAnswers

SIZES = {"desktop": (1280, 800), "phone": (380, 760)}


def ask(page: Page, question: str) -> None:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")


def welcome(page: Page) -> None:
    page.locator(".q-welcome").wait_for()


def reading(page: Page) -> None:
    ask(page, SLOW)
    page.locator(".q-found .q-passage").first.wait_for()
    page.wait_for_timeout(1600)


def writing(page: Page) -> None:
    ask(page, SITUATION)
    page.locator(".q-draft").wait_for()
    page.wait_for_timeout(1400)


def answered(page: Page) -> None:
    ask(page, SITUATION)
    page.locator(".q-answered").wait_for()
    page.wait_for_timeout(300)


def checking(page: Page) -> None:
    answered(page)
    page.locator(".q-ref").nth(1).click()
    page.locator(".q-citation details summary").nth(1).click()
    page.wait_for_timeout(900)


def details(page: Page) -> None:
    answered(page)
    page.get_by_text("How this answer came about").click()
    page.wait_for_timeout(500)


def second(page: Page) -> None:
    answered(page)
    ask(page, DAM)
    page.locator(".q-answered").nth(1).wait_for()
    page.wait_for_timeout(900)


def queued(page: Page) -> None:
    ask(page, SLOW)
    page.locator(".q-found").wait_for()
    ask(page, DAM)
    page.wait_for_timeout(1500)


def abstained(page: Page) -> None:
    ask(page, PARIS)
    page.locator(".q-abstained").wait_for()
    page.wait_for_timeout(300)


def failed(page: Page) -> None:
    ask(page, BROKEN)
    page.locator(".q-error").wait_for()
    page.wait_for_timeout(300)


def stopped(page: Page) -> None:
    writing(page)
    page.keyboard.press("Escape")
    page.locator(".q-stopped").wait_for()
    page.wait_for_timeout(300)


STATES: tuple[Callable[[Page], None], ...] = (
    welcome,
    reading,
    writing,
    answered,
    checking,
    details,
    second,
    queued,
    abstained,
    failed,
    stopped,
)


def take(browser: Browser, url: str, folder: Path, name: str, act: Callable[[Page], None]) -> None:
    for device, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(url)
            page.locator(".q-welcome").wait_for()
            act(page)
            page.screenshot(path=folder / f"{name}-{device}-{scheme}.png")
            context.close()


def main(folder: Path, only: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        with serving(FakeAnswers(pause=0.6, pace=0.05).service(), port=0) as url:
            for act in STATES:
                if not only or act.__name__ in only:
                    take(browser, url, folder, act.__name__, act)
        if not only or "empty" in only:
            with serving(FakeAnswers(articles=()).service(), port=0) as url:
                take(browser, url, folder, "empty", welcome)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
