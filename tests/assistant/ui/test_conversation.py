from __future__ import annotations

from dataclasses import replace

from assistant.types import Turn
from assistant.ui.conversation import Conversation
from assistant.ui.exchange import Exchange
from tests.assistant.ui.fake_service import SITUATION, FakeAnswers, situation_answer

ANSWER = situation_answer(SITUATION, FakeAnswers().evidence())


def answered(conversation: Conversation, text: str) -> None:
    conversation.ask(text)
    asked = conversation.begin()
    assert asked is not None
    conversation.show(Exchange(asked.number, asked.text, "answered", answer=replace(ANSWER, question=text)))
    conversation.end(asked)


def test_questions_are_taken_in_the_order_they_came() -> None:
    conversation = Conversation()
    for text in ("first", "second"):
        conversation.ask(text)
    asked = conversation.begin()
    assert asked is not None and asked.text == "first" and conversation.busy
    assert "second" in conversation.waiting_markup() and "first" not in conversation.waiting_markup()
    conversation.show(Exchange(asked.number, asked.text, "stopped"))
    conversation.end(asked)
    following = conversation.begin()
    assert following is not None and following.text == "second"
    assert conversation.waiting_markup() == ""
    conversation.show(Exchange(following.number, following.text, "stopped"))
    conversation.end(following)
    assert conversation.begin() is None and not conversation.busy


def test_answers_become_the_history_of_the_next_question() -> None:
    conversation = Conversation()
    answered(conversation, "first")
    conversation.ask("second")
    asked = conversation.begin()
    assert asked is not None
    said = Turn("assistant", ANSWER.raw_text, ANSWER.evidence)
    assert conversation.question(asked).history == (Turn("user", "first"), said)


def test_an_exchange_moves_up_when_the_next_begins() -> None:
    conversation = Conversation()
    answered(conversation, "first")
    assert "first" in conversation.live_markup() and conversation.past_markup() == ""
    answered(conversation, "second")
    assert "first" in conversation.past_markup() and "second" in conversation.live_markup()


def test_a_failed_or_stopped_exchange_leaves_no_history() -> None:
    conversation = Conversation()
    conversation.ask("first")
    asked = conversation.begin()
    assert asked is not None
    conversation.show(Exchange(asked.number, asked.text, "stopped", raw_text="so"))
    conversation.end(asked)
    conversation.ask("second")
    following = conversation.begin()
    assert following is not None and conversation.question(following).history == ()


def test_stop_cancels_what_runs_and_not_what_waits() -> None:
    conversation = Conversation()
    conversation.ask("first")
    conversation.ask("second")
    asked = conversation.begin()
    assert asked is not None
    conversation.stop()
    assert asked.cancel.is_set()
    conversation.end(asked)
    following = conversation.begin()
    assert following is not None and not following.cancel.is_set()


def test_clear_forgets_everything_and_what_ran_does_not_come_back() -> None:
    conversation = Conversation()
    answered(conversation, "first")
    conversation.ask("second")
    conversation.ask("third")
    asked = conversation.begin()
    assert asked is not None
    conversation.clear()
    conversation.show(Exchange(asked.number, asked.text, "answered", answer=ANSWER))
    conversation.end(asked)
    assert asked.cancel.is_set()
    assert not conversation.started and not conversation.busy and conversation.begin() is None
    assert conversation.past_markup() + conversation.live_markup() + conversation.waiting_markup() == ""


def test_an_abandoned_run_does_not_hold_up_the_line() -> None:
    conversation = Conversation()
    conversation.ask("first")
    abandoned = conversation.begin()
    conversation.ask("second")
    following = conversation.begin()
    assert abandoned is not None and abandoned.cancel.is_set()
    assert following is not None and following.text == "second"


def test_asking_again_replaces_the_newest_and_leaves_it_out_of_the_history() -> None:
    conversation = Conversation()
    for text in ("first", "second"):
        answered(conversation, text)
    conversation.again()
    asked = conversation.begin()
    assert asked is not None and asked.text == "second"
    assert [turn.text for turn in conversation.question(asked).history if turn.role == "user"] == ["first"]
    assert [one.question for one in conversation.exchanges] == ["first", "second"]


def test_an_edited_question_replaces_the_newest() -> None:
    conversation = Conversation()
    answered(conversation, "frist")
    assert conversation.edit() == "frist" and "replaces" in conversation.waiting_markup()
    answered(conversation, "first")
    assert [one.question for one in conversation.exchanges] == ["first"]


def test_a_question_that_is_kept_after_all_stays() -> None:
    conversation = Conversation()
    answered(conversation, "first")
    conversation.edit()
    conversation.keep()
    answered(conversation, "second")
    assert [one.question for one in conversation.exchanges] == ["first", "second"]


def test_nothing_is_edited_or_asked_again_while_an_answer_comes() -> None:
    conversation = Conversation()
    conversation.ask("first")
    conversation.begin()
    conversation.again()
    assert conversation.edit() == "" and not conversation.waits


def test_a_question_in_line_can_be_withdrawn() -> None:
    conversation = Conversation()
    for text in ("first", "second"):
        conversation.ask(text)
    conversation.withdraw(1)
    asked = conversation.begin()
    assert asked is not None and asked.text == "second" and not conversation.waits


def test_a_question_whose_page_went_away_keeps_its_place() -> None:
    conversation = Conversation()
    answered(conversation, "first")
    for text in ("second", "third"):
        conversation.ask(text)
    asked = conversation.begin()
    assert asked is not None
    conversation.end(asked)
    assert [one.question for one in conversation.exchanges] == ["first"]
    following = conversation.begin()
    assert following is not None and following.text == "second"


def test_a_kept_conversation_goes_on_with_new_numbers() -> None:
    kept = (Exchange(3, "first", "answered", answer=ANSWER), Exchange(7, "second", "answered", answer=ANSWER))
    conversation = Conversation(kept)
    assert conversation.exchange(3) is kept[0] and conversation.live is kept[1]
    conversation.ask("third")
    asked = conversation.begin()
    assert asked is not None and asked.number == 8 and len(conversation.question(asked).history) == 4


def test_an_empty_question_leaves_a_hint_until_the_next() -> None:
    conversation = Conversation()
    conversation.ask(" \n")
    assert "Type a question first." in conversation.status_markup()
    assert not conversation.waits and not conversation.started
    conversation.ask("first")
    assert "in line" in conversation.status_markup() and conversation.waits
