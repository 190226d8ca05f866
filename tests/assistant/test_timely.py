"""A window decides what is found and says so; the present prefers the newest among the relevant, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.timely import (
    NEWEST_HITS,
    Found,
    Timing,
    cannot_know,
    find,
    in_order,
    newest_first,
    newest_hits,
    of_other_years,
    relevance,
)
from assistant.types import Window
from assistant.when import when_of
from index.types import Filters, Hit
from tests.fakes import article, evidence_of, hit

TIMING = Timing()
TODAY = date(2025, 1, 14)


def of(day: str | None, worth: float = 1.0, name: str = "", text: str = "The Kurakhove dam held.") -> Hit:
    """A hit of that day, as relevant as `worth` says."""
    published = date.fromisoformat(day) if day else None
    found = hit(article(text, name or f"a{day}-{worth}", published=published))
    return replace(found, dense=worth, lexical=10 * worth)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A search over these hits that keeps to its filters; `asked` are the filters it was given."""

    hits: tuple[Hit, ...]
    asked: list[Filters] = field(default_factory=list)

    def __call__(self, query: str, k: int, filters: Filters) -> tuple[Hit, ...]:
        self.asked.append(filters)
        passing = [one for one in self.hits if _passes(one.article.published, filters)]
        best = sorted(passing, key=lambda one: -(one.dense or 0.0))[:k]
        return tuple(replace(one, rank=n, score=1 / (60 + n)) for n, one in enumerate(best, 1))


def _passes(day: date | None, filters: Filters) -> bool:
    if day is None:
        return filters.undated or not (filters.since or filters.until)
    return (filters.since or date.min) <= day <= (filters.until or date.max)


def found(question: str, hits: Sequence[Hit], as_of: date | None = None, filters: Filters = Filters()) -> Found:  # noqa: B008
    return find(Corpus(tuple(hits)), question, 40, filters, when_of(question, as_of or TODAY), as_of, TIMING)


def days(found: Found) -> list[str]:
    return [str(one.article.published) for one in found.hits]


def test_a_question_without_a_time_is_searched_once_and_left_as_it_is() -> None:
    corpus = Corpus((of("2024-11-12", 0.9), of("2025-01-11", 0.8)))
    result = find(corpus, "Which dam held?", 40, Filters(), when_of("Which dam held?", TODAY), None, TIMING)
    assert result.period is None
    assert [one.dense for one in result.hits] == [0.9, 0.8]
    assert corpus.asked == [Filters()]


def test_the_present_puts_the_newest_of_the_relevant_first() -> None:
    result = found("What is the situation in Kurakhove?", [of("2024-11-12", 1.0), of("2025-01-11", 0.9)])
    assert days(result) == ["2025-01-11", "2024-11-12"]
    assert result.period and result.period.present
    assert "newest" in result.period.note


def test_what_is_new_but_not_relevant_is_not_promoted() -> None:
    result = found("What is the situation in Kurakhove?", [of("2024-11-12", 1.0), of("2025-01-13", 0.5)])
    assert days(result) == ["2024-11-12", "2025-01-13"]


def test_an_article_on_another_place_is_no_news_of_this_one() -> None:
    other = of("2025-01-13", 0.95, text="The town of Selydove fell.")
    assert days(found("What is the situation in Kurakhove?", [of("2024-11-12", 1.0), other]))[0] == "2024-11-12"


def test_articles_without_dates_change_nothing_and_nothing_is_said() -> None:
    result = found("What is the situation in Kurakhove?", [of(None, 1.0, "a"), of(None, 0.9, "b")])
    assert [one.dense for one in result.hits] == [1.0, 0.9]
    assert result.period is None


def test_a_window_filters_the_search_and_prefers_what_came_out_in_it() -> None:
    hits = [of("2025-01-11", 1.0), of("2024-11-20", 0.9), of("2024-08-01", 0.95)]
    result = found("What happened in November 2024?", hits)
    assert days(result)[0] == "2024-11-20"
    assert result.period
    assert result.period.asked == Window(date(2024, 11, 1), date(2024, 11, 30))
    assert result.period.looked == Window(date(2024, 11, 1), date(2024, 12, 15))


def test_a_later_article_that_is_far_better_still_tells_of_a_named_time() -> None:
    result = found("What happened in November 2024?", [of("2025-01-11", 1.0), of("2024-11-20", 0.76)])
    assert "2025-01-11" in days(result)


def test_of_last_week_only_last_week_counts() -> None:
    hits = [of("2024-10-30", 1.0), of("2025-01-11", 0.9)]
    result = found("What did they capture last week?", hits, as_of=TODAY)
    assert days(result) == ["2025-01-11"]
    assert result.period and "last week (6 to 12 January 2025)" in result.period.note


def test_a_window_with_nothing_in_it_widens_and_says_so() -> None:
    result = found("What happened on 12 November 2024?", [of("2024-12-05", 1.0)])
    assert days(result) == ["2024-12-05"]
    assert result.period and "widened" in result.period.note
    assert result.period.looked == Window(date(2024, 10, 12), date(2024, 12, 20))


@pytest.mark.parametrize("question", ["What happened last year?", "What happened in 9998?", "What happened yesterday?"])
def test_the_calendars_end_is_no_error(question: str) -> None:
    assert days(found(question, [of("9998-12-30"), of("2024-11-12")], as_of=date(9999, 12, 31)))


def test_where_widening_does_not_help_all_dates_are_looked_at_and_that_is_said() -> None:
    result = found("What happened in May 2023?", [of("2024-12-05", 1.0)])
    assert days(result) == ["2024-12-05"]
    assert result.period and result.period.looked is None
    assert "looked at all dates" in result.period.note


def test_a_window_over_articles_without_dates_says_that_they_have_none() -> None:
    result = found("What happened in May 2023?", [of(None, 1.0)])
    assert len(result.hits) == 1
    assert result.period and "no dates" in result.period.note


def test_what_came_out_after_the_day_of_asking_is_not_looked_at_and_the_undated_is() -> None:
    corpus = Corpus((of("2025-02-01", 1.0), of("2024-12-05", 0.9), of(None, 0.8)))
    question = "Which dam held?"
    result = find(corpus, question, 40, Filters(), when_of(question, TODAY), TODAY, TIMING)
    assert days(result) == ["2024-12-05", "None"]
    assert result.period and "nothing published after 14 January 2025" in result.period.note


def test_the_days_given_as_filters_hold_and_leave_out_what_has_no_date_visibly() -> None:
    filters = Filters(since=date(2024, 12, 1))
    result = found("What is the latest on Kurakhove?", [of("2024-11-12"), of("2024-12-05"), of(None)], filters=filters)
    assert days(result) == ["2024-12-05"]
    assert result.period and "unknown date are left out" in result.period.note


def test_how_things_stood_as_of_a_day_is_the_newest_until_then() -> None:
    hits = [of("2024-08-01", 1.0), of("2024-11-20", 0.9), of("2025-01-11", 0.95)]
    assert days(found("What was the situation as of 1 December 2024?", hits))[0] == "2024-11-20"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Who holds Kurakhove now?", {"here"}),
        ("Who holds Odesa now?", {"here", "there"}),
        ("Who holds it now?", {"here", "there"}),
        ("Who took Kurakhove?", {"here", "there"}),
    ],
)
def test_how_another_place_stands_now_is_no_news_on_this_one(question: str, told: set[str]) -> None:
    hits = [
        of("2024-11-12", name="here", text="Kurakhove is besieged."),
        of("2024-11-12", 0.9, name="here", text="The road is cut."),
        of("2025-01-11", name="there", text="The city is held."),
    ]
    assert {one.article.id for one in found(question, hits).hits} == told


def test_evidence_on_the_present_is_read_newest_first_and_numbered_so() -> None:
    pieces = evidence_of([of("2024-11-12"), of(None), of("2025-01-11")])
    ordered = in_order(pieces, when_of("What is the situation now?", TODAY))
    assert [str(piece.hit.article.published) for piece in ordered] == ["2025-01-11", "2024-11-12", "None"]
    assert [piece.number for piece in ordered] == [1, 2, 3]
    assert in_order(pieces, when_of("What happened?", TODAY)) == tuple(pieces)


def test_an_overview_of_the_present_leaves_out_what_is_older_than_the_newest_month() -> None:
    now = when_of("What is the latest on the dam?", TODAY)
    pieces = evidence_of([of(day) for day in ("2024-10-09", "2025-02-07", "2025-02-08", None)])
    told = [str(piece.hit.article.published) for piece in in_order(pieces, now, overview=True)]
    assert told == ["2025-02-08", "2025-02-07"]
    lone = evidence_of([of(day) for day in ("2024-10-09", "2025-02-08")])
    assert len(in_order(lone, now, overview=True)) == 2, "one passage alone is no overview"


def test_an_overview_of_the_present_is_drawn_from_the_newest_of_what_was_found() -> None:
    found = tuple(of(f"2025-01-{10 - n:02d}") for n in range(NEWEST_HITS + 2))
    now, ever = when_of("What is the latest on the dam?", TODAY), when_of("What is known about the dam?", TODAY)
    assert newest_hits(found, now, overview=True) == found[:NEWEST_HITS]
    assert newest_hits(found, now, overview=False) == newest_hits(found, ever, overview=True) == found


def test_articles_from_before_a_time_cannot_tell_what_happened_then() -> None:
    before = evidence_of([of("2024-10-12"), of("2024-08-01")])
    assert cannot_know(when_of("What was the situation in November 2024?", TODAY), before)
    assert not cannot_know(when_of("What was planned in November 2024?", TODAY), before)
    assert not cannot_know(when_of("What was the situation in October 2024?", TODAY), before)
    assert not cannot_know(when_of("What happened on 11 November?", TODAY), before), "of which year?"
    assert not cannot_know(when_of("What is the situation?", TODAY), before)
    assert not cannot_know(when_of("What was it in November 2024?", TODAY), evidence_of([of(None)]))
    assert not cannot_know(when_of("What was it in November 2024?", TODAY), ())


@pytest.mark.parametrize(
    ("text", "day", "apart"),
    [
        ("Russian troops stand three kilometres from Pokrovsk.", "2024-12-13", True),
        ("Pokrovsk was shelled in 2023 and again in 2024.", "2024-12-13", False),
        ("Pokrovsk was shelled for a year.", "2024-12-13", False),
        ("Pokrovsk grew in the 2020s.", "2024-12-13", False),
        ("Pokrovsk was shelled.", "2023-05-01", False),
        ("Pokrovsk was shelled.", None, False),
    ],
)
def test_a_year_that_nothing_found_is_of_or_speaks_of_is_told(text: str, day: str | None, apart: bool) -> None:
    asked = when_of("When did Russia capture Pokrovsk in 2023?", TODAY)
    assert of_other_years(asked, evidence_of([of(day, text=text)])) is apart
    assert not of_other_years(when_of("When did Russia capture Pokrovsk?", TODAY), evidence_of([of(day, text=text)]))
    assert not of_other_years(asked, ())


DATES = st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2026, 1, 1)).map(str))
HITS = st.lists(st.tuples(DATES, st.floats(0, 1)), max_size=8, unique_by=lambda pair: pair).map(
    lambda pairs: [of(day, worth, f"a{n}") for n, (day, worth) in enumerate(pairs)]
)
QUESTIONS = st.sampled_from(
    [
        "What is the latest on Kurakhove?",
        "What happened last week?",
        "What happened in November 2024?",
        "What was it as of May 1950?",
        "Which dam?",
        "What happened before 1990?",
    ]
)


@given(HITS, QUESTIONS, st.booleans())
def test_whatever_is_asked_hits_are_ranked_once_each_and_none_is_invented(
    hits: list[Hit], question: str, given_day: bool
) -> None:
    result = found(question, hits, as_of=TODAY if given_day else None)
    ids = [one.chunk.id for one in result.hits]
    assert len(ids) == len(set(ids))
    assert set(ids) <= {one.chunk.id for one in hits}
    assert [one.rank for one in result.hits] == list(range(1, len(ids) + 1))
    scores = [one.score for one in result.hits]
    assert scores == sorted(scores, reverse=True)
    assert result.period is None or result.period.note
    if given_day:
        assert all(one.article.published is None or one.article.published <= TODAY for one in result.hits)


@given(HITS)
def test_preferring_the_newest_keeps_every_hit_and_does_it_once(hits: list[Hit]) -> None:
    once = newest_first("the Kurakhove dam", hits, TIMING)
    assert sorted(one.chunk.id for one in once) == sorted(one.chunk.id for one in hits)
    assert [one.chunk.id for one in newest_first("the Kurakhove dam", once, TIMING)] == [one.chunk.id for one in once]
    assert all(0 <= worth <= 1 for worth in relevance("dam", hits))
