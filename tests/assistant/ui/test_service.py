from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from assistant.types import Answer, Question
from assistant.ui.conversation import Conversation
from assistant.ui.exchange import Exchange
from assistant.ui.preferences import Preferences
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService, answer
from index.errors import IndexMissing
from tests.assistant.ui.fake_service import BROKEN, CRASH, DAM, EXAMPLES, SITUATION, SLOW, FakeAnswers


def steps(service: ChatService, conversation: Conversation) -> Iterator[None]:
    return answer(service, Relay(service.ask, 0.02), conversation, itertools.count().__next__)


def outcome(text: str, service: ChatService | None = None) -> Exchange:
    conversation = Conversation()
    conversation.ask(text)
    for _ in steps(service or FakeAnswers().service(), conversation):
        pass
    assert conversation.live is not None and not conversation.busy
    return conversation.live


def test_a_question_ends_answered() -> None:
    exchange = outcome(SITUATION)
    assert exchange.stage == "answered" and exchange.answer is not None
    assert exchange.answer.question == SITUATION


def test_passages_are_there_before_the_first_word() -> None:
    conversation = Conversation()
    conversation.ask(SITUATION)
    stages = [
        conversation.live.stage for _ in steps(FakeAnswers(pause=0.2).service(), conversation) if conversation.live
    ]
    assert [stage for stage, _ in itertools.groupby(stages)][:2] == ["searching", "reading"]
    assert conversation.live is not None and conversation.live.stage == "answered"


def test_an_error_of_answering_is_shown_in_its_own_words_and_the_next_question_works() -> None:
    service, conversation = FakeAnswers().service(), Conversation()
    for text, stage in ((BROKEN, "failed"), (DAM, "answered")):
        conversation.ask(text)
        list(steps(service, conversation))
        assert conversation.live is not None and conversation.live.stage == stage
    assert "not enough memory" in conversation.past_markup()


def test_a_question_that_is_far_too_long_is_refused_in_words() -> None:
    failure = outcome("word " * 10_000).failure
    assert failure is not None and "10000 words" in failure


def test_an_error_of_the_index_is_shown_as_it_is() -> None:
    def missing(question: Question, preferences: Preferences, cancel: object) -> Iterator[None]:
        raise IndexMissing("nothing is indexed; run `quoth add PATH`")
        yield

    service = replace(FakeAnswers().service(), ask=missing)  # type: ignore[arg-type]
    assert outcome(SITUATION, service).failure == "nothing is indexed; run `quoth add PATH`"


def test_a_bug_is_logged_and_shown_without_its_insides(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        failure = outcome(CRASH).failure
    assert failure is not None and "ZeroDivisionError" in failure and "division by zero" not in failure
    assert caplog.records[0].exc_info is not None


def test_stop_during_a_silence_ends_the_exchange() -> None:
    conversation = Conversation()
    conversation.ask(SLOW)
    frames = steps(FakeAnswers().service(), conversation)
    while conversation.live is None or conversation.live.stage != "reading":
        next(frames)
    conversation.stop()
    list(frames)
    assert conversation.live.stage == "stopped" and conversation.live.evidence and not conversation.busy


def test_leaving_the_page_ends_the_work_and_the_question_is_answered_when_it_is_back() -> None:
    conversation = Conversation()
    conversation.ask(SLOW)
    frames = steps(FakeAnswers().service(), conversation)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert not conversation.busy and conversation.live is None and conversation.waits
    asked = conversation.begin()
    assert asked is not None and asked.text == SLOW and not asked.cancel.is_set()


def test_nothing_in_line_is_nothing_to_do() -> None:
    assert list(steps(FakeAnswers().service(), Conversation())) == []


def test_follow_up_questions_come_with_the_answer_and_none_where_the_index_fails() -> None:
    def failing(answer: Answer) -> tuple[str, ...]:
        raise IndexMissing("nothing is indexed")

    assert outcome(SITUATION).follow_ups == EXAMPLES[1:]
    assert outcome(SITUATION, replace(FakeAnswers().service(), follow_ups=failing)).follow_ups == ()
    assert outcome(BROKEN).follow_ups == ()
