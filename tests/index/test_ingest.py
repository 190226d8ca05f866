"""The pipeline: adding is idempotent, a store grown step by step equals one built at once, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import IndexBusy, IndexingError, IndexMismatch
from index.ingest import Ingester, article_id
from index.readers import Draft
from index.sources import Paths
from index.store import Store
from index.types import ChunkingSettings, Filters, IngestProgress, RawPage
from tests.index.fakes import CHUNKING, FakeEmbedder, FakeSource, content, ingester, page, ticking_clock, told_pages

ROOT = Path(__file__).parents[2]
LONG = " ".join(f"Sentence number {number} tells of harbours and of ships." for number in range(40))


def test_adding_twice_changes_nothing(tmp_path: Path) -> None:
    source = FakeSource({"mem:a": page("One."), "mem:b": page(LONG), "mem:c": None}, skipped={"mem:d": "is odd"})
    embedder = FakeEmbedder()
    with Store.open(tmp_path) as store:
        first = ingester(store, embedder).add(source)
        before, manifest, computed = content(store), store.manifest(), len(embedder.embedded)
        second = ingester(store, embedder).add(source)
        assert first.added == ("mem:a", "mem:b")
        assert (second.added, second.updated, second.removed, second.vanished) == ((), (), (), ())
        assert second.unchanged == ("mem:a", "mem:b")
        assert [skip.uri for skip in second.failed] == ["mem:d", "mem:c"]
        assert (second.chunks, second.embedded, len(embedder.embedded)) == (0, 0, computed)
        assert (content(store), store.manifest()) == (before, manifest)


def test_an_unchanged_revision_is_not_even_read() -> None:
    source, store = FakeSource({"mem:a": page("One.")}), Store.open(None)
    ingester(store).add(source)
    source.read_uris.clear()
    ingester(store).add(source)
    assert source.read_uris == []


def test_a_touched_file_is_read_once_and_stays_as_it_is() -> None:
    source, store, embedder = FakeSource({"mem:a": page("One.")}), Store.open(None), FakeEmbedder()
    ingester(store, embedder).add(source)
    embedder.embedded.clear()
    source.marks["mem:a"] = "touched"
    assert ingester(store, embedder).add(source).unchanged == ("mem:a",)
    assert embedder.embedded == []
    source.read_uris.clear()
    ingester(store, embedder).add(source)
    assert source.read_uris == []


def test_every_stored_chunk_is_cut_from_its_article_and_fits_the_embedder() -> None:
    store, embedder = Store.open(None), FakeEmbedder()
    ingester(store, embedder).add(
        FakeSource({"mem:a": page(LONG, "A title of several words"), "mem:b": page("Short.")})
    )
    assert store.check() == ()
    assert len(embedder.embedded) > 5
    assert max(embedder.count_tokens(embedder.embedded)) <= embedder.max_tokens


def test_the_title_is_carried_for_embedding_and_not_for_quoting() -> None:
    store, embedder = Store.open(None), FakeEmbedder()
    ingester(store, embedder).add(FakeSource({"mem:a": page("The text.", "The title")}))
    assert embedder.embedded == ["The title\nThe text."]
    assert [chunk.text for chunk, _ in store.passages(store.keys(Filters())).values()] == ["The text."]


@pytest.mark.parametrize(
    ("title", "carried"),
    [("word " * 50, "word word word word word word word word\n"), ("-" * 300, ""), ("- " + "-" * 300, "-\n"), ("", "")],
)
def test_a_title_too_long_is_carried_as_far_as_it_fits(title: str, carried: str) -> None:
    store, embedder = Store.open(None), FakeEmbedder()
    ingester(store, embedder).add(FakeSource({"mem:a": page("The text.", title or " ")}))
    assert embedder.embedded == [f"{carried or embedder.embedded[0][: -len('The text.')]}The text."]
    assert max(embedder.count_tokens(embedder.embedded)) <= embedder.max_tokens


def test_a_changed_file_replaces_its_article() -> None:
    source, store = FakeSource({"mem:a": page("Before.")}), Store.open(None)
    ingester(store).add(source)
    source.pages["mem:a"] = page("After.", published=date(2025, 1, 2))
    report = ingester(store).add(source)
    assert (report.added, report.updated, report.unchanged) == ((), ("mem:a",), ())
    article = store.article(article_id("mem:a"))
    assert article is not None
    assert (article.text, article.published) == ("After.", date(2025, 1, 2))
    assert store.manifest().chunks == 1


@pytest.mark.parametrize(
    "changed",
    [page("One.", "Another"), page("One.", published=date(2025, 1, 2)), page("One.", source="S")],
    ids=["title", "date", "source"],
)
def test_a_file_of_the_same_text_that_says_something_else_of_itself_is_updated(changed: str) -> None:
    source, store, fresh = FakeSource({"mem:a": page("One.")}), Store.open(None), Store.open(None)
    ingester(store).add(source)
    source.pages["mem:a"] = changed
    assert ingester(store).add(source).updated == ("mem:a",)
    ingester(fresh).add(source)
    assert content(store) == content(fresh)


def test_what_stays_of_a_changed_file_keeps_its_vectors() -> None:
    source, store, embedder = FakeSource({"mem:a": page(LONG)}), Store.open(None), FakeEmbedder()
    first = ingester(store, embedder).add(source)
    source.pages["mem:a"] = page(LONG + " And a last one that nobody had expected to be told.")
    second = ingester(store, embedder).add(source)
    assert second.chunks >= first.chunks > 5
    assert 1 <= second.embedded <= 2
    source.pages["mem:a"] = page(LONG, published=date(2025, 1, 2))
    third = ingester(store, embedder).add(source)
    assert third.updated == ("mem:a",)
    assert third.embedded <= 1
    assert store.check() == ()


def test_one_text_under_two_names_is_stored_twice_and_embedded_once() -> None:
    store, embedder = Store.open(None), FakeEmbedder()
    report = ingester(store, embedder).add(FakeSource({"mem:a": page(LONG), "mem:b": page(LONG)}))
    assert report.added == ("mem:a", "mem:b")
    assert report.chunks == 2 * report.embedded == 2 * len(embedder.embedded)
    assert ingester(store, embedder).add(FakeSource({"mem:c": page(LONG)})).embedded == 0
    ids, vectors = store.vectors()
    assert np.array_equal(vectors[: len(ids) // 3], vectors[-(len(ids) // 3) :])
    assert len({info.digest for info in store.articles()}) == 1


def test_what_cannot_be_read_is_reported_and_the_rest_goes_in() -> None:
    pages = {"mem:a": page("Fine."), "mem:b": None, "mem:c": "no JSON", "mem:d": page(" \n ")}
    source, store = FakeSource(pages, skipped={"mem:e": "is a picture"}), Store.open(None)
    report = ingester(store).add(source)
    assert report.added == ("mem:a",)
    failed = {skip.uri: skip.reason for skip in report.failed}
    assert failed.keys() == {"mem:b", "mem:c", "mem:d", "mem:e"}
    assert failed["mem:b"] == "cannot be read today"
    assert {skip.uri: skip.reason for skip in store.failures()} == failed


def test_a_text_that_no_file_can_hold_is_reported() -> None:
    def read(_: RawPage) -> Draft:
        return Draft("Title", "half a character: \ud800")

    report = Ingester(Store.open(None), FakeEmbedder(), CHUNKING, ticking_clock(), read).add(FakeSource({"mem:a": ""}))
    assert [skip.uri for skip in report.failed] == ["mem:a"]


def test_a_failure_is_forgotten_once_it_is_mended_or_gone() -> None:
    source, store = FakeSource({"mem:a": None, "mem:b": None, "mem:c": None}), Store.open(None)
    ingester(store).add(source)
    source.pages = {"mem:a": page("Mended."), "mem:b": None}
    ingester(store).add(source)
    assert [skip.uri for skip in store.failures()] == ["mem:b"]


def test_an_article_whose_file_can_no_longer_be_read_stays() -> None:
    source, store = FakeSource({"mem:a": page("Stays.")}), Store.open(None)
    ingester(store).add(source)
    source.pages["mem:a"] = None
    report = ingester(store).add(source, remove_vanished=True)
    assert ([skip.uri for skip in report.failed], report.vanished, report.removed) == (["mem:a"], (), ())
    source.pages, source.skipped = {}, {"mem:a": "is a folder now"}
    report = ingester(store).add(source, remove_vanished=True)
    assert ([skip.uri for skip in report.failed], report.vanished, report.removed) == (["mem:a"], (), ())
    assert store.revisions().keys() == {"mem:a"}


def test_a_vanished_file_is_reported_and_removed_only_on_request() -> None:
    source, store = FakeSource({"mem:a": page("One."), "mem:b": page("Two.")}), Store.open(None)
    ingester(store).add(source)
    ingester(store).add(FakeSource({"other:c": page("Elsewhere.")}))
    del source.pages["mem:b"]
    report = ingester(store).add(source)
    assert (report.vanished, report.removed) == (("mem:b",), ())
    assert store.revisions().keys() == {"mem:a", "mem:b", "other:c"}
    report = ingester(store).add(source, remove_vanished=True)
    assert (report.vanished, report.removed) == ((), ("mem:b",))
    assert store.revisions().keys() == {"mem:a", "other:c"}
    assert store.check() == ()


def test_removing_names_what_was_there() -> None:
    source, store = FakeSource({"mem:a": page("One."), "mem:b": page("Two.")}), Store.open(None)
    ingester(store).add(source)
    assert ingester(store).remove([article_id("mem:a"), "unknown"]) == ("mem:a",)
    assert ingester(store).add(source).added == ("mem:a",)


def test_progress_grows_to_the_end() -> None:
    seen: list[IngestProgress] = []
    pages = {f"mem:{number}": page(f"{LONG} {number}") for number in range(5)}
    report = ingester(Store.open(None)).add(FakeSource(pages), progress=seen.append)
    assert {progress.articles_total for progress in seen} == {5}
    assert [progress.articles_done for progress in seen] == sorted(progress.articles_done for progress in seen)
    assert [progress.chunks_done for progress in seen] == sorted(progress.chunks_done for progress in seen)
    assert (seen[-1].articles_done, seen[-1].chunks_done) == (5, report.chunks)
    assert report.seconds > 0


def test_progress_tells_of_each_article_that_it_is_read_then_how_that_went() -> None:
    seen: list[IngestProgress] = []
    ingester(Store.open(None)).add(FakeSource({"mem:a": page("One."), "mem:b": page("")}), progress=seen.append)
    told = [(progress.uri, progress.stage, bool(progress.reason)) for progress in seen]
    assert list(dict.fromkeys(told)) == [
        ("mem:a", "reading", False),
        ("mem:a", "read", False),
        ("mem:b", "reading", False),
        ("mem:b", "failed", True),
    ]


# Settings


def test_another_embedder_or_chunking_is_refused_before_anything_is_read() -> None:
    source, store = FakeSource({"mem:a": page("One.")}), Store.open(None)
    ingester(store).add(source)
    source.read_uris.clear()
    for other in (
        ingester(store, FakeEmbedder(name="other")),
        ingester(store, chunking=replace(CHUNKING, overlap_tokens=7)),
    ):
        with pytest.raises(IndexMismatch, match="--rebuild"):
            other.add(source)
    assert source.read_uris == []


def test_an_embedder_of_another_vector_length_is_refused() -> None:
    source, store = FakeSource({"mem:a": page("One.")}), Store.open(None)
    ingester(store).add(source)
    before = content(store)
    source.pages["mem:b"] = page("Two.")
    with pytest.raises(IndexMismatch, match="vector length is 32, wanted 16"):
        ingester(store, FakeEmbedder(dimension=16)).add(source)
    assert content(store) == before


def test_chunks_longer_than_the_embedder_reads_are_refused() -> None:
    with pytest.raises(IndexingError, match="Set chunk_tokens to 32 or less"):
        ingester(Store.open(None), chunking=ChunkingSettings(33, 5)).add(FakeSource({"mem:a": page("One.")}))


def test_rebuilding_equals_building_with_the_new_settings() -> None:
    source, store, fresh = FakeSource({"mem:a": page(LONG), "mem:b": page("Two.")}), Store.open(None), Store.open(None)
    ingester(store).add(source)
    other, chunking = FakeEmbedder(name="other", dimension=16), ChunkingSettings(12, 3)
    source.read_uris.clear()
    report = ingester(store, other, chunking).rebuild()
    assert sorted(report.updated) == ["mem:a", "mem:b"]
    assert source.read_uris == []
    ingester(fresh, other, chunking).add(source)
    assert content(store) == content(fresh)
    assert store.manifest().embedder == "other"
    assert ingester(store, other, chunking).add(source).unchanged == ("mem:a", "mem:b")


def test_a_rebuild_that_is_interrupted_leaves_the_index_as_it_was() -> None:
    class Interrupted(FakeEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            if self.embedded:
                raise KeyboardInterrupt
            return super().embed_documents(texts)

    store = Store.open(None)
    ingester(store).add(FakeSource({f"mem:{number}": page(f"{LONG} {number}") for number in range(9)}))
    before = content(store)
    with pytest.raises(KeyboardInterrupt):
        ingester(store, Interrupted(name="other")).rebuild()
    assert content(store) == before


# Sequences of changes

PAGE = st.builds(
    page,
    text=st.lists(
        st.sampled_from(["Alpha harbour. ", "Beta. ", "Gamma is a longer sentence. ", "# Title\n\n"]), min_size=1
    )
    .map("".join)
    .filter(lambda text: bool(text.strip("# \n"))),
    title=st.sampled_from(["One", "Two"]),
    published=st.none() | st.dates(date(2024, 1, 1), date(2024, 2, 1)),
)
STATE = st.dictionaries(st.sampled_from([f"mem:{number}" for number in range(5)]), st.none() | PAGE, max_size=5)


@given(states=st.lists(STATE, min_size=1, max_size=5))
@settings(deadline=None, max_examples=60)
def test_any_sequence_of_changes_ends_where_building_from_scratch_does(states: list[dict[str, str | None]]) -> None:
    grown, fresh = Store.open(None), Store.open(None)
    for pages in states:
        readable = {uri for uri, body in pages.items() if body}
        ingester(grown).add(FakeSource(pages), remove_vanished=True)
        kept = grown.revisions().keys() - readable
        ingester(grown).remove(map(article_id, kept))
    ingester(fresh).add(FakeSource(states[-1]))
    assert content(grown) == content(fresh)
    assert grown.check() == ()
    grown.close()
    fresh.close()


# Other processes

WRITER = """
import sys
from pathlib import Path
from index.store import Store
from tests.index.fakes import FakeEmbedder, FakeSource, ingester, told_pages

class Held(FakeEmbedder):
    def embed_documents(self, texts):
        print("embedding", flush=True)
        sys.stdin.readline()
        return super().embed_documents(texts)

ingester(Store.open(Path(sys.argv[1])), Held()).add(FakeSource(told_pages(60)))
"""


@contextmanager
def writer(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that adds 60 articles to the index, and waits for a line of input before it embeds a batch."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def embed(process: subprocess.Popen[str], batches: int) -> None:
    """Let a writer go on until it is about to embed the batch after these."""
    assert process.stdout
    assert process.stdout.readline() == "embedding\n"
    go_on(process, batches)


def go_on(process: subprocess.Popen[str], batches: int) -> None:
    """Let a writer that is about to embed a batch embed so many."""
    assert process.stdin and process.stdout
    for _ in range(batches):
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "embedding\n"


@pytest.mark.parametrize("pause", [0.0, 0.002, 0.005, 0.01])
def test_a_kill_in_the_middle_of_adding_leaves_an_index_that_is_whole(pause: float, tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        embed(process, batches=2)
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(pause)  # into embedding, into the transaction, into its commit
        process.kill()
    with Store.open(tmp_path) as store, Store.open(None) as fresh:
        assert store.check() == ()
        kept = store.manifest().articles
        assert 0 < kept < 60
        report = ingester(store).add(FakeSource(told_pages(60)))
        assert (len(report.unchanged), len(report.added)) == (kept, 60 - kept)
        ingester(fresh).add(FakeSource(told_pages(60)))
        assert content(store) == content(fresh)


def test_a_reader_keeps_its_state_while_the_writer_goes_on_and_is_killed(tmp_path: Path) -> None:
    with writer(tmp_path) as process, Store.open(tmp_path) as reader:
        embed(process, batches=2)
        with reader.snapshot():
            before, stored = reader.manifest(), content(reader)
            go_on(process, batches=3)
            process.kill()
            process.wait()
            assert (reader.manifest(), content(reader)) == (before, stored)
        assert reader.manifest().articles > before.articles > 0
        assert reader.check() == ()


def test_of_two_processes_that_add_at_once_one_is_told_to_wait(tmp_path: Path) -> None:
    with writer(tmp_path) as process, Store.open(tmp_path) as store:
        embed(process, batches=1)
        with pytest.raises(IndexBusy, match="Another quoth"):
            ingester(store).add(FakeSource({"mem:x": page("Mine.")}))
        process.communicate("\n" * 100)
        assert process.returncode == 0
        ingester(store).add(FakeSource({"mem:x": page("Mine.")}))
        assert store.manifest().articles == 61
        assert store.check() == ()


def test_an_interrupted_ingest_keeps_what_was_stored_and_goes_on_from_there() -> None:
    class Interrupted(FakeEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            if len(self.embedded) > 100:
                raise KeyboardInterrupt
            return super().embed_documents(texts)

    store, fresh = Store.open(None), Store.open(None)
    with pytest.raises(KeyboardInterrupt):
        ingester(store, Interrupted()).add(FakeSource(told_pages(60)))
    kept = store.manifest().articles
    assert 0 < kept < 60
    assert store.check() == ()
    assert len(ingester(store).add(FakeSource(told_pages(60))).unchanged) == kept
    ingester(fresh).add(FakeSource(told_pages(60)))
    assert content(store) == content(fresh)


def test_a_text_of_fifty_megabytes_goes_in_and_a_larger_file_is_refused_with_its_size(tmp_path: Path) -> None:
    sentence = "The river rose by 1.2 metres and the dam of Kurakhove held until the morning of Monday. "
    large = tmp_path / "large.txt"
    large.write_text(sentence * (50_000_000 // len(sentence)))
    (tmp_path / "small.txt").write_text(sentence)
    chunking = ChunkingSettings(chunk_tokens=400, overlap_tokens=0)
    with Store.open(None) as store:
        filling = ingester(store, FakeEmbedder(max_tokens=512), chunking)
        refused = filling.add(Paths([tmp_path], max_bytes=1_000_000))
        assert [Path(uri).name for uri in refused.added] == ["small.txt"]
        assert "large" in refused.failed[0].uri and "47.7 MiB" in refused.failed[0].reason
        report = filling.add(Paths([tmp_path]))
        assert [Path(uri).name for uri in report.added] == ["large.txt"]
        (info,) = [info for info in store.articles() if "large" in info.uri]
        assert info.characters > 49_000_000
        assert store.match("Kurakhove dam", 1)
