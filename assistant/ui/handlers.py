"""What happens on each event of the page; every method returns values for the outputs it is connected with.

Knows answering only through `ChatService`, and Gradio only as updates of components. Each event tells the name of its
tab; what else it tells comes from the page's own markup, and is believed to be numbers at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.conversations.records import digest_of
from assistant.errors import AssistantError
from assistant.types import Answer
from assistant.ui import details, reading, render, settings_panel
from assistant.ui.conversation import Conversation
from assistant.ui.layout import EXAMPLES
from assistant.ui.markup import Html
from assistant.ui.pieces import openable, trouble
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService, answer
from assistant.ui.tabs import Tabs
from index.errors import IndexingError


@dataclass(frozen=True, slots=True)
class Handlers:
    """The page's behaviour over one service."""

    service: ChatService
    relay: Relay
    clock: Callable[[], float]
    tabs: Tabs

    # ── opening and asking ──────────────────────────────────────────────────────────────────────────────────────────

    def open(self, tab: str) -> list[Any]:
        """The tab's conversation where it has one; otherwise what a newcomer reads."""
        return self.shown(self.tabs.conversation(tab))

    def shown(self, kept: Conversation) -> list[Any]:
        """The whole chat as a conversation leaves it."""
        return [*(_no_greeting() if kept.started else self._greeting()), *frame(kept)]

    def greeting(self, tab: str) -> list[Any]:
        """What a newcomer reads, as the library is now; nothing changes once something was asked."""
        if self.tabs.conversation(tab).started:
            return [gr.skip() for _ in _no_greeting()]
        return self._greeting()

    def _greeting(self) -> list[Any]:
        try:
            articles = self.service.articles()
            examples = self.service.examples() if articles else ()
        except (AssistantError, IndexingError) as error:
            return [gr.update(value=trouble(str(error)), visible=True), *_examples(())]
        return [gr.update(value=render.welcome(articles), visible=True), *_examples(examples)]

    def ask(self, text: str, tab: str) -> list[Any]:
        """Put the question in line and empty the box."""
        kept = self.tabs.conversation(tab)
        kept.ask(text)
        greeting = gr.update(visible=False) if kept.started else gr.skip()
        return ["" if text.strip() else gr.skip(), greeting, greeting, kept.waiting_markup(), kept.status_markup()]

    def run(self, tab: str) -> Iterator[list[Any]]:
        """Answer all that is in line, frame by frame.

        Not only the question that triggered it: should Gradio ever lose an event, its question is not left behind. A
        run that finds nothing to do still gives a frame, because Gradio would blank every output otherwise.
        """
        kept = self.tabs.conversation(tab)
        while kept.waits:
            for _ in answer(self.service, self.relay, kept, self.clock):
                yield self._frame(kept, tab)
            yield self._frame(kept, tab)
            if self.service.keeper is not None:
                kept.warn(self.service.keeper.keep(kept, tab if self._is_shown(kept, tab) else ""))
        yield self._frame(kept, tab)

    def _is_shown(self, kept: Conversation, tab: str) -> bool:
        return self.tabs.conversation(tab) is kept

    def _frame(self, kept: Conversation, tab: str) -> list[Any]:
        """How the conversation stands; nothing changes while the tab shows another one."""
        told = frame(kept)
        return told if self._is_shown(kept, tab) else [gr.skip() for _ in told]

    def stop(self, tab: str) -> None:
        """End what is being answered."""
        self.tabs.conversation(tab).stop()

    def suggest(self, tab: str, event: gr.EventData) -> list[Any]:
        """Ask one of the follow-up questions under the newest answer."""
        kept = self.tabs.conversation(tab)
        offered = kept.live.follow_ups if kept.live is not None else ()
        nth = _number(event, "number") - 1
        if 0 <= nth < len(offered):
            kept.ask(offered[nth])
        return [kept.waiting_markup(), kept.status_markup()]

    def again(self, tab: str) -> list[Any]:
        """Put the newest question in line once more."""
        kept = self.tabs.conversation(tab)
        kept.again()
        return [kept.waiting_markup(), kept.status_markup()]

    def edit(self, tab: str) -> list[Any]:
        """The newest question back into the box."""
        kept = self.tabs.conversation(tab)
        return [kept.edit() or gr.skip(), kept.waiting_markup()]

    def keep(self, tab: str) -> list[Any]:
        """Leave the newest question as it is after all."""
        kept = self.tabs.conversation(tab)
        kept.keep()
        return ["", kept.waiting_markup()]

    def withdraw(self, tab: str, event: gr.EventData) -> Html:
        """Take a waiting question out of the line."""
        kept = self.tabs.conversation(tab)
        kept.withdraw(_number(event, "number"))
        return kept.waiting_markup()

    def clear(self, tab: str) -> list[Any]:
        """Begin another conversation and greet again. What was said in this one so far stays kept."""
        kept, fresh = self.tabs.conversation(tab), Conversation()
        kept.leave()
        self.tabs.show(tab, fresh)
        if self.service.keeper is not None:
            self.service.keeper.left(tab)
        return self.shown(fresh)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def cite(self, tab: str, event: gr.EventData) -> Any:
        """The article a citation quotes, for the panel beside the chat."""
        exchange, number = _number(event, "exchange"), _number(event, "citation")
        answer = _answer(self.tabs.conversation(tab), exchange)
        citations = openable(answer) if answer is not None else ()
        followed = next((c for c in citations if c.number == number), None)
        if answer is None or followed is None:
            return gr.skip()
        same = [c for c in citations if c.article_id == followed.article_id]
        try:
            resolved = {c.number: self.service.resolve(c, digest_of(answer, c)) for c in same}
            indexed = self.service.article(followed.article_id) is not None
            return reading.opened(resolved, indexed, same, number, exchange, quoted=not answer.abstained)
        except (AssistantError, IndexingError) as error:
            return trouble(str(error))

    def details(self, tab: str, event: gr.EventData) -> Any:
        """How an answer came about, for the panel beside the chat."""
        found = self.tabs.conversation(tab).exchange(_number(event, "exchange"))
        return details.panel(found.answer) if found is not None and found.answer is not None else gr.skip()

    def settings(self, tab: str) -> Html:
        """What is in force."""
        kept = self.tabs.conversation(tab)
        last = next((one.answer for one in reversed(kept.exchanges) if one.answer is not None), None)
        return settings_panel.rest(self.service.about(), last)

    def preferred(self, tab: str) -> list[Any]:
        """What the tab's questions are asked with. Told once, as the page opens: told later it could undo a change."""
        return settings_panel.values(self.tabs.conversation(tab).preferences)

    def prefer(self, strictness: Any, tokens: Any, answers: Any, tab: str) -> None:
        """Ask the tab's next questions so."""
        self.tabs.conversation(tab).prefer(settings_panel.preferred(strictness, tokens, answers))


def tabs_of(service: ChatService) -> Tabs:
    """The tabs of a page; with a keeper they find what they showed before a restart."""
    preferences = service.about().preferences
    return Tabs(preferences, begin=service.keeper.of_tab) if service.keeper is not None else Tabs(preferences)


def frame(kept: Conversation) -> list[Any]:
    """Everything that changes while questions are answered: past, live, waiting, status, box."""
    buttons = gr.update(submit_btn=False, stop_btn="Stop") if kept.busy else gr.update(submit_btn="Ask", stop_btn=False)
    return [kept.past_markup(), kept.live_markup(), kept.waiting_markup(), kept.status_markup(), buttons]


def _answer(kept: Conversation, exchange: int) -> Answer | None:
    found = kept.exchange(exchange)
    return found.answer if found is not None else None


def _no_greeting() -> list[Any]:
    return [gr.update(visible=False), *_examples(())]


def _examples(questions: tuple[str, ...]) -> list[Any]:
    """The column of examples, then each of its buttons."""
    shown = [gr.update(value=question, visible=True) for question in questions[:EXAMPLES]]
    hidden = [gr.update(visible=False) for _ in range(EXAMPLES - len(shown))]
    return [gr.update(visible=bool(shown)), *shown, *hidden]


def _number(event: gr.EventData, name: str) -> int:
    """A number the page's markup holds; 0, which nothing has, for anything else."""
    told = event._data.get(name) if isinstance(event._data, dict) else None
    return int(told) if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 9 else 0
