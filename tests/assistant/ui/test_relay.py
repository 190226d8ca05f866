from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from assistant.errors import GenerationFailed
from assistant.types import Event, Question, Token
from assistant.ui.preferences import Preferences
from assistant.ui.relay import Relay, ServerEnded

WHAT = Question("What?")
TICK = 0.02


def words(count: int) -> Iterator[Event]:
    for number in range(count):
        yield Token(f" {number}")


def test_all_events_arrive_in_order() -> None:
    batches = Relay(lambda question, preferences, cancel: words(500), TICK).batches(
        WHAT, Preferences(), threading.Event()
    )
    assert [event for batch in batches for event in batch] == list(words(500))


def test_many_events_come_in_few_batches() -> None:
    def fast(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        for event in words(100):
            time.sleep(0.002)
            yield event

    batches = [batch for batch in Relay(fast, 0.08).batches(WHAT, Preferences(), threading.Event()) if batch]
    assert sum(map(len, batches)) == 100
    assert len(batches) <= 12


def test_a_silent_stream_still_ticks_and_is_left_at_once() -> None:
    released = threading.Event()

    def silent(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        released.wait(600)
        yield from words(1)

    cancel = threading.Event()
    batches = Relay(silent, TICK).batches(WHAT, Preferences(), cancel)
    assert [next(batches) for _ in range(3)] == [(), (), ()]
    cancel.set()
    assert list(batches) == []
    released.set()


def test_closing_the_batches_cancels_the_stream() -> None:
    seen = threading.Event()

    def patient(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        yield from words(1)
        if cancel.wait(10):
            seen.set()

    batches = Relay(patient, TICK).batches(WHAT, Preferences(), threading.Event())
    assert next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert seen.wait(5)


def test_what_the_stream_raises_is_raised_after_what_it_gave() -> None:
    def breaking(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        yield from words(2)
        raise GenerationFailed("no memory")

    got: list[Event] = []
    with pytest.raises(GenerationFailed, match="no memory"):
        for batch in Relay(breaking, TICK).batches(WHAT, Preferences(), threading.Event()):
            got += batch
    assert got == list(words(2))


def test_a_second_stream_waits_until_the_first_has_really_ended() -> None:
    running: list[str] = []
    most = 0

    def stubborn(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        nonlocal most
        running.append(question.text)
        most = max(most, len(running))
        time.sleep(0.3)
        running.remove(question.text)
        yield from words(1)

    relay = Relay(stubborn, TICK)
    cancel = threading.Event()
    first = relay.batches(Question("first"), Preferences(), cancel)
    next(first)
    cancel.set()
    assert list(first) == []
    second = [batch for batch in relay.batches(Question("second"), Preferences(), threading.Event()) if batch]
    assert second == [tuple(words(1))] and most == 1


def test_a_relay_that_is_closed_says_why_every_stream_ended_and_waits_for_its_listeners() -> None:
    released = threading.Event()

    def silent(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        released.wait(600)
        yield from words(1)

    relay, heard = Relay(silent, TICK), threading.Event()
    ends: list[BaseException] = []

    def listen() -> None:
        try:
            for _ in relay.batches(WHAT, Preferences(), threading.Event()):
                heard.set()
        except ServerEnded as end:
            ends.append(end)

    listener = threading.Thread(target=listen)
    listener.start()
    heard.wait(60)
    assert relay.close(60)
    listener.join(60)
    assert len(ends) == 1
    assert not relay.close(60)
    with pytest.raises(ServerEnded, match="Start it again"):
        list(relay.batches(WHAT, Preferences(), threading.Event()))
    released.set()
