"""Publication dates: certain or unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.dates import date_from_first_lines, date_from_url, parse_publication_date

THE_DAY = date(2024, 11, 12)
DAYS = st.dates(min_value=date(1500, 1, 1))


@pytest.mark.parametrize(
    "value",
    [
        *("2024-11-12", "2024-11-12T10:15:00Z", "2024-11-12 23:59:00 +0200", "2024/11/12", "2024.11.12", "20241112"),
        *("12 November 2024", "12th November, 2024", "Nov. 12, 2024", "November 12, 2024", " '12 November 2024' "),
        *("Tuesday, November 12, 2024 at 10:15 AM EST", "Tue, 12 Nov 2024 10:00:00 GMT", "12 November 2024 11:30 BST"),
        *(
            "12. November 2024",
            "12 novembre 2024",
            "12 de noviembre de 2024",
            "12 листопада 2024 року",
            "2024年11月12日",
        ),
        *(20241112, THE_DAY, datetime(2024, 11, 12, 23, 59), datetime(2024, 11, 12, 23, tzinfo=UTC)),
    ],
)
def test_a_whole_date_is_read_however_it_is_written(value: object) -> None:
    assert parse_publication_date(value) == THE_DAY


@pytest.mark.parametrize(
    "value",
    [
        *("2024", "2024-11", "11/2024", "November 2024", "12 November", "12 Nov 24", "12/11/24", 2024, "in 2024"),
        *("yesterday", "today", "2 days ago", "now", "last Tuesday", "2 days before 12 May 2024"),
        *("2024-11-31", "31 November 2024", "2024-13-01", "30/30/2024", "20241345", "0000-00-00"),
        *("2024-11-12 - 2024-11-14", "12 November 2024 and 13 December 2024", "12 May 2023, 12 May 2024"),
        *("", "   ", "unknown", "no date", None, True, 3.5, b"2024-11-12", ["2024-11-12"], {"date": 1}, "x" * 5_000),
        *("0999-01-01", "10 May 1066", date(1, 1, 1), 10**30, -20241112, "1731405600", 1731405600),
    ],
)
def test_what_names_no_single_day_for_certain_is_unknown(value: object) -> None:
    assert parse_publication_date(value) is None


def test_a_numeric_date_is_read_only_if_day_and_month_cannot_be_confused() -> None:
    assert parse_publication_date("03/04/2024") is None
    assert parse_publication_date("03.04.2024") is None
    assert parse_publication_date("25/12/2024") == date(2024, 12, 25)
    assert parse_publication_date("12/25/2024") == date(2024, 12, 25)
    assert parse_publication_date("05/05/2024") == date(2024, 5, 5)
    assert parse_publication_date("03.04.2024", day_first=True) == date(2024, 4, 3)


def test_a_time_zone_moves_no_date() -> None:
    late = datetime(2024, 11, 12, 23, 30, tzinfo=timezone(timedelta(hours=-10)))
    assert parse_publication_date(late) == THE_DAY
    assert parse_publication_date("2024-11-12T23:30:00-10:00") == THE_DAY


def test_a_future_date_is_kept_since_no_clock_is_asked() -> None:
    assert parse_publication_date("2199-01-01") == date(2199, 1, 1)


@given(DAYS)
def test_iso_dates_come_back_as_they_went_in(day: date) -> None:
    assert parse_publication_date(day.isoformat()) == day
    assert parse_publication_date(f"{day.isoformat()}T12:00:00") == day


@given(st.dates(min_value=date(1600, 1, 1), max_value=date(2300, 12, 31)))
@settings(max_examples=60, deadline=None)
def test_english_dates_come_back_as_they_went_in(day: date) -> None:
    months = "January February March April May June July August September October November December".split()
    assert parse_publication_date(f"{day.day} {months[day.month - 1]} {day.year}") == day
    assert parse_publication_date(f"{months[day.month - 1][:3]} {day.day}, {day.year}") == day


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[0-9 ./:T-]{1,24}", fullmatch=True)))
@settings(max_examples=100, deadline=None)
def test_no_text_makes_the_parser_fail(text: str) -> None:
    found = parse_publication_date(text)
    assert found is None or found.year >= 1500
    assert date_from_first_lines(text) is None or text.strip()
    date_from_url(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/2024/11/12/kurakhove",
        "https://example.org/world/2024/nov/12/kurakhove",
        "https://example.org/news/2024-11-12-kurakhove.html",
        "https://example.org/20241112/kurakhove",
        "https://example.org/2024/11/12/",
        "https://example.org/2024/11/12",
    ],
)
def test_a_date_in_the_path_of_an_address_is_read(url: str) -> None:
    assert date_from_url(url) == THE_DAY


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://example.org/2024/11/kurakhove",
            "https://example.org/?d=/2024/11/12/",
            "https://example.org/12345678/",
        ),
        *("https://example.org/2024/13/45/x", "https://example.org/1850/01/01/x", "https://example.org/2024/11/123/x"),
        *(
            "https://example.org/2024/11/12/old/2023/01/02/x",
            "http://[",
            "",
            "no address",
            "https://x.org/2024/xyz/12/a",
        ),
    ],
)
def test_an_address_without_one_certain_date_gives_none(url: str) -> None:
    assert date_from_url(url) is None


@pytest.mark.parametrize(
    "head",
    [
        "Title\nPublished: 12 November 2024\n\nText.",
        "Title\nPublished on 12 November 2024\n\nText.",
        "Title\n**Published:** 2024-11-12\n\nText.",
        "> Date: 2024-11-12\nText.",
        "Published 12 November 2024, 10:15 GMT | Updated: 13 November 2024",
        "Published: 12 November 2024 (updated 13 November 2024)",
        "Title\nBy Jane Doe, November 12, 2024\n\nText.",
        "By Jane Doe | 12 November 2024 | Kyiv",
        "By Jane Doe (12 November 2024)",
        "Title\n\nKYIV, Nov. 12, 2024 (Agency) — Troops have left.",
        "WASHINGTON, D.C., Nov. 12, 2024 (Agency) — The house has voted.",
        "NEW YORK and LONDON, Nov. 12, 2024 (Agency) — Shares fell.",
        "FRANKFURT am Main, 12. November 2024 – Die Bank schließt.",
        "KYIV, Ukraine, November 12, 2024 /Wire/ -- Troops have left.",
        "Title\n\n12 November 2024\n\nText.",
        "Tuesday, 12 November 2024\nText.",
        "Datum: 12.11.2024\nText.",
        "Veröffentlicht am 12. November 2024",
        "Опубліковано: 12 листопада 2024",
        "Published: 12 November 2024\nDate: 13 November 2024\n",
        "Published: 12 November 2024\nDate: 2024-11-12\nPublished: 2024-11-12",
        "\n" * 50 + "Published: 12 November 2024",
    ],
)
def test_the_first_lines_give_the_date_they_state(head: str) -> None:
    assert date_from_first_lines(head) == THE_DAY


@pytest.mark.parametrize(
    "head",
    [
        "On 12 November 2024 the town fell.",
        "In Kyiv, 12 November 2024 (a Tuesday) was quiet.",
        "NATO was founded in Washington, 4 April 1949 – the treaty was signed that day.",
        "TITANIC sank in the North Atlantic, 15 April 1912 (a Monday).",
        "By 12 November 2024 the army had left, on 13 November 2024",
        "By Monday, 12 November 2024",
        "Updated: 12 November 2024",
        "Published by Faber, 12 November 2024",
        "Published: yesterday",
        "Date: 03/04/2024",
        "Published: 1 May 2024\nPublished: 2 May 2024",
        "Date of birth: 12 November 1924",
        "KYIV, Nov. 12 (Agency) — Troops have left.",
        "20241112\nText.",
        "Line\n" * 10 + "Published: 12 November 2024",
        "Line\n" * 3 + "12 November 2024",
        "",
    ],
)
def test_the_first_lines_give_no_date_that_they_do_not_state(head: str) -> None:
    assert date_from_first_lines(head) is None
