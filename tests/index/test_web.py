"""A web page is fetched from where it is said to be, and no address leads to a machine that only this one can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from index.errors import SourceUnreadable
from index.types import SkippedSource
from index.web import WebPage, is_public
from tests.index.site import HOSTS, PAGES, look_up, site


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with site() as number:
        yield number


def page(address: str, max_bytes: int = 1000, clock: Callable[[], float] = lambda: 0.0) -> WebPage:
    return WebPage(address, max_bytes, clock, look_up, lambda address: address == "127.0.0.1")


def test_a_page_is_asked_for_in_its_own_name_at_the_address_that_was_checked(port: int) -> None:
    uri = f"http://news.example:{port}/a"
    source = page(uri)
    assert list(source.uris()) == [uri]
    read = source.read(uri)
    assert (read.body, read.media_type, read.uri) == (PAGES["/a"][2], "text/html; charset=utf-8", uri)
    assert HOSTS[-1] == f"news.example:{port}" and source.revision(uri) == read.revision


def test_a_redirect_is_followed_and_the_page_keeps_the_address_it_was_asked_by(port: int) -> None:
    read = page(f"http://news.example:{port}/moved").read(f"http://news.example:{port}/moved")
    assert read.body == PAGES["/a"][2] and read.uri.endswith("/moved")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/inside", "private network"),
        ("/file", "no web address"),
        ("/round", "leads on more than 5 times"),
        ("/image", "image/png"),
        ("/long", "longer than"),
        ("/missing", "answered 404"),
    ],
)
def test_what_is_no_page_for_us_is_refused_in_words(port: int, path: str, told: str) -> None:
    uri = f"http://news.example:{port}{path}"
    with pytest.raises(SourceUnreadable, match=told):
        page(uri).read(uri)


def test_a_page_that_trickles_is_given_up(port: int) -> None:
    times = iter([0.0, 1000.0])
    uri = f"http://news.example:{port}/a"
    with pytest.raises(SourceUnreadable, match="had not come after 60 seconds"):
        page(uri, clock=lambda: next(times)).read(uri)


def test_a_machine_that_does_not_answer_is_told(port: int) -> None:
    uri = "http://news.example:1/a"
    with pytest.raises(SourceUnreadable, match="cannot be fetched"):
        page(uri).read(uri)


@pytest.mark.parametrize(
    "address",
    [
        *("file:///etc/passwd", "ftp://a.example/", "javascript:alert(1)", "//a.example", "a.example", "", "http://"),
        *("https://me:secret@a.example/", "https://a.example/ b", "https://a.example:99999/", "https://[::1/"),
        *("https://a.example/" + "x" * 3000, "https://a\u0000.example/", "https://\u2024/"),
    ],
)
def test_what_is_no_web_address_is_refused_before_anything_is_asked(address: str) -> None:
    def unasked(host: str, port: int) -> Sequence[str]:
        raise AssertionError("no name is looked up")

    (refused,) = WebPage(address, 1000, lambda: 0.0, unasked).uris()
    assert isinstance(refused, SkippedSource)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
        ),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1", "nonsense", ""),
    ],
)
def test_no_private_machine_is_asked(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(SourceUnreadable, match="private network"):
        WebPage("http://a.example/", 1000, lambda: 0.0, lambda host, port: ["93.184.215.14", address]).read(
            "http://a.example/"
        )


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_machines_are(address: str) -> None:
    assert is_public(address)
