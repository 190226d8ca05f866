"""Words for a time become the days they name, seen from one day; never more, and never an exception."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.periods import window_of

TUESDAY = date(2025, 1, 14)


def days(since: str, until: str | None = None) -> tuple[date, date]:
    return date.fromisoformat(since), date.fromisoformat(until or since)


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("yesterday", days("2025-01-13")),
        ("two days ago", days("2025-01-12")),
        ("last week", days("2025-01-06", "2025-01-12")),
        ("this week", days("2025-01-13", "2025-01-19")),
        ("two weeks ago", days("2024-12-30", "2025-01-05")),
        ("the past two weeks", days("2024-12-31", "2025-01-14")),
        ("two months ago", days("2024-11-01", "2024-11-30")),
        ("last month", days("2024-12-01", "2024-12-31")),
        ("last quarter", days("2024-10-01", "2024-12-31")),
        ("last year", days("2024-01-01", "2024-12-31")),
        ("last weekend", days("2025-01-11", "2025-01-12")),
        ("last summer", days("2024-06-01", "2024-08-31")),
        ("this winter", days("2024-12-01", "2025-02-28")),
        ("last winter", days("2023-12-01", "2024-02-29")),
        ("November", days("2024-11-01", "2024-11-30")),
        ("January", days("2025-01-01", "2025-01-31")),
        ("14 January", days("2025-01-14")),
        ("15 January", days("2024-01-15")),
        ("Monday", days("2025-01-13")),
        ("12 November 2024", days("2024-11-12")),
        ("November 12, 2024", days("2024-11-12")),
        ("2024-11-12", days("2024-11-12")),
        ("12.11.2024", days("2024-11-12")),
        ("Q3 2024", days("2024-07-01", "2024-09-30")),
        ("last quarter of 2023", days("2023-10-01", "2023-12-31")),
        ("first half of 2024", days("2024-01-01", "2024-06-30")),
        ("third week of August 2024", days("2024-08-15", "2024-08-21")),
        ("2023", days("2023-01-01", "2023-12-31")),
        ("Monday, 6 January 2025", days("2025-01-06")),
        ("past 24 hours", days("2025-01-13", "2025-01-14")),
        ("past 25 hours", days("2025-01-12", "2025-01-14")),
        ("3rd to 9th of May 2024", days("2024-05-03", "2024-05-09")),
        ("May 3-9, 2024", days("2024-05-03", "2024-05-09")),
        ("15 to 20 January", days("2024-01-15", "2024-01-20")),
        ("5 May last year", days("2024-05-05")),
        ("summer of this year", days("2025-06-01", "2025-08-31")),
        ("winter of 2022/23", days("2022-12-01", "2023-02-28")),
        ("letzte Woche", days("2025-01-06", "2025-01-12")),
        ("novembre 2024", days("2024-11-01", "2024-11-30")),
        ("noviembre de 2024", days("2024-11-01", "2024-11-30")),
    ],
)
def test_a_phrase_is_the_days_it_names_seen_from_a_tuesday(phrase: str, expected: tuple[date, date]) -> None:
    window = window_of(phrase, TUESDAY)
    assert window is not None
    assert (window.since, window.until) == expected


@pytest.mark.parametrize(
    "phrase",
    [
        "03/04/2024",
        "31 February 2024",
        "9 to 3 May 2024",
        "30 and 31 June",
        "99999999 days ago",
        "1200 years ago",
        "soup",
        "",
    ],
)
def test_what_names_no_certain_day_is_no_window(phrase: str) -> None:
    assert window_of(phrase, TUESDAY) is None


WORDS = st.sampled_from(
    "last this past two 12 31 week month year days ago of May summer 2024 Q3 first the a 2.5 – ² Monday, 3 9 May, "
    "hours and to".split()
)


@given(
    st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=6).map(" ".join)),
    st.dates(date(1901, 1, 1), date(2900, 1, 1)),
)
@example("²² weeks ago", TUESDAY)
@example("29 February", date(2025, 3, 1))
@example("29 February", date(2025, 2, 1))
def test_any_text_is_a_window_in_order_or_none(phrase: str, today: date) -> None:
    window = window_of(phrase, today)
    assert window is None or (window.since is not None and window.until is not None and window.since <= window.until)
    assert window_of(phrase, today) == window
