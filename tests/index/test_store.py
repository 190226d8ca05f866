"""The truth on disk: what is stored comes back whole, and what goes wrong says what to do."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.database import DATABASE
from index.errors import IndexBusy, IndexDamaged, IndexingError, IndexMismatch, IndexMissing, StorageFull
from index.search import Index
from index.store import Entry, Store
from index.types import Article, Chunk, ChunkingSettings, Filters
from tests.index.fakes import CHUNKING, FakeEmbedder, FakeSource, content, filled_store, ingester, page

ARTICLE = Article(
    id="a1",
    uri="mem:1",
    title="Été à Nîmes",
    text="Zero\x00 inside. 🙂 Outside.",
    digest="0676af14aa05706534f1ba6aeaf1d95f644f9a0d5b3a28c87c4da3611fc2b191",
    published=date(2024, 12, 3),
    published_from="front matter",
    language="fr",
    url="https://example.org/1",
    source="Example",
    added=datetime(2025, 1, 1, 12, 30, tzinfo=UTC),
)


def with_text(text: str) -> Article:
    return replace(ARTICLE, text=text, digest=hashlib.sha256(text.encode()).hexdigest())


def entry(article: Article = ARTICLE) -> Entry:
    spans = [(0, 13), (14, len(article.text))]
    chunks = tuple(
        Chunk(f"{article.id}-{n}", article.id, n, start, end, article.text[start:end], None)
        for n, (start, end) in enumerate(spans)
    )
    return Entry(article, "r1", chunks, (b"x", b"y"), np.eye(2, 4, dtype=np.float32))


def claimed(store: Store) -> Store:
    store.claim("fake", 4, CHUNKING)
    return store


def test_an_article_comes_back_as_it_was_put(tmp_path: Path) -> None:
    with claimed(Store.open(tmp_path)) as store:
        store.put(entry())
    with Store.open(tmp_path) as store:
        assert store.article("a1") == ARTICLE
        assert store.revisions() == {"mem:1": "r1"}
        passages = store.passages(store.keys(Filters()))
        assert [chunk for chunk, _ in passages.values()] == list(entry().chunks)
        info = next(iter(passages.values()))[1]
        assert (info.characters, info.chunks, info.published) == (len(ARTICLE.text), 2, ARTICLE.published)
        ids, vectors = store.vectors()
        assert ids.tolist() == sorted(passages)
        assert vectors.tolist() == np.eye(2, 4).tolist()
        assert store.check() == ()


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=15))
@settings(deadline=None, max_examples=60)
def test_any_text_comes_back_to_the_last_code_point(text: str) -> None:
    with claimed(Store.open(None)) as store:
        article = with_text(text)
        store.put(entry(article))
        assert store.article("a1") == article
        assert store.check() == ()


def test_every_transaction_has_its_own_generation_and_a_change_of_chunks_its_own_stamp() -> None:
    store = Store.open(None)
    seen = [(store.manifest().generation, store.stamp())]

    def look() -> None:
        seen.append((store.manifest().generation, store.stamp()))

    claimed(store)
    look()
    with store.transaction():
        store.put(entry())
        store.touch("mem:1", "r2")
    look()
    store.touch("mem:1", "r3")
    look()
    store.remove(["a1"])
    look()
    stamps = [stamp for _, stamp in seen]
    assert [generation for generation, _ in seen] == [0, 1, 2, 3, 4]
    assert stamps[0] == stamps[1] != stamps[2] == stamps[3] != stamps[4] != stamps[0]


def test_a_key_never_comes_back() -> None:
    store = claimed(Store.open(None))
    store.put(entry())
    before = store.keys(Filters())
    store.remove(["a1"])
    store.put(entry())
    assert store.keys(Filters()).min() > before.max()


def test_a_transaction_that_fails_changes_nothing() -> None:
    store = claimed(Store.open(None))
    before = store.manifest()
    with pytest.raises(KeyboardInterrupt), store.transaction():
        store.put(entry())
        raise KeyboardInterrupt
    assert store.manifest() == before
    store.put(entry())
    assert store.manifest().chunks == 2


def test_no_thread_sees_what_another_has_not_finished() -> None:
    store, seen = claimed(Store.open(None)), list[bool]()
    reader = threading.Thread(target=lambda: seen.append(store.is_empty()))
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.put(entry())
        reader.start()
        reader.join(0.1)
        raise ZeroDivisionError
    reader.join()
    assert seen == [True]


def test_every_transaction_is_flushed_to_the_disk(tmp_path: Path) -> None:
    connections: list[sqlite3.Connection] = []

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connections.append(sqlite3.connect(*arguments, **named))
        return connections[-1]

    Store.open(tmp_path).close()
    with Store.open(tmp_path, connect=connect):
        (connection,) = connections
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_removing_tells_what_was_there() -> None:
    store = claimed(Store.open(None))
    store.put(entry())
    assert store.remove(["a1", "nowhere"]) == ("mem:1",)
    assert store.is_empty()
    assert store.check() == ()


def test_filters_select_by_date_source_and_article() -> None:
    store = filled_store(
        {
            "mem:old": page("Old.", published=date(2024, 1, 1), source="A"),
            "mem:new": page("New.", published=date(2025, 1, 1), source="B"),
            "mem:undated": page("Undated.", source="B"),
        }
    )

    everything = store.keys(Filters())

    def passing(filters: Filters) -> set[str]:
        assert store.keys(filters).tolist() == store.keys(filters, of=everything).tolist()
        return {info.uri for _, info in store.passages(store.keys(filters)).values()}

    assert passing(Filters()) == {"mem:old", "mem:new", "mem:undated"}
    assert passing(Filters(since=date(2024, 1, 1))) == {"mem:old", "mem:new"}
    assert passing(Filters(since=date(2024, 1, 2))) == {"mem:new"}
    assert passing(Filters(until=date(2024, 12, 31))) == {"mem:old"}
    assert passing(Filters(sources=("B", "C"))) == {"mem:new", "mem:undated"}
    new = store.find_article("mem:new")
    assert new is not None
    assert passing(Filters(article_ids=(new.id,))) == {"mem:new"}
    assert passing(Filters(since=date(2024, 6, 1), sources=("A",))) == set()


def test_articles_are_listed_newest_first_and_undated_last() -> None:
    store = filled_store(
        {
            "mem:1": page("One."),
            "mem:2": page("Two.", published=date(2024, 1, 1)),
            "mem:3": page("Three.", published=date(2025, 1, 1)),
        }
    )
    assert [info.uri for info in store.articles()] == ["mem:3", "mem:2", "mem:1"]


def test_an_article_is_found_by_uri_id_or_the_beginning_of_its_id() -> None:
    store = filled_store({f"mem:{n}": page(f"Text {n}.") for n in range(20)})
    info = store.articles()[0]
    assert store.find_article(info.uri) == info
    assert store.find_article(info.id) == info
    assert store.find_article(info.id[:9]) == info
    assert store.find_article("b") is None
    assert store.find_article("") is None
    assert store.find_article("a%") is None
    assert store.find_article(info.id[:5]) == info


@pytest.mark.parametrize("articles", [1, 20])
def test_a_few_characters_of_an_id_name_no_article(articles: int) -> None:
    store = filled_store({f"mem:{n}": page(f"Text {n}.") for n in range(articles)})
    for name in ("a", store.articles()[0].id[:4]):
        with pytest.raises(IndexingError, match=f"'{name}' is too little of an id.*5 characters.*quoth list"):
            store.find_article(name)


def test_the_beginning_of_two_ids_names_both() -> None:
    store = filled_store({uri: page(f"Text {uri}.") for uri in ("mem:154", "mem:362")})  # both are a3825…
    with pytest.raises(IndexingError, match=r"'a3825' fits 2 articles.*Give more of the id"):
        store.find_article("a3825")


# Texts that answers refer to

BEFORE, AFTER = with_text("Zero is inside. It was so."), with_text("Zero is inside. It is not.")
THEN = (ARTICLE.id, BEFORE.digest)


def test_a_text_that_is_referred_to_outlives_its_change_and_its_removal() -> None:
    store = claimed(Store.open(None))
    store.put(entry(BEFORE))
    assert store.refer("chat 1", [THEN, ("a1", "unknown"), ("nowhere", BEFORE.digest)]) == (THEN,)
    store.put(entry(AFTER))
    assert store.text_of(*THEN) == BEFORE
    assert store.article("a1") == AFTER == store.text_of("a1", AFTER.digest)
    store.remove(["a1"])
    assert store.text_of(*THEN) == BEFORE
    assert store.text_of("a1", AFTER.digest) is None
    assert store.superseded() == (1, len(BEFORE.text))
    assert store.check() == ()


def test_a_text_that_nobody_refers_to_is_not_kept() -> None:
    store = claimed(Store.open(None))
    store.put(entry(BEFORE))
    store.put(entry(AFTER))
    assert store.text_of(*THEN) is None
    assert store.refer("chat 1", [THEN]) == ()
    assert store.superseded() == (0, 0)


def test_a_superseded_text_goes_with_the_last_that_refers_to_it() -> None:
    store = claimed(Store.open(None))
    store.put(entry(BEFORE))
    store.refer("chat 1", [THEN])
    store.put(entry(AFTER))
    store.refer("chat 2", [THEN, THEN])
    assert store.referring() == ("chat 1", "chat 2")
    store.release("chat 1")
    store.release("nobody")
    assert store.text_of(*THEN) == BEFORE
    store.release("chat 2")
    assert store.text_of(*THEN) is None
    assert store.article("a1") == AFTER


def test_a_text_that_comes_back_is_stored_once() -> None:
    store = claimed(Store.open(None))
    store.put(entry(BEFORE))
    store.refer("chat 1", [THEN])
    for article in (AFTER, replace(BEFORE, title="Another")):
        store.put(entry(article))
    assert store.superseded() == (0, 0)
    assert store.text_of(*THEN) == replace(BEFORE, title="Another")


def test_referring_changes_nothing_that_is_searched() -> None:
    store = claimed(Store.open(None))
    store.put(entry(BEFORE))
    before = (store.manifest(), store.stamp())
    store.refer("chat 1", [THEN])
    store.release("chat 1")
    assert (store.manifest(), store.stamp()) == before


TO_FIRST_FORMAT = """
DROP TABLE superseded; DROP TABLE referred; DROP TABLE roots;
DROP INDEX articles_by_date; DROP INDEX articles_by_source;
ALTER TABLE articles DROP COLUMN sum; ALTER TABLE chunks DROP COLUMN sum; ALTER TABLE vectors DROP COLUMN sum;
ALTER TABLE failures DROP COLUMN sum;
PRAGMA user_version = 1"""


def test_an_index_of_the_first_format_is_brought_to_ours(tmp_path: Path) -> None:
    with claimed(Store.open(tmp_path)) as store:
        store.put(entry(BEFORE))
        whole = (store.article("a1"), store.manifest())
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.executescript(TO_FIRST_FORMAT)
    connection.close()
    with Store.open(tmp_path, create=False) as store:
        assert (store.article("a1"), store.manifest()) == whole
        assert store.refer("chat 1", [THEN]) == (THEN,)
        assert store.check() == ()


def test_a_first_format_that_cannot_be_brought_to_ours_stays_what_it_was(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.executescript(TO_FIRST_FORMAT)
        connection.execute("CREATE TABLE referred_by_text (in_the_way)")
    connection.close()
    with pytest.raises(IndexingError):
        Store.open(tmp_path)
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'superseded'").fetchall() == []
    connection.close()


# What goes wrong


@pytest.mark.parametrize("create", [False, True])
def test_a_folder_that_may_not_be_looked_into_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, create: bool
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    for name in ("is_file", "mkdir"):
        monkeypatch.setattr(Path, name, refuse)
    with pytest.raises(IndexingError, match=r"Permission denied.*Change its permissions, or .*--data OTHER"):
        Store.open(tmp_path / "data", create=create)


@pytest.mark.parametrize("create", [False, True])
def test_a_database_that_may_not_be_opened_is_named_with_what_to_do(tmp_path: Path, create: bool) -> None:
    def refuse(*_: object, **__: object) -> sqlite3.Connection:
        return sqlite3.connect(tmp_path)  # which is a folder

    (tmp_path / DATABASE).touch()
    with pytest.raises(IndexingError, match=r"SQLITE_CANTOPEN.*Change its permissions, or .*--data OTHER"):
        Store.open(tmp_path, create=create, connect=refuse)


def test_opening_for_reading_makes_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="quoth add"):
        Store.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_another_embedder_is_refused_with_the_repair(tmp_path: Path) -> None:
    store = filled_store({"mem:1": page("Text.")}, Store.open(tmp_path))
    with pytest.raises(IndexMismatch, match=r"'fake'.*'other'.*quoth add --rebuild.*--data") as raised:
        store.require("other")
    assert str(tmp_path) in str(raised.value)
    with pytest.raises(IndexMismatch, match="vector length is 32, wanted 99"):
        store.require("fake", 99)
    with pytest.raises(IndexMismatch, match="chunk_tokens is 24, wanted 25"):
        store.require("fake", 32, replace(CHUNKING, chunk_tokens=25))
    store.require("fake", 32, CHUNKING)


def test_an_empty_index_takes_any_settings() -> None:
    store = claimed(Store.open(None))
    store.claim("other", 5, ChunkingSettings(9, 1))
    assert store.manifest().embedder == "other"


def test_an_index_of_another_format_is_refused(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(IndexMismatch, match="format 99"):
        Store.open(tmp_path)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(IndexMismatch, match="another program"):
        Store.open(tmp_path)
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(IndexDamaged, match="quoth add"):
        Store.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexingError, match="--data"):
        Store.open(tmp_path / "file" / "index")


def everything_told(store: Store) -> tuple[object, ...]:
    """What a person can see of an index; of what makes a file be read again, nothing."""
    stored = {name: part for name, part in content(store).items() if name != "revisions"}
    hits = Index(store, FakeEmbedder()).retrieve("harbour ships", 20)
    kept = [store.text_of(article, digest) for article, digest in REFERRED]
    return stored, hits, store.articles(), store.failures(), kept


REFERRED: list[tuple[str, str]] = []


@pytest.fixture(scope="module")
def whole_database(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, tuple[object, ...]]:
    """The bytes of a database with a bit of everything in it, and what it tells."""
    folder = tmp_path_factory.mktemp("whole")
    days = [date(2024, 1, n + 1) for n in range(6)]
    pages = {f"mem:{n}": page(f"Text {n} of harbour and ships. " * 30, f"Title {n}", day) for n, day in enumerate(days)}
    with filled_store({**pages, "mem:no": None}, Store.open(folder)) as store:
        REFERRED[:] = [(info.id, info.digest) for info in store.articles()]
        store.refer("chat", REFERRED)
        filled_store({"mem:0": page("Another text. " * 40)}, store)
        told = everything_told(store)
    return (folder / DATABASE).read_bytes(), told


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=200)
def test_a_flipped_bit_anywhere_is_refused_or_found_by_the_check_or_harmless(
    where: float, bit: int, whole_database: tuple[bytes, tuple[object, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    body, told = bytearray(whole_database[0]), whole_database[1]
    body[int(where * len(body))] ^= 1 << bit
    assert survives(bytes(body), tmp_path_factory.mktemp("flipped")) in ("told", told)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_database_is_told(
    share: float, whole_database: tuple[bytes, tuple[object, ...]], tmp_path: Path
) -> None:
    body = whole_database[0][: int(len(whole_database[0]) * share)]
    assert survives(body, tmp_path) == "told"


def survives(body: bytes, folder: Path) -> tuple[object, ...] | str:
    """What an index of these bytes tells, or "told" when it is refused or found by the check, with what to do."""
    (folder / DATABASE).write_bytes(body)
    try:
        with Store.open(folder) as store:
            return "told" if store.check() else everything_told(store)
    except IndexingError as error:
        assert "quoth add" in str(error) or "--data" in str(error)
        return "told"


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_database_is_reported_or_harmless(seed: int, tmp_path: Path) -> None:
    pages = {f"mem:{n}": page(f"Text {n} of the harbour. " * 40, f"Title {n}") for n in range(8)}
    filled_store(pages, Store.open(tmp_path)).close()
    path, random = tmp_path / DATABASE, np.random.default_rng(seed)
    body = bytearray(path.read_bytes())
    first = int(random.integers(100, len(body) - 3000))
    body[first : first + 3000] = random.bytes(3000)
    path.write_bytes(body)
    try:
        with Store.open(tmp_path) as store:
            store.check()
            store.articles()
            Index(store, FakeEmbedder()).retrieve("harbour", 5)
            ingester(store).add(FakeSource({"mem:0": page("Changed.")}))
    except IndexingError as error:
        assert "quoth add" in str(error) or "--data" in str(error)


def cramped(pages: int) -> Callable[..., sqlite3.Connection]:
    """Connections to a disk that has room for so many pages of the database."""

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(*arguments, **named)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    return connect


def test_a_full_disk_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    pages = {f"mem:{n}": page(f"Article {n} speaks at some length. " * 60, f"Title {n}") for n in range(30)}
    with Store.open(tmp_path, connect=cramped(150)) as store:
        with pytest.raises(StorageFull, match="Make room"):
            ingester(store).add(FakeSource(pages))
        stored = store.revisions()
        assert 0 < len(stored) < len(pages)
        assert store.check() == ()
    with Store.open(tmp_path) as store:
        assert store.revisions() == stored
        assert len(ingester(store).add(FakeSource(pages)).added) == len(pages) - len(stored)
        assert store.check() == ()


def test_a_disk_too_full_for_an_empty_index_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StorageFull):
        Store.open(tmp_path, connect=cramped(5))


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    with (
        Store.open(tmp_path) as first,
        Store.open(tmp_path) as second,
        first.writing(),
        pytest.raises(IndexBusy, match="Another quoth"),
        second.writing(timeout_seconds=0.05),
    ):
        raise AssertionError("two writers at once")
    with Store.open(tmp_path) as third, third.writing(timeout_seconds=0):
        pass


def test_a_reader_sees_one_state_while_another_process_writes(tmp_path: Path) -> None:
    with claimed(Store.open(tmp_path)) as writer, Store.open(tmp_path) as reader:
        with reader.snapshot():
            before = reader.manifest()
            writer.put(entry())
            assert reader.manifest() == before
        assert reader.manifest().chunks == 2


def test_threads_share_a_store(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                article = replace(with_text(f"{ARTICLE.text} {turn}"), id=f"a{number}", uri=f"mem:{number}")
                store.put(entry(article))
                assert store.article(f"a{number}") == article
        except BaseException as error:
            failures.append(error)

    with claimed(Store.open(tmp_path)) as store:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.manifest().articles == 4
        assert store.check() == ()
