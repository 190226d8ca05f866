"""A quote of an old answer: found again wherever its article still says so, and never taken for another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from index.ingest import article_id
from index.quotes import resolve_quote
from index.search import Index
from index.store import Store
from index.types import Article, ResolvedQuote
from tests.index.fakes import FakeEmbedder, FakeSource, ingester, page
from tests.index.test_store import ARTICLE


def article(text: str) -> Article:
    return replace(ARTICLE, text=text, digest=hashlib.sha256(text.encode()).hexdigest())


THEN = article("The dam held. The road was cut. The dam held.")
QUOTE = (14, 31, "The road was cut.")


def test_a_quote_of_an_article_that_is_as_it_was_is_current() -> None:
    assert resolve_quote(THEN, THEN, *QUOTE) == ResolvedQuote("current", THEN, 14, 31)


def test_a_quote_is_shown_in_the_text_of_then_when_that_was_kept() -> None:
    for now in (article("Nothing of it."), None):
        assert resolve_quote(now, THEN, *QUOTE) == ResolvedQuote("superseded", THEN, 14, 31)


def test_a_quote_that_the_changed_source_still_holds_is_found_there() -> None:
    now = article("New: the bridge is open. The road was cut.")
    assert resolve_quote(now, None, *QUOTE) == ResolvedQuote("moved", now, 25, 42)


def test_of_several_places_the_nearest_is_taken() -> None:
    now = article("It held. It held. It held.")
    assert [resolve_quote(now, None, at, at + 8, "It held.").start for at in (0, 1, 8, 12, 14, 99)] == [
        0,
        0,
        9,
        9,
        18,
        18,
    ]


def test_a_quote_that_is_nowhere_any_more_is_not_found() -> None:
    now = article("The road is open.")
    changed, gone = resolve_quote(now, None, *QUOTE), resolve_quote(None, None, *QUOTE)
    assert (changed, gone) == (ResolvedQuote("changed", now), ResolvedQuote("gone", None))
    assert not changed.found and not gone.found


@given(
    now=st.none() | st.text("ab ", max_size=20),
    then=st.none() | st.text("ab ", max_size=20),
    start=st.integers(-3, 25),
    length=st.integers(0, 5),
    quote=st.text("ab ", max_size=5),
)
@settings(deadline=None)
def test_what_is_found_is_the_quote(now: str | None, then: str | None, start: int, length: int, quote: str) -> None:
    articles = [None if text is None else article(text) for text in (now, then)]
    found = resolve_quote(articles[0], articles[1], start, start + length, quote)
    if found.found:
        assert found.article is not None
        assert found.article.text[found.start : found.end] == quote != ""
    elif quote:
        assert now is None or quote not in now


def test_an_index_resolves_the_quotes_of_old_answers_after_edits_and_removal(tmp_path: Path) -> None:
    source = FakeSource({"mem:a": page("The dam held. The road was cut.")})
    with Store.open(tmp_path) as store:
        filling, index = ingester(store), Index(store, FakeEmbedder())
        filling.add(source)
        (hit,) = index.retrieve("road", 1)
        digest, cited = hit.article.digest, (14, 31, "The road was cut.")
        assert index.resolve(hit.article.id, digest, *cited).state == "current"
        store.refer("chat", [(hit.article.id, digest)])
        for text, state in (("The road was cut.", "superseded"), ("Nothing.", "superseded")):
            source.pages["mem:a"] = page(text)
            filling.add(source)
            assert index.resolve(hit.article.id, digest, *cited).state == state
        store.release("chat")
        assert index.resolve(hit.article.id, digest, *cited).state == "changed"
        filling.remove([article_id("mem:a")])
        assert index.resolve(hit.article.id, digest, *cited).state == "gone"
        assert index.text_of(hit.article.id, digest) is None
