"""Pictures of the page in every state: `python -m tests.screenshots --out FOLDER [STATE…]`.

The real page and the real server over a service that answers from a table; at desktop and phone width, light and dark.
The accessibility test looks over the same states.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.ui.server import serving
from tests.assistant.ui.browser import chromium
from tests.assistant.ui.fake_service import BROKEN, DAM, FLOODED, PARIS, SCRIPTS, SITUATION, SLOW, FakeAnswers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {"desktop": (1280, 800), "phone": (380, 760)}
SCHEMES = ("light", "dark")


def ask(page: Page, question: str) -> None:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")


def welcome(page: Page) -> None:
    page.locator(".q-welcome").wait_for()


def reading(page: Page) -> None:
    ask(page, SLOW)
    page.locator(".q-found .q-passage").first.wait_for()
    page.locator(".q-clock").wait_for()


def writing(page: Page) -> None:
    ask(page, SITUATION)
    page.locator(".q-draft", has_text="Zelensky").wait_for()


def answered(page: Page, question: str = SITUATION) -> None:
    ask(page, question)
    page.locator(".q-answered .q-actions").last.wait_for()


def pointing(page: Page) -> None:
    answered(page)
    page.locator("a.q-ref").nth(1).hover()
    page.get_by_role("tooltip").wait_for()


def doubting(page: Page) -> None:
    answered(page)
    page.get_by_role("button", name="partly supported").click()
    page.get_by_role("tooltip").wait_for()


def checking(page: Page) -> None:
    answered(page)
    page.locator("a.q-ref").nth(1).click()
    page.locator("mark.q-now").wait_for()


def differing(page: Page) -> None:
    answered(page, FLOODED)


def scripts(page: Page) -> None:
    answered(page, SCRIPTS)
    page.locator("a.q-ref").first.click()
    page.locator("mark.q-now").wait_for()


def details(page: Page) -> None:
    answered(page)
    page.get_by_role("button", name="How it came about").click()
    page.locator(".q-details").wait_for()


def settings(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_text("Only after a restart").wait_for()


def keys(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def side(page: Page) -> None:
    if not page.locator(".q-side").is_visible():
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("tab", name="Library").click()
    page.get_by_role("tab", name="Library", selected=True).wait_for()


def second(page: Page) -> None:
    answered(page)
    ask(page, DAM)
    page.locator(".q-answered").nth(1).wait_for()


def editing(page: Page) -> None:
    answered(page, DAM)
    page.get_by_role("button", name="Edit the question").click()
    page.get_by_text("replaces the last one").wait_for()


def queued(page: Page) -> None:
    reading(page)
    ask(page, DAM)
    page.locator(".q-waiting", has_text=DAM).wait_for()


def abstained(page: Page) -> None:
    answered(page, PARIS)


def failed(page: Page) -> None:
    ask(page, BROKEN)
    page.locator(".q-error").wait_for()


def stopped(page: Page) -> None:
    writing(page)
    page.keyboard.press("Escape")
    page.locator(".q-stopped").wait_for()


Act = Callable[["Page"], None]
STATES: Mapping[str, Act] = {
    act.__name__: act
    for act in (
        welcome,
        reading,
        writing,
        answered,
        pointing,
        doubting,
        checking,
        differing,
        scripts,
        details,
        settings,
        keys,
        side,
        second,
        editing,
        queued,
        abstained,
        failed,
        stopped,
    )
}


def take(browser: Browser, url: str, folder: Path, name: str, act: Act) -> None:
    for device, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            size = {"width": width, "height": height}
            context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(url)
            welcome(page)
            act(page)
            page.wait_for_timeout(600)  # what moves comes to rest
            page.screenshot(path=folder / f"{name}-{device}-{scheme}.png")
            context.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("states", nargs="*", choices=[*STATES, "empty"], metavar="STATE")
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        with serving(FakeAnswers(pause=0.6, pace=0.05).service(), port=0) as url:
            for name, act in STATES.items():
                if not given.states or name in given.states:
                    take(browser, url, given.out, name, act)
        if not given.states or "empty" in given.states:
            with serving(FakeAnswers(articles=()).service(), port=0) as url:
                take(browser, url, given.out, "empty", welcome)


if __name__ == "__main__":
    main()
