"""What happens on each event of the page; every method returns values for the outputs it is connected with.

Knows answering only through `ChatService`, and Gradio only as updates of components.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.ui import render
from assistant.ui.conversation import Conversation
from assistant.ui.layout import EXAMPLES
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService, answer
from index.errors import IndexingError


@dataclass(frozen=True, slots=True)
class Handlers:
    """The page's behaviour over one service."""

    service: ChatService
    relay: Relay
    clock: Callable[[], float]

    def open(self) -> list[Any]:
        """What a newcomer reads, and examples where there is anything to ask about."""
        try:
            articles = self.service.articles()
            examples = self.service.examples() if articles else ()
        except (AssistantError, IndexingError) as error:
            return [gr.update(value=render.trouble(str(error)), visible=True), *_examples(())]
        return [gr.update(value=render.welcome(articles), visible=True), *_examples(examples)]

    def ask(self, text: str, kept: Conversation) -> list[Any]:
        """Put the question in line and empty the box."""
        kept.ask(text)
        greeting = gr.update(visible=False) if kept.started else gr.skip()
        return ["" if text.strip() else gr.skip(), greeting, greeting, kept.waiting_markup(), kept.status_markup()]

    def run(self, kept: Conversation) -> Iterator[list[Any]]:
        """Answer all that is in line, frame by frame.

        Not only the question that triggered it: should Gradio ever lose an event, its question is not left behind. A
        run that finds nothing to do still gives a frame, because Gradio would blank every output otherwise.
        """
        while kept.waits:
            for _ in answer(self.service, self.relay, kept, self.clock):
                yield frame(kept)
        yield frame(kept)

    def clear(self, kept: Conversation) -> list[Any]:
        """Forget the conversation and greet again."""
        kept.clear()
        return [*frame(kept), *self.open()]


def frame(kept: Conversation) -> list[Any]:
    """Everything that changes while questions are answered: past, live, waiting, status, box."""
    buttons = gr.update(submit_btn=False, stop_btn="Stop") if kept.busy else gr.update(submit_btn="Ask", stop_btn=False)
    return [kept.past_markup(), kept.live_markup(), kept.waiting_markup(), kept.status_markup(), buttons]


def _examples(questions: tuple[str, ...]) -> list[Any]:
    """The column of examples, then each of its buttons."""
    shown = [gr.update(value=question, visible=True) for question in questions[:EXAMPLES]]
    hidden = [gr.update(visible=False) for _ in range(EXAMPLES - len(shown))]
    return [gr.update(visible=bool(shown)), *shown, *hidden]
