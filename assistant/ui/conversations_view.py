"""Kept conversations → the markup of their list. Pure functions; knows no Gradio."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assistant.conversations.records import Found
from assistant.ui.markup import NOTHING, Html, join, tag
from assistant.ui.pieces import control, count, note, trouble

FORMS = {"html": "Evidence file (HTML)", "markdown": "Markdown", "json": "JSON"}
LISTED = 200


def conversations(found: Sequence[Found], current: str | None, searched: bool, warning: str = "") -> Html:
    """The list, the newest first, with what can be done with each."""
    rows = join(_conversation(one, one.conversation.id == current) for one in found[:LISTED])
    told = None
    if not found:
        told = note("No conversation holds all these words." if searched else "What you ask is kept here.")
    elif len(found) > LISTED:
        told = note(f"{len(found) - LISTED} more; search to find them.")
    return join((trouble(warning) if warning else None, tag("ul", rows, class_="q-list", role="list"), told))


def _conversation(found: Found, current: bool) -> Html:
    info = found.conversation
    asked = tag("span", count(info.exchanges, "question"), class_="q-whole")
    title = tag(
        "button",
        tag("bdi", info.title, class_="q-item-title"),
        tag("span", _moment(info.changed), " · ", asked, class_="q-item-more"),
        tag("span", found.snippet, class_="q-item-snippet", dir="auto") if found.snippet else None,
        type="button",
        class_="q-item",
        data_do="reopen",
        data_id=info.id,
        aria_current="true" if current else None,
    )
    return tag("li", title, _menu(info.id, info.title))


def _menu(name: str, title: str) -> Html:
    box = f"q-title-{name}"
    exports = (control(label, "export", data_id=name, data_form=form) for form, label in FORMS.items())
    return tag(
        "details",
        tag("summary", "⋯", aria_label=f"More about {title}"),
        tag(
            "div",
            tag("label", "Title", for_=box),
            tag("input", id=box, value=title, maxlength="200", data_id=name, class_="q-title-box"),
            control("Rename", "retitle", data_id=name),
            tag("p", "Export as"),
            *exports,
            control("Delete", "discard", data_id=name, class_="q-danger"),
            class_="q-menu",
        ),
        id=f"q-menu-{name}",
    )


def _moment(moment: datetime) -> Html:
    """A day and a time of day; the page writes it as the reader does."""
    return tag("time", f"{moment:%Y-%m-%d %H:%M}", data_moment=moment.isoformat())


def deleted(name: str, title: str) -> Html:
    """Said after a conversation was deleted, with the way back."""
    undo = control("Undo", "bringback", data_id=name, class_="q-quiet-button")
    return tag("p", "Deleted “", tag("bdi", title), "”. ", undo, class_="q-notice", role="status")


def said(sentence: str) -> Html:
    """What came of something, in a word."""
    return tag("p", sentence, class_="q-notice", role="status") if sentence else NOTHING
