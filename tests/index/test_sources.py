"""Files and folders as sources: each once, in order, and a reason for everything that cannot be read."""

from __future__ import annotations

import errno
import inspect
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from index.changes import changes
from index.errors import SourceUnreadable
from index.sources import MEDIA_TYPES, Paths, as_read
from index.types import Root, SkippedSource

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX file names and links")
not_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder reached by its real path: the system's temporary one may itself lie behind a link."""
    return Path(os.path.realpath(tmp_path))


def write(path: Path, text: str = "Text.") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def found(*paths: Path | str) -> list[str]:
    return [uri for uri in Paths(paths).uris() if isinstance(uri, str)]


def skipped(*paths: Path | str) -> dict[str, str]:
    return {item.uri: item.reason for item in Paths(paths).uris() if isinstance(item, SkippedSource)}


def reason(read: Callable[[str], object], uri: str) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        read(uri)
    return str(caught.value)


# Listing


def test_a_folder_is_listed_with_all_that_is_in_it_sorted(folder: Path) -> None:
    uris = [write(folder / name) for name in ("a.txt", "b/c.md", "b/d/e.html", "z.json")]
    assert found(folder) == uris


def test_every_known_suffix_is_listed_in_either_case(folder: Path) -> None:
    uris = {write(folder / f"{number}{suffix}") for number, suffix in enumerate(MEDIA_TYPES)}
    uris.add(write(folder / "loud.TXT"))
    assert set(found(folder)) == uris


def test_one_file_reached_in_several_ways_is_listed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = write(folder / "sub" / "a.txt")
    monkeypatch.chdir(folder)
    assert found("sub/a.txt", folder, "sub", "./sub/../sub/a.txt", folder / "sub" / "a.txt") == [uri]


def test_hidden_files_and_folders_are_passed_over_in_silence(folder: Path) -> None:
    write(folder / ".secret.txt")
    write(folder / ".git" / "a.txt")
    assert list(Paths([folder]).uris()) == []


def test_a_hidden_file_named_outright_is_taken(folder: Path) -> None:
    uri = write(folder / ".secret.txt")
    assert found(uri) == [uri]


def test_an_unknown_kind_is_reported_with_the_known_ones(folder: Path) -> None:
    image, bare = write(folder / "photo.png"), write(folder / "README")
    reasons = skipped(folder)
    assert reasons[image].startswith("is a .png file")
    assert ".md" in reasons[image]
    assert reasons[bare].startswith("has no suffix")


def test_a_path_that_does_not_exist_is_reported_and_the_rest_goes_in(folder: Path) -> None:
    uri = write(folder / "a.txt")
    assert found(folder / "nowhere", uri) == [uri]
    assert skipped(folder / "nowhere", uri) == {str(folder / "nowhere"): "does not exist; check the spelling"}


@pytest.mark.parametrize("path", ["a\0b.txt", "~nobody-of-this-name/a.txt", "x" * 5_000, "a/" * 3_000 + "a.txt"])
def test_a_path_that_no_system_could_open_is_reported(path: str) -> None:
    assert list(skipped(path).values())


def test_an_empty_list_of_paths_has_nothing() -> None:
    assert list(Paths([]).uris()) == []


def test_folders_nested_deeper_than_python_recurses_are_listed(folder: Path) -> None:
    deep = folder
    for _ in range(250):
        deep = deep / "d"
    uri = write(deep / "a.txt")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        listed = found(folder)
    finally:
        sys.setrecursionlimit(limit)
    assert listed == [uri]


# Links and odd names


@posix
def test_links_that_lead_in_circles_are_survived(folder: Path) -> None:
    uri = write(folder / "a" / "x.txt")
    (folder / "a" / "up").symlink_to(folder)
    (folder / "a" / "self").symlink_to(folder / "a" / "self")
    assert found(folder) == [uri]
    assert skipped(folder) == {str(folder / "a" / "self"): "is a link that leads back to itself; remove the link"}


@posix
def test_a_link_and_its_file_are_one_article(folder: Path) -> None:
    uri = write(folder / "x.txt")
    (folder / "a.txt").symlink_to(uri)
    assert found(folder) == [uri]


@posix
def test_a_link_out_of_the_folder_is_reported_and_not_followed(folder: Path) -> None:
    inside, outside = write(folder / "in" / "a.txt"), write(folder / "out" / "b.txt")
    (folder / "in" / "folder").symlink_to(folder / "out")
    (folder / "in" / "file.txt").symlink_to(outside)
    assert found(folder / "in") == [inside]
    reasons = skipped(folder / "in")
    assert reasons.keys() == {str(folder / "in" / "folder"), str(folder / "in" / "file.txt")}
    assert (
        reasons[str(folder / "in" / "file.txt")] == f"is a link out of the folder, to {outside}; add that to take it in"
    )
    assert found(folder / "in", outside) == [inside, outside]
    assert skipped(folder / "in", folder / "out") == {}


@posix
def test_a_link_given_outright_is_followed(folder: Path) -> None:
    uri = write(folder / "out" / "b.txt")
    (folder / "link").symlink_to(folder / "out")
    assert found(folder / "link") == [uri]


@posix
def test_a_link_to_nothing_is_reported(folder: Path) -> None:
    (folder / "a.txt").symlink_to(folder / "gone.txt")
    assert skipped(folder) == {str(folder / "a.txt"): "is a link to nothing; mend or remove it"}


@posix
@pytest.mark.parametrize(
    "name", ["two\nlines.txt", "tab\there.txt", " spaces .txt", "\u202eright.txt", "“q”.txt", "-rf.txt"]
)
def test_an_odd_name_is_no_obstacle(folder: Path, name: str) -> None:
    uri = write(folder / name)
    assert found(folder) == [uri]
    page = Paths([folder]).read(uri)
    assert (page.name, page.body) == (name, b"Text.")


@posix
def test_a_name_that_is_no_utf8_is_reported_in_a_form_that_can_be_stored(folder: Path) -> None:
    try:
        with open(os.fsencode(folder) + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123
            file.write(b"Text.")
    except OSError:
        pytest.skip("this file system takes no such names")
    ((uri, why),) = skipped(folder).items()
    assert uri.endswith("caf\\xe9.txt")
    assert uri.encode("utf-8")
    assert "rename it" in why
    assert found(folder) == []


@posix
def test_a_pipe_is_reported_and_never_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert skipped(folder) == {str(folder / "pipe.txt"): "is not a file: only files and folders can be read"}
    assert "is not a file" in reason(Paths([folder]).read, str(folder / "pipe.txt"))


@posix
def test_a_socket_and_a_device_are_reported(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "s.txt"))
        assert skipped(folder) == {str(folder / "s.txt"): "is not a file: only files and folders can be read"}
    assert skipped("/dev/null") == {"/dev/null": "is not a file: only files and folders can be read"}


def test_names_that_differ_in_case_are_the_files_they_name(folder: Path) -> None:
    uris = {write(folder / "News.txt", "One."), write(folder / "news.txt", "Two.")}
    assert len(found(folder)) == len({Path(uri).stat().st_ino for uri in uris})


# Reading


def test_a_page_carries_its_bytes_kind_and_revision(folder: Path) -> None:
    uri = write(folder / "a.MD", "# Zürich")
    source = Paths([folder])
    page = source.read(uri)
    assert page.body == "# Zürich".encode()
    assert (page.uri, page.name, page.media_type) == (uri, "a.MD", "text/markdown")
    assert page.revision == source.revision(uri)


def test_a_page_whose_kind_is_read_otherwise_since_is_read_again(folder: Path) -> None:
    page_, text = write(folder / "a.html", "<p>Zürich"), write(folder / "a.txt", "Zürich")
    before = {uri: Paths([folder]).revision(uri) for uri in (page_, text)} | {page_: "of an earlier reading"}
    found_now = changes(Paths([folder]), before)
    assert (found_now.changed, found_now.unchanged) == ((page_,), (text,))
    assert as_read("abc", "Text/HTML; charset=utf-8") == as_read("abc", "text/html") != "abc"
    assert as_read("abc", "text/unheard-of") == "abc"


def test_the_revision_stays_until_the_file_changes(folder: Path) -> None:
    uri = write(folder / "a.txt")
    source = Paths([folder])
    before = source.revision(uri)
    assert source.revision(uri) == before
    write(Path(uri), "Longer text.")
    assert source.revision(uri) != before


def test_a_file_replaced_by_one_of_the_same_size_and_time_has_another_revision(folder: Path) -> None:
    uri, other = write(folder / "a.txt", "one."), write(folder / "b.txt", "two.")
    for path in (uri, other):
        os.utime(path, ns=(10**18, 10**18))
    before = Paths([folder]).revision(uri)
    Path(other).replace(uri)
    assert Paths([folder]).revision(uri) != before


def test_an_empty_file_is_unreadable(folder: Path) -> None:
    assert reason(Paths([folder]).read, write(folder / "a.txt", "")) == "is empty"


def test_a_file_at_the_limit_is_read_and_one_byte_more_is_not(folder: Path) -> None:
    source = Paths([folder], max_bytes=10)
    assert len(source.read(write(folder / "a.txt", "x" * 10)).body) == 10
    message = reason(source.read, write(folder / "b.txt", "x" * 11))
    assert "more than" in message
    assert "split it" in message


def test_what_vanished_since_it_was_listed_is_unreadable(folder: Path) -> None:
    source = Paths([folder])
    for read in (source.read, source.revision):
        assert reason(read, str(folder / "a.txt")).startswith("does not exist")
        assert reason(read, "a\0.txt")
    assert reason(source.read, str(folder))


@not_root
def test_a_file_without_permission_is_unreadable(folder: Path) -> None:
    uri = write(folder / "a.txt")
    Path(uri).chmod(0)
    assert "permissions" in reason(Paths([folder]).read, uri)


@not_root
def test_a_folder_without_permission_is_reported_and_what_lies_in_it_is_unreachable(folder: Path) -> None:
    uri = write(folder / "locked" / "a.txt")
    (folder / "locked").chmod(0)
    try:
        assert "permissions" in skipped(folder)[str(folder / "locked")]
        assert absence(Paths([folder]), uri) == "unreachable"
    finally:
        (folder / "locked").chmod(0o700)


class _Growing(Paths):
    """A source whose file is written to between the two looks at it, for the first so many times."""

    grow: Callable[[], object]
    times = 1

    def _check_size(self, status: os.stat_result) -> None:
        super()._check_size(status)
        if self.times:
            self.times -= 1
            self.grow()


@pytest.mark.parametrize("text", ["Other", "Longer than before"])
def test_a_file_that_changes_while_it_is_read_is_read_again(folder: Path, text: str) -> None:
    uri = write(folder / "a.txt", "Short")
    os.utime(uri, ns=(10**18, 10**18))
    source = _Growing([folder])
    source.grow = lambda: write(Path(uri), text)
    page = source.read(uri)
    assert (page.body, page.revision) == (text.encode(), source.revision(uri))


def test_a_file_that_never_stops_changing_is_unreadable(folder: Path) -> None:
    uri = write(folder / "a.txt", "Short")
    source = _Growing([folder])
    source.times = 100
    source.grow = lambda: write(Path(uri), Path(uri).read_text() + "!")
    assert reason(source.read, uri).startswith("changed while it was read; run again")


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(folder: Path) -> None:
    uri, other = write(folder / "a.txt", "Short"), write(folder / "b.txt", "Other")
    source = _Growing([folder])
    source.grow = lambda: Path(other).replace(uri)
    assert source.read(uri).body == b"Other"


def test_a_file_that_vanishes_while_it_is_read_is_unreadable(folder: Path) -> None:
    uri = write(folder / "a.txt", "Short")
    source = _Growing([folder])
    source.grow = lambda: Path(uri).unlink()
    assert reason(source.read, uri).startswith("does not exist")


# What was not listed


def absence(source: Paths, path: Path | str) -> str:
    list(source.uris())
    return source.absence(os.path.normpath(path))


def test_what_a_folder_did_not_list_is_gone(folder: Path) -> None:
    write(folder / "a.txt")
    for name in ("gone.txt", "gone/with/its folder.md", "gone.png"):
        assert absence(Paths([folder]), folder / name) == "gone"


@pytest.mark.parametrize("name", [".hidden.txt", ".git/a.txt", "../beside.txt", "../news-old/a.txt"])
def test_what_a_folder_would_never_list_is_foreign(folder: Path, name: str) -> None:
    write(folder / "news" / "a.txt")
    assert absence(Paths([folder / "news"]), folder / "news" / name) == "foreign"


def test_a_file_tells_of_itself_alone(folder: Path) -> None:
    uri = write(folder / "a.txt")
    assert absence(Paths([uri]), folder / "b.txt") == "foreign"


def test_what_lies_in_a_folder_that_was_never_seen_is_unreachable(folder: Path) -> None:
    assert absence(Paths([folder / "disk"]), folder / "disk" / "a.txt") == "unreachable"


class _Dying(Paths):
    """A source on a disk of which one folder can no longer be listed."""

    def _visible(self, folder: Path) -> list[Path]:
        if folder.name == "broken":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super()._visible(folder)


def test_what_lies_in_a_folder_that_cannot_be_listed_is_unreachable_even_when_pruning(folder: Path) -> None:
    write(folder / "broken" / "a.txt")
    for source in (_Dying([folder]), _Dying([folder], prune=True)):
        assert skipped_by(source)[str(folder / "broken")].startswith("cannot be read")
        assert source.absence(str(folder / "broken" / "a.txt")) == "unreachable"
        assert source.absence(str(folder / "gone.txt")) == "gone"


# Places remembered


def remembered(*paths: Path | str) -> tuple[Root, ...]:
    return Paths(paths).roots()


def test_a_place_is_remembered_once_and_not_within_another(folder: Path) -> None:
    uri, hidden = write(folder / "sub" / "a.txt"), write(folder / ".own" / "b.txt")
    assert [root.uri for root in remembered(folder / "sub", uri, folder, folder, hidden)] == [str(folder), hidden]
    assert Paths([folder / "sub"], known=remembered(folder)).roots() == ()


def test_what_is_not_there_is_not_remembered(folder: Path) -> None:
    assert remembered(folder / "typo", "a\0b.txt") == ()


def test_a_remembered_folder_that_is_away_is_unreachable_until_it_is_pruned(folder: Path) -> None:
    uri = write(folder / "disk" / "a.txt")
    known = remembered(folder / "disk")
    (folder / "disk").rename(folder / "elsewhere")
    source = Paths([folder / "disk"], known=known)
    assert "is not there" in skipped_by(source)[str(folder / "disk")]
    assert (source.absence(uri), source.roots()) == ("unreachable", known)
    pruning = Paths([folder / "disk"], known=known, prune=True)
    assert list(pruning.uris()) == []
    assert (pruning.absence(uri), pruning.roots()) == ("gone", (Root(str(folder / "disk"), None),))


def test_an_empty_folder_in_the_place_of_the_remembered_one_is_a_disk_not_mounted(folder: Path) -> None:
    uri = write(folder / "disk" / "a.txt")
    known = remembered(folder / "disk")
    (folder / "disk").rename(folder / "elsewhere")
    (folder / "disk").mkdir()
    source = Paths([folder / "disk"], known=known)
    assert "as if its disk were not mounted" in skipped_by(source)[str(folder / "disk")]
    assert (source.absence(uri), source.roots()) == ("unreachable", known)
    write(folder / "disk" / "b.txt")
    filled = Paths([folder / "disk"], known=known)
    assert absence(filled, uri) == "gone"
    assert filled.roots() == remembered(folder / "disk")


def test_a_remembered_folder_that_was_emptied_has_lost_its_files(folder: Path) -> None:
    uri = write(folder / "disk" / "a.txt")
    source = Paths([folder / "disk"], known=remembered(folder / "disk"))
    Path(uri).unlink()
    assert absence(source, uri) == "gone"
    assert skipped_by(source) == {}


def test_a_remembered_file_is_gone_if_its_folder_is_still_the_same(folder: Path) -> None:
    uri = write(folder / "disk" / "a.txt")
    known = remembered(uri)
    Path(uri).unlink()
    assert absence(Paths([uri], known=known), uri) == "gone"
    (folder / "disk").rename(folder / "elsewhere")
    assert absence(Paths([uri], known=known), uri) == "unreachable"
    (folder / "disk").mkdir()
    assert absence(Paths([uri], known=known), uri) == "unreachable"


def test_a_folder_deleted_within_a_remembered_one_is_gone(folder: Path) -> None:
    uri = write(folder / "sub" / "a.txt")
    known = remembered(folder)
    (folder / "sub").rename(folder.parent / "away")
    source = Paths([folder / "sub"], known=known)
    assert absence(source, uri) == "gone"
    assert skipped_by(source) == {}


def test_a_folder_added_within_a_remembered_one_is_a_place_of_its_own_and_a_file_is_not(folder: Path) -> None:
    uri = write(folder / "disk" / "a.txt")
    outer = remembered(folder)
    assert Paths([folder / "disk", uri], known=outer, nested=True).roots() == remembered(folder / "disk")
    assert Paths([folder / "disk"], known=outer).roots() == ()


@pytest.mark.parametrize("given", [["", "disk"], [""], ["disk"]], ids=["both", "the outer one", "the inner one"])
@pytest.mark.parametrize("emptied", [False, True], ids=["not there", "an empty folder"])
def test_a_place_within_another_may_be_away_by_itself(folder: Path, given: list[str], emptied: bool) -> None:
    k = folder / "k"
    uri, stays = write(k / "disk" / "deep" / "a.txt"), write(k / "b.txt")
    known = (*remembered(k), *remembered(k / "disk"))
    (k / "disk").rename(folder / "unplugged")
    if emptied:
        (k / "disk").mkdir()
    source = Paths([k / name for name in given], known=known)
    assert absence(source, uri) == "unreachable"
    assert list(skipped_by(source)) == [str(k / "disk")]
    assert [found for found in source.uris() if isinstance(found, str)] == [stays] * ("" in given)
    assert known[1] in source.roots()
    assert absence(Paths([k / name for name in given], known=known, prune=True), uri) == "gone"


def test_a_place_within_another_is_told_of_once_when_both_are_away(folder: Path) -> None:
    uri = write(folder / "disk" / "in" / "a.txt")
    known = (*remembered(folder / "disk"), *remembered(folder / "disk" / "in"))
    (folder / "disk").rename(folder / "unplugged")
    source = Paths([root.uri for root in known], known=known)
    assert list(skipped_by(source)) == [str(folder / "disk")]
    assert source.absence(uri) == "unreachable"


def test_a_place_within_another_that_is_another_folder_now_is_remembered_as_that(folder: Path) -> None:
    write(folder / "sub" / "a.txt")
    known = (*remembered(folder), *remembered(folder / "sub"))
    (folder / "sub").rename(folder / "old")
    uri = write(folder / "sub" / "b.txt")
    source = Paths([folder], known=known)
    assert uri in list(source.uris())
    assert set(source.roots()) == {*remembered(folder), *remembered(folder / "sub")} != set(known)


def test_a_file_remembered_in_a_remembered_folder_moves_with_what_is_in_it(folder: Path) -> None:
    uri = write(folder / "sub" / "a.txt")
    known = (*remembered(folder), *remembered(uri))
    (folder / "sub").rename(folder / "renamed")
    source = Paths([root.uri for root in known], known=known)
    assert absence(source, uri) == "gone"
    assert skipped_by(source) == {}


def test_pruning_forgets_what_is_not_there_and_goes_on_with_what_is(folder: Path) -> None:
    uri = write(folder / "k" / "a.txt")
    known = remembered(folder / "k")
    (folder / "k").rename(folder / "elsewhere")
    (folder / "k").mkdir()
    source = Paths([folder / "k"], known=known, prune=True)
    assert (absence(source, uri), source.roots()) == ("gone", remembered(folder / "k"))
    assert source.roots() != known


@pytest.mark.parametrize("given", [["k"], ["k", "k/in", "k/in/a.txt"]])
def test_pruning_forgets_the_places_within_one_that_is_not_there(folder: Path, given: list[str]) -> None:
    uri = write(folder / "k" / "in" / "a.txt")
    known = [root for place in ("k", "k/in", "k/in/a.txt") for root in remembered(folder / place)]
    (folder / "k").rename(folder / "elsewhere")
    source = Paths([folder / place for place in given], known=known, prune=True)
    assert (absence(source, uri), skipped_by(source)) == ("gone", {})
    assert set(source.roots()) == {Root(root.uri, None) for root in known}


# Paths that do not exist


def stored(*uris: str) -> Callable[[], tuple[str, ...]]:
    return lambda: uris


@pytest.mark.parametrize("prune", [False, True])
@pytest.mark.parametrize("place", [".", "never"], ids=["in a remembered folder", "elsewhere"])
@pytest.mark.parametrize("name", ["typo.txt", "typo", "https:/example.com"])
def test_a_path_of_which_nothing_is_indexed_does_not_exist(folder: Path, prune: bool, place: str, name: str) -> None:
    uri = write(folder / "k" / "a.txt")
    typo = folder / "k" / place / name
    source = Paths([typo, uri], known=remembered(folder / "k"), prune=prune, stored=stored(uri, f"{uri}{name}"))
    assert list(source.uris()) == [SkippedSource(os.path.normpath(typo), "does not exist; check the spelling"), uri]


@pytest.mark.parametrize("name", ["sub", "sub/a.txt"])
def test_a_path_that_was_indexed_and_is_not_there_was_deleted(folder: Path, name: str) -> None:
    uri = write(folder / "k" / "sub" / "a.txt")
    known = remembered(folder / "k")
    (folder / "k" / "sub").rename(folder / "deleted")
    source = Paths([folder / "k" / name], known=known, stored=stored(uri))
    assert (list(source.uris()), source.absence(uri)) == ([], "gone")


def skipped_by(source: Paths) -> dict[str, str]:
    return {item.uri: item.reason for item in source.uris() if isinstance(item, SkippedSource)}
