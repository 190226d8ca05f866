"""The library in a real Chromium: files go in, reasons are told, articles read, removed, brought back, searched in."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.types import Question
from assistant.ui.server import serving
from index.web import WebPage
from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.assistant.ui.fake_service import DAM
from tests.assistant.ui.keeping_service import Shelf, shelving
from tests.index.pdfs import encrypted, pdf
from tests.index.site import look_up, site

pytestmark = [pytest.mark.browser, pytest.mark.skipif(missing() is not None, reason=missing() or "")]

FLOOD = "---\ntitle: The flood\ndate: 2024-11-12\nsource: River Notes\n---\nThe river rose by 1.2 metres on Monday.\n"
MARKET_PDF = pdf(["The <b>market</b>", "Published 1 March 2023", "The market opened on Friday."])
LOCKED = encrypted(MARKET_PDF, "secret")
MARKET = "---\ntitle: The <b>market</b>\ndate: 2023-03-01\nsource: Town Notes\n---\nThe market opened on Friday.\n"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with shelving(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def url(shelf: Shelf) -> Iterator[str]:
    with serving(shelf.service, port=0) as address:
        yield address


def library(tab: Watched) -> Any:
    """The panel, in sight."""
    if not tab.page.locator(".q-side").is_visible():
        tab.page.get_by_role("button", name="Menu").click()
    name = tab.page.get_by_role("tab", name="Library")
    if name.get_attribute("aria-selected") != "true":
        name.click()
    listed = tab.page.locator(".block.q-library")
    listed.wait_for()
    return listed


def give(tab: Watched, folder: Path, **files: str | bytes) -> None:
    """Put files into the box; `a_md` is called a.md."""
    folder.mkdir(exist_ok=True)
    paths = []
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(path)
    tab.page.locator(".q-files input[type=file]").set_input_files(paths)


@contextmanager
def held(folder: Path) -> Iterator[tuple[Shelf, str, threading.Event]]:
    """A page whose library embeds nothing until the event is set."""
    go_on = threading.Event()
    with shelving(folder, before_embedding=lambda: go_on.wait(60)) as shelf, serving(shelf.service, port=0) as url:
        yield shelf, url, go_on


def test_files_are_added_and_each_that_fails_says_why(url: str, open_tab: Open, tmp_path: Path) -> None:
    tab = open_tab(url)
    panel = library(tab)
    give(tab, tmp_path / "given", a_md=FLOOD, b_pdf=MARKET_PDF, c_docx=b"PK\x03\x04", d_txt=b"", e_pdf=LOCKED)
    tab.page.locator(".q-job-done").wait_for()
    told = tab.page.locator(".q-jobs").inner_text()
    assert "2 added, 3 failed" in told and "c.docx" in told and "what can be read" in told and "is empty" in told
    assert "e.pdf" in told and "is an encrypted PDF" in told
    panel.get_by_text("The flood").wait_for()
    assert "2 articles" in panel.inner_text() and "The <b>market</b>" in panel.inner_text()
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tab.page.locator(".q-welcome", has_text="2 articles").wait_for(state="attached")
    tab.close()


def test_each_file_says_how_far_it_is(open_tab: Open, tmp_path: Path) -> None:
    with held(tmp_path / "data") as (_, url, go_on):
        tab = open_tab(url)
        library(tab)
        give(tab, tmp_path / "given", a_md=FLOOD, b_pdf=LOCKED, c_md=MARKET)
        file = tab.page.locator(".q-job-file")
        file.filter(has_text="c.md").get_by_text("read", exact=True).wait_for()
        assert "is an encrypted PDF" in file.filter(has_text="b.pdf").inner_text()
        assert "3 of 3 files read, 0 of 2 passages made searchable" in tab.page.locator(".q-job").inner_text()
        assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        go_on.set()
        tab.page.locator(".q-job-done", has_text="2 added, 1 failed").wait_for()
        tab.close()


def test_a_web_page_is_fetched_and_one_that_must_not_be_asked_says_why(open_tab: Open, tmp_path: Path) -> None:
    def web(address: str) -> WebPage:
        return WebPage(address, 10_000, time.monotonic, look_up, lambda found: found == "127.0.0.1")

    with site() as port, shelving(tmp_path / "data", web=web) as shelf, serving(shelf.service, port=0) as url:
        tab = open_tab(url)
        panel = library(tab)
        box = tab.page.get_by_label("Add a web page")
        box.fill(f"http://news.example:{port}/a")
        tab.page.get_by_role("button", name="Fetch").click()
        tab.page.locator(".q-job-done", has_text="1 added").wait_for()
        panel.get_by_text("1 article").first.wait_for()
        for address, reason in (
            (f"http://news.example:{port}/inside", "private network"),
            ("file:///etc/passwd", "http"),
            (f"http://news.example:{port}/missing", "404"),
        ):
            box.fill(address)
            box.press("Enter")
            told = tab.page.locator(".q-job", has_text=address)
            told.get_by_text("1 failed").wait_for()
            assert reason in told.inner_text(), told.inner_text()
        assert [info.url for info in shelf.store.articles()] == [f"http://news.example:{port}/a"]
        tab.close()


def test_a_full_disk_is_told_where_the_files_were_added_and_questions_go_on(open_tab: Open, tmp_path: Path) -> None:
    def cramped(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(*arguments, **named)
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    with shelving(tmp_path / "data", connect=cramped) as shelf, serving(shelf.service, port=0) as url:
        tab = open_tab(url)
        library(tab)
        long = {f"n{n}_txt": f"Article {n} speaks at some length of the river and its dam. " * 80 for n in range(20)}
        give(tab, tmp_path / "given", **long)
        tab.page.locator(".q-job-failed", has_text="Make room").wait_for()
        tab.ask(DAM)
        assert "1.2 metres" in tab.answered().inner_text()
        assert shelf.store.check() == ()
        tab.close()


def test_the_library_writes_dates_as_the_reader_writes_them(
    url: str, open_tab: Open, tmp_path: Path, shelf: Shelf
) -> None:
    shelf.fill(tmp_path / "given", a=FLOOD)
    tab = open_tab(url, locale="de-DE")
    library(tab).get_by_text("12.11.2024").wait_for()
    tab.close()


def test_an_article_is_read_removed_and_brought_back(url: str, open_tab: Open, tmp_path: Path, shelf: Shelf) -> None:
    shelf.fill(tmp_path / "given", a=FLOOD, b=MARKET)
    tab = open_tab(url)
    panel = library(tab)
    panel.get_by_text("The flood").click()
    tab.page.locator(".q-article", has_text="rose by 1.2 metres").wait_for()
    tab.page.get_by_role("button", name="Close").click()
    library(tab)
    panel.get_by_role("button", name="Remove The flood").click()
    panel.get_by_text("The flood").wait_for(state="detached")
    tab.page.locator(".q-jobs").get_by_role("button", name="Undo").click()
    panel.get_by_text("The flood").wait_for()
    assert len(shelf.store.articles()) == 2
    tab.close()


def test_a_search_narrows_the_list(url: str, open_tab: Open, tmp_path: Path, shelf: Shelf) -> None:
    shelf.fill(tmp_path / "given", a=FLOOD, b=MARKET)
    tab = open_tab(url)
    panel = library(tab)
    tab.page.get_by_label("Search the library").fill("river")
    panel.get_by_text("1 of 2 articles").wait_for()
    assert "market" not in panel.inner_text()
    tab.close()


def test_filters_are_said_above_the_box_and_hold_the_search(
    url: str, open_tab: Open, width: int, tmp_path: Path, shelf: Shelf
) -> None:
    shelf.fill(tmp_path / "given", a=FLOOD, b=MARKET)
    tab = open_tab(url)
    library(tab)
    tab.page.get_by_text("Search only in …").click()
    tab.page.get_by_label("River Notes (1)").check()
    tab.page.locator(".q-scope", has_text="River Notes (1 of 2 articles)").wait_for(state="attached")
    tab.page.get_by_label("Published since").fill("2024-01-01")
    tab.page.locator(".q-scope time").wait_for(state="attached")
    if width < 1000:
        tab.page.keyboard.press("Escape")
    tab.ask(DAM)
    tab.answered()
    asked: Question = shelf.asked[-1]
    assert asked.filters.sources == ("River Notes",) and str(asked.filters.since) == "2024-01-01"
    tab.page.get_by_role("button", name="Search everything").click()
    tab.page.locator(".q-scope").wait_for(state="detached")
    tab.ask(DAM)
    tab.answered(2)
    assert shelf.asked[-1].filters.sources == ()
    tab.close()


def test_questions_are_answered_while_files_are_being_indexed(open_tab: Open, tmp_path: Path) -> None:
    with held(tmp_path / "data") as (shelf, url, go_on):
        tab = open_tab(url)
        panel = library(tab)
        give(tab, tmp_path / "given", a_md=FLOOD, b_md=MARKET)
        tab.page.locator(".q-job-running progress").wait_for()
        tab.ask(DAM)
        tab.answered()
        assert tab.page.locator(".q-job-running").count() == 1 and not shelf.store.articles()
        go_on.set()
        panel.get_by_text("The flood").wait_for()
        tab.close()


def test_five_hundred_files_at_once_go_in(url: str, open_tab: Open, tmp_path: Path, shelf: Shelf) -> None:
    tab = open_tab(url)
    panel = library(tab)
    give(tab, tmp_path / "given", **{f"n{n}_txt": f"Note {n} tells of harbour {n}." for n in range(500)})
    panel.get_by_text("500 articles").wait_for(timeout=60_000)
    panel.get_by_text("400 more; search to find them.").wait_for()
    tab.close()
