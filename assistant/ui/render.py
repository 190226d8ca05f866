"""Exchanges → markup. Pure functions, no Gradio: what is shown where, and in which words.

Everything from articles, models and people goes through `markup`, as text. Element ids are built from numbers alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.types import Answer, Evidence, Period
from assistant.ui import judging
from assistant.ui.answers import abstention, cited_answer, raw_marker, unresolved, with_markers
from assistant.ui.exchange import Exchange
from assistant.ui.markup import NOTHING, Html, join, tag
from assistant.ui.pieces import control, count, fold, note, passages, when, with_code
from index.types import ArticleInfo

_UNFINISHED_MARKER = re.compile(r"[ \t]*\[[0-9,\s]*$")

UNCHECKED = "What was written so far has not been checked."
PROMISE = (
    "Answers come from your own articles only. Every sentence is cited and checked; where your articles are silent, "
    "you are told so."
)


# ── the frame ───────────────────────────────────────────────────────────────────────────────────────────────────────


def top_bar() -> Html:
    """The name and the page's own controls. `data-do` names what shell.js does on a click."""
    return tag(
        "header",
        control("Menu", "side", class_="q-bar-button"),
        tag("h1", "Quoth"),
        tag("span", class_="q-gap"),
        control(
            join(("New", tag("span", " conversation", class_="q-wide"))),
            "fresh",
            class_="q-bar-button",
            aria_label="New conversation",
        ),
        control("Settings", "settings", id="q-settings", class_="q-bar-button"),
        control("?", "help", id="q-help", class_="q-bar-button q-round", aria_label="Keyboard shortcuts"),
        shortcuts(),
        tag("div", id="q-pop", class_="q-pop", role="tooltip", hidden=""),
        class_="q-bar",
    )


KEYS = (
    ("Enter", "asks"),
    ("Shift + Enter", "starts a new line"),
    ("Esc", "closes what is open, then stops the answer"),
    ("/", "goes to the question box"),
    ("Tab", "goes from citation to citation; Enter opens one"),
    ("[ and ]", "the citation before and after, in an open article"),
    ("m", "opens or closes the menu"),
    ("n", "begins a new conversation"),
    ("?", "shows this list"),
)


def shortcuts() -> Html:
    """What the keyboard does, in a window of its own."""
    rows = join(join((tag("dt", tag("kbd", key)), tag("dd", does))) for key, does in KEYS)
    close = control("Close", "unhelp", class_="q-close")
    head = tag("div", tag("h2", "Keyboard", id="q-keys-title"), close, class_="q-head")
    return tag("dialog", head, tag("dl", rows), class_="q-dialog", id="q-keys", aria_labelledby="q-keys-title")


# ── the page before the first question ──────────────────────────────────────────────────────────────────────────────


def welcome(articles: Sequence[ArticleInfo]) -> Html:
    """What this is and what it has read, or how to give it something to read."""
    return tag(
        "div",
        tag("h2", "What would you like to know?"),
        tag("p", PROMISE),
        holdings(articles) if articles else empty_index(),
        class_="q-welcome",
    )


def holdings(articles: Sequence[ArticleInfo]) -> Html:
    """How many articles there are, and from when."""
    dates = sorted(article.published for article in articles if article.published is not None)
    span = join(("dated ", when(dates[0]), " to ", when(dates[-1]))) if dates else "of unknown date"
    return tag("p", count(len(articles), "article"), " indexed, ", span, ".", class_="q-holdings")


def empty_index() -> Html:
    """The honest word when there is nothing to search."""
    return tag(
        "div",
        tag("p", tag("strong", "Nothing is indexed yet"), ", so no question can be answered."),
        tag("p", "Add files in the library at the side, or a file or a folder in a terminal:"),
        tag("pre", tag("code", "quoth add PATH")),
        class_="q-empty",
    )


def waiting(questions: Sequence[tuple[int, str]]) -> Html:
    """The questions whose turn has not come, by number."""
    rows = join(_waiting(number, question) for number, question in questions)
    return tag("ul", rows, class_="q-waiting", aria_label="Questions waiting their turn") if questions else NOTHING


def _waiting(number: int, question: str) -> Html:
    out = control("Remove", "withdraw", data_number=str(number), class_="q-quiet-button")
    return tag("li", tag("span", "Waiting its turn", class_="q-tag"), tag("bdi", question, class_="q-waits"), out)


def editing() -> Html:
    """Said while the next question will take the newest one's place."""
    said = tag("span", "Your next question replaces the last one.", class_="q-waits")
    keep = control("Keep the last one", "keep", class_="q-quiet-button")
    return tag("ul", tag("li", said, keep), class_="q-waiting q-editing")


# ── one exchange ────────────────────────────────────────────────────────────────────────────────────────────────────


def exchange(view: Exchange, newest: bool = False) -> Html:
    """A question with whatever there is of its answer; the newest can be asked again."""
    name = f"q-{view.number}"
    return tag(
        "article",
        tag("h2", view.question, class_="q-question", dir="auto", id=f"{name}-question"),
        body(view, name),
        judging.bar(view),
        None if view.running else actions(view, name, newest),
        suggested(view.follow_ups) if newest else None,
        class_=f"q-exchange q-{view.stage}",
        id=name,
        tabindex="-1",
        aria_labelledby=f"{name}-question",
    )


def suggested(questions: Sequence[str]) -> Html:
    """Questions that go on from the newest answer and that the articles can answer."""
    if not questions:
        return NOTHING
    rows = (
        tag("li", control(question, "suggest", class_="q-example", data_number=str(number), dir="auto"))
        for number, question in enumerate(questions, 1)
    )
    return tag("section", tag("h3", "Ask next"), tag("ul", join(rows), class_="q-next", role="list"))


def actions(view: Exchange, name: str, newest: bool) -> Html:
    """What can be done with a question that is over; only the newest can be asked again."""
    again = (control("Ask again", "again"), control("Edit the question", "edit")) if newest else ()
    how = control("How it came about", "details", id=f"{name}-how", data_exchange=str(view.number))
    shown = (*again, how) if view.answer is not None else again
    return tag("p", *shown, class_="q-actions") if shown else NOTHING


def body(view: Exchange, name: str) -> Html:
    """What stands under the question at each stage."""
    if view.failure is not None:
        return broken_off(view, name)
    if view.answer is not None:
        return answered(view.answer, name)
    if view.stage == "stopped":
        return stopped(view, name)
    if view.stage == "writing":
        return join((progress("Writing", view.seconds), draft(view.raw_text), found(view.evidence, name, folded=True)))
    if view.stage == "reading":
        reading = f"Reading {count(len(view.evidence), 'passage')}" if view.evidence else "No passage found so far"
        return join((progress(reading, view.seconds), found(view.evidence, name, folded=False)))
    return progress("Searching your articles", view.seconds)


def status(view: Exchange) -> str:
    """One plain sentence for people who listen to the page."""
    if view.answer is not None and view.answer.abstained:
        return "Your sources do not answer this."
    if view.answer is not None:
        cited = count(len(view.answer.citations), "citation")
        return f"Answer ready: {count(len(view.answer.claims), 'sentence')}, {cited}."
    return {
        "searching": "Searching your articles.",
        "reading": f"Found {count(len(view.evidence), 'passage')}; reading.",
        "writing": "Writing the answer.",
        "stopped": "Stopped.",
        "failed": "This question could not be answered.",
        "answered": "",
    }[view.stage]


def keys() -> Html:
    """What the keyboard does, shown until there is something to report."""
    return tag("p", "Enter asks · Shift + Enter starts a new line · ? shows all keys", class_="q-keys")


def report(view: Exchange | None) -> Html:
    """The line under the question box: the stage of the newest exchange, or the keys before there is one."""
    return keys() if view is None else status_line(status(view))


def status_line(sentence: str) -> Html:
    """The page's one live region: it speaks when the stage changes, never for each word."""
    return tag("p", sentence, role="status", aria_live="polite")


def in_line() -> Html:
    """Said while another answer has to end first."""
    return status_line("Your question is in line.")


def progress(doing: str, seconds: float) -> Html:
    """What is being done, and for how long, so that a long silence is not mistaken for the end."""
    clock = tag("span", f"{seconds:.0f} s", class_="q-clock") if seconds >= 1 else None
    return tag("p", tag("span", class_="q-pulse"), doing, " ", clock, class_="q-progress", aria_hidden="true")


def draft(raw_text: str) -> Html:
    """The model's text as it comes; a marker that is still being written is held back."""
    settled = _UNFINISHED_MARKER.sub("", raw_text)
    return tag("div", with_markers(settled, raw_marker), class_="q-answer q-draft", dir="auto")


def found(evidence: Sequence[Evidence], name: str, folded: bool) -> Html:
    """The passages, open while there is nothing else to read."""
    if not evidence:
        return NOTHING
    if folded:
        return fold(f"Found: {count(len(evidence), 'passage')}", passages(evidence), f"{name}-found")
    return tag("section", tag("h3", "Found so far"), passages(evidence), class_="q-found")


def failed(message: str) -> Html:
    """The message of an error, readable in the answer's place."""
    return tag(
        "div",
        tag("p", tag("strong", "This question could not be answered")),
        tag("p", with_code(message), class_="q-message", dir="auto"),
        class_="q-error",
        role="alert",
    )


def broken_off(view: Exchange, name: str) -> Html:
    """What had come before an error, and the error where the answer would go on."""
    written = join((draft(view.raw_text), note(UNCHECKED))) if view.raw_text else None
    return join((written, failed(view.failure or ""), found(view.evidence, name, folded=True)))


def stopped(view: Exchange, name: str) -> Html:
    """What had come before somebody stopped it."""
    said = UNCHECKED if view.raw_text else "Nothing had been written yet."
    text_so_far = draft(view.raw_text) if view.raw_text else NOTHING
    return join((text_so_far, note(f"Stopped. {said}"), found(view.evidence, name, folded=True)))


# ── an answer ───────────────────────────────────────────────────────────────────────────────────────────────────────


def answered(answer: Answer, name: str) -> Html:
    """A cited answer or an abstention."""
    main = abstention(answer, name) if answer.abstained else cited_answer(answer, name)
    return join((main, looked_at(answer.period), unresolved(answer.unresolved), aside(answer.set_aside, name)))


def aside(pieces: Sequence[Evidence], name: str) -> Html:
    """What the articles order their reader to do, which the model was not shown."""
    if not pieces:
        return NOTHING
    title = f"Kept from the model: {count(len(pieces), 'sentence')} that gives orders"
    return fold(title, passages(pieces), f"{name}-aside")


def looked_at(period: Period | None) -> Html:
    """Where the question's time made Quoth look."""
    return tag("p", period.note, class_="q-note") if period else NOTHING
