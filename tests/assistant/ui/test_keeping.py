"""What a page shows and what is kept of it are brought in line, whatever happened before."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from assistant.conversations.store import Conversations
from assistant.errors import ConversationError
from assistant.ui.conversation import Conversation
from assistant.ui.keeping import Keeper
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService, answer
from index.types import Filters
from tests.assistant.ui.fake_service import BROKEN, DAM, PARIS, SITUATION, FakeAnswers
from tests.assistant.ui.keeping_service import keeping, now


def ask(service: ChatService, conversation: Conversation, text: str) -> None:
    conversation.ask(text)
    run(service, conversation)


def run(service: ChatService, conversation: Conversation) -> None:
    for _ in answer(service, Relay(service.ask, 0.01), conversation, itertools.count().__next__):
        pass


def keeper_of(service: ChatService) -> Keeper:
    assert service.keeper is not None
    return service.keeper


def test_what_was_said_is_shown_again_as_it_was(tmp_path: Path) -> None:
    with keeping(tmp_path) as service:
        conversation = Conversation()
        conversation.narrow(Filters(sources=("Frontline Brief",)))
        for text in (SITUATION, PARIS, BROKEN):
            ask(service, conversation, text)
            assert keeper_of(service).keep(conversation, "t" * 32) == ""
        name = keeper_of(service).place(conversation)
        shown = [conversation.past_markup(), conversation.live_markup()]
    with keeping(tmp_path) as service:
        again = keeper_of(service).of_tab("t" * 32)
        assert keeper_of(service).place(again) == name
        assert [again.past_markup(), again.live_markup()] == shown
        assert again.exchanges[0].filters == Filters(sources=("Frontline Brief",))
        ask(service, again, DAM)
        keeper_of(service).keep(again)
        assert len(keeper_of(service).conversations.exchanges(name or "")) == 4
        (kept, *_) = keeper_of(service).conversations.exchanges(name or "")
        assert kept.record.surroundings[2].before.endswith("Ukraine is struggling to keep it. ")


def test_keeping_twice_keeps_once_and_a_question_asked_anew_takes_the_old_ones_place() -> None:
    with keeping(None) as service:
        keeper, conversation = keeper_of(service), Conversation()
        ask(service, conversation, SITUATION)
        keeper.keep(conversation)
        keeper.keep(conversation)
        conversation.again()
        keeper.keep(conversation)
        assert len(keeper.conversations.exchanges(keeper.place(conversation) or "")) == 1
        run(service, conversation)
        keeper.keep(conversation)
        (kept,) = keeper.conversations.exchanges(keeper.place(conversation) or "")
        assert kept.ordinal == 2


def test_everyone_who_opens_a_conversation_has_the_same_one() -> None:
    with keeping(None) as service:
        keeper, conversation = keeper_of(service), Conversation()
        ask(service, conversation, SITUATION)
        keeper.keep(conversation)
        name = keeper.place(conversation) or ""
        assert keeper.opened(name) is conversation
        del conversation
        assert keeper.opened(name).exchanges[0].question == SITUATION
        keeper.conversations.delete(name)
        with pytest.raises(ConversationError, match="deleted meanwhile"):
            keeper.opened(name)


def test_a_judgement_is_kept_with_the_answer_also_when_it_could_not_be_kept_at_first(tmp_path: Path) -> None:
    with keeping(tmp_path) as service:
        keeper, conversation = keeper_of(service), Conversation()
        ask(service, conversation, SITUATION)
        assert keeper.judge(conversation, 1, "down", "wrong", "It is so.") == ""
        (kept,) = keeper.conversations.judged()
        assert kept.feedback is not None and kept.feedback.note == "It is so."
        assert keeper.opened(kept.conversation_id).exchanges[0].question == SITUATION
        assert "not kept" in keeper.judge(conversation, 9, "up", "", "")
        assert keeper.judge(conversation, 1, None, "", "") == "" and keeper.conversations.judged() == ()


def test_a_full_disk_is_told_and_the_next_try_keeps_what_is_missing(tmp_path: Path) -> None:
    with Conversations.open(tmp_path, now) as conversations:
        service = FakeAnswers().service()
        keeper, conversation = Keeper(conversations, service.article, lambda by, texts: None, now), Conversation()
        pages = conversations._connection.execute("PRAGMA page_count").fetchone()[0]
        conversations._connection.execute(f"PRAGMA max_page_count = {pages}")
        ask(service, conversation, SITUATION)
        told = keeper.keep(conversation)
        assert "could not be kept" in told and "no room left" in told
        conversations._connection.execute("PRAGMA max_page_count = 100000")
        ask(service, conversation, DAM)
        assert keeper.keep(conversation) == ""
        assert len(conversations.exchanges(keeper.place(conversation) or "")) == 2
