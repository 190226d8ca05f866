"""What a question says about time is found, and what only looks like a time is left alone."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.types import Window
from assistant.when import in_words, when_of, with_days
from assistant.when_words import tells_a_time

TUESDAY = date(2025, 1, 14)


def window(question: str) -> str:
    found = when_of(question, TUESDAY).window
    return in_words(found) if found else ""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What happened in November 2024?", "November 2024"),
        ("What happened on 12 November?", "12 November 2024"),
        ("What did they claim on January 6?", "6 January 2025"),
        ("When did it happen in 2019?", "2019"),
        ("Who held the town before the winter?", "until 30 November 2024"),
        ("What has happened since March?", "since 1 March 2024"),
        ("What happened after 12 November 2024?", "since 13 November 2024"),
        ("What happened between March and May 2024?", "March to May 2024"),
        ("What happened between November and January 2025?", "November 2024 to January 2025"),
        ("How did it change between November 2024 and March 2024?", "March to November 2024"),
        ("What changed from May to July 2024?", "May to July 2024"),
        ("Which towns did they claim in January and February 2024?", "January to February 2024"),
        ("What happened in December 2024 and in January?", "December 2024 to January 2025"),
        ("What happened in Q3 2024?", "July to September 2024"),
        ("What happened in the summer of 2024?", "June to August 2024"),
        ("How close were they in the third week of August 2024?", "15 to 21 August 2024"),
        ("What did they say last week?", "6 to 12 January 2025"),
        ("What happened today?", "14 January 2025"),
        ("What was the situation as of 1 December 2024?", "until 1 December 2024"),
        ("In November, who held the town?", "November 2024"),
        ("What did they say on Wednesday, 1 January 2025?", "1 January 2025"),
        ("What did they say on Friday, May 3, 2024?", "3 May 2024"),
        ("What has happened since Mon 6 January?", "since 6 January 2025"),
        ("What happened before Monday, 6 January 2025?", "until 5 January 2025"),
        ("What happened between Monday, 6 January and Friday, 10 January?", "6 to 10 January 2025"),
        ("What happened between Friday and Monday?", "10 to 13 January 2025"),
        ("What happened between Monday and Friday?", "6 to 10 January 2025"),
        ("What happened between 3 and 9 May 2024?", "3 to 9 May 2024"),
        ("What happened 3–9 May 2024?", "3 to 9 May 2024"),
        ("What happened from May 3 to 9, 2024?", "3 to 9 May 2024"),
        ("What happened from 10 to 20 January?", "10 to 20 January 2025"),
        ("What was sold in 2022, 2023 and 2024?", "2022 to 2024"),
        ("What was sold in January, February and March?", "January to March 2024"),
        ("In March, May and Merkel met. Why did they?", "March 2024"),
        ("What happened in March last year?", "March 2024"),
        ("What was built in the summer of last year?", "June to August 2024"),
        ("What happened in the winter of 2022/23?", "December 2022 to February 2023"),
        ("What happened in the past 24 hours?", "13 to 14 January 2025"),
        ("What happened in the last 72 hours?", "11 to 14 January 2025"),
        ("What happened a week ago today?", "6 to 12 January 2025"),
        ("How has Gaza changed since the October 2023 attack?", "since 1 October 2023"),
        ("Will there be a vote in January?", "January 2025"),
        ("Was the bridge due in March?", "March 2024"),
        ("Who announced plans in November?", "November 2024"),
        ("Which firm closed its plant due to the flood in March?", "March 2024"),
        ("Was geschah im November 2024 in Berlin?", "November 2024"),
        ("Was geschah gestern?", "13 January 2025"),
        ("Qué pasó la semana pasada?", "6 to 12 January 2025"),
        ("Que s'est-il passé en novembre 2024 ?", "November 2024"),
    ],
)
def test_a_named_time_is_the_window_of_the_question(question: str, expected: str) -> None:
    assert window(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What is in the 2024 budget?",
        "Who won the 2024 election?",
        "What did the 12 November attack destroy?",
        "Who won in the November 2020 election?",
        "What was said in the May 1940 report?",
        "Will the bridge open in March?",
        "What is due on 20 January?",
        "Is the permit valid until 9999-12-31?",
        "Who won World War 2?",
        "May I ask a second question?",
        "What did Theresa May say on the march?",
        "How many people live in 2000 homes?",
        "What is a Boeing 747?",
        "What did the Mars 2020 rover find?",
        "How long is the fall of the Niagara?",
        "What costs 1,999.50 in Peugeot 2008s?",
        "What will happen in 2030?",
        "When will the mine reopen?",
        "When does the sun rise in the summer?",
        "Meetings usually take place on Tuesday afternoons from 1pm to what?",
        "Which singer is born in the month of July?",
        "What concept was developed in the late 1950s?",
        "In which month did the ceasefire end?",
    ],
)
def test_what_only_looks_like_a_time_is_none(question: str) -> None:
    assert window(question) == ""


@pytest.mark.parametrize(
    "question",
    [
        "What is the situation in Kurakhove?",
        "What is the latest on Toretsk?",
        "Who controls Sudzha now?",
        "Is the mine working?",
        "How close are the troops today?",
        "Who is currently chief of the General Staff?",
        "Wie ist die Lage in Berlin?",
        "Quelle est la situation actuellement ?",
    ],
)
def test_a_question_about_the_present_is_one(question: str) -> None:
    when = when_of(question, TUESDAY)
    assert when.present
    assert when.window is None


@pytest.mark.parametrize(
    "question",
    ["What was the situation in Kurakhove?", "Which brigade defended the town?", "When did the war begin?", "Thanks."],
)
def test_a_question_about_the_past_is_not_about_the_present(question: str) -> None:
    assert not when_of(question, TUESDAY).present


def test_a_long_question_that_compares_reports_is_not_about_the_present() -> None:
    question = (
        "Does the article from The Verge say that the firm grew while the one from Wired says that it shrank then?"
    )
    assert not when_of(question, TUESDAY).present


def test_how_things_stood_as_of_a_day_is_about_the_present_of_that_day() -> None:
    when = when_of("What was the situation as of 1 December 2024?", TUESDAY)
    assert when.present
    assert when.window == Window(None, date(2024, 12, 1))


def test_relative_times_get_their_days_written_behind_them() -> None:
    question = "What did they say last week and two days ago about the 2024 budget?"
    assert with_days(question, when_of(question, TUESDAY)) == (
        "What did they say last week (6 to 12 January 2025) and two days ago (12 January 2025) about the 2024 budget?"
    )


def test_a_question_without_relative_times_stays_as_it_is() -> None:
    question = "What happened in November 2024?"
    assert with_days(question, when_of(question, TUESDAY)) == question


def test_a_text_of_a_million_characters_is_read_to_a_limit() -> None:
    assert when_of("in May 2024 " * 100_000, TUESDAY).window == Window(date(2024, 5, 1), date(2024, 5, 31))


PARTS = st.sampled_from(
    "What happened between and from to since before last this week month May March 12 5 November 2024 2023 the in on "
    "today now two days ago summer until until Monday, 3 – 9, January, will 24 hours year".split()
)


@given(
    st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=12).map(" ".join)),
    st.dates(date(1901, 1, 1), date(2900, 1, 1)),
)
@example("between 2024 and 2023", TUESDAY)
def test_any_question_gives_a_window_in_order_or_none(question: str, today: date) -> None:
    when = when_of(question, today)
    if when.window:
        since, until = when.window.since, when.window.until
        assert since or until
        assert not (since and until) or since <= until
        assert not since or since <= today
        assert in_words(when.window)
    assert when_of(question, today) == when
    assert all(question[m.start : m.end] == m.text for m in when.mentions)
    assert len(with_days(question, when)) >= len(question)


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("It fell on 2 October.", True),
        ("It was built in 1987.", True),
        ("It closed two weeks ago.", True),
        ("It opened in March.", True),
        ("It fell on 2024-10-02.", True),
        ("In March it opened.", True),
        ("It may fall any day, 1,400 people said.", False),
        ("It fell.", False),
    ],
)
def test_whether_a_text_tells_a_time(text: str, tells: bool) -> None:
    assert tells_a_time(text) is tells
