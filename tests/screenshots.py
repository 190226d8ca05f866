"""Pictures of the page in every state: `python -m tests.screenshots --out FOLDER [STATE…]`.

The real page and the real server over a service that answers from a table, with a library and kept conversations that
every picture finds anew; at desktop and phone width, light and dark. The accessibility test looks over the same states.
"""

from __future__ import annotations

import argparse
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assistant.ui.server import serving
from tests.assistant.ui.browser import chromium
from tests.assistant.ui.fake_service import (
    ARTICLES,
    BROKEN,
    DAM,
    FLOODED,
    FLOODS,
    PARIS,
    SCRIPTS,
    SITUATION,
    SLOW,
    FakeAnswers,
)
from tests.assistant.ui.keeping_service import shelving
from tests.index.pdfs import encrypted, pdf

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from index.types import Article

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


# ── the library and kept conversations, which are there before ──────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Scene:
    """A page over a shelf: `files` can be given to it, `going` holds the work while it is not set, `end` the server."""

    page: Page
    files: Path
    going: threading.Event
    end: Callable[[], None]

    def panel(self, name: str) -> Locator:
        """A panel at the side, in sight."""
        if not self.page.locator(".q-side").is_visible():
            self.page.get_by_role("button", name="Menu").click()
        self.page.get_by_role("tab", name=name).click()
        shown = self.page.locator(f".block.q-{name.lower()}")
        shown.locator("li").first.wait_for()
        return shown

    def give(self) -> None:
        self.panel("Library")
        self.page.locator(".q-files input[type=file]").set_input_files(sorted(self.files.iterdir()))


def library(scene: Scene) -> None:
    scene.panel("Library")


def adding(scene: Scene) -> None:
    scene.going.clear()
    scene.give()
    scene.page.locator(".q-job-file", has_text="river.md").get_by_text("read", exact=True).wait_for()


def added(scene: Scene) -> None:
    scene.give()
    scene.page.locator(".q-failures").wait_for()


def removed(scene: Scene) -> None:
    scene.panel("Library").get_by_role("button", name="Remove Dam").click()
    scene.page.locator(".q-jobs").get_by_role("button", name="Undo").wait_for()


def looking(scene: Scene) -> None:
    listed = scene.panel("Library")
    scene.page.get_by_label("Search the library").fill("kurakhove regional")
    listed.get_by_text("2 of 5 articles").wait_for()


def narrowed(scene: Scene) -> None:
    scene.panel("Library")
    scene.page.get_by_text("Search only in …").click()
    scene.page.get_by_label("Frontline Brief").check()
    scene.page.locator(".q-scope").wait_for(state="attached")
    scene.page.get_by_label("Published since").fill("2024-11-15")
    scene.page.locator(".q-scope time").wait_for(state="attached")


def narrowed_chat(scene: Scene) -> None:
    narrowed(scene)
    scene.page.keyboard.press("Escape")
    answered(scene.page, DAM)


def read_alone(scene: Scene) -> None:
    scene.panel("Library").get_by_text("Dam of").click()
    scene.page.locator(".q-article").wait_for()


def conversations(scene: Scene) -> None:
    scene.panel("Conversations")


def managed(scene: Scene) -> None:
    scene.panel("Conversations").locator("summary").nth(1).click()
    scene.page.get_by_label("Title").filter(visible=True).wait_for()


def deleted(scene: Scene) -> None:
    managed(scene)
    scene.page.get_by_role("button", name="Delete").filter(visible=True).click()
    scene.page.get_by_role("button", name="Undo").wait_for()


def searched(scene: Scene) -> None:
    scene.panel("Conversations")
    scene.page.get_by_label("Search conversations").fill("velyka metres")
    scene.page.locator(".q-item-snippet").wait_for()


def reopened(scene: Scene) -> None:
    scene.panel("Conversations").get_by_text(SITUATION).click()
    scene.page.locator(".q-answered").wait_for()


def judged(scene: Scene) -> None:
    answered(scene.page)
    scene.page.get_by_role("button", name="Something is wrong").click()
    scene.page.get_by_role("button", name="A quote does not hold its sentence").click()
    scene.page.locator('.q-why [aria-pressed="true"]').wait_for()
    scene.page.get_by_label("What would be right?").fill("Ukraine did not deny it; it did not confirm it.")


def gone(scene: Scene) -> None:
    answered(scene.page, DAM)
    scene.end()
    ask(scene.page, SITUATION)


def ended(scene: Scene) -> None:
    reading(scene.page)
    scene.end()
    scene.page.get_by_text("Quoth was ended").wait_for()


def lost(scene: Scene) -> None:
    reading(scene.page)
    scene.page.route("**/gradio_api/**", lambda route: route.abort())
    scene.page.locator("#q-lost").wait_for()


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


ON_SHELF: Mapping[str, Callable[[Scene], None]] = {
    act.__name__: act
    for act in (
        library,
        adding,
        added,
        removed,
        looking,
        narrowed,
        narrowed_chat,
        read_alone,
        conversations,
        managed,
        deleted,
        searched,
        reopened,
        judged,
        gone,
        ended,
        lost,
    )
}


def furnished(folder: Path, browser: Browser) -> None:
    """A data folder with articles and conversations."""
    given = folder.with_name("given")
    told = {one.id: f"---\ntitle: {one.title}\n{_front(one)}---\n{one.text}\n" for one in (*ARTICLES, *FLOODS)}
    with shelving(folder) as shelf, serving(shelf.service, port=0) as url:
        shelf.fill(given, **told)
        page = browser.new_page()
        page.goto(url)
        for question in (PARIS, SITUATION, DAM):
            welcome(page)
            answered(page, question)
            page.locator(".q-conversations li", has_text=question).wait_for()
            page.get_by_role("button", name="New conversation").click()
        welcome(page)
        page.close()


def _front(one: Article) -> str:
    lines = (("date", one.published), ("source", one.source), ("url", one.url))
    return "".join(f"{name}: {value}\n" for name, value in lines if value)


def to_give(folder: Path) -> None:
    """Files that can be read, and some that cannot."""
    folder.mkdir()
    market = pdf(["The market of Pokrovsk", "Published 1 March 2023", "The market opened on Friday."])
    files = {
        "market.pdf": market,
        "minutes, locked.pdf": encrypted(market, "secret"),
        "notes.txt": b"",
        "report.docx": b"PK\x03\x04",
        "river.md": b"---\ntitle: The river in spring\n---\nThe river rose by 1.2 metres on Monday.\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)


@dataclass(frozen=True, slots=True)
class Studio:
    """Takes every picture over a copy of its own of the same data, and of `answers`."""

    browser: Browser
    data: Path
    out: Path

    def take(self, name: str, act: Callable[[Scene], None], answers: FakeAnswers, furnished: bool = True) -> None:
        for device, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                with TemporaryDirectory() as scratch, ExitStack() as stack:
                    given, folder, going = Path(scratch) / "given", Path(scratch) / "data", threading.Event()
                    going.set()
                    to_give(given)
                    if furnished:
                        shutil.copytree(self.data, folder)
                    shelf = stack.enter_context(shelving(folder, partial(going.wait, 60), answers))
                    stack.callback(going.set)  # before the shelf is closed, which waits for its work
                    served = stack.enter_context(ExitStack())
                    url = served.enter_context(serving(shelf.service, port=0))
                    page = self._tab(stack, url, width, height, scheme)
                    act(Scene(page, given, going, served.close))
                    page.wait_for_timeout(600)  # what moves comes to rest
                    page.screenshot(path=self.out / f"{name}-{device}-{scheme}.png")

    def _tab(self, stack: ExitStack, url: str, width: int, height: int, scheme: str) -> Page:
        size = {"width": width, "height": height}
        context = self.browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
        page = stack.enter_context(context).new_page()
        page.goto(url)
        welcome(page)
        return page


def take_real(folder: Path) -> None:
    """The README's picture: the starter articles and the default model, an answer with a cited article open."""
    from tests.bench_page import OURS, staged

    with staged(None, "quoted") as stage:
        page = stage.browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
        stage.heard.begin()
        page.set_default_timeout(300_000)
        page.goto(stage.pages[OURS])
        welcome(page)
        checking(page)
        page.wait_for_timeout(600)
        page.screenshot(path=folder / "answer.png")


def on_page(act: Act) -> Callable[[Scene], None]:
    return lambda scene: act(scene.page)


def main() -> None:
    every = {**{name: on_page(act) for name, act in STATES.items()}, **ON_SHELF, "empty": on_page(welcome)}
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--real", action="store_true", help="the README's picture instead, with the default model")
    options.add_argument("states", nargs="*", metavar="STATE", help=f"all, or some of {', '.join(every)}")
    given = options.parse_args()
    if unknown := set(given.states) - set(every):
        options.error(f"no such state: {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    given.out.mkdir(parents=True, exist_ok=True)
    if given.real:
        return take_real(given.out)
    with chromium() as browser, TemporaryDirectory() as scratch:
        studio = Studio(browser, Path(scratch) / "data", given.out)
        furnished(studio.data, browser)
        for name in given.states or every:
            slow = FakeAnswers(pause=0.6, pace=0.05)
            studio.take(name, every[name], slow, furnished=name != "empty")


if __name__ == "__main__":
    main()
