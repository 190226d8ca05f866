"""What is added by hand is copied, indexed and reported; what is taken out can be put back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from index.errors import IndexingError, IndexMismatch, IndexMissing
from index.holdings import Holdings
from index.ingest import Ingester
from index.readers import Draft
from index.store import Store
from index.types import ChunkingSettings, Filters, RawPage
from index.uploads import Uploads
from tests.index.fakes import CHUNKING, FakeEmbedder, FakeSource, ticking_clock


@dataclass
class Place:
    """A store with its holdings, and a folder with files to give."""

    store: Store
    holdings: Holdings
    embedder: FakeEmbedder
    uploads: Uploads
    given: Path

    def file(self, name: str, text: str = "The dam was struck on Monday.") -> tuple[Path, str]:
        path = self.given / f"upload-{len(list(self.given.iterdir()))}"
        path.write_text(text)
        return path, name


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    embedder = FakeEmbedder()
    (tmp_path / "given").mkdir()
    uploads = Uploads(tmp_path / "data" / "uploads")
    with Store.open(tmp_path / "data") as store:

        def ingester(read: Callable[[RawPage], Draft]) -> Ingester:
            return Ingester(store, embedder, CHUNKING, ticking_clock(), read)

        holdings = Holdings(
            store, ingester, uploads, 10_000, lambda address: FakeSource({address: '{"text": "Fetched."}'})
        )
        yield Place(store, holdings, embedder, uploads, tmp_path / "given")


def test_files_are_indexed_from_their_copies(place: Place) -> None:
    report = place.holdings.add_files([place.file("a.txt"), place.file("b.md", "# Flood\n\nHouses were flooded.")])
    assert len(report.added) == 2 and report.failed == ()
    for file in place.given.iterdir():
        file.unlink()
    assert {info.title for info in place.store.articles()} == {"a", "Flood"}
    assert place.holdings.add_files([place.file("a.txt")]).unchanged


def test_what_fails_is_reported_under_the_name_it_was_given_and_not_kept(place: Place) -> None:
    report = place.holdings.add_files(
        [
            place.file("good.txt"),
            place.file("../x.docx"),
            place.file("empty.txt", ""),
            place.file("long.txt", "x" * 20_000),
        ]
    )
    assert len(report.added) == 1
    assert {failure.uri: failure.reason[:8] for failure in report.failed} == {
        "../x.docx": "is a .do",
        "empty.txt": "is empty",
        "long.txt": "is 0.0 M",
    }
    assert [file.name for file in place.uploads.folder.iterdir()] == ["good.txt"]


def test_a_removed_article_leaves_with_its_copy_and_comes_back_without_being_embedded_again(place: Place) -> None:
    place.holdings.add_files([place.file("a.txt", "One two three. " * 20), place.file("b.txt")])
    before, passages = place.store.articles(), place.store.passages(place.store.keys(Filters()))
    embedded = len(place.embedder.embedded)
    name = next(info.id for info in before if info.title == "a")
    removed = place.holdings.remove(name)
    assert len(place.store.articles()) == 1 and not (place.uploads.folder / "a.txt").exists()
    place.holdings.restore(removed)
    assert place.store.articles() == before and len(place.embedder.embedded) == embedded
    back = place.store.passages(place.store.keys(Filters()))
    assert sorted(chunk.id for chunk, _ in back.values()) == sorted(chunk.id for chunk, _ in passages.values())
    assert place.store.match("three", 5) and place.store.check() == ()
    assert (place.uploads.folder / "a.txt").exists()
    assert removed.title == "a"


def test_an_article_cannot_come_back_into_an_index_made_otherwise(place: Place) -> None:
    place.holdings.add_files([place.file("a.txt"), place.file("b.txt", "Other.")])
    removed = place.holdings.remove(place.store.articles()[0].id)
    other = replace(removed, made_with=replace(removed.made_with, chunking=ChunkingSettings(99, 1)))
    with pytest.raises(IndexMismatch):
        place.holdings.restore(other)


def test_what_is_not_there_cannot_be_removed(place: Place) -> None:
    with pytest.raises(IndexMissing, match="any more"):
        place.holdings.remove("a000")


def test_a_page_is_known_by_the_address_it_was_fetched_from(place: Place) -> None:
    place.holdings.add_page("https://news.example/1")
    assert [info.url for info in place.store.articles()] == ["https://news.example/1"]


def test_switched_off_no_page_is_fetched(place: Place) -> None:
    off = Holdings(place.store, lambda read: pytest.fail("nothing is read"), place.uploads, 1)
    with pytest.raises(IndexingError, match="web_pages = true"):
        off.add_page("https://news.example/1")
