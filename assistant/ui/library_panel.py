"""The side panel's library: its components and what happens on their events.

Knows Gradio, the library at work and the tabs whose search it narrows; nothing of answering.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.library import Library
from assistant.ui import library_view as view
from assistant.ui import reading
from assistant.ui.events import AT_ONCE, TELL_TAB
from assistant.ui.markup import NOTHING, join
from assistant.ui.pieces import trouble
from assistant.ui.tabs import Tabs
from index.errors import IndexingError
from index.types import ArticleInfo, Filters, SourceStatus

if TYPE_CHECKING:
    from assistant.ui.layout import Frame
    from assistant.ui.service import ChatService

_HERE = Path(__file__).parent
_ID = re.compile(r"[\w:-]{1,64}")
_SECONDS = 0.7
"""How often a page looks how far the work is, while there is some."""


@dataclass(frozen=True, slots=True)
class LibraryPanel:
    """Its components, from top to bottom; `timer` ticks while something is being done."""

    files: gr.File
    address: gr.Textbox
    jobs: gr.HTML
    filters: gr.HTML
    search: gr.Textbox
    listed: gr.HTML
    timer: gr.Timer


def lay_out_library(library: Library | None) -> LibraryPanel:
    """The components, inside the tab that is being built."""
    web = library is not None and library.takes_addresses
    return LibraryPanel(
        files=gr.File(
            label="Add files",
            file_count="multiple",
            height=84,
            visible=library is not None,
            elem_classes="q-files",
        ),
        address=gr.Textbox(
            label="Add a web page",
            placeholder="https://…",
            submit_btn="Fetch",
            max_lines=1,
            visible=web,
            elem_classes="q-address",
        ),
        jobs=gr.HTML("", apply_default_css=False, js_on_load=None),
        filters=gr.HTML("", apply_default_css=False, js_on_load=None),
        search=gr.Textbox(
            label="Search the library",
            show_label=False,
            container=False,
            placeholder="Search titles and sources",
            elem_classes="q-search",
        ),
        listed=gr.HTML(
            "",
            apply_default_css=False,
            js_on_load=(_HERE / "library.js").read_text(encoding="utf-8"),
            elem_classes="q-library",
        ),
        timer=gr.Timer(_SECONDS, active=False),
    )


@dataclass(frozen=True, slots=True)
class LibraryHandlers:
    """What happens on each event."""

    service: ChatService
    tabs: Tabs
    greet: Callable[[str], list[Any]]

    @property
    def library(self) -> Library | None:
        return self.service.library

    def standing(self, query: str | None, tab: str) -> list[Any]:
        """Work, filters, list, scope, and whether to look again soon."""
        try:
            listed: Sequence[ArticleInfo] = self.service.articles()
            problem = NOTHING
        except (AssistantError, IndexingError) as error:
            listed, problem = (), trouble(str(error))
        filters = self.tabs.conversation(tab).filters
        jobs = view.jobs(self.library.jobs()) if self.library else NOTHING
        busy = self.library is not None and self.library.busy
        statuses = self._statuses()
        found = view.articles(listed, query, view.states(statuses), self.library is not None)
        shown = problem or join((found, view.unread(statuses)))
        boxes = view.filtering(listed, filters) if listed else NOTHING
        return [jobs, boxes, shown, view.scope(listed, filters), gr.update(active=busy)]

    def _statuses(self) -> Sequence[SourceStatus]:
        try:
            return self.service.statuses()
        except (AssistantError, IndexingError):  # where there is no index yet, no file stands to it
            return ()

    def tick(self, query: str | None, tab: str) -> list[Any]:
        """While something is being done only that is drawn anew; at its end, all of it."""
        if self.library is not None and self.library.busy:
            jobs = view.jobs(self.library.jobs())
            return [jobs, *(gr.skip() for _ in range(4)), *(gr.skip() for _ in self.greet(tab))]
        return [*self.standing(query, tab), *self.greet(tab)]

    def add(self, files: Sequence[str] | None, query: str | None, tab: str) -> list[Any]:
        """Have files indexed. Gradio has checked that it took them in itself; its copies go once ours are made."""
        given = [Path(file) for file in files or ()]
        if self.library is not None and given:
            self.library.add_files([(file, file.name) for file in given], lambda: _forget(given))
        return [None, *self.standing(query, tab)]

    def fetch(self, address: str, query: str | None, tab: str) -> list[Any]:
        """Have a web page fetched."""
        if self.library is not None and self.library.takes_addresses and address.strip():
            self.library.add_page(address.strip())
        return ["", *self.standing(query, tab)]

    def takeout(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Remove an article."""
        name = _text(event, "id")
        info = next((one for one in self.service.articles() if one.id == name), None)
        if self.library is not None and info is not None:
            self.library.remove(info)
        return self.standing(query, tab)

    def undo(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Put back what was removed."""
        if self.library is not None:
            self.library.undo(_number(event))
        return self.standing(query, tab)

    def dismiss(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Show a finished job no longer."""
        if self.library is not None:
            self.library.dismiss(_number(event))
        return self.standing(query, tab)

    def narrow(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Hold the search of this tab to sources and dates."""
        told = event._data if isinstance(event._data, dict) else {}
        known = {one.source for one in self.service.articles()}
        given = told.get("sources")
        sources = tuple(name for name in given if name in known) if isinstance(given, list) else ()
        filters = Filters(_day(told.get("since")), _day(told.get("until")), sources)
        self.tabs.conversation(tab).narrow(filters)
        return self.standing(query, tab)

    def read(self, event: gr.EventData) -> Any:
        """An article for the panel beside the chat."""
        name = _text(event, "id")
        try:
            article = self.service.article(name) if _ID.fullmatch(name) else None
        except (AssistantError, IndexingError) as error:
            return trouble(str(error))
        if article is None:
            return trouble("This article is not in the index any more.")
        return reading.article_alone(article)


def connect_library(
    page: gr.Blocks, parts: Frame, service: ChatService, tabs: Tabs, greet: Callable[[str], list[Any]]
) -> None:
    """Connect the panel; `greet` gives anew what a newcomer reads, where nothing was asked in the tab yet."""
    panel, handlers = parts.library, LibraryHandlers(service, tabs, greet)
    given: list[Any] = [panel.search, parts.tab]
    standing: list[Any] = [panel.jobs, panel.filters, panel.listed, parts.scope, panel.timer]
    opening: list[Any] = [parts.welcome, parts.examples, *parts.buttons]
    sent: dict[str, Any] = AT_ONCE | {"js": TELL_TAB}

    page.load(handlers.standing, given, standing, **sent)
    panel.timer.tick(handlers.tick, given, [*standing, *opening], **sent)
    panel.search.change(handlers.standing, given, standing, trigger_mode="always_last", **sent)
    panel.files.upload(handlers.add, [panel.files, *given], [panel.files, *standing], **sent)
    panel.address.submit(handlers.fetch, [panel.address, *given], [panel.address, *standing], **sent)
    for event, handler in (
        (panel.listed.takeout, handlers.takeout),
        (panel.listed.undo, handlers.undo),
        (panel.listed.dismiss, handlers.dismiss),
        (panel.listed.narrow, handlers.narrow),
    ):
        event(handler, given, standing, trigger_mode="multiple", **sent)
    panel.listed.read(handlers.read, None, parts.reader, **AT_ONCE)


def _forget(files: Sequence[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _text(event: gr.EventData, name: str) -> str:
    told = event._data.get(name) if isinstance(event._data, dict) else None
    return told if isinstance(told, str) else ""


def _number(event: gr.EventData) -> int:
    told = _text(event, "number")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0


def _day(told: object) -> date | None:
    """A day as a date box tells it; None for anything else."""
    try:
        return date.fromisoformat(told) if isinstance(told, str) and told else None
    except ValueError:
        return None
