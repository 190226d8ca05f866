"""Kept conversations: whatever is done to them, by whomever, they are what a plain model of them says."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from assistant.conversations.records import Feedback, Record
from assistant.conversations.store import DATABASE, KEPT_FOR_UNDO, Conversations
from assistant.errors import ConversationError
from tests.fakes import answer

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
UP = Feedback("up", "", "", NOON)


class Clock:
    """A second later at every look."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def record(question: str = "Where?") -> Record:
    return Record(question, NOON, "answered", answer(question=question))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    with Conversations.open(tmp_path, Clock()) as opened:
        yield opened


# ── one after another ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conversation_is_called_after_its_first_question_and_survives_a_restart(tmp_path: Path) -> None:
    with Conversations.open(tmp_path, Clock()) as kept:
        first = kept.append(record("Where is it?"))
        kept.append(record("And when?"), first.conversation_id)
        before = kept.exchanges(first.conversation_id)
    with Conversations.open(tmp_path, Clock()) as kept:
        (info,) = kept.recent()
        assert (info.title, info.exchanges) == ("Where is it?", 2)
        assert kept.exchanges(info.id) == before
        assert [one.record.question for one in before] == ["Where is it?", "And when?"]


def test_the_conversation_that_changed_last_comes_first(kept: Conversations) -> None:
    one, other = kept.append(record("One?")), kept.append(record("Other?"))
    assert [info.title for info in kept.recent()] == ["Other?", "One?"]
    kept.append(record(), one.conversation_id)
    assert [info.id for info in kept.recent()] == [one.conversation_id, other.conversation_id]


def test_what_is_deleted_comes_back_within_a_week(tmp_path: Path) -> None:
    clock = Clock()
    with Conversations.open(tmp_path, clock) as kept:
        name = kept.append(record()).conversation_id
        kept.delete(name)
        assert (kept.recent(), kept.exchanges(name), kept.search("where")) == ((), (), ())
    clock.now += KEPT_FOR_UNDO - timedelta(minutes=1)
    with Conversations.open(tmp_path, clock) as kept:
        kept.restore(name)
        assert len(kept.exchanges(name)) == 1
        kept.delete(name)
    clock.now += KEPT_FOR_UNDO + timedelta(minutes=1)
    with Conversations.open(tmp_path, clock) as kept, pytest.raises(ConversationError, match="gone"):
        kept.restore(name)


def test_what_is_gone_for_good_has_left_the_file(tmp_path: Path) -> None:
    with Conversations.open(tmp_path, Clock()) as kept:
        kept.delete(kept.append(record("A secret about marzipan")).conversation_id)
        kept.purge(kept._clock())
    assert b"marzipan" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_asking_on_in_a_conversation_that_another_tab_deleted_brings_it_back(kept: Conversations) -> None:
    name = kept.append(record()).conversation_id
    kept.delete(name)
    kept.append(record("And now?"), name)
    assert len(kept.exchanges(name)) == 2


def test_asking_on_in_a_conversation_that_is_gone_begins_a_new_one(kept: Conversations) -> None:
    assert kept.append(record(), "c000").conversation_id == kept.recent()[0].id


def test_a_withdrawn_exchange_is_neither_shown_nor_found_and_its_place_stays_its_own(kept: Conversations) -> None:
    first = kept.append(record("Wrong question?"))
    kept.withdraw(first.id)
    second = kept.append(record("Right?"), first.conversation_id)
    assert [one.id for one in kept.exchanges(first.conversation_id)] == [second.id]
    assert second.ordinal == 2 and kept.search("wrong question")[0].snippet == "", "only the title still says it"
    kept.withdraw(first.id, withdrawn=False)
    assert [one.id for one in kept.exchanges(first.conversation_id)] == [first.id, second.id]


def test_a_search_finds_every_word_in_any_language_and_shows_where(kept: Conversations) -> None:
    one = kept.append(Record("Was ist mit Düsseldorf?", NOON, "stopped", written="In DÜSSELDORF regnet es."))
    other = kept.append(Record("東京の天気は?", NOON, "failed", failure="broke off"))
    assert [found.conversation.id for found in kept.search("düsseldorf REGNET")] == [one.conversation_id]
    assert [found.conversation.id for found in kept.search("天気")] == [other.conversation_id]
    assert "Düsseldorf" in kept.search("düsseldorf")[0].snippet
    assert kept.search("düsseldorf 天気") == kept.search("%") == kept.search("  ") == ()


def test_a_search_finds_titles_given_later(kept: Conversations) -> None:
    name = kept.append(record()).conversation_id
    kept.rename(name, "Donetsk\nnotes")
    assert kept.search("donetsk")[0].conversation.title == "Donetsk notes"
    with pytest.raises(ConversationError, match="needs a title"):
        kept.rename(name, " \n")
    with pytest.raises(ConversationError, match="deleted"):
        kept.rename("c000", "x")


def test_the_beginning_of_an_id_is_enough(kept: Conversations) -> None:
    name = kept.append(record()).conversation_id
    assert kept.find(name[:6]).id == name
    kept.append(record())
    for wrong, told in (("c", "give more"), ("", "no conversation"), ("x", "quoth conversations list")):
        with pytest.raises(ConversationError, match=told):
            kept.find(wrong)


def test_a_judgement_is_kept_beside_the_answer_and_can_be_changed_and_taken_back(kept: Conversations) -> None:
    exchange = kept.append(record())
    down = Feedback("down", "wrong", "It was \ud800 Tuesday.", NOON)
    kept.judge(exchange.id, UP)
    kept.judge(exchange.id, down)
    (found,) = kept.judged()
    assert found.feedback is not None and found.feedback.note == "It was ? Tuesday."
    assert kept.exchanges(exchange.conversation_id)[0].feedback == found.feedback
    kept.judge(exchange.id, None)
    assert kept.judged() == ()
    with pytest.raises(ConversationError, match="no longer kept"):
        kept.judge("e000", UP)


def test_a_tab_finds_its_conversation_again_unless_it_is_deleted(kept: Conversations) -> None:
    name = kept.append(record()).conversation_id
    kept.note_tab("t1", name)
    kept.note_tab("t2", "c000")
    assert (kept.of_tab("t1"), kept.of_tab("t2"), kept.of_tab("t3")) == (name, None, None)
    kept.delete(name)
    assert kept.of_tab("t1") is None and kept.all_ids() == {name}
    kept.restore(name)
    kept.note_tab("t1", None)
    assert kept.of_tab("t1") is None


# ── any order ───────────────────────────────────────────────────────────────────────────────────────────────────────


class AsAModelSays(RuleBasedStateMachine):
    """Any order of changes, through two handles on one file, gives what lists and sets in memory give."""

    conversations = Bundle("conversations")
    exchanges = Bundle("exchanges")

    @initialize(folder=st.builds(lambda: None))
    def begin(self, folder: None) -> None:
        from tempfile import TemporaryDirectory

        self.folder = TemporaryDirectory()
        clock = Clock()
        self.handles = [Conversations.open(Path(self.folder.name), clock) for _ in range(2)]
        self.asked: dict[str, list[str]] = {}
        self.questions: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.withdrawn: set[str] = set()
        self.judged: dict[str, Feedback] = {}
        self.order: list[str] = []

    def teardown(self) -> None:
        for handle in getattr(self, "handles", []):
            handle.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(target=exchanges, question=st.text(min_size=1, max_size=9), which=st.integers(0, 1))
    def ask_anew(self, question: str, which: int) -> Any:
        return self._appended(question, None, which)

    @rule(target=exchanges, of=exchanges, question=st.text(min_size=1, max_size=9), which=st.integers(0, 1))
    def ask_on(self, of: tuple[str, str], question: str, which: int) -> Any:
        return self._appended(question, of[0], which)

    def _appended(self, question: str, name: str | None, which: int) -> tuple[str, str]:
        kept = self.handles[which].append(Record(question, NOON, "stopped"), name)
        self.asked.setdefault(kept.conversation_id, []).append(kept.id)
        self.titles.setdefault(kept.conversation_id, " ".join(question.split()))
        self.questions[kept.id] = question
        self.deleted.discard(kept.conversation_id)
        self.order = [kept.conversation_id, *(one for one in self.order if one != kept.conversation_id)]
        return kept.conversation_id, kept.id

    @rule(of=exchanges, which=st.integers(0, 1))
    def delete(self, of: tuple[str, str], which: int) -> None:
        self.handles[which].delete(of[0])
        self.deleted.add(of[0])

    @rule(of=exchanges, which=st.integers(0, 1))
    def restore(self, of: tuple[str, str], which: int) -> None:
        self.handles[which].restore(of[0])
        self.deleted.discard(of[0])

    @rule(of=exchanges, back=st.booleans(), which=st.integers(0, 1))
    def withdraw(self, of: tuple[str, str], back: bool, which: int) -> None:
        self.handles[which].withdraw(of[1], withdrawn=not back)
        (self.withdrawn.discard if back else self.withdrawn.add)(of[1])

    @rule(of=exchanges, feedback=st.one_of(st.none(), st.just(UP)), which=st.integers(0, 1))
    def judge(self, of: tuple[str, str], feedback: Feedback | None, which: int) -> None:
        self.handles[which].judge(of[1], feedback)
        self.judged.pop(of[1], None)
        if feedback:
            self.judged[of[1]] = feedback

    @rule(of=exchanges, which=st.integers(0, 1))
    def rename(self, of: tuple[str, str], which: int) -> None:
        self.handles[which].rename(of[0], "new title")
        self.titles[of[0]] = "new title"

    @invariant()
    def both_handles_say_what_the_model_says(self) -> None:
        present = [name for name in getattr(self, "order", []) if name not in self.deleted]
        shown = {name: [one for one in self.asked[name] if one not in self.withdrawn] for name in present}
        for handle in getattr(self, "handles", []):
            told = handle.recent()
            assert [(one.id, one.title, one.exchanges) for one in told] == [
                (name, self.titles[name], len(shown[name])) for name in present
            ]
            for name in present:
                found = handle.exchanges(name)
                assert [one.id for one in found] == shown[name]
                assert [one.record.question for one in found] == [self.questions[one] for one in shown[name]]
                assert {one.id: one.feedback for one in found if one.feedback} == {
                    one: self.judged[one] for one in shown[name] if one in self.judged
                }


TestAsAModelSays = AsAModelSays.TestCase
TestAsAModelSays.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


# ── several at once ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_several_handles_and_threads_lose_nothing(tmp_path: Path) -> None:
    handles = [Conversations.open(tmp_path, Clock()) for _ in range(3)]
    name = handles[0].append(record("Begin")).conversation_id

    def ask(handle: Conversations, of: int) -> None:
        for number in range(10):
            handle.append(record(f"{of}-{number}"), name)

    threads = [threading.Thread(target=ask, args=(handles[n % 3], n)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = handles[0].exchanges(name)
    assert {one.record.question for one in found} == {"Begin", *(f"{n}-{i}" for n in range(6) for i in range(10))}
    assert [one.ordinal for one in found] == list(range(1, 62))
    for handle in handles:
        handle.close()


KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from assistant.conversations.records import Record
from assistant.conversations.store import Conversations
kept = Conversations.open(Path(sys.argv[1]), lambda: datetime.now(UTC))
name = None
for number in range(100_000):
    name = kept.append(Record(str(number), datetime.now(UTC), "stopped", written="x" * 5000), name).conversation_id
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("after", [1, 7])
def test_a_kill_in_the_middle_loses_nothing_that_was_acknowledged(tmp_path: Path, after: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(after)]
        writer.kill()
        told += [int(line) for line in writer.stdout.read().splitlines()]
    with Conversations.open(tmp_path, Clock()) as kept:
        (info,) = kept.recent()
        numbers = [int(one.record.question) for one in kept.exchanges(info.id)]
    assert numbers == list(range(len(numbers)))
    assert len(told) <= len(numbers) <= len(told) + 1


# ── what can go wrong ───────────────────────────────────────────────────────────────────────────────────────────────


def full(tmp_path: Path) -> Conversations:
    """A store whose disk has hardly any room left."""
    kept = Conversations.open(tmp_path, Clock())
    kept.append(record("before"))
    pages = kept._connection.execute("PRAGMA page_count").fetchone()[0]
    kept._connection.execute(f"PRAGMA max_page_count = {pages}")
    return kept


def test_on_a_full_disk_nothing_kept_is_lost_and_the_message_says_what_to_do(tmp_path: Path) -> None:
    with full(tmp_path) as kept:
        with pytest.raises(ConversationError, match="no room left"):
            for _ in range(100):
                kept.append(Record("after", NOON, "stopped", written="x" * 10_000))
        assert "before" in [info.title for info in kept.recent()]
        kept._connection.execute("PRAGMA max_page_count = 1000000")
        kept.append(record("with room again"))
        assert kept.recent()[0].title == "with room again"


def spoil_header(path: Path) -> None:
    path.write_bytes(b"not a database at all " * 100)


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()


def of_a_later_version(path: Path) -> None:
    Conversations.open(path.parent, Clock()).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [(spoil_header, "damaged"), (of_another_program, "another program"), (of_a_later_version, "format 99")],
)
def test_a_file_that_is_not_ours_is_named_and_left_alone(
    tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(tmp_path / DATABASE)
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(ConversationError, match=told) as raised:
        Conversations.open(tmp_path, Clock())
    assert str(tmp_path / DATABASE) in str(raised.value)
    assert (tmp_path / DATABASE).read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConversationError, match="--data OTHER"):
        Conversations.open(tmp_path / "file" / "data", Clock())
