"""The page in a real Chromium against the real server, with a service that answers from a table."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.errors import GenerationFailed
from assistant.types import Answered, Event, Question, Retrieved, Token
from assistant.ui.preferences import About, Preferences
from assistant.ui.server import Login, serving
from tests.assistant.ui.browser import missing
from tests.assistant.ui.conftest import Open, Watched
from tests.assistant.ui.fake_service import BROKEN, DAM, EXAMPLES, PARIS, SITUATION, SLOW, STUBBORN, FakeAnswers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.skipif(missing() is not None, reason=missing() or "")]


def test_passages_stand_there_before_the_first_word_and_the_draft_before_the_answer(open_tab: Open) -> None:
    table = FakeAnswers()
    speak, finish = threading.Event(), threading.Event()

    def ask(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        """The table's events, held before the first word and again before the finished answer."""
        for event in table.ask(question, preferences, cancel):
            if isinstance(event, Token):
                assert speak.wait(60)
            elif isinstance(event, Answered):
                assert finish.wait(60)
            yield event

    with serving(replace(table.service(), ask=ask), port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        tab.page.locator(".q-found .q-passage").first.wait_for()
        assert not tab.page.locator(".q-answer").count()
        speak.set()
        tab.page.locator(".q-draft").wait_for()
        assert not tab.page.locator(".q-answered").count()
        finish.set()
        tab.answered()
        assert not tab.page.locator(".q-progress").count()
        tab.close()


@pytest.mark.parametrize("way", ["button", "key"])
def test_stop_ends_a_silence_and_the_page_goes_on(url: str, open_tab: Open, way: str) -> None:
    tab = open_tab(url)
    tab.ask(SLOW)
    tab.page.locator(".q-found").wait_for()
    if way == "button":
        tab.page.get_by_role("button", name="Stop").click()
    else:
        tab.page.keyboard.press("Escape")
    tab.page.locator(".q-stopped").wait_for()
    tab.page.get_by_role("button", name="Ask", exact=True).wait_for()
    tab.ask(DAM)
    assert "1.2 metres" in tab.answered().inner_text()


def test_a_model_that_does_not_stop_at_once_does_not_hold_the_page(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(STUBBORN)
    tab.page.locator(".q-found").wait_for()
    tab.page.keyboard.press("Escape")
    tab.page.locator(".q-stopped").wait_for(timeout=5000)
    tab.ask(DAM)
    tab.answered()


def test_a_question_asked_while_one_runs_waits_visibly_and_is_answered(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SLOW)
    tab.page.locator(".q-found").wait_for()
    tab.ask(DAM)
    tab.page.locator(".q-waiting", has_text=DAM).wait_for()
    tab.page.locator(".q-clock").wait_for()
    shown = tab.page.locator(".q-clock").inner_text()
    tab.page.get_by_label("Your question").type("half a thou")
    tab.page.wait_for_timeout(1200)
    assert tab.page.locator(".q-clock").inner_text() != shown, "the running exchange no longer moves"
    tab.page.keyboard.press("Escape")
    assert "1.2 metres" in tab.answered().inner_text()
    assert tab.page.locator(".q-stopped").count() == 1 and not tab.page.locator(".q-waiting").count()
    assert tab.page.get_by_label("Your question").input_value() == "half a thou"


def test_a_question_of_another_tab_waits_its_turn(url: str, open_tab: Open) -> None:
    first, second = open_tab(url), open_tab(url)
    first.ask(SLOW)
    first.page.locator(".q-found").wait_for()
    second.ask(DAM)
    second.page.locator(".q-waiting", has_text=DAM).wait_for()
    second.page.wait_for_timeout(500)
    assert not second.page.locator(".q-exchange").count()
    first.page.keyboard.press("Escape")
    second.answered()


def test_closing_the_tab_ends_the_work(browser: Browser, open_tab: Open) -> None:
    ended = threading.Event()
    table = FakeAnswers()

    def ask(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        yield Retrieved(question.text, table.evidence())
        if cancel.wait(30):
            ended.set()

    with serving(replace(table.service(), ask=ask), port=0) as url:
        context = browser.new_context()
        tab = Watched(context.new_page(), url)
        tab.ask(SLOW)
        tab.page.locator(".q-found").wait_for()
        context.close()
        assert ended.wait(15)


def test_markup_that_got_through_would_still_be_held_by_the_policy(browser: Browser, url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    blocked: list[str] = []
    page.on("console", lambda message: message.type == "error" and blocked.append(message.text))
    page.goto(url)
    page.locator(".q-welcome").wait_for()
    page.locator(".q-welcome").evaluate(
        """element => { element.innerHTML = '<img src="https://evil.example/x.png" onerror="window.pwned=1">'
        + '<img src="/missing" onerror="window.pwned=1"><a id="trap" href="javascript:window.pwned=1">x</a>';
        document.getElementById('trap').click(); }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("window.pwned") is None
    assert any("evil.example" in text and "Content Security Policy" in text for text in blocked)
    context.close()


def test_an_empty_question_is_answered_with_a_hint(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask("   ")
    tab.page.get_by_text("Type a question first.").wait_for()
    assert not tab.page.locator(".q-exchange").count()
    tab.ask(DAM)
    tab.answered()


def test_ten_thousand_words_get_a_readable_answer(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask("word " * 10_000)
    alert = tab.page.get_by_role("alert")
    alert.wait_for()
    assert "10000 words" in alert.inner_text() and alert.is_visible()
    tab.ask(DAM)
    tab.answered()


def test_an_error_stands_in_its_place_and_the_next_question_works(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(BROKEN)
    tab.page.locator(".q-failed .q-error", has_text="not enough memory").wait_for()
    tab.ask(PARIS)
    assert "Not answered by your sources" in tab.answered().inner_text()


def test_what_came_before_the_model_died_stays_beside_the_error(open_tab: Open) -> None:
    table = FakeAnswers()

    def ask(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        """The first answer breaks off after its first words."""
        for nth, event in enumerate(table.ask(question, preferences, cancel)):
            yield event
            if question.text == SITUATION and nth == 4:
                raise GenerationFailed("the model stopped after 4 tokens; ask again")

    with serving(replace(table.service(), ask=ask), port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        broken = tab.page.locator(".q-failed")
        broken.locator(".q-error", has_text="stopped after 4 tokens").wait_for()
        assert broken.locator(".q-draft", has_text="Kurakhove has been").is_visible()
        assert broken.get_by_text("has not been checked").is_visible()
        broken.get_by_text("Found: 3 passages").click()
        assert broken.locator(".q-passage").first.is_visible()
        tab.ask(DAM)
        tab.answered()
        tab.close()


def test_an_example_is_asked_by_a_click_and_a_new_conversation_forgets_it(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.page.get_by_role("button", name=EXAMPLES[1]).click()
    tab.answered()
    assert not tab.page.locator(".q-welcome").is_visible()
    tab.page.get_by_role("button", name="New conversation").click()
    tab.page.locator(".q-welcome").wait_for()
    tab.page.get_by_role("button", name=EXAMPLES[1]).wait_for()
    assert not tab.page.locator(".q-exchange").count()
    tab.ask(DAM)
    tab.answered()


def test_shift_enter_starts_a_line_and_enter_asks(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    box = tab.page.get_by_label("Your question")
    box.type("one")
    box.press("Shift+Enter")
    box.type("two")
    assert box.input_value() == "one\ntwo"
    box.press("Enter")
    tab.answered()
    assert tab.page.locator(".q-question").inner_text().split() == ["one", "two"]
    assert box.input_value() == ""


def test_what_a_reader_opened_stays_open_while_the_answer_grows(open_tab: Open) -> None:
    with serving(FakeAnswers(pace=0.1).service(), port=0) as url:
        tab = open_tab(url)
        tab.ask(SITUATION)
        fold = tab.page.locator("details", has_text="Found: 3 passages")
        fold.locator("summary").click()
        tab.page.wait_for_timeout(800)
        assert tab.page.locator(".q-draft").count() == 1
        assert fold.evaluate("element => element.open") and fold.locator("blockquote").first.is_visible()
        tab.close()


def test_a_new_question_is_scrolled_to_its_top(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered()
    tab.ask(DAM)
    newest = tab.answered(2)
    tab.page.wait_for_timeout(1000)
    assert 0 <= newest.locator(".q-question").bounding_box()["y"] < 200


def test_only_one_short_line_is_read_aloud(url: str, open_tab: Open) -> None:
    """Tokens must not be announced: the live region changes with the stage, the growing answer stands outside it."""
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered()
    live = tab.page.locator("[aria-live]:not([aria-live=off])").all_inner_texts()
    assert [text.strip() for text in live if text.strip()] == ["Answer ready: 4 sentences, 4 citations."]


def test_while_an_answer_is_written_the_live_region_tells_its_stages_and_no_word_of_it(open_tab: Open) -> None:
    with serving(FakeAnswers(pause=0.5, pace=0.03).service(), port=0) as url:
        tab = open_tab(url)
        tab.page.evaluate(
            """() => {
              window.heard = [];
              const live = "[aria-live]:not([aria-live=off]), [role=status], [role=alert]";
              const told = () => [...document.querySelectorAll(live)].map((region) => region.textContent.trim());
              new MutationObserver(() => window.heard.push(...told().filter((text) => text)))
                .observe(document.body, { childList: true, subtree: true, characterData: true });
            }"""
        )
        tab.ask(SITUATION)
        tab.answered()
        tab.page.get_by_text("Answer ready").wait_for()
        heard = list(dict.fromkeys(tab.page.evaluate("window.heard")))
        told = ["Found 3 passages; reading.", "Writing the answer.", "Answer ready: 4 sentences, 4 citations."]
        before = {"Your question is in line.", "Searching your articles."}
        assert [one for one in heard if one not in before] == told
        tab.close()


WATCH_PLACES = """() => {
  window.seen = { shifted: 0, composer: new Set(), draft: null };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.shifted += entry.value;
  }).observe({ type: "layout-shift" });
  new MutationObserver(() => {
    const draft = document.querySelector(".q-draft");
    if (draft) window.seen.draft = draft.getBoundingClientRect();
    if (draft) window.seen.composer.add(document.querySelector(".q-composer").getBoundingClientRect().y);
  }).observe(document.body, { childList: true, subtree: true });
}"""


def test_nothing_jumps_while_an_answer_is_written(open_tab: Open) -> None:
    """The sum of layout shifts, as Chromium measures it, stays under 0.05, half of what counts as good; less than a
    line lies between the words as they are written and as they stand in the answer; the question box stays."""
    with serving(FakeAnswers(pause=0.6, pace=0.03).service(), port=0) as url:
        tab = open_tab(url)
        tab.page.evaluate(WATCH_PLACES)
        tab.ask(SITUATION)
        tab.answered()
        tab.page.wait_for_timeout(300)
        answered = tab.page.locator(".q-answer").bounding_box()
        shifted, composer, draft = tab.page.evaluate("[seen.shifted, [...seen.composer], seen.draft.toJSON()]")
        assert len(composer) == 1 and composer[0] == tab.page.locator(".q-composer").bounding_box()["y"]
        assert abs(draft["y"] - answered["y"]) < 24 and draft["width"] == answered["width"]
        assert 0 < shifted < 0.05
        tab.close()


def test_what_was_typed_is_there_after_a_reload(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.page.get_by_label("Your question").fill("What about\nthe dam")
    tab.page.reload()
    tab.faults.clear()  # Gradio may report on the console the stream that ended with the page
    typed = "document.querySelector('.q-box textarea')?.value === 'What about\\nthe dam'"
    tab.page.wait_for_function(typed)


def test_the_newest_question_is_asked_again_in_its_place(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(DAM)
    tab.answered().get_by_role("button", name="Ask again").click()
    tab.page.locator(".q-searching, .q-reading, .q-writing").first.wait_for()
    tab.answered()
    assert tab.page.locator(".q-exchange").count() == 1


def test_an_edited_question_takes_the_place_of_the_old_one(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(PARIS)
    tab.answered().get_by_role("button", name="Edit the question").click()
    tab.page.get_by_text("replaces the last one").wait_for()
    box = tab.page.get_by_label("Your question")
    assert box.input_value() == PARIS and box.evaluate("element => element === document.activeElement")
    tab.ask(DAM)
    tab.page.locator(".q-answered", has_text="1.2 metres").wait_for()
    assert tab.page.locator(".q-exchange").count() == 1


def test_a_question_in_line_can_be_taken_out(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SLOW)
    tab.page.locator(".q-found").wait_for()
    tab.ask(DAM)
    tab.page.locator(".q-waiting", has_text=DAM).get_by_role("button", name="Remove").click()
    tab.page.locator(".q-waiting").wait_for(state="detached")
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("button", name="Ask", exact=True).wait_for()
    assert tab.page.locator(".q-exchange").count() == 1


def test_a_reload_loses_nothing_not_even_an_answer_that_is_being_written(open_tab: Open) -> None:
    with serving(FakeAnswers(pace=0.06).service(), port=0) as url:
        tab = open_tab(url)
        tab.ask(DAM)
        tab.answered()
        tab.ask(SITUATION)
        tab.page.locator(".q-writing").wait_for()
        tab.page.reload()
        tab.faults.clear()  # Gradio reports on the console that the page it left was in the middle of a stream
        assert "1.2 metres" in tab.answered(1).inner_text()
        assert "several sides" in tab.answered(2).inner_text()
        tab.page.locator("a.q-ref").last.click()
        tab.page.locator("mark.q-now").wait_for()
        tab.close()


def test_settings_take_effect_with_the_next_question_of_this_tab_alone(open_tab: Open) -> None:
    table, wanted = FakeAnswers(), []

    def ask(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        wanted.append(preferences)
        yield from table.ask(question, preferences, cancel)

    with serving(replace(table.service(), ask=ask), port=0) as url:
        tab, other = open_tab(url), open_tab(url)
        tab.page.get_by_role("button", name="Settings").click()
        tab.page.get_by_label("Strict:").check()
        tab.page.get_by_label("The model's words").check()
        tab.page.get_by_text("Only after a restart").wait_for()
        budget = tab.page.locator(".q-budget input[type=number]")
        budget.fill("600")
        budget.press("Tab")
        tab.page.get_by_role("button", name="Close").click()
        tab.ask(DAM)
        tab.answered()
        other.ask(DAM)
        other.answered()
        assert wanted == [Preferences("strict", 600, "written"), Preferences()]
        tab.close()
        other.close()


def test_a_setting_changed_before_the_panel_has_filled_stays_changed(open_tab: Open) -> None:
    filled, service = threading.Event(), FakeAnswers().service()

    def about() -> About:
        if threading.current_thread() is not threading.main_thread():
            filled.wait(30)
        return service.about()

    with serving(replace(service, about=about), port=0) as url:
        tab = open_tab(url)
        tab.page.get_by_role("button", name="Settings").click()
        tab.page.get_by_label("Strict:").check()
        filled.set()
        tab.page.get_by_text("Only after a restart").wait_for()
        tab.page.wait_for_timeout(200)
        assert tab.page.get_by_label("Strict:").is_checked()
        tab.page.reload()
        tab.page.get_by_role("button", name="Settings").click()
        tab.page.wait_for_function("document.querySelector('.q-strictness input[value=strict]').checked")
        tab.close()


def test_how_an_answer_came_about_is_told_beside_it(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(DAM)
    how = tab.answered().get_by_role("button", name="How it came about")
    how.click()
    panel = tab.page.locator(".q-details")
    panel.wait_for()
    for words in ("llama.cpp", "71, 17 a second", "supported", "0.0164"):
        assert words in panel.inner_text()
    tab.page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert how.evaluate("element => element === document.activeElement")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark")])
def test_the_keys_are_listed_and_do_what_they_say(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    page = tab.page
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert "closes what is open" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    side = page.locator(".q-side")
    page.keyboard.press("m")
    side.wait_for(state="hidden")
    page.keyboard.press("m")
    side.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("m?")
    assert page.get_by_label("Your question").input_value() == "m?" and side.is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(380, "light"), (380, "dark")])
def test_on_a_phone_the_side_panel_is_a_drawer(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    side = tab.page.locator(".q-side")
    assert not side.is_visible()
    tab.page.get_by_role("button", name="Menu").click()
    side.wait_for()
    tab.page.keyboard.press("Escape")
    side.wait_for(state="hidden")


def test_a_login_stands_before_the_page_where_one_is_set(browser: Browser) -> None:
    with serving(FakeAnswers().service(), port=0, login=Login("ada", "correct horse")) as url:
        page = browser.new_page()
        page.goto(url)
        for label, typed in (("username", "ada"), ("password", "correct horse")):
            page.get_by_label(label).fill(typed)
        page.get_by_role("button", name="Login").click()
        page.locator(".q-welcome").wait_for()
        page.close()


def test_a_follow_up_question_is_asked_by_a_click(url: str, open_tab: Open) -> None:
    tab = open_tab(url)
    tab.ask(SITUATION)
    tab.answered().get_by_role("button", name=DAM).click()
    assert "1.2 metres" in tab.answered(2).inner_text()
    assert tab.page.locator(".q-next").count() == 1, "only the newest answer suggests"
