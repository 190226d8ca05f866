"""Syncing: the store is what its folders are, nothing is done about what cannot be looked at, and a look is free."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.changes import changes, statuses
from index.corpus import Corpus
from index.embedding import Vectors
from index.errors import IndexMissing
from index.ingest import article_id, preview
from index.sources import Paths
from index.store import Store
from index.types import Filters, IngestReport, Root, SourceStatus
from tests.index.fakes import FakeEmbedder, FakeSource, ingester, page, ticking_clock
from tests.index.test_ingest import LONG, content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three articles."""
    folder = Path(os.path.realpath(tmp_path)) / "articles"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.txt").write_text(f"The harbour of {name} is open. {LONG}")
    return folder


class Unloaded(FakeEmbedder):
    """An embedder that must not be needed."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("nothing was to be embedded")

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        raise AssertionError("nothing was to be cut")

    @property
    def dimension(self) -> int:  # type: ignore[override]
        raise AssertionError("the model was not needed")

    @dimension.setter
    def dimension(self, value: int) -> None: ...


def names(uris: Sequence[str]) -> list[str]:
    return [Path(uri).name for uri in uris]


def known(store: Store, *paths: Path, prune: bool = False) -> Paths:
    """What `quoth sync PATHS` looks at."""
    roots = store.roots()
    return Paths(paths or [root.uri for root in roots], known=roots, prune=prune)


def added(store: Store, *paths: Path) -> IngestReport:
    return ingester(store).add(Paths(paths))


# ---- sync


def test_a_sync_takes_in_what_changed_and_removes_what_is_gone(folder: Path) -> None:
    store, fresh, embedder = Store.open(None), Store.open(None), FakeEmbedder()
    added(store, folder)
    (folder / "a.txt").unlink()
    (folder / "b.txt").write_text((folder / "b.txt").read_text() + " And a last sentence that is new to it all.")
    (folder / "d.txt").write_text("The harbour of d is new.")
    report = ingester(store, embedder).sync(known(store))
    assert [names(uris) for uris in (report.added, report.updated, report.unchanged, report.removed)] == [
        ["d.txt"],
        ["b.txt"],
        ["c.txt"],
        ["a.txt"],
    ]
    assert report.chunks > 10
    assert report.embedded == len(embedder.embedded) <= 3
    assert (report.vanished, report.unreachable, report.failed) == ((), (), ())
    added(fresh, folder)
    assert content(store) == content(fresh)
    assert store.check() == ()
    assert len(store.keys(Filters(article_ids=(article_id(report.removed[0]),)))) == 0


def test_a_renamed_file_is_another_article_and_nothing_is_embedded(folder: Path) -> None:
    store, embedder = Store.open(None), FakeEmbedder()
    for name in ("a", "b", "c"):
        (folder / f"{name}.txt").rename(folder / f"{name}.json")
        (folder / f"{name}.json").write_text(page(f"{name} {LONG}", title=name))
    added(store, folder)
    (folder / "a.json").rename(folder / "z.json")
    report = ingester(store, embedder).sync(known(store))
    assert (names(report.added), names(report.removed), report.embedded) == (["z.json"], ["a.json"], 0)
    assert report.chunks > 5


def test_an_unchanged_sync_needs_no_model_and_writes_nothing(folder: Path) -> None:
    store = Store.open(None)
    added(store, folder)
    before = (store.manifest(), store.stamp())
    report = ingester(store, Unloaded()).sync(known(store))
    assert (names(report.unchanged), report.chunks) == (["a.txt", "b.txt", "c.txt"], 0)
    assert (store.manifest(), store.stamp()) == before


def test_an_interrupted_sync_keeps_what_was_stored_and_the_next_one_goes_on(folder: Path) -> None:
    class Interrupted(FakeEmbedder):
        def embed_documents(self, texts: Sequence[str]) -> Vectors:
            if len(self.embedded) > 100:
                raise KeyboardInterrupt
            return super().embed_documents(texts)

    store, fresh = Store.open(None), Store.open(None)
    added(store, folder)
    (folder / "a.txt").unlink()
    for number in range(20):
        (folder / f"{number}.txt").write_text(f"{number} {LONG}")
    with pytest.raises(KeyboardInterrupt):
        ingester(store, Interrupted()).sync(known(store))
    kept = store.manifest().articles
    assert 3 < kept < 23
    assert store.check() == ()
    report = ingester(store).sync(known(store))
    assert (len(report.unchanged), len(report.added), names(report.removed)) == (kept - 1, 23 - kept, ["a.txt"])
    added(fresh, folder)
    assert content(store) == content(fresh)


def test_a_folder_that_is_away_keeps_its_articles_until_it_is_pruned(folder: Path) -> None:
    store = Store.open(None)
    added(store, folder)
    folder.rename(folder.parent / "unplugged")
    report = ingester(store).sync(known(store))
    assert ([skip.uri for skip in report.failed], report.removed) == ([str(folder)], ())
    assert names(report.unreachable) == ["a.txt", "b.txt", "c.txt"]
    assert len(store.articles()) == 3
    (folder.parent / "unplugged").rename(folder)
    report = ingester(store, Unloaded()).sync(known(store))
    assert (len(report.unchanged), report.failed, store.failures()) == (3, (), ())
    folder.rename(folder.parent / "unplugged")
    report = ingester(store).sync(known(store, prune=True))
    assert (names(report.removed), report.unreachable) == (["a.txt", "b.txt", "c.txt"], ())
    assert (store.articles(), store.roots(), store.failures()) == ((), (), ())


def test_a_sync_of_one_place_leaves_the_others_alone(folder: Path) -> None:
    store, other = Store.open(None), folder.parent / "other.txt"
    other.write_text("Another harbour.")
    added(store, folder, other)
    (folder / "a.txt").unlink()
    other.unlink()
    assert names(ingester(store).sync(known(store, folder / "b.txt")).removed) == []
    assert names(ingester(store).sync(known(store, folder)).removed) == ["a.txt"]
    assert names(ingester(store).sync(known(store)).removed) == ["other.txt"]


def test_what_was_added_is_remembered_and_a_new_place_is_too(folder: Path) -> None:
    store = Store.open(None)
    added(store, folder / "a.txt")
    assert [root.uri for root in store.roots()] == [str(folder / "a.txt")]
    ingester(store).sync(known(store, folder))
    assert names(ingester(store).sync(known(store)).unchanged) == ["a.txt", "b.txt", "c.txt"]
    (folder / "a.txt").unlink()
    assert names(ingester(store).sync(known(store)).removed) == ["a.txt"]


def test_a_place_that_does_not_exist_is_not_remembered(folder: Path) -> None:
    store = Store.open(None)
    report = added(store, folder / "typo", folder)
    assert [skip.reason for skip in report.failed] == ["does not exist; check the spelling"]
    assert store.roots() == (Root(str(folder), f"folder {folder.stat().st_ino}"),)


def corpus_of(store: Store) -> Corpus:
    return Corpus(store, lambda: ingester(store), ticking_clock())


@pytest.mark.parametrize("inner_first", [True, False])
def test_a_folder_added_by_itself_keeps_its_articles_while_it_is_away_from_the_one_it_lies_in(
    folder: Path, inner_first: bool
) -> None:
    store, disk = Store.open(None), folder / "disk"
    disk.mkdir()
    (disk / "on.txt").write_text("The harbour on the disk.")
    corpus = corpus_of(store)
    for place in (disk, folder) if inner_first else (folder, disk):
        corpus.add([place])
    disk.rename(folder.parent / "unplugged")
    report = corpus.sync()
    assert (names(report.unreachable), report.removed) == (["on.txt"], ())
    (folder.parent / "unplugged").rename(disk)
    assert len(corpus.sync().unchanged) == 4
    disk.rename(folder.parent / "unplugged")
    assert names(corpus.sync(prune=True).removed) == ["on.txt"]
    assert [root.uri for root in store.roots()] == [str(folder)]
    assert (corpus.sync().failed, store.failures()) == ((), ())


def test_a_folder_synced_by_itself_stays_a_part_of_the_one_it_lies_in(folder: Path) -> None:
    store = Store.open(None)
    corpus = corpus_of(store)
    (folder / "sub").mkdir()
    (folder / "sub" / "on.txt").write_text("The harbour.")
    corpus.add([folder])
    corpus.sync([folder / "sub"])
    (folder / "sub").rename(folder.parent / "deleted")
    assert names(corpus.sync().removed) == ["on.txt"]


def test_a_folder_pruned_while_an_empty_one_stands_there_is_filled_anew_by_the_next_sync(folder: Path) -> None:
    store = Store.open(None)
    corpus = corpus_of(store)
    corpus.add([folder])
    folder.rename(folder.parent / "old")
    folder.mkdir()
    assert len(corpus.sync(prune=True).removed) == 3
    (folder / "n.txt").write_text("The new harbour.")
    assert names(corpus.sync().added) == ["n.txt"]


def test_a_path_that_does_not_exist_is_told_once_and_not_kept(folder: Path) -> None:
    store = Store.open(None)
    corpus = corpus_of(store)
    corpus.add([folder])
    for typo in (folder / "typo.txt", folder.parent / "typo" / "typo.txt"):
        for told in (corpus.add([typo]), corpus.sync([typo]), corpus.sync([typo], prune=True), corpus.preview([typo])):
            assert [(one.uri, one.reason) for one in told.failed] == [(str(typo), "does not exist; check the spelling")]
        assert store.failures() == ()
    assert [root.uri for root in store.roots()] == [str(folder)]


def test_a_path_that_did_not_exist_and_was_kept_once_is_forgotten(folder: Path) -> None:
    store = Store.open(None)
    added(store, folder)
    store.note_failures({"/never/typo.txt": "does not exist; check the spelling", "mem:a": "is empty"}, ())
    ingester(store).sync(known(store))
    assert [failure.uri for failure in store.failures()] == ["mem:a"]


def test_a_watched_file_that_is_deleted_is_removed_and_nothing_more_is_said(folder: Path) -> None:
    store = Store.open(None)
    corpus = corpus_of(store)
    looks = corpus.watch([folder / "a.txt"], lambda _: None, poll_seconds=0.001)
    assert names(next(looks).added) == ["a.txt"]
    (folder / "a.txt").unlink()
    assert names(next(looks).removed) == ["a.txt"]
    assert next(looks).failed == ()


def test_an_article_that_was_added_by_itself_and_removed_is_not_come_back_to(folder: Path) -> None:
    store = Store.open(None)
    added(store, folder / "a.txt", folder / "b.txt")
    ingester(store).remove([article_id(str(folder / "a.txt"))])
    assert names(ingester(store).sync(known(store)).unchanged) == ["b.txt"]


def test_the_places_outlive_the_process(folder: Path, tmp_path: Path) -> None:
    with Store.open(tmp_path / "data") as store:
        added(store, folder)
    with Store.open(tmp_path / "data") as store:
        assert [root.uri for root in store.roots()] == [str(folder)]


TEXTS = ["Alpha harbour. ", "Beta is a longer sentence. ", "Gamma, the longest sentence of all of these here. "]
PLACES = ["one.txt", "two.md", "sub/one.txt", "sub/deep/three.txt", "other/two.md"]
STEPS = st.lists(
    st.tuples(st.just("write"), st.sampled_from(PLACES), st.integers(1, 9).map(lambda n: TEXTS[n % 3] * n))
    | st.tuples(st.just("delete"), st.sampled_from([*PLACES, "sub", "sub/deep"]), st.just(""))
    | st.tuples(
        st.just("move"), st.sampled_from([*PLACES, "sub"]), st.sampled_from(["new.txt", "new", "sub/moved.txt"])
    )
    | st.tuples(st.sampled_from(["touch", "sync", "sync one"]), st.sampled_from([*PLACES, "sub"]), st.just("")),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=60)
def test_whatever_happens_to_a_folder_a_sync_ends_where_adding_it_anew_does(steps: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as temporary, Store.open(None) as grown, Store.open(None) as fresh:
        folder = Path(os.path.realpath(temporary)) / "articles"
        folder.mkdir()
        (folder / "stays.txt").write_text("One that stays.")
        added(grown, folder)
        for step, name, more in steps:
            change(grown, folder, step, folder / name, more)
        ingester(grown).sync(known(grown))
        added(fresh, folder)
        assert content(grown) == content(fresh)
        assert grown.check() == ()


def change(store: Store, folder: Path, step: str, path: Path, more: str) -> None:
    if step == "write" and not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(more)
    elif step == "sync":
        ingester(store).sync(known(store))
    elif step == "sync one":
        ingester(store).sync(known(store, path))
    elif not path.exists():
        return
    elif step == "touch":
        os.utime(path)
    elif step == "delete":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif not (folder / more).exists() and path.is_file() == more.endswith(".txt") and (folder / more).parent.is_dir():
        path.rename(folder / more)


class Indifferent(FakeEmbedder):
    """Every text has the same vector, at no cost."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        vectors: Vectors = np.full((len(texts), self.dimension), self.dimension**-0.5, dtype=np.float32)
        return vectors


def test_ten_thousand_tiny_files_go_in_once(folder: Path) -> None:
    for number in range(10_000):
        (folder / f"{number:05}.md").write_text(f"Note {number // 2}.")
    store, embedder = Store.open(None), Indifferent()
    report = ingester(store, embedder).add(Paths([folder]))
    assert (len(report.added), len(report.failed)) == (10_003, 0)
    assert names(report.added[3:6]) == ["00003.md", "00004.md", "00005.md"]
    assert report.chunks > 10_000
    assert len(ingester(store, Unloaded()).sync(known(store)).unchanged) == 10_003


# ---- previews


def test_a_preview_tells_what_a_sync_does_and_changes_nothing(folder: Path) -> None:
    store = Store.open(None)
    added(store, folder)
    (folder / "a.txt").unlink()
    (folder / "b.txt").write_text("Something else.")
    os.utime(folder / "c.txt")
    (folder / "d.txt").write_text("New.")
    (folder / "empty.txt").write_text("")
    before = (content(store), store.manifest(), store.roots(), store.failures())
    shown = preview(store, known(store), ticking_clock())
    assert (content(store), store.manifest(), store.roots(), store.failures()) == before
    done = ingester(store).sync(known(store))
    for field in ("added", "updated", "unchanged", "removed", "failed"):
        assert getattr(shown, field) == getattr(done, field), field


# ---- states


def states(store: Store, source: Paths | FakeSource) -> dict[str, SourceStatus]:
    failures = {failure.uri: failure.reason for failure in store.failures()}
    ids = {info.uri: info.id for info in store.articles()}
    found = statuses(changes(source, store.revisions()), failures, ids)
    return {Path(status.uri).name: status for status in found}


def test_every_file_has_a_state(folder: Path) -> None:
    store = Store.open(None)
    (folder / "empty.txt").write_text("")
    (folder / "picture.png").write_text("no text")
    added(store, folder)
    (folder / "a.txt").unlink()
    (folder / "b.txt").write_text("Something else.")
    (folder / "d.txt").write_text("New.")
    found = states(store, known(store))
    assert {name: status.state for name, status in found.items()} == {
        "a.txt": "gone",
        "b.txt": "changed",
        "c.txt": "indexed",
        "d.txt": "new",
        "empty.txt": "failed",
        "picture.png": "failed",
    }
    assert found["empty.txt"].reason == "is empty"
    assert (found["picture.png"].reason or "").startswith("is a .png file")
    assert found["a.txt"].article_id == article_id(str(folder / "a.txt"))
    assert found["d.txt"].article_id is None


def test_what_lies_on_a_disk_that_is_away_is_away_with_a_reason(folder: Path) -> None:
    store = Store.open(None)
    added(store, folder)
    folder.rename(folder.parent / "unplugged")
    found = states(store, known(store))
    assert (found["a.txt"].state, found["a.txt"].reason) == ("away", "its place cannot be looked into now")
    assert found["articles"].state == "failed"


def test_an_indexed_file_that_failed_later_says_so() -> None:
    source, store = FakeSource({"mem:a": page("Before.")}), Store.open(None)
    ingester(store).add(source)
    source.pages["mem:a"] = None
    ingester(store).add(source)
    status = states(store, source)["mem:a"]
    assert (status.state, status.reason, status.article_id) == ("failed", "cannot be read today", article_id("mem:a"))


def test_an_index_that_remembers_no_places_is_asked_file_by_file(folder: Path) -> None:
    store, web = Store.open(None), FakeSource({"https://example.org/a": page("On the web.")})
    ingester(store).add(web)
    added(store, folder)
    store.note_roots([Root(root.uri, None) for root in store.roots()])
    (folder / "a.txt").unlink()
    (folder / "b.txt").write_text("Something else.")
    corpus = corpus_of(store)
    found = {status.uri.rsplit("/", 1)[-1]: status.state for status in corpus.statuses()}
    assert found == {"a": "indexed", "a.txt": "failed", "b.txt": "changed", "c.txt": "indexed"}
    with pytest.raises(IndexMissing, match="does not know where its articles come from"):
        corpus.sync()
    assert names(corpus.sync([folder]).removed) == ["a.txt"]


# ---- dates


@pytest.mark.parametrize(
    ("published", "kept"),
    [(date(1900, 1, 1), True), (date(2025, 1, 2), True), (date(2025, 1, 3), False), (date(2999, 12, 31), False)],
)
def test_a_date_that_is_still_to_come_is_told_and_not_believed(published: date, kept: bool) -> None:
    """The clock of these tests begins on 1 January 2025; where an article was published it may be a day later."""
    store, source = Store.open(None), FakeSource({"mem:a": page("One.", published=published)})
    report = ingester(store).add(source)
    (info,) = store.articles()
    assert (info.published, info.published_from is not None) == ((published, True) if kept else (None, False))
    assert [doubt.uri for doubt in report.doubted] == ([] if kept else ["mem:a"])
    assert preview(Store.open(None), source, ticking_clock()).doubted == report.doubted
    if not kept:
        assert (
            report.doubted[0].reason
            == f"says it was published on {published}, which is still to come; taken as undated"
        )
        assert store.articles(Filters(since=date(2024, 1, 1))) == ()
