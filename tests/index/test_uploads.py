"""Whatever a file is called and whoever gave it, its copy lies in our folder and overwrites nothing."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import IndexingError, SourceUnreadable, StorageFull
from index.uploads import Uploads, safe_name

MOST = 1000


@pytest.fixture
def given_file(tmp_path: Path) -> Path:
    file = tmp_path / "temporary"
    file.write_text("one")
    return file


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "data" / "uploads")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report 2024.md", "report 2024.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        (".hidden.md", "hidden.md"),
        ("a\x00b\n;rm -rf $HOME.txt", "a b rm -rf HOME.txt"),
        ("<img src=x>.html", "img src x.html"),
        ("東京の天気.txt", "東京の天気.txt"),
        ("CON.txt", "CON file.txt"),
        ("", "file"),
        ("..", "file"),
        ("\ud800.txt", "file.txt"),
        ("x" * 500 + ".md", "x" * 80 + ".md"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text())
def test_any_name_stays_in_the_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe == Path(safe).name and not safe.startswith(".") and safe.isprintable()
    assert len(safe.encode()) <= 400
    assert safe_name(safe) == safe


def test_a_file_is_taken_once_and_another_of_its_name_beside_it(uploads: Uploads, given_file: Path) -> None:
    first = uploads.take(given_file, "a.txt", MOST)
    assert uploads.take(given_file, "../a.txt", MOST) == first == uploads.folder / "a.txt"
    given_file.write_text("two")
    assert uploads.take(given_file, "a.txt", MOST).name == "a (2).txt"
    assert first.read_text() == "one" and uploads.holds(str(first.resolve()))
    assert not uploads.holds("/etc/passwd") and not uploads.holds("https://site.example/a")


def test_a_file_too_long_is_refused_with_both_numbers(uploads: Uploads, given_file: Path) -> None:
    given_file.write_bytes(bytes(2**21))
    with pytest.raises(SourceUnreadable, match=r"is 2.0 MiB long, more than the 1.0 MiB"):
        uploads.take(given_file, "a.txt", 2**20)
    assert not uploads.folder.exists()


def test_what_is_removed_can_be_put_back_until_the_next_beginning(uploads: Uploads, given_file: Path) -> None:
    place = uploads.take(given_file, "a.txt", MOST)
    uploads.remove(str(place))
    assert not place.exists()
    uploads.restore(str(place))
    assert place.read_text() == "one"
    uploads.remove(str(place))
    uploads.begin()
    uploads.restore(str(place))
    assert not place.exists()


def test_a_full_disk_leaves_no_half_file_under_a_name(
    uploads: Uploads, given_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fail)
    with pytest.raises(StorageFull, match="no room left"):
        uploads.take(given_file, "a.txt", MOST)
    assert not (uploads.folder / "a.txt").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, given_file: Path) -> None:
    with pytest.raises(IndexingError, match="--data OTHER"):
        Uploads(given_file / "uploads").take(given_file, "a.txt", MOST)
