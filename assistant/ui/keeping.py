"""The page's conversations and those on disk: what is over is kept, what was kept is opened again.

Knows exchanges and records; no Gradio and no markup. Keeping compares: what a conversation shows and is not kept yet
is appended, what it shows no longer is withdrawn. So it can be done at any time and again, and a failure (a full disk)
is mended by the next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary, WeakValueDictionary

from assistant.conversations.records import Feedback, Kept, Record, Surroundings, Verdict, surroundings_of, texts_of
from assistant.conversations.store import Conversations
from assistant.errors import ConversationError
from assistant.ui.conversation import Conversation
from assistant.ui.exchange import Exchange
from index.errors import IndexingError
from index.types import Article

log = logging.getLogger(__name__)

Refer = Callable[[str, Iterable[tuple[str, str]]], object]
"""Keep the texts, each (article id, digest), that a conversation cites, whatever becomes of their articles."""


@dataclass(slots=True)
class _Place:
    """Where a conversation is kept, and each of its exchanges, by number."""

    conversation_id: str | None = None
    exchanges: dict[int, str] = field(default_factory=dict)


class Keeper:
    """Keeps conversations. `trouble` says why they are kept in memory only, "" where they are on disk."""

    def __init__(
        self,
        conversations: Conversations,
        article: Callable[[str], Article | None],
        refer: Refer,
        clock: Callable[[], datetime],
        trouble: str = "",
    ) -> None:
        self.conversations = conversations
        self.trouble = trouble
        self._article = article
        self._refer = refer
        self._clock = clock
        self._lock = threading.RLock()
        self._places: WeakKeyDictionary[Conversation, _Place] = WeakKeyDictionary()
        self._opened: WeakValueDictionary[str, Conversation] = WeakValueDictionary()

    def of_tab(self, tab: str) -> Conversation:
        """What a tab showed last, or a new conversation. One that cannot be read is no reason to show no page."""
        try:
            found = self.conversations.of_tab(tab)
            return self.opened(found) if found else Conversation()
        except ConversationError as error:
            log.warning("a tab's conversation was not opened: %s", error)
            return Conversation()

    def left(self, tab: str) -> None:
        """A tab begins anew."""
        try:
            self.conversations.note_tab(tab, None)
        except ConversationError as error:
            log.warning("a tab's conversation was not forgotten: %s", error)

    def opened(self, conversation_id: str) -> Conversation:
        """A kept conversation; the same one for everyone who has it open. Raises ConversationError."""
        with self._lock:
            shared = self._opened.get(conversation_id)
            if shared is not None:
                return shared
            kept = self.conversations.exchanges(conversation_id)
            if not kept:
                raise ConversationError("this conversation was deleted meanwhile")
            conversation = Conversation([exchange_of(one) for one in kept])
            self._places[conversation] = _Place(conversation_id, {one.ordinal: one.id for one in kept})
            self._opened[conversation_id] = conversation
            return conversation

    def place(self, conversation: Conversation) -> str | None:
        """The id under which a conversation is kept."""
        with self._lock:
            return self._place(conversation).conversation_id

    def _place(self, conversation: Conversation) -> _Place:
        return self._places.setdefault(conversation, _Place())

    def keep(self, conversation: Conversation, tab: str = "") -> str:
        """Bring what is kept of a conversation in line with it. The reason why that failed, "" if it did not."""
        with self._lock:
            try:
                self._keep(conversation, tab)
            except ConversationError as error:
                return f"This answer could not be kept and will be lost with the page: {error}"
            return ""

    def _keep(self, conversation: Conversation, tab: str) -> None:
        place = self._place(conversation)
        shown = {exchange.number: exchange for exchange in conversation.exchanges if not exchange.running}
        replaced = (
            () if conversation.busy or not shown else tuple(number for number in place.exchanges if number not in shown)
        )
        for number in replaced:
            self.conversations.withdraw(place.exchanges.pop(number))
        for number, exchange in shown.items():
            if number not in place.exchanges:
                self._append(conversation, place, exchange)
        if tab and place.conversation_id:
            self.conversations.note_tab(tab, place.conversation_id)

    def _append(self, conversation: Conversation, place: _Place, exchange: Exchange) -> None:
        record = self._record(exchange)
        kept = self.conversations.append(record, place.conversation_id)
        place.conversation_id = kept.conversation_id
        place.exchanges[exchange.number] = kept.id
        self._opened[kept.conversation_id] = conversation
        try:
            self._refer(kept.conversation_id, texts_of(record))
        except IndexingError as error:  # the surroundings of every quote are kept anyway
            log.warning("the texts of an answer are not kept for it: %s", error)

    def _record(self, exchange: Exchange) -> Record:
        answer = exchange.answer
        return Record(
            question=exchange.question,
            asked=self._clock() - timedelta(seconds=exchange.seconds),
            outcome="answered" if answer else "failed" if exchange.failure is not None else "stopped",
            answer=answer,
            evidence=() if answer else exchange.evidence,
            written="" if answer else exchange.raw_text,
            failure=exchange.failure,
            surroundings=self._surroundings(exchange),
            filters=exchange.filters,
        )

    def _surroundings(self, exchange: Exchange) -> dict[int, Surroundings]:
        found = {}
        for citation in exchange.answer.citations if exchange.answer else ():
            try:
                article = self._article(citation.article_id)
            except IndexingError as error:
                log.info("no surroundings for citation %d: %s", citation.number, error)
                continue
            if article is not None and article.text[citation.start : citation.end] == citation.quote:
                found[citation.number] = surroundings_of(article.text, citation.start, citation.end)
        return found

    def judge(self, conversation: Conversation, number: int, verdict: Verdict | None, reason: str, note: str) -> str:
        """Keep a reader's judgement beside an answer, None to take it back. Why that failed, "" if it did not."""
        with self._lock:
            failure = self.keep(conversation)
            kept = self._place(conversation).exchanges.get(number)
            if failure or kept is None:
                return failure or "this answer is not kept, so nothing can be noted beside it"
            try:
                feedback = Feedback(verdict, reason, note, self._clock()) if verdict else None
                self.conversations.judge(kept, feedback)
            except ConversationError as error:
                return str(error)
            return ""


def exchange_of(kept: Kept) -> Exchange:
    """A kept question as the page shows it."""
    record = kept.record
    shown = Exchange(
        number=kept.ordinal,
        question=record.question,
        stage=record.outcome,
        query=record.answer.query if record.answer else "",
        evidence=record.answer.evidence if record.answer else record.evidence,
        raw_text=record.answer.raw_text if record.answer else record.written,
        answer=record.answer,
        failure=record.failure,
        filters=record.filters,
    )
    feedback = kept.feedback
    return replace(shown, judged=(feedback.verdict, feedback.reason, feedback.note)) if feedback else shown
