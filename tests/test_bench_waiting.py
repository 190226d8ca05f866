"""What waiting costs is told as ratios to OpenMP's own way, from processes that wait as they are told."""

from __future__ import annotations

import os
from pathlib import Path

from tests.bench_waiting import OWN, beside, table, told


def test_each_way_is_held_against_openmps_own_beside_as_many_programs() -> None:
    found = {
        (0, OWN): [(2.0, 1.0), (4.0, 1.0), (2.0, 1.0)],
        (0, "300"): [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)],
        (1, OWN): [(9.0, 9.0)] * 3,
        (1, "300"): [(3.0, 1.0)] * 3,
    }
    assert table(found).splitlines()[2:] == [
        f"| 0 | {OWN} | 2.00 | 1.00 | 1.00 | 1.00 |",
        "| 0 | 300 | 2.00 | 0.50 | 2.00 | 2.00 |",
        f"| 1 | {OWN} | 9.00 | 1.00 | 9.00 | 1.00 |",
        "| 1 | 300 | 3.00 | 0.33 | 1.00 | 0.11 |",
    ]


def test_the_other_programs_end_with_the_measurement() -> None:
    with beside(2) as counting:
        assert [one.poll() for one in counting] == [None, None]
    assert all(one.poll() is not None for one in counting)


def test_a_model_is_measured_in_a_process_of_its_own(tiny_model: Path) -> None:
    before = dict(os.environ)
    read, written = told(tiny_model, "300")
    assert read > 0 and written > 0
    assert dict(os.environ) == before
