"""How callers wait for a model: in order, to the end, and out at once when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import GenerationCancelled, GenerationFailed
from assistant.generation import Stream, await_result, complete, follow, log_odds
from assistant.types import Completion, Usage

LOGITS = st.lists(st.floats(-50, 50), min_size=1, max_size=6)


class Computation:
    """A computing side that does what the test says, and counts how often it was told to stop."""

    def __init__(self) -> None:
        self.pieces: SimpleQueue[str | None] = SimpleQueue()
        self.done: Future[Completion] = Future()
        self.cancel = threading.Event()
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1

    def stream(self) -> Stream:
        return follow(self.pieces, self.done, self.cancel, self.stop)

    def finish(self, *pieces: str, error: Exception | None = None) -> Completion:
        completion = Completion("".join(pieces), Usage(1, 0, len(pieces)), "end")
        for piece in pieces:
            self.pieces.put(piece)
        self.done.set_exception(error) if error else self.done.set_result(completion)
        self.pieces.put(None)
        return completion


@pytest.fixture
def computation() -> Computation:
    return Computation()


def later(action: Callable[[], object]) -> None:
    timer = threading.Timer(0.1, action)
    timer.daemon = True
    timer.start()


def test_pieces_come_in_order_and_the_completion_last(computation: Computation) -> None:
    completion = computation.finish("one ", "two")
    stream = computation.stream()
    assert [next(stream), next(stream)] == ["one ", "two"]
    assert complete(stream) == completion


def test_pieces_are_waited_for(computation: Computation) -> None:
    later(lambda: computation.finish("late"))
    assert next(computation.stream()) == "late"


def test_an_error_of_the_model_reaches_the_caller_after_the_pieces(computation: Computation) -> None:
    computation.finish("half", error=GenerationFailed("status -3"))
    stream = computation.stream()
    assert next(stream) == "half"
    with pytest.raises(GenerationFailed, match="status -3"):
        next(stream)


def test_closing_a_stream_stops_the_computing_side(computation: Computation) -> None:
    computation.pieces.put("one")
    stream = computation.stream()
    next(stream)
    assert computation.stopped == 0
    stream.close()
    assert computation.stopped > 0


def test_cancelling_wakes_a_waiting_caller_and_stops_the_computing_side(computation: Computation) -> None:
    later(computation.cancel.set)
    with pytest.raises(GenerationCancelled):
        next(computation.stream())
    assert computation.stopped > 0


def test_cancelling_withdraws_what_still_waits_in_the_queue(computation: Computation) -> None:
    computation.cancel.set()
    with pytest.raises(GenerationCancelled):
        await_result(computation.done, computation.cancel, computation.stop)
    assert computation.done.cancelled()


def test_a_result_is_waited_for(computation: Computation) -> None:
    later(computation.finish)
    assert await_result(computation.done, computation.cancel, computation.stop).text == ""
    assert computation.stopped == 0


def test_a_timeout_raised_by_the_computation_is_not_taken_for_waiting(computation: Computation) -> None:
    computation.finish(error=TimeoutError("inside"))
    with pytest.raises(TimeoutError, match="inside"):
        await_result(computation.done, computation.cancel, computation.stop)


@settings(deadline=None)
@given(LOGITS, LOGITS)
def test_the_odds_of_no_are_those_of_yes_turned_round(yes: list[float], no: list[float]) -> None:
    assert log_odds(yes, no) == pytest.approx(-log_odds(no, yes))


@settings(deadline=None)
@given(LOGITS, LOGITS, st.floats(-1000, 1000))
def test_odds_do_not_depend_on_the_level_of_the_logits(yes: list[float], no: list[float], level: float) -> None:
    raised = log_odds([value + level for value in yes], [value + level for value in no])
    assert raised == pytest.approx(log_odds(yes, no), abs=1e-6)


@settings(deadline=None)
@given(LOGITS, LOGITS, st.floats(-50, 50))
def test_another_spelling_of_yes_only_raises_its_odds(yes: list[float], no: list[float], more: float) -> None:
    assert log_odds([*yes, more], no) >= log_odds(yes, no)
