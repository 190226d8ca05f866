"""The page: its components connected with what happens on their events.

Knows Gradio; knows answering only through `ChatService` and decides nothing about answers. Markup goes through Gradio's
HTML component, which shows it as it is: a chatbot component would run model text through Markdown and a sanitiser that
lets images pass. Gradio's session holds nothing at all: a tab's conversation is found by the name the tab tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from assistant.ui.conversations_panel import connect_conversations
from assistant.ui.events import AT_ONCE, IN_TURN, TELL_TAB
from assistant.ui.handlers import Handlers, tabs_of
from assistant.ui.layout import Frame, lay_out
from assistant.ui.library_panel import connect_library
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService


def build_page(
    service: ChatService, clock: Callable[[], float] = time.monotonic, relay: Relay | None = None
) -> gr.Blocks:
    """The page as Gradio blocks, not yet served. Closing `relay` ends all that it answers."""
    page = gr.Blocks(title="Quoth", analytics_enabled=False)
    with page:
        parts = lay_out(service)
        _connect(page, parts, Handlers(service, relay or Relay(service.ask), clock, tabs_of(service)))
    return page


def _connect(page: gr.Blocks, parts: Frame, handlers: Handlers) -> None:
    """Asking never waits; answering goes through the queue, one question at a time for the whole server."""
    frame: list[Any] = [parts.past, parts.live, parts.waiting, parts.status, parts.box]
    opening: list[Any] = [parts.welcome, parts.examples, *parts.buttons]
    asked = [parts.box, parts.welcome, parts.examples, parts.waiting, parts.status]

    def at_once(trigger: Any, handler: Any, outputs: Any, *given: Any, **more: Any) -> Any:
        return trigger(handler, [*given, parts.tab], outputs, js=TELL_TAB, **AT_ONCE, **more)

    lists = connect_conversations(page, parts, handlers.service, handlers.tabs, handlers.shown)

    def then_run(event: Any) -> None:
        lists(event.then(handlers.run, [parts.tab], frame, js=TELL_TAB, **IN_TURN))

    for trigger, text in [(parts.box.submit, parts.box), *((button.click, button) for button in parts.buttons)]:
        then_run(at_once(trigger, handlers.ask, asked, text, trigger_mode="multiple"))
    then_run(at_once(parts.shell.again, handlers.again, [parts.waiting, parts.status]))
    then_run(at_once(parts.shell.suggest, handlers.suggest, [parts.waiting, parts.status]))
    then_run(at_once(page.load, handlers.open, [*opening, *frame]))
    at_once(parts.box.stop, handlers.stop, None)
    lists(at_once(parts.shell.fresh, handlers.clear, [*opening, *frame]))
    at_once(parts.shell.edit, handlers.edit, [parts.box, parts.waiting])
    at_once(parts.shell.keep, handlers.keep, [parts.box, parts.waiting])
    at_once(parts.shell.withdraw, handlers.withdraw, parts.waiting)
    at_once(parts.shell.cite, handlers.cite, parts.reader)
    at_once(parts.shell.details, handlers.details, parts.reader)
    told = [parts.settings.strictness, parts.settings.evidence, parts.settings.answers]
    at_once(parts.shell.settings, handlers.settings, parts.settings.rest)
    inputs = [parts.settings.strictness.input, parts.settings.evidence.release, parts.settings.answers.input]
    changed = partial(gr.on, inputs)
    at_once(changed, handlers.prefer, None, *told, trigger_mode="always_last")
    at_once(page.load, handlers.preferred, told)
    connect_library(page, parts, handlers.service, handlers.tabs, handlers.greeting)
