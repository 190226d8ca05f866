from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Answered, Citation, Retrieved, Token
from assistant.ui.exchange import Exchange, advance, context_of, fail, stop
from tests.assistant.ui.fake_service import ARTICLES, FakeAnswers, cite, situation_answer

EVIDENCE = FakeAnswers().evidence()


def test_an_exchange_goes_from_searching_to_answered() -> None:
    exchange = Exchange(1, "What?")
    stages = [exchange.stage]
    for event in (
        Retrieved("what", EVIDENCE),
        Token("So"),
        Token(" be"),
        Answered(situation_answer("What?", EVIDENCE)),
    ):
        exchange = advance(exchange, event)
        stages.append(exchange.stage)
    assert stages == ["searching", "reading", "writing", "writing", "answered"]
    assert (exchange.query, exchange.raw_text, exchange.evidence) == ("what", "So be", EVIDENCE)
    assert not exchange.running


def test_a_stopped_or_failed_exchange_keeps_what_it_had() -> None:
    exchange = advance(advance(Exchange(1, "What?"), Retrieved("what", EVIDENCE)), Token("So"))
    assert exchange.running
    for ended in (stop(exchange), fail(exchange, "no memory")):
        assert not ended.running and ended.raw_text == "So" and ended.evidence == EVIDENCE


@given(st.data())
def test_a_quote_stands_in_its_context_as_in_the_article(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.text("abc\n ", min_size=1, max_size=30), min_size=1, max_size=60))
    article = replace(ARTICLES[0], text=" ".join(words))
    start = data.draw(st.integers(0, len(article.text) - 1))
    end = data.draw(st.integers(start + 1, len(article.text)))
    citation = replace(citation_of(), start=start, end=end, quote=article.text[start:end])
    context = context_of(citation, article, characters=40)
    assert context is not None and context.quote == citation.quote
    around = context.before.removeprefix("… ") + context.quote + context.after.removesuffix(" …")
    assert around in article.text
    assert len(context.before) <= 42 and len(context.after) <= 42


def test_a_quote_the_article_does_not_hold_has_no_context() -> None:
    assert context_of(citation_of(), ARTICLES[1]) is None
    assert context_of(citation_of(), None) is None


def citation_of() -> Citation:
    return cite(1, ARTICLES[0], "most difficult area")
