"""`quoth conversations`: what the page kept, from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.conversations.records import Feedback
from assistant.conversations.store import Conversations
from tests.assistant.conversations.builders import NOON, cited, kept
from tests.conftest import Quoth


@pytest.fixture
def name(tmp_path: Path) -> str:
    """A conversation in the data folder that `quoth` uses: its id."""
    with Conversations.open(tmp_path / "data", lambda: datetime.now(UTC)) as conversations:
        one = conversations.append(kept(cited("Nobody was hurt.")).record)
        conversations.judge(one.id, Feedback("down", "silent", "", NOON))
        return one.conversation_id


def test_a_conversation_is_listed_found_and_shown_as_it_was(quoth: Quoth, name: str) -> None:
    assert "What happened?" in quoth("conversations", "list").out
    assert name in quoth("conversations", "list", "--search", "hurt NOBODY").out
    assert "0 conversations" in quoth("conversations", "list", "--search", "volcano").out
    shown = quoth("conversations", "show", name[:5])
    assert "> What happened?" in shown.out and "“Nobody was hurt.”" in shown.out
    told = json.loads(quoth("conversations", "show", name, "--json").out)
    assert told["exchanges"][0]["answer"]["citations"][0]["quote"] == "Nobody was hurt."


def test_a_deleted_conversation_can_be_restored(quoth: Quoth, name: str) -> None:
    assert quoth("conversations", "delete", name).status == 0
    assert quoth("conversations", "show", name).status == 2
    assert quoth("conversations", "restore", name).status == 0
    assert quoth("conversations", "show", name).status == 0


def test_the_last_conversation_is_exported_also_where_nothing_is_indexed(
    quoth: Quoth, name: str, tmp_path: Path
) -> None:
    assert quoth("conversations", "export", tmp_path / "out.html").status == 0
    assert "Nobody was hurt." in (tmp_path / "out.html").read_text(encoding="utf-8")
    again = quoth("conversations", "export", tmp_path / "out.html")
    assert (again.status, again.out) == (2, "") and "is there already" in again.err


def test_judged_answers_are_exported_as_questions(quoth: Quoth, name: str, tmp_path: Path) -> None:
    ran = quoth("conversations", "export", tmp_path / "gold", "--as", "questions")
    assert "1 questions" in ran.out, ran.err
    assert json.loads((tmp_path / "gold" / "questions.jsonl").read_text())["answerable"] is False


def test_with_nothing_kept_it_says_so(quoth: Quoth, tmp_path: Path) -> None:
    assert "0 conversations" in quoth("conversations", "list").out
    ran = quoth("conversations", "export", tmp_path / "out.html")
    assert ran.status == 2 and "quoth ui" in ran.err
