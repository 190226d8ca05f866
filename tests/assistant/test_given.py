"""Passages given with a question become articles like any others, their text unchanged."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.given import GivenPassages, Passage
from index.store import Store
from tests.index.fakes import ingester

ONE = Passage("Dam struck", "The dam was struck.", date(2024, 11, 11))
TWO = Passage("", "The river rose.")


def test_passages_are_listed_in_the_order_given() -> None:
    source = GivenPassages([ONE, TWO])
    assert list(source.uris()) == ["passage:1", "passage:2"]
    assert list(GivenPassages([]).uris()) == []


def test_only_passages_are_covered() -> None:
    source = GivenPassages([ONE])
    assert source.absence("passage:7") == "gone"
    assert source.absence("/home/passage:7.txt") == "foreign"


def test_the_revision_changes_with_the_passage_and_with_nothing_else() -> None:
    source = GivenPassages([ONE, TWO, ONE])
    assert source.revision("passage:1") == source.revision("passage:3") != source.revision("passage:2")
    assert source.read("passage:1").revision == source.revision("passage:1")


def test_a_passage_becomes_an_article_with_title_text_and_date() -> None:
    with Store.open(None) as store:
        ingester(store).add(GivenPassages([ONE, TWO]))
        found = {info.uri: store.article(info.id) for info in store.articles()}
    first, second = found["passage:1"], found["passage:2"]
    assert first is not None and second is not None
    assert (first.title, first.text, first.published) == ("Dam struck", "The dam was struck.", date(2024, 11, 11))
    assert (second.text, second.published) == ("The river rose.", None)


def test_an_empty_passage_is_reported_and_the_rest_goes_in() -> None:
    with Store.open(None) as store:
        report = ingester(store).add(GivenPassages([Passage("Nothing", "  "), ONE]))
    assert report.added == ("passage:2",)
    assert [failure.uri for failure in report.failed] == ["passage:1"]


readable = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(
    lambda text: any(character.isalnum() for character in text)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(readable, min_size=1, max_size=4, unique=True))
def test_the_text_of_a_passage_is_kept_to_the_character(texts: list[str]) -> None:
    with Store.open(None) as store:
        ingester(store).add(GivenPassages([Passage("A title", text) for text in texts]))
        stored = {info.uri: store.article(info.id) for info in store.articles()}
    assert [stored[f"passage:{n}"].text for n in range(1, len(texts) + 1)] == texts  # type: ignore[union-attr]
