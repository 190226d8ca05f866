"""Conversations in a real Chromium: listed, found, opened, renamed, deleted, exported, judged, and there after all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.ui.server import serving
from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.assistant.ui.fake_service import DAM, PARIS, SITUATION, SLOW, FakeAnswers
from tests.assistant.ui.keeping_service import keeping

pytestmark = [pytest.mark.browser, pytest.mark.skipif(missing() is not None, reason=missing() or "")]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with keeping(tmp_path) as service, serving(service, port=0) as address:
        yield address


def side(tab: Watched) -> Any:
    """The list of conversations, in sight."""
    listed = tab.page.locator(".block.q-conversations")
    if not tab.page.locator(".q-side").is_visible():
        tab.page.get_by_role("button", name="Menu").click()
    listed.wait_for()
    return listed


def item(tab: Watched, title: str) -> Any:
    found = side(tab).locator("li", has=tab.page.locator("bdi", has_text=title))
    found.wait_for()
    return found


def menu(tab: Watched, title: str) -> Any:
    found = item(tab, title)
    found.locator("summary").click()
    return found


def test_a_conversation_is_kept_opened_again_and_goes_on(url: str, open_tab: Open, width: int) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered()
    tab.page.get_by_role("button", name="New conversation").click()
    tab.page.locator(".q-welcome").wait_for()
    tab.ask(DAM)
    tab.answered()
    item(tab, DAM)
    item(tab, SITUATION).locator(".q-item").click()
    tab.page.locator(".q-question", has_text=SITUATION).wait_for()
    assert tab.page.locator(".q-exchange").count() == 1
    if width < 1000:
        tab.page.locator(".q-side").wait_for(state="hidden")
    tab.page.locator("a.q-ref").first.click()
    tab.page.locator(".q-article mark").first.wait_for()
    tab.page.get_by_role("button", name="Close").click()
    tab.ask(PARIS)
    tab.answered(2)
    item(tab, SITUATION).get_by_text("2 questions").wait_for()
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tab.close()


def test_a_restart_of_the_server_under_an_open_page_loses_nothing(tmp_path: Path, open_tab: Open) -> None:
    with keeping(tmp_path) as service, serving(service, port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        tab.answered()
        item(tab, SITUATION)
        tab.page.goto("about:blank")
    with keeping(tmp_path) as service, serving(service, port=int(url.rstrip("/").rpartition(":")[2])) as again:
        tab.page.goto(again)
        tab.answered()
        assert tab.page.locator(".q-question").inner_text() == SITUATION
        tab.ask(DAM)
        tab.answered(2)
        tab.close()


def test_a_conversation_is_renamed_deleted_and_brought_back(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered()
    box = menu(tab, SITUATION).get_by_label("Title")
    box.fill("<b>Donetsk</b>")
    box.press("Enter")
    menu(tab, "<b>Donetsk</b>").get_by_role("button", name="Delete").click()
    tab.page.locator(".q-welcome").wait_for()
    assert not side(tab).locator("li").count()
    tab.page.get_by_role("button", name="Undo").click()
    item(tab, "<b>Donetsk</b>").locator(".q-item").click()
    tab.answered()
    tab.close()


def test_a_search_shows_only_what_holds_the_words(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(DAM)
    tab.answered()
    tab.page.get_by_role("button", name="New conversation").click()
    tab.ask(PARIS)
    tab.answered()
    item(tab, PARIS)
    tab.page.get_by_label("Search conversations").fill("velyka metres")
    side(tab).locator(".q-item-snippet").wait_for()
    assert side(tab).locator("li").count() == 1 and "Velyka" in side(tab).inner_text()
    tab.page.get_by_label("Search conversations").fill("volcano")
    side(tab).get_by_text("No conversation holds all these words.").wait_for()
    tab.close()


@pytest.mark.parametrize(
    ("label", "suffix"), [("Evidence file (HTML)", ".html"), ("Markdown", ".md"), ("JSON", ".json")]
)
def test_an_export_is_saved_by_the_browser(url: str, open_tab: Open, label: str, suffix: str, tmp_path: Path) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered()
    with tab.page.expect_download() as waiting:
        menu(tab, SITUATION).get_by_role("button", name=label).click()
    waiting.value.save_as(tmp_path / f"out{suffix}")
    assert waiting.value.suggested_filename == f"what-is-the-situation-in-kurakhove{suffix}"
    assert "the most difficult area" in (tmp_path / f"out{suffix}").read_text(encoding="utf-8").replace("\\", "")
    tab.close()


def test_an_evidence_file_shows_its_quotes_and_asks_for_nothing(url: str, open_tab: Open, tmp_path: Path) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered()
    with tab.page.expect_download() as waiting:
        menu(tab, SITUATION).get_by_role("button", name="Evidence file").click()
    waiting.value.save_as(tmp_path / "out.html")
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.goto((tmp_path / "out.html").as_uri())
    tab.page.locator("a", has_text="[2]").first.click()
    assert tab.page.evaluate("location.hash") == "#q1-2"
    tab.page.locator("#q1-2 a", has_text="See it in the whole text").click()
    mark = tab.page.locator("#q1-2-place")
    assert mark.is_visible() and "the most difficult area" in mark.inner_text()
    assert tab.page.evaluate("getComputedStyle(document.body).maxWidth") != "none", "the style sheet is not in force"
    assert [url for url in asked if not url.startswith("file:")] == []
    tab.faults[:] = [fault for fault in tab.faults if not fault.startswith("file:")]
    tab.close()


def test_an_answer_is_judged_with_a_reason_that_is_still_there_after_a_reload(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered()
    tab.page.get_by_role("button", name="Something is wrong").click()
    tab.page.get_by_role("button", name="A quote does not hold its sentence").click()
    tab.page.locator('[aria-pressed="true"]', has_text="A quote does not hold").wait_for()
    tab.page.get_by_label("What would be right?").fill("It was <i>Tuesday</i>.")
    tab.page.get_by_role("button", name="Save").click()
    tab.page.wait_for_function("document.querySelector('.q-why textarea').textContent.includes('Tuesday')")
    tab.page.reload()
    tab.answered()
    assert tab.page.get_by_label("What would be right?").input_value() == "It was <i>Tuesday</i>."
    tab.page.get_by_role("button", name="Good answer").click()
    tab.page.get_by_text("Noted beside the answer.").wait_for()
    tab.page.locator(".q-why").wait_for(state="detached")
    tab.close()


def test_an_answer_that_is_being_written_goes_on_while_another_conversation_is_read(
    tmp_path: Path, open_tab: Open
) -> None:
    with keeping(tmp_path, FakeAnswers(pace=0.1)) as service, serving(service, port=0) as url:
        tab = open_tab(url)
        tab.ask(PARIS)
        tab.answered()
        item(tab, PARIS)
        tab.page.get_by_role("button", name="New conversation").click()
        tab.page.locator(".q-welcome").wait_for()
        tab.ask(SITUATION)
        tab.page.locator(".q-draft").wait_for()
        item(tab, PARIS).locator(".q-item").click()
        tab.page.locator(".q-abstained").wait_for()
        item(tab, SITUATION).locator(".q-item").click()
        tab.page.locator(".q-question", has_text=SITUATION).wait_for()
        assert tab.answered().locator(".q-citation").count() == 4
        tab.close()


def test_a_conversation_that_is_opened_is_shown_from_its_question_on(tmp_path: Path, open_tab: Open) -> None:
    with keeping(tmp_path) as service, serving(service, port=0) as url:
        tab = open_tab(url, motion="no-preference")
        tab.ask(SITUATION)
        tab.answered()
        item(tab, SITUATION)
        tab.page.get_by_role("button", name="New conversation").click()
        tab.page.locator(".q-welcome").wait_for()
        item(tab, SITUATION).locator(".q-item").click()
        tab.answered()
        tab.page.wait_for_timeout(1500)  # what scrolls comes to rest
        assert 0 <= tab.page.locator(".q-question").bounding_box()["y"] < 200  # type: ignore[index]
        tab.close()


def test_the_list_shows_what_was_answered_while_the_next_question_runs(tmp_path: Path, open_tab: Open) -> None:
    with keeping(tmp_path, FakeAnswers(pause=0.5)) as service, serving(service, port=0) as url:
        tab = open_tab(url)
        tab.ask(PARIS)
        tab.page.locator(".q-found").wait_for()
        tab.ask(SLOW)
        tab.page.locator(".q-question", has_text=SLOW).wait_for()
        item(tab, PARIS)
        assert tab.page.get_by_role("button", name="Stop").is_visible()
        tab.close()


def test_an_answer_that_finds_no_room_on_the_disk_is_shown_and_said_to_be_kept_nowhere(
    tmp_path: Path, open_tab: Open
) -> None:
    with keeping(tmp_path) as service, serving(service, port=0) as url:
        tab = open_tab(url)
        assert service.keeper is not None
        disk = service.keeper.conversations._connection
        (pages,) = disk.execute("PRAGMA page_count").fetchone()
        disk.execute(f"PRAGMA max_page_count = {pages}")
        tab.ask(SITUATION)
        assert tab.answered().locator(".q-citation").count() == 4
        tab.page.get_by_text("could not be kept and will be lost with the page").wait_for()
        disk.execute("PRAGMA max_page_count = 100000")
        tab.ask(PARIS)
        tab.answered(2)
        tab.page.get_by_text("could not be kept").wait_for(state="detached")
        tab.page.reload()
        tab.faults.clear()
        assert "several sides" in tab.answered(1).inner_text()
        tab.close()


def test_two_browsers_share_what_is_kept(url: str, open_tab: Open) -> None:
    first, second = open_tab(url), open_tab(url)
    first.ask(SITUATION)
    first.answered()
    item(first, SITUATION)
    second.page.reload()
    second.page.locator(".q-welcome").wait_for()
    item(second, SITUATION).locator(".q-item").click()
    second.answered()
    menu(first, SITUATION).get_by_role("button", name="Delete").click()
    first.page.get_by_role("button", name="Undo").wait_for()
    second.ask(DAM)
    second.answered(2)
    item(second, SITUATION).get_by_text("2 questions").wait_for()
    first.close()
    second.close()
