"""What lies in a store is listed, located and verified."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.errors import ModelCorrupt
from assistant.models import Catalogue, ModelStore
from tests.assistant.models.fakes import GGUF, FakeSource, gguf_entry, sha256, stages, store


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
