"""What the page needs of the assistant, and how one question runs through it.

Knows threads only through the relay, and no Gradio: a question becomes a growing exchange, every error a message in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.errors import AssistantError, GenerationCancelled
from assistant.library import Library
from assistant.types import Answer, Citation, Question
from assistant.ui.conversation import Asked, Conversation
from assistant.ui.exchange import Exchange, advance, fail, stop
from assistant.ui.exports import Exporter
from assistant.ui.keeping import Keeper
from assistant.ui.preferences import About, Preferences
from assistant.ui.relay import Ask, Relay
from index.errors import IndexingError
from index.types import Article, ArticleInfo, ResolvedQuote, SourceStatus

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChatService:
    """What the page needs of the assistant and the index.

    `ask` streams the events of one question and ends soon after its event is set; `articles` lists what is indexed,
    `article` gives one with its text; `resolve` says what became of a citation's quote, given the digest of the text
    it was cut from; `examples` gives questions that what is indexed now can answer; `follow_ups` gives some that go on
    from an answer; `about` tells what is in force. Without a keeper conversations last as long as the process, without
    a library nothing can be added on the page. `file_bytes` is the largest file taken, `statuses` how the files stand
    to what is stored of them.
    """

    ask: Ask
    articles: Callable[[], Sequence[ArticleInfo]]
    article: Callable[[str], Article | None]
    resolve: Callable[[Citation, str | None], ResolvedQuote] = lambda cited, digest: ResolvedQuote("gone", None)
    examples: Callable[[], tuple[str, ...]] = tuple
    follow_ups: Callable[[Answer], tuple[str, ...]] = lambda answer: ()
    about: Callable[[], About] = lambda: About(Preferences(), "unknown", 1, 1, 0)
    keeper: Keeper | None = None
    exporter: Exporter | None = None
    library: Library | None = None
    file_bytes: int = 2_000_000
    statuses: Callable[[], Sequence[SourceStatus]] = tuple


def answer(
    service: ChatService, relay: Relay, conversation: Conversation, clock: Callable[[], float]
) -> Iterator[None]:
    """Answer the next question in line; after each step the conversation holds what to show.

    Every error ends as a message in the exchange. Closing the iterator, or the conversation's `stop`, ends the work.
    """
    asked = conversation.begin()
    if asked is None:
        return
    try:
        for exchange in exchanges(relay, asked, conversation.question(asked), conversation.preferences, clock):
            conversation.show(exchange)
            yield
        conversation.show(replace(exchange, follow_ups=follow_ups(service, exchange)))
    finally:
        conversation.end(asked)


def follow_ups(service: ChatService, exchange: Exchange) -> tuple[str, ...]:
    """What to ask next; nothing, rather than an error, where that cannot be found out."""
    try:
        return service.follow_ups(exchange.answer) if exchange.answer is not None else ()
    except (AssistantError, IndexingError) as error:
        log.info("no follow-up questions: %s", error)
        return ()


def exchanges(
    relay: Relay, asked: Asked, question: Question, preferences: Preferences, clock: Callable[[], float]
) -> Iterator[Exchange]:
    """One exchange as it grows; the last one is over."""
    exchange, begun = Exchange(asked.number, asked.text, filters=question.filters), clock()
    yield exchange
    try:
        for batch in relay.batches(question, preferences, asked.cancel):
            for event in batch:
                exchange = advance(exchange, event)
            if exchange.running:
                yield replace(exchange, seconds=clock() - begun)
    except GenerationCancelled:
        exchange = stop(exchange)
    except (AssistantError, IndexingError) as error:
        exchange = fail(exchange, str(error))
    except Exception as error:
        log.exception("an answer broke off")
        kind = type(error).__name__
        exchange = fail(exchange, f"something unforeseen went wrong ({kind}); ask again, or look with `quoth doctor`")
    yield stop(exchange) if exchange.running else exchange
