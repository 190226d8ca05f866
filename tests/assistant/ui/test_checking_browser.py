"""Reading and checking in a real Chromium: what a citation says, and its article beside the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.types import Citation
from assistant.ui.server import serving
from index.quotes import resolve_quote
from index.types import ResolvedQuote
from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.assistant.ui.fake_service import ARTICLES, FLOODED, FLOODS, PARIS, SCRIPTS, SITUATION, FakeAnswers

pytestmark = [pytest.mark.browser, pytest.mark.skipif(missing() is not None, reason=missing() or "")]

EVERYWHERE = pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (380, "light"), (380, "dark")]
)


def focused(tab: Watched) -> str:
    return str(tab.page.evaluate("document.activeElement.id || document.activeElement.className"))


@EVERYWHERE
def test_a_citation_opens_its_article_at_the_quote_and_closes_back_to_its_place(
    url: str, open_tab: Open, width: int, scheme: str
) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    answer = tab.answered()
    assert "As of 20 Nov 2024" in answer.inner_text()
    answer.locator("a.q-ref").nth(1).click()
    reader = tab.page.locator(".q-reader")
    now = reader.locator("mark.q-now")
    now.wait_for()
    assert now.inner_text() == 'President Volodymyr Zelensky has called this "the most difficult area" of the front.'
    assert reader.locator("mark").count() == 2, "both citations of the article are marked"
    assert ARTICLES[0].text.split("\n\n")[1] in reader.inner_text()
    assert 0 <= now.bounding_box()["y"] < 800 and focused(tab) == "q-article"
    beside, panel = answer.bounding_box(), reader.bounding_box()
    assert panel["width"] == 380 if width == 380 else beside["x"] + beside["width"] <= panel["x"]
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")

    reader.get_by_role("button", name="1", exact=True).click()
    assert now.inner_text().startswith("Kurakhove, a town")
    tab.page.keyboard.press("Escape")
    reader.wait_for(state="hidden")
    assert focused(tab) == "q-1-r-2"


@EVERYWHERE
def test_an_abstention_says_what_was_searched_and_opens_what_came_closest(
    url: str, open_tab: Open, width: int, scheme: str
) -> None:
    tab = open_tab(url)
    tab.ask(PARIS)
    answer = tab.answered()
    assert "Searched 3 articles in 3 passages for: population of Paris" in answer.locator(".q-abstained").inner_text()
    assert answer.get_by_text("Name the person, place or date you mean.").is_visible()
    closest = answer.locator(".q-passage").nth(1)
    told = closest.locator("blockquote").inner_text()
    closest.get_by_role("button", name="Read in the article").click()
    reader = tab.page.locator(".q-reader")
    reader.locator("mark.q-now").wait_for()
    assert "".join(reader.locator("mark.q-now").all_inner_texts()).split() == told.split()
    assert "Quoted as" not in reader.inner_text()
    tab.page.keyboard.press("Escape")
    reader.wait_for(state="hidden")
    assert focused(tab) == "q-1-n-2"


def test_the_same_citation_opens_again_after_it_was_closed(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    reference = tab.answered().locator("a.q-ref").first
    for _ in range(2):
        reference.click()
        tab.page.locator("mark.q-now").wait_for()
        tab.page.get_by_role("button", name="Close").click()
        tab.page.locator(".q-reader").wait_for(state="hidden")


def test_pointing_at_a_number_or_reaching_it_by_key_shows_quote_title_source_and_date(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    first, second, *_ = tab.answered().locator("a.q-ref").all()
    shown = tab.page.get_by_role("tooltip")
    first.hover()
    shown.wait_for()
    for words in ("surrounded on several sides", ARTICLES[0].title, "Frontline Brief", "20 Nov 2024"):
        assert words in shown.inner_text()
    tab.page.mouse.move(5, 790)
    shown.wait_for(state="hidden")

    first.focus()
    tab.page.keyboard.press("Tab")
    shown.wait_for()
    assert focused(tab) == second.get_attribute("id") and "most difficult area" in shown.inner_text()
    assert second.get_attribute("aria-describedby") == "q-pop"
    tab.page.keyboard.press("Escape")
    shown.wait_for(state="hidden")
    assert focused(tab) == second.get_attribute("id")
    tab.page.keyboard.press("Enter")
    tab.page.locator("mark.q-now").wait_for()


def test_doubt_is_explained_where_it_stands(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered().get_by_role("button", name="partly supported").click()
    shown = tab.page.get_by_role("tooltip")
    shown.wait_for()
    assert "Not in the quote: denies." in shown.inner_text()


@EVERYWHERE
def test_different_figures_stand_side_by_side_and_each_opens_its_article(
    url: str, open_tab: Open, width: int, scheme: str
) -> None:
    tab = open_tab(url)
    tab.ask(FLOODED)
    pair = tab.answered().get_by_role("region", name="Your sources give different figures")
    newer, older = pair.get_by_role("listitem").all()
    left, right = newer.bounding_box(), older.bounding_box()
    assert left["y"] == right["y"] and left["x"] + left["width"] <= right["x"]
    assert right["x"] + right["width"] <= width and left["width"] > 120
    for side, title in ((newer, FLOODS[0].title), (older, FLOODS[1].title)):
        reference = side.locator("a.q-ref")
        reference.click()
        tab.page.locator(".q-article h2", has_text=title).wait_for()
        tab.page.keyboard.press("Escape")
        tab.page.locator(".q-reader").wait_for(state="hidden")
        assert focused(tab) == reference.get_attribute("id")


def test_an_article_that_was_removed_is_said_to_be_gone_and_its_quote_stays(open_tab: Open) -> None:
    table = FakeAnswers()
    service = table.service()
    with serving(type(service)(service.ask, service.articles, article=lambda name: None), port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        tab.answered().locator("a.q-ref").first.click()
        tab.page.locator(".q-reader", has_text="no longer in the index").wait_for()
        assert "surrounded on several sides" in tab.page.locator(".q-reader").inner_text()
        tab.close()


def test_an_article_that_changes_while_it_is_answered_from_is_said_to_have_changed(open_tab: Open) -> None:
    now = list(ARTICLES)
    table = FakeAnswers(pace=0.1)

    def resolve(cited: Citation, digest: str | None) -> ResolvedQuote:
        current = next((one for one in now if one.id == cited.article_id), None)
        return resolve_quote(current, None, cited.start, cited.end, cited.quote)

    with serving(replace(table.service(), resolve=resolve), port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        tab.page.locator(".q-draft").wait_for()
        now[0] = replace(now[0], text="Everything here was written anew.", digest="1" * 64)
        tab.answered().locator("a.q-ref").first.click()
        tab.page.locator(".q-reader", has_text="has changed").wait_for()
        assert "surrounded on several sides" in tab.page.locator(".q-reader").inner_text()
        assert "written anew" in tab.page.locator(".q-reader").inner_text()
        tab.close()


def test_dates_are_written_as_the_reader_writes_them(url: str, open_tab: Open) -> None:
    tab = open_tab(url, locale="de-DE")
    tab.ask(SITUATION)
    assert "As of 20.11.2024" in tab.answered().inner_text()


@EVERYWHERE
def test_hebrew_arabic_and_chinese_each_run_their_own_way(url: str, open_tab: Open, width: int, scheme: str) -> None:
    tab = open_tab(url)
    tab.ask(SCRIPTS)
    tab.answered().locator("a.q-ref").first.click()
    tab.page.locator("mark.q-now").wait_for()
    ways = "all => all.map(one => getComputedStyle(one).direction)"
    assert tab.page.eval_on_selector_all(".q-article-text p", ways) == ["rtl", "rtl", "ltr"]
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
