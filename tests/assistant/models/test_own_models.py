"""A model of the user's own is pinned at first use."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from assistant.errors import ModelCorrupt, ModelMissing
from tests.assistant.models.fakes import FOLDER, GGUF, folder_entry, sha256, stages, store


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
