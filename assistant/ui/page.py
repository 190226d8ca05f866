"""The page: its components connected with what happens on their events.

Knows Gradio; knows answering only through `ChatService` and decides nothing about answers. Markup goes through Gradio's
HTML component, which shows it as it is: a chatbot component would run model text through Markdown and a sanitiser that
lets images pass. No model, index or thread lives in a session's state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gradio as gr

from assistant.ui.conversation import Conversation
from assistant.ui.handlers import Handlers
from assistant.ui.layout import Frame, lay_out
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService

COMMON: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE = COMMON | {"queue": False}
IN_TURN = COMMON | {"trigger_mode": "multiple", "concurrency_limit": 1, "concurrency_id": "answer"}


def build_page(service: ChatService, clock: Callable[[], float] = time.monotonic) -> gr.Blocks:
    """The page as Gradio blocks, not yet served."""
    page = gr.Blocks(title="Quoth", analytics_enabled=False)
    with page:
        parts = lay_out()
        _connect(page, parts, Handlers(service, Relay(service.ask), clock))
    return page


def _connect(page: gr.Blocks, parts: Frame, handlers: Handlers) -> None:
    """Asking never waits; answering goes through the queue, one question at a time for the whole server."""
    frame: list[Any] = [parts.past, parts.live, parts.waiting, parts.status, parts.box]
    opening: list[Any] = [parts.welcome, parts.examples, *parts.buttons]
    asked = [parts.box, parts.welcome, parts.examples, parts.waiting, parts.status]

    triggers = [(parts.box.submit, parts.box), *((button.click, button) for button in parts.buttons)]
    for trigger, text in triggers:
        trigger(handlers.ask, [text, parts.conversation], asked, trigger_mode="multiple", **AT_ONCE).then(
            handlers.run, parts.conversation, frame, **IN_TURN
        )
    parts.box.stop(Conversation.stop, parts.conversation, None, **AT_ONCE)
    parts.shell.fresh(handlers.clear, parts.conversation, [*frame, *opening], **AT_ONCE)
    page.load(handlers.open, None, opening, **AT_ONCE)
