from __future__ import annotations

from assistant.types import Answered, Retrieved, Token
from assistant.ui.exchange import Exchange, advance, fail, stop
from tests.assistant.ui.fake_service import FakeAnswers, situation_answer

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
