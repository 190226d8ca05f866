"""Which form a file gets, and what is never overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.conversations.store import Conversations
from assistant.errors import ConversationError
from assistant.ui.exports import Exporter, file_name, form_of
from tests.assistant.conversations.builders import DAM, INFO, NOON, cited, kept


def exporter(conversations: Conversations) -> Exporter:
    return Exporter(conversations, lambda name, digest: DAM, lambda: iter([DAM]), lambda: NOON, "0.1.0")


def test_the_suffix_tells_the_form_unless_it_is_named() -> None:
    assert [form_of(Path(name)) for name in ("a.md", "a.HTML", "a.json")] == ["markdown", "html", "json"]
    assert form_of(Path("a.txt"), "html") == "html"
    with pytest.raises(ConversationError, match="--as"):
        form_of(Path("a.txt"))


def test_a_file_name_holds_nothing_that_means_something() -> None:
    from dataclasses import replace

    assert file_name(replace(INFO, title="../../etc/passwd: What?"), "html") == "etc-passwd-what.html"
    assert file_name(replace(INFO, title="東京"), "json") == "c1.json"


def test_every_form_is_written_and_none_over_another(tmp_path: Path) -> None:
    with Conversations.open(None, lambda: NOON) as conversations:
        place = conversations.append(kept(cited("Nobody was hurt.")).record).conversation_id
        info = conversations.find(place)
        for name in ("a.html", "a.md", "a.json"):
            exporter(conversations).write(info, form_of(Path(name)), tmp_path / name)
            assert "Nobody was hurt." in (tmp_path / name).read_text(encoding="utf-8")
        told = json.loads((tmp_path / "a.json").read_text())
        assert told["exchanges"][0]["answer"]["citations"][0]["quote"] == "Nobody was hurt."
        with pytest.raises(ConversationError, match="is there already"):
            exporter(conversations).write(info, "html", tmp_path / "a.html")
        with pytest.raises(ConversationError, match="cannot be written"):
            exporter(conversations).write(info, "html", tmp_path / "none" / "a.html")


def test_a_judged_follow_up_is_exported_with_its_history(tmp_path: Path) -> None:
    from assistant.conversations.records import Feedback

    with Conversations.open(None, lambda: NOON) as conversations:
        first = conversations.append(kept(cited("Nobody was hurt.")).record)
        second = conversations.append(kept(cited("Nobody was hurt.")).record, first.conversation_id)
        conversations.judge(second.id, Feedback("up", "", "", NOON))
        assert exporter(conversations).write_questions(tmp_path / "out").questions == 1
    row = json.loads((tmp_path / "out" / "questions.jsonl").read_text())
    assert len(row["history"]) == 2 and row["gold_evidence"] == ["Nobody was hurt."]
