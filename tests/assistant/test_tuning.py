"""Threads and batch sizes are chosen by what they took here, in bounded time, and believed only while they fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.doctor import tuning as told
from assistant.tuning import BATCH_SIZE, MOST_BYTES, ROUNDS, SECONDS, Choice, Trial, Tuned, again, load, save, tune
from tests.fakes import counting_clock

DEFAULT = Choice(4, BATCH_SIZE)
OTHER = Trial(Choice(2, 64), 0.7, 0.5)
TUNED = Tuned(Choice(2, 64), (Trial(DEFAULT, 2.0, 1.0), Trial(Choice(2, 64), 1.0, 0.5)), OTHER)


class Machine:
    """Takes what `read` and `written` say of a choice; `asked` is what was tried."""

    def __init__(self, read: Callable[[Choice], float], written: Callable[[Choice], float] = lambda c: 1.0) -> None:
        self.asked: list[Choice] = []
        self._read, self._written = read, written

    def __call__(self, choice: Choice) -> tuple[float, float]:
        self.asked.append(choice)
        return self._read(choice), self._written(choice)


def still() -> float:
    return 0.0


def test_the_quickest_threads_and_then_the_quickest_batch_are_chosen() -> None:
    machine = Machine(lambda c: (2.0 if c.threads == 2 else 3.0) - (0.5 if c.batch_size == 64 else 0.0))
    tuned = tune(DEFAULT, 4, machine, still)
    assert tuned.choice == Choice(2, 64)
    assert tuned.trials[0].choice == DEFAULT
    assert {trial.choice.threads for trial in tuned.trials} == {4, 3, 2}


def test_reading_and_writing_are_weighed_as_a_question_needs_them() -> None:
    """Half of the threads read twice as slowly and write a little quicker: a question is mostly read."""
    machine = Machine(lambda c: 8.0 / c.threads, lambda c: 0.1 * c.threads)
    assert tune(DEFAULT, 4, machine, still).choice.threads == 4


def test_what_is_hardly_quicker_is_not_worth_leaving_the_default_for() -> None:
    assert tune(DEFAULT, 4, Machine(lambda c: 1.0 if c == DEFAULT else 0.97), still).choice == DEFAULT


def test_one_core_has_no_threads_to_choose() -> None:
    machine = Machine(lambda c: 1.0)
    assert tune(Choice(1, BATCH_SIZE), 1, machine, still).choice == Choice(1, BATCH_SIZE)
    assert {choice.threads for choice in machine.asked} == {1}


def test_threads_that_were_set_stay() -> None:
    machine = Machine(lambda c: 1.0 / c.threads)
    assert {trial.choice.threads for trial in tune(Choice(3, BATCH_SIZE), 0, machine, still).trials} == {3}


def test_each_choice_is_tried_as_often_as_the_others() -> None:
    machine = Machine(lambda c: 1.0)
    tune(DEFAULT, 4, machine, still)
    assert machine.asked.count(Choice(2, BATCH_SIZE)) == ROUNDS


def test_a_slow_machine_is_not_kept_busy_for_long() -> None:
    machine = Machine(lambda c: 1.0)
    tuned = tune(DEFAULT, 4, machine, counting_clock())
    assert len(machine.asked) <= SECONDS + 2
    assert tuned.choice == DEFAULT


def test_what_was_measured_is_found_again(tmp_path: Path) -> None:
    save(tmp_path / "made" / "tuning.json", "here", TUNED)
    assert load(tmp_path / "made" / "tuning.json", "here", 4) == TUNED
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["tuning.json"]


def test_a_machine_with_one_way_only_has_no_other(tmp_path: Path) -> None:
    save(tmp_path / "tuning.json", "here", replace(TUNED, other=None))
    assert load(tmp_path / "tuning.json", "here", 4) == replace(TUNED, other=None)


def test_the_other_way_is_tried_as_often() -> None:
    machine = Machine(lambda c: 3.0)
    assert again(DEFAULT, machine) == Trial(DEFAULT, 3.0, 1.0)
    assert machine.asked == [DEFAULT] * ROUNDS


def test_what_was_measured_for_something_else_is_not_believed(tmp_path: Path) -> None:
    save(tmp_path / "tuning.json", "another model", TUNED)
    assert load(tmp_path / "tuning.json", "here", 4) is None
    assert load(tmp_path / "none.json", "here", 4) is None


@pytest.mark.parametrize(
    "change",
    [
        {"choice": {"threads": 64, "batch_size": 64}},
        {"choice": {"threads": 0, "batch_size": 64}},
        {"choice": {"threads": 2, "batch_size": 1_000_000}},
        {"choice": {"threads": "2", "batch_size": 64}},
        {"choice": {"threads": True, "batch_size": 64}},
        {"choice": None},
        {"trials": [{"choice": {}}]},
        {"trials": "none"},
        {"trials": []},
        {"other": {"choice": {}}},
        {"padding": "x" * MOST_BYTES},
    ],
)
def test_a_damaged_or_foreign_file_is_not_believed(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "tuning.json"
    save(path, "here", TUNED)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert load(path, "here", 4) is None


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "{", "\0"])
def test_what_is_no_json_of_ours_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / "tuning.json").write_text(text, encoding="utf-8")
    assert load(tmp_path / "tuning.json", "here", 4) is None


def test_a_doctor_tells_what_was_measured_and_what_was_chosen() -> None:
    value = told(TUNED).value
    assert value.startswith("2 threads, 64 tokens a batch, 0.50 of the default's time")
    assert "4 threads × 256" in value
    assert value.endswith('; with weights mapped 0.78 of that: set weights = "mapped"')
    assert told(TUNED, packed=False).value.endswith('; with weights packed 0.78 of that: set weights = "packed"')
    worse = replace(TUNED, other=Trial(Choice(2, 64), 1.1, 0.5))
    assert told(worse).value.endswith("; with weights mapped 1.07 of that")
    assert told(replace(TUNED, other=None)).value.endswith("a question)")
    assert "quoth doctor --tune" in told(None).value
    assert told(None).ok
