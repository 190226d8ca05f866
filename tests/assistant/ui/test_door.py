from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.ui.door import LONGEST_WAIT, TRIES, Tries


def wrong(tries: Tries, times: int, now: float, address: str = "10.0.0.2") -> None:
    for _ in range(times):
        tries.note(address, now)


def test_a_few_wrong_tries_cost_nothing_and_one_more_a_minute() -> None:
    tries = Tries()
    wrong(tries, TRIES - 1, now=0.0)
    assert tries.wait("10.0.0.2", 0.0) == 0.0
    wrong(tries, 1, now=0.0)
    assert [tries.wait("10.0.0.2", at) for at in (0.0, 59.0, 60.0)] == [60.0, 1.0, 0.0]
    assert tries.wait("10.0.0.3", 0.0) == 0.0, "another address is not shut out"


def test_each_round_costs_twice_as_long_up_to_an_hour() -> None:
    tries, waits = Tries(), []
    for _ in range(9):
        wrong(tries, TRIES, now=0.0)
        waits.append(tries.wait("10.0.0.2", 0.0))
    assert waits[:3] == [60.0, 120.0, 240.0] and waits[-1] == LONGEST_WAIT


def test_who_came_in_begins_anew() -> None:
    tries = Tries()
    wrong(tries, TRIES - 1, now=0.0)
    tries.admit("10.0.0.2")
    wrong(tries, TRIES - 1, now=0.0)
    assert tries.wait("10.0.0.2", 0.0) == 0.0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=60))
def test_an_address_gets_no_more_tries_than_its_waits_allow(steps: list[tuple[str, float]]) -> None:
    """Whatever the times between them: within the first minute, no address is listened to more than five times."""
    tries, now, heard = Tries(), 0.0, {"a": 0, "b": 0}
    for address, later in steps:
        now += later
        if now < 60.0 and not tries.wait(address, now):
            tries.note(address, now)
            heard[address] += 1
    assert max(heard.values()) <= TRIES


def test_many_addresses_do_not_fill_the_memory() -> None:
    tries = Tries()
    for number in range(5_000):
        tries.note(str(number), 0.0)
    assert len(tries._of) == 1_000
