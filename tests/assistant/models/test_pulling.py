"""A model is pulled whole and right from whichever source can, or every reason why not is told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ModelCorrupt, ModelMissing
from assistant.models import Catalogue, ModelEntry, ModelStore, Piece, SourceFailed, default_sources
from tests.assistant.models.fakes import FOLDER, GGUF, FakeSource, folder_entry, gguf_entry, sha256, store, unreachable


def test_what_is_here_already_is_not_fetched(models: Path) -> None:
    models.mkdir()
    (models / "tiny.gguf").write_bytes(GGUF)
    source = FakeSource({})
    located = store(models, source).pull("tiny")
    assert (located.path, located.sha256, located.role) == (models / "tiny.gguf", sha256(GGUF), "generator")
    assert source.asked == []


def test_the_first_source_that_can_gives_the_model(models: Path) -> None:
    hub, index, never = unreachable(), FakeSource({"tiny.gguf": GGUF}, "package index"), FakeSource({}, "never")
    located = store(models, hub, index, never).pull("tiny")
    assert located.path.read_bytes() == GGUF
    assert (len(hub.asked), len(index.asked), len(never.asked)) == (1, 1, 0)


def test_when_no_source_can_each_reason_and_the_remedy_are_told(models: Path) -> None:
    index = FakeSource({"tiny.gguf": GGUF}, "package index", breaks_at=0, error=SourceFailed("no such version"))
    with pytest.raises(ModelMissing) as caught:
        store(models, unreachable(), index).pull("tiny")
    message = str(caught.value)
    assert "model hub: no route to host" in message and "package index: no such version" in message
    assert "`quoth models pull tiny`" in message and 'generator = "path/to/model.gguf"' in message


def test_a_switched_off_hub_says_so_and_the_index_serves(models: Path) -> None:
    hub = default_sources(hub=False)[0]
    with pytest.raises(ModelMissing, match="model hub: switched off by HF_HUB_OFFLINE"):
        store(models, hub).pull("tiny")
    assert store(models, hub, FakeSource({"tiny.gguf": GGUF})).pull("tiny").path.exists()


def test_offline_no_source_is_asked_and_the_message_says_why(models: Path) -> None:
    source = FakeSource({"tiny.gguf": GGUF})
    offline = ModelStore(models, Catalogue(models=(gguf_entry(),)), offline=True, sources=(source,))
    with pytest.raises(ModelMissing, match="offline"):
        offline.pull("tiny")
    assert source.asked == [] and not models.exists()


def test_a_name_that_is_not_in_the_catalogue_is_answered_with_the_nearest(models: Path) -> None:
    for ask in (store(models).pull, store(models).locate, store(models).verify):
        with pytest.raises(ModelMissing, match='did you mean "tiny"'):
            ask("tinny")


def test_a_missing_model_says_where_it_was_sought_and_how_to_get_it(models: Path) -> None:
    with pytest.raises(ModelMissing, match="quoth models pull tiny") as caught:
        store(models).locate("tiny")
    assert str(models) in str(caught.value)


def test_an_interrupted_pull_goes_on_from_the_last_byte(models: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        store(models, FakeSource({"tiny.gguf": GGUF}, breaks_at=1000, error=KeyboardInterrupt())).pull("tiny")
    assert not (models / "tiny.gguf").exists()
    assert store(models).list()[0].state == "partial" and store(models).list()[0].bytes_here == 1000
    again = FakeSource({"tiny.gguf": GGUF})
    assert store(models, again).pull("tiny").path.read_bytes() == GGUF
    assert again.asked == [{"tiny.gguf": 1000}]


def test_what_one_source_began_the_next_one_ends(models: Path) -> None:
    first, second = FakeSource({"tiny.gguf": GGUF}, "first", breaks_at=500), FakeSource({"tiny.gguf": GGUF}, "second")
    assert store(models, first, second).pull("tiny").path.read_bytes() == GGUF
    assert second.asked == [{"tiny.gguf": 500}]


def test_a_source_that_breaks_off_on_the_way_is_asked_again(models: Path) -> None:
    data = b"GGUF" + bytes(3 * 2**20)
    source = FakeSource({"tiny.gguf": data}, step=2**20, breaks_at=2**20)
    assert store(models, source, entries=[gguf_entry(data)]).pull("tiny").path.stat().st_size == len(data)
    assert [asked["tiny.gguf"] for asked in source.asked] == [0, 2**20, 2 * 2**20, 3 * 2**20]


@settings(deadline=None)  # it writes files, at the speed of the disk
@given(st.lists(st.integers(0, len(GGUF)), max_size=4), st.integers(9, 700))
def test_however_often_it_is_interrupted_the_model_is_whole_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, breaks: list[int], step: int
) -> None:
    models = tmp_path_factory.mktemp("models")
    for breaks_at in breaks:
        source = FakeSource({"tiny.gguf": GGUF}, step=step, breaks_at=breaks_at, error=KeyboardInterrupt())
        with contextlib.suppress(KeyboardInterrupt):
            store(models, source).pull("tiny")
        assert (models / "tiny.gguf").exists() == (store(models).list()[0].state == "present")
    assert store(models, FakeSource({"tiny.gguf": GGUF}, step=step)).pull("tiny").path.read_bytes() == GGUF
    assert not (models / ".partial" / "tiny").exists()


def test_wrong_bytes_are_refused_with_both_hashes_and_never_get_the_name(models: Path) -> None:
    wrong = GGUF[:-1] + b"?"
    with pytest.raises(ModelCorrupt) as caught:
        store(models, FakeSource({"tiny.gguf": wrong})).pull("tiny")
    assert sha256(wrong) in str(caught.value) and sha256(GGUF) in str(caught.value)
    assert not (models / "tiny.gguf").exists()
    assert store(models).list()[0].state == "missing"


def test_wrong_bytes_of_one_source_are_made_good_by_the_next(models: Path) -> None:
    wrong = FakeSource({"tiny.gguf": bytes(len(GGUF))}, "wrong")
    assert store(models, wrong, FakeSource({"tiny.gguf": GGUF})).pull("tiny").path.read_bytes() == GGUF


def test_a_spoiled_beginning_does_not_condemn_a_good_source(models: Path) -> None:
    partial = models / ".partial" / "tiny" / "tiny.gguf"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"not the beginning")
    source = FakeSource({"tiny.gguf": GGUF})
    assert store(models, source).pull("tiny").path.read_bytes() == GGUF
    assert source.asked == [{"tiny.gguf": 17}, {"tiny.gguf": 0}]


def test_bytes_beyond_the_declared_size_are_refused(models: Path) -> None:
    with pytest.raises(ModelMissing, match="goes on beyond its 3076 bytes"):
        store(models, FakeSource({"tiny.gguf": GGUF + b"more"})).pull("tiny")
    assert sum(path.stat().st_size for path in models.rglob("*.gguf")) <= len(GGUF)


def test_a_source_that_ends_too_soon_is_not_taken_for_done(models: Path) -> None:
    with pytest.raises(ModelMissing, match="ended after 3000 of 3076 bytes"):
        store(models, FakeSource({"tiny.gguf": GGUF[:3000]})).pull("tiny")


def test_another_file_in_the_models_place_is_left_and_reported(models: Path) -> None:
    models.mkdir()
    (models / "tiny.gguf").write_bytes(b"GGUF but mine")
    source = FakeSource({"tiny.gguf": GGUF})
    for ask in (store(models, source).pull, store(models, source).locate):
        with pytest.raises(ModelCorrupt, match="was left as it is; move it away") as caught:
            ask("tiny")
        assert sha256(b"GGUF but mine") in str(caught.value) and sha256(GGUF) in str(caught.value)
    assert (models / "tiny.gguf").read_bytes() == b"GGUF but mine" and source.asked == []


def test_a_file_that_appears_meanwhile_is_not_overwritten(models: Path) -> None:
    class Slow(FakeSource):
        def fetch(
            self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
        ) -> Generator[Piece, None, None]:
            (models / "tiny.gguf").write_bytes(b"mine")
            yield from super().fetch(entry, have, scratch, report)

    with pytest.raises(ModelCorrupt, match="left as it is"):
        store(models, Slow({"tiny.gguf": GGUF})).pull("tiny")
    assert (models / "tiny.gguf").read_bytes() == b"mine"


def test_a_folder_comes_file_by_file_and_keeps_what_was_there(models: Path) -> None:
    (models / "mini").mkdir(parents=True)
    (models / "mini" / "modules.json").write_bytes(FOLDER["modules.json"])
    (models / "mini" / "notes.txt").write_text("mine", encoding="utf-8")
    source = FakeSource(FOLDER)
    located = store(models, source, entries=[folder_entry()]).pull("mini")
    assert located.path == models / "mini" and located.role == "embedder"
    assert all((located.path / path).read_bytes() == data for path, data in FOLDER.items())
    assert (located.path / "notes.txt").exists() and "modules.json" not in source.asked[0]


def test_a_wrong_file_already_in_the_folder_is_found_after_the_pull(models: Path) -> None:
    (models / "mini").mkdir(parents=True)
    (models / "mini" / "modules.json").write_bytes(b"[1]")
    with pytest.raises(ModelCorrupt, match=r"modules\.json"):
        store(models, FakeSource(FOLDER), entries=[folder_entry()]).pull("mini")
    assert (models / "mini" / "modules.json").read_bytes() == b"[1]"


def test_too_little_room_is_said_before_anything_is_fetched(models: Path) -> None:
    source = FakeSource({"tiny.gguf": GGUF})
    full = ModelStore(models, Catalogue(models=(gguf_entry(),)), sources=(source,), free_bytes=lambda _: 100)
    with pytest.raises(ModelMissing, match=r"needs 0 MB .* 0 MB are free; make room"):
        full.pull("tiny")
    assert source.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_on_the_way_is_told_with_the_remedy(models: Path) -> None:
    (models / ".partial" / "tiny").mkdir(parents=True)
    (models / ".partial" / "tiny" / "tiny.gguf").symlink_to("/dev/full")
    with pytest.raises(ModelMissing, match=r"the disk is full: .* make room and run `quoth models pull tiny` again"):
        store(models, FakeSource({"tiny.gguf": GGUF})).pull("tiny")


def test_a_store_that_cannot_be_written_to_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(ModelMissing, match=r"cannot be stored in .* set models to a folder"):
        store(tmp_path / "models", FakeSource({"tiny.gguf": GGUF})).pull("tiny")


def test_two_that_pull_at_once_fetch_once(models: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    class Slow(FakeSource):
        def fetch(
            self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
        ) -> Generator[Piece, None, None]:
            started.set()
            assert go_on.wait(10)
            yield from super().fetch(entry, have, scratch, report)

    def second_progress(stage: str, done: int, total: int) -> None:
        if stage == "waiting":
            go_on.set()

    first = threading.Thread(target=lambda: store(models, Slow({"tiny.gguf": GGUF})).pull("tiny"))
    first.start()
    assert started.wait(10)
    second = FakeSource({"tiny.gguf": GGUF})
    assert store(models, second).pull("tiny", second_progress).path.read_bytes() == GGUF
    first.join(10)
    assert second.asked == []


def test_progress_counts_bytes_up_to_the_whole_and_then_checks(models: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    store(models, FakeSource({"tiny.gguf": GGUF}, "here")).pull("tiny", lambda *step: seen.append(step))
    assert {total for _, _, total in seen} == {len(GGUF)}
    fetched = [done for stage, done, _ in seen if stage == "here"]
    assert fetched == sorted(fetched) and fetched[0] == 100 and fetched[-1] == len(GGUF)
    assert seen[-1] == ("checking", len(GGUF), len(GGUF))
