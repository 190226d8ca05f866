"""Retrieval: two rankings fused, filters before the search, and an index that keeps up with its store."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.current import VECTOR_CACHE
from index.embedding import Vectors
from index.errors import IndexMismatch, IndexMissing
from index.ingest import article_id
from index.search import Index
from index.store import Store
from index.types import Filters, Hit
from index.vectors import FaissIndex, NumpyIndex
from tests.index.fakes import FakeEmbedder, FakeSource, filled_store, ingester, page, told_pages

WORDS = ["harbour", "ship", "storm", "bridge", "train", "mayor", "strike", "flood", "market", "school"]
QUERY = st.lists(st.sampled_from([*WORDS, "zeppelin", "the"]), min_size=1, max_size=4).map(" ".join)


def town_pages(count: int = 40) -> dict[str, str | None]:
    """Articles of two words each, half of them dated, each third from another source."""
    random = np.random.default_rng(5)
    return {
        f"mem:{n}": page(
            f"The {' and the '.join(random.choice(WORDS, 2))} of town {n}.",
            f"Town {n}",
            published=date(2024, 1, 1 + n // 2) if n % 2 else None,
            source=("north", "south", "west")[n % 3],
        )
        for n in range(count)
    }


@pytest.fixture(scope="module")
def towns() -> Store:
    return filled_store(town_pages())


def index_of(pages: dict[str, str | None]) -> Index:
    return Index(filled_store(pages), FakeEmbedder())


def shown(hits: tuple[Hit, ...]) -> list[tuple[str, object]]:
    return [(hit.chunk.id, pytest.approx(hit.score, abs=1e-5)) for hit in hits]


@given(query=QUERY, k=st.integers(1, 60), filters=st.sampled_from([Filters(), Filters(sources=("north",))]))
@settings(deadline=None, max_examples=80)
def test_hits_are_ranked_without_gaps_by_scores_that_never_rise(
    towns: Store, query: str, k: int, filters: Filters
) -> None:
    hits = Index(towns, FakeEmbedder()).retrieve(query, k, filters)
    assert 0 < len(hits) <= k
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.chunk.id for hit in hits}) == len(hits)
    for hit in hits:
        assert (hit.lexical is None) == (hit.origin == "dense")
        assert hit.lexical is None or hit.lexical > 0
        assert hit.dense is not None and -1.001 <= hit.dense <= 1.001
        article = towns.article(hit.article.id)
        assert article is not None
        assert article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text


@given(query=QUERY, k=st.integers(1, 20))
@settings(deadline=None, max_examples=60)
def test_faiss_and_numpy_give_the_same_hits(towns: Store, query: str, k: int) -> None:
    by_faiss = Index(towns, FakeEmbedder(), FaissIndex).retrieve(query, k)
    by_numpy = Index(towns, FakeEmbedder(), NumpyIndex).retrieve(query, k)
    assert shown(by_faiss) == shown(by_numpy)


def test_a_question_in_parts_finds_the_passage_of_each_part_before_the_second_of_one() -> None:
    pages = {f"mem:{n}": page(f"The storm flood broke the harbour bridge, day {n}.", f"Flood {n}") for n in range(6)}
    pages["mem:school"] = page("A school strike of teachers closed the market.", "Strike")
    index = index_of(pages)
    hits = index.retrieve("Who repaired the harbour bridge after a storm flood, and did teachers strike at school?", 3)
    assert "mem:school" in {hit.article.uri for hit in hits[:2]}


def test_what_both_searches_find_leads() -> None:
    index = index_of({"mem:a": page("Ships in the harbour."), "mem:b": page("A mayor."), "mem:c": page("A storm.")})
    hits = index.retrieve("harbour ships", 3)
    assert (hits[0].chunk.text, hits[0].origin) == ("Ships in the harbour.", "both")
    assert {hit.origin for hit in hits[1:]} == {"dense"}


def test_a_hit_of_the_lexical_search_alone_has_its_cosine_too() -> None:
    pages = {f"mem:{n}": page("Oh " + "! " * 9, f"{n}") for n in range(6)}
    pages["mem:odd"] = page("Storm, bridge, train, mayor, strike, flood, market, school and zeppelin.", "Odd")
    question, embedder = "! ! ! ! zeppelin", FakeEmbedder()
    hits = Index(filled_store(pages), embedder, depth=3).retrieve(question, 3)
    (odd,) = [hit for hit in hits if hit.article.uri == "mem:odd"]
    assert odd.origin == "lexical"
    cosine = embedder.embed_query(question) @ embedder.embed_query(f"Odd\n{odd.chunk.text}")
    assert odd.dense == pytest.approx(float(cosine), abs=1e-5)


def test_equal_chunks_keep_the_order_in_which_they_were_stored() -> None:
    index = index_of({f"mem:{n}": page("Ships in the harbour.") for n in (3, 1, 2)})
    assert [hit.article.uri for hit in index.retrieve("harbour", 3)] == ["mem:3", "mem:1", "mem:2"]


@pytest.mark.parametrize(("query", "k"), [("", 5), (" \n ", 5), ("harbour", 0), ("harbour", -1)])
def test_no_question_or_no_room_finds_nothing(towns: Store, query: str, k: int) -> None:
    assert Index(towns, FakeEmbedder()).retrieve(query, k) == ()


def test_a_question_of_ten_thousand_words_is_answered(towns: Store) -> None:
    assert len(Index(towns, FakeEmbedder()).retrieve("harbour ship zeppelin " * 3_400, 5)) == 5


# Filters


@pytest.mark.parametrize(
    "filters",
    [
        Filters(since=date(2024, 1, 15)),
        Filters(until=date(2024, 1, 3)),
        Filters(since=date(2024, 1, 5), until=date(2024, 1, 6), sources=("north", "south")),
        Filters(article_ids=(article_id("mem:7"), article_id("mem:8"))),
        Filters(sources=("nowhere",)),
    ],
)
def test_filters_apply_before_the_search_and_leave_none_out(towns: Store, filters: Filters) -> None:
    passing = {info.uri for _, info in towns.passages(towns.keys(filters)).values()}
    hits = Index(towns, FakeEmbedder(), depth=2).retrieve("harbour ship", 40, filters)
    assert {hit.article.uri for hit in hits} == passing


def test_an_article_of_unknown_date_passes_no_date_bound(towns: Store) -> None:
    hits = Index(towns, FakeEmbedder()).retrieve("harbour", 40, Filters(since=date(1, 1, 1), until=date(9999, 1, 1)))
    assert len(hits) == 20
    assert all(hit.article.published for hit in hits)


def test_an_article_of_unknown_date_passes_where_the_filters_let_it(towns: Store) -> None:
    everything = Index(towns, FakeEmbedder()).retrieve("harbour", 40)
    undated = {hit.article.uri for hit in everything if hit.article.published is None}
    filters = Filters(since=date(2024, 1, 15), undated=True)
    found = {info.uri: info.published for _, info in towns.passages(towns.keys(filters)).values()}
    assert undated and undated <= found.keys()
    assert all(day is None or day >= date(2024, 1, 15) for day in found.values())
    assert {hit.article.uri for hit in Index(towns, FakeEmbedder()).retrieve("harbour", 40, filters)} <= found.keys()


# Keeping up


def test_an_empty_index_finds_nothing_and_asks_no_embedder() -> None:
    class Unloadable(FakeEmbedder):
        def embed_query(self, text: str) -> Vectors:
            raise AssertionError("a model was loaded to search in nothing")

    index = Index(Store.open(None), Unloadable())
    assert index.retrieve("harbour", 5) == ()
    with pytest.raises(IndexMissing, match="quoth add"):
        index.require_articles()


def test_an_open_index_finds_what_another_connection_adds_changes_and_removes(tmp_path: Path) -> None:
    source = FakeSource({"mem:a": page("Ships in the harbour.")})
    with Store.open(tmp_path) as reading, Store.open(tmp_path) as writing:
        index = Index(reading, FakeEmbedder())
        assert index.retrieve("harbour", 5) == ()
        for pages in (
            {"mem:a": page("Ships in the harbour.")},
            {"mem:a": page("Ships in the harbour."), "mem:b": page("A mayor on strike.")},
            {"mem:a": page("Trains in the harbour."), "mem:b": page("A mayor on strike.")},
            {"mem:b": page("A mayor on strike.")},
            {"mem:c": page("A flood."), "mem:a": page("Ships in the harbour.")},
        ):
            source.pages = pages
            ingester(writing).add(source, remove_vanished=True)
            fresh = Index(writing, FakeEmbedder()).retrieve("harbour mayor ships", 5)
            assert {hit.article.uri for hit in fresh} == set(pages)
            assert index.retrieve("harbour mayor ships", 5) == fresh
            assert index.manifest == writing.manifest()


def test_an_index_filled_by_another_embedder_is_refused(towns: Store) -> None:
    with pytest.raises(IndexMismatch, match="--rebuild"):
        Index(towns, FakeEmbedder(name="other"))
    with pytest.raises(IndexMismatch, match="vector length"):
        Index(towns, FakeEmbedder(dimension=8)).retrieve("harbour", 5)


def test_an_index_rebuilt_by_another_embedder_is_refused_while_open(tmp_path: Path) -> None:
    with filled_store(town_pages(3), Store.open(tmp_path)) as store, Store.open(tmp_path) as writing:
        index = Index(store, FakeEmbedder())
        assert index.retrieve("harbour", 3)
        ingester(writing, FakeEmbedder("other")).rebuild()
        with pytest.raises(IndexMismatch, match="other"):
            index.retrieve("harbour", 3)


def test_threads_may_search_while_another_adds(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    done = threading.Event()

    def search(index: Index) -> None:
        try:
            while not done.is_set():
                for hit in index.retrieve("harbour article", 20):
                    article = index.article(hit.article.id)
                    assert article is not None and article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
        except BaseException as error:
            failures.append(error)

    with Store.open(tmp_path) as store:
        index = Index(store, FakeEmbedder())
        threads = [threading.Thread(target=search, args=(index,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        ingester(store).add(FakeSource(told_pages(60)))
        done.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(index.retrieve("harbour", 400)) == store.manifest().chunks


# The saved vectors


NEW = page("Harbour, ship and harbour.")


def saved(directory: Path) -> Index:
    return Index(Store.open(directory, create=False), FakeEmbedder(), cache_from=1)


def test_vectors_are_saved_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled_store(town_pages(), Store.open(tmp_path)).close()
    before = saved(tmp_path).retrieve("harbour ship", 10)
    assert (tmp_path / VECTOR_CACHE).is_file()
    monkeypatch.setattr(Store, "vectors", lambda *_: pytest.fail("read from the database"))
    assert saved(tmp_path).retrieve("harbour ship", 10) == before


@pytest.mark.parametrize("harm", ["flip", "truncate", "empty", "folder", "older"])
def test_saved_vectors_that_are_damaged_or_old_are_built_again(harm: str, tmp_path: Path) -> None:
    filled_store(town_pages(), Store.open(tmp_path)).close()
    saved(tmp_path).retrieve("harbour", 3)
    path = tmp_path / VECTOR_CACHE
    body = bytearray(path.read_bytes())
    if harm == "flip":
        body[-5] ^= 1
        path.write_bytes(body)
    elif harm == "truncate":
        path.write_bytes(body[:-1])
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "folder":
        path.unlink()
        path.mkdir()
    else:
        filled_store({"mem:new": NEW}, Store.open(tmp_path)).close()
    whole = town_pages() | ({"mem:new": NEW} if harm == "older" else {})
    expected = Index(filled_store(whole), FakeEmbedder(), NumpyIndex)
    assert shown(saved(tmp_path).retrieve("harbour ship", 10)) == shown(expected.retrieve("harbour ship", 10))


def test_a_small_index_saves_no_vectors(tmp_path: Path) -> None:
    Index(filled_store(town_pages(), Store.open(tmp_path)), FakeEmbedder()).retrieve("harbour", 3)
    assert not (tmp_path / VECTOR_CACHE).exists()
