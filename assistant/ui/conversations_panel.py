"""The side panel's list of conversations: its components and what happens on their events.

Knows Gradio, kept conversations and the tabs that show them; nothing of answering.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from assistant.conversations.questions import REASONS, REASONS_OF_ABSTAINING
from assistant.conversations.records import Found, Verdict
from assistant.errors import ConversationError
from assistant.ui import conversations_view as view
from assistant.ui.conversation import Conversation
from assistant.ui.events import AT_ONCE, TELL_TAB
from assistant.ui.exports import Exporter, Form, file_name
from assistant.ui.keeping import Keeper
from assistant.ui.pieces import trouble
from assistant.ui.tabs import Tabs

if TYPE_CHECKING:
    from assistant.ui.layout import Frame
    from assistant.ui.service import ChatService

_HERE = Path(__file__).parent
_ID = re.compile(r"[ce][0-9a-f]{12}")
_VERDICTS: dict[str, Verdict | None] = {"up": "up", "down": "down", "": None}
_TYPES: dict[Form, str] = {"html": "text/html", "markdown": "text/markdown", "json": "application/json"}
_LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class ConversationsPanel:
    """Its components: a box to search in, a line for what came of something, the list."""

    search: gr.Textbox
    notice: gr.HTML
    listed: gr.HTML


def lay_out_conversations(exporter: Exporter | None, kept: bool) -> ConversationsPanel:
    """The components, inside the tab that is being built."""

    def export_conversation(told: dict[str, str]) -> dict[str, str]:
        return exported(exporter, str(told.get("id")), str(told.get("form"))) if isinstance(told, dict) else {}

    search = gr.Textbox(
        label="Search conversations",
        show_label=False,
        container=False,
        placeholder="Search conversations",
        visible=kept,
        elem_classes="q-search",
    )
    notice = gr.HTML("", apply_default_css=False, js_on_load=None)
    listed = gr.HTML(
        "",
        apply_default_css=False,
        js_on_load=(_HERE / "conversations.js").read_text(encoding="utf-8"),
        server_functions=[export_conversation],
        elem_classes="q-conversations",
    )
    return ConversationsPanel(search, notice, listed)


def exported(exporter: Exporter | None, conversation_id: str, form: str) -> dict[str, str]:
    """A conversation as a file for the browser to save, or why there is none."""
    kind = next((known for known in _TYPES if known == form), None)
    if exporter is None or kind is None or not _ID.fullmatch(conversation_id):
        return {"failure": "There is no such conversation."}
    try:
        info = exporter.conversations.find(conversation_id)
        return {"name": file_name(info, kind), "type": _TYPES[kind], "content": exporter.content(info, kind)}
    except ConversationError as error:
        return {"failure": str(error)}


@dataclass(frozen=True, slots=True)
class ConversationsHandlers:
    """What happens on each event. `show` gives the values of the whole chat for a conversation."""

    keeper: Keeper
    tabs: Tabs
    show: Callable[[Conversation], list[Any]]

    def listing(self, query: str | None, tab: str) -> Any:
        """The list as it is now, held to what is searched."""
        current, query = self.keeper.place(self.tabs.conversation(tab)), query or ""
        try:
            kept = self.keeper.conversations
            found = kept.search(query) if query.strip() else [Found(info, "") for info in kept.recent()]
        except ConversationError as error:
            return view.conversations((), current, False, str(error))
        return view.conversations(found, current, bool(query.strip()), self.keeper.trouble)

    def reopen(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Show a kept conversation in this tab."""
        try:
            self._turn_to(tab, self.keeper.opened(_id(event)))
            notice = view.said("")
        except ConversationError as error:
            notice = trouble(str(error))
        return [notice, self.listing(query, tab), *self.show(self.tabs.conversation(tab))]

    def _turn_to(self, tab: str, conversation: Conversation) -> None:
        """What the tab showed is answered to its end and kept; the tab shows the other from now on."""
        self.tabs.show(tab, conversation)
        self.keeper.conversations.note_tab(tab, self.keeper.place(conversation))

    def retitle(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Call a conversation otherwise."""
        return self._done(query, tab, lambda: self.keeper.conversations.rename(_id(event), _text(event, "title")), "")

    def discard(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Delete a conversation; a tab that shows it begins anew."""
        try:
            info = self.keeper.conversations.find(_id(event))
            self.keeper.conversations.delete(info.id)
        except ConversationError as error:
            return [trouble(str(error)), self.listing(query, tab), *self.show(self.tabs.conversation(tab))]
        if self.keeper.place(self.tabs.conversation(tab)) == info.id:
            self._turn_to(tab, Conversation())
        notice = view.deleted(info.id, info.title)
        return [notice, self.listing(query, tab), *self.show(self.tabs.conversation(tab))]

    def bringback(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Undo a deletion."""
        return self._done(query, tab, lambda: self.keeper.conversations.restore(_id(event)), "It is back.")

    def told(self, query: str | None, tab: str, event: gr.EventData) -> list[Any]:
        """Show what the browser was told when a file could not be made."""
        return [trouble(_text(event, "failure")), self.listing(query, tab)]

    def _done(self, query: str | None, tab: str, change: Callable[[], None], said: str) -> list[Any]:
        try:
            change()
            notice = view.said(said)
        except ConversationError as error:
            notice = trouble(str(error))
        return [notice, self.listing(query, tab)]

    def judge(self, tab: str, event: gr.EventData) -> list[Any]:
        """Keep what a reader thinks of an answer and show that it was kept."""
        conversation = self.tabs.conversation(tab)
        told, number = _text(event, "verdict"), _text(event, "number")
        if told not in _VERDICTS or not (number.isascii() and number.isdigit() and len(number) < 9):
            return [gr.skip(), gr.skip()]
        known = {**REASONS, **REASONS_OF_ABSTAINING}
        reason = _text(event, "reason") if told == "down" and _text(event, "reason") in known else ""
        note = _text(event, "note")[:_LONGEST_NOTE] if told == "down" else ""
        failure = self.keeper.judge(conversation, int(number), _VERDICTS[told], reason, note)
        if not failure:
            conversation.judge(int(number), (told, reason, note) if told else None)
        conversation.warn(failure)
        return [conversation.past_markup(), conversation.live_markup()]


def connect_conversations(
    page: gr.Blocks, parts: Frame, service: ChatService, tabs: Tabs, show: Callable[[Conversation], list[Any]]
) -> Callable[[Any], Any]:
    """Connect the panel. Gives what lists anew after another event. Without a keeper the panel stays empty."""
    panel = parts.conversations
    if service.keeper is None:
        return lambda event: event
    handlers = ConversationsHandlers(service.keeper, tabs, show)
    chat: list[Any] = [
        *(parts.welcome, parts.examples, *parts.buttons),
        *(parts.past, parts.live, parts.waiting, parts.status, parts.box),
    ]
    given = [panel.search, parts.tab]
    sent: dict[str, Any] = AT_ONCE | {"js": TELL_TAB}

    def lists(event: Any) -> Any:
        return event.then(handlers.listing, given, panel.listed, **sent)

    panel.search.change(handlers.listing, given, panel.listed, trigger_mode="always_last", **sent)
    panel.listed.reopen(handlers.reopen, given, [panel.notice, panel.listed, *chat], **sent)
    panel.listed.discard(handlers.discard, given, [panel.notice, panel.listed, *chat], **sent)
    panel.listed.retitle(handlers.retitle, given, [panel.notice, panel.listed], **sent)
    panel.listed.bringback(handlers.bringback, given, [panel.notice, panel.listed], **sent)
    panel.listed.told(handlers.told, given, [panel.notice, panel.listed], **sent)
    panel.listed.judge(handlers.judge, [parts.tab], [parts.past, parts.live], **sent)
    page.load(handlers.listing, given, panel.listed, **sent)
    parts.live.turned(handlers.listing, given, panel.listed, trigger_mode="always_last", **sent)
    return lists


def _text(event: gr.EventData, name: str) -> str:
    """A text that the browser tells; "" for anything else."""
    told = event._data.get(name) if isinstance(event._data, dict) else None
    return told if isinstance(told, str) else ""


def _id(event: gr.EventData) -> str:
    """An id as our markup holds it. Raises ConversationError for anything else."""
    name = _text(event, "id")
    if not _ID.fullmatch(name):
        raise ConversationError("there is no such conversation")
    return name
