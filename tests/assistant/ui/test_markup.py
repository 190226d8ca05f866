from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.addresses import is_web_address
from assistant.ui.markup import Html, join, link, tag, text
from tests.assistant.ui.markup_tree import parse

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


@given(ANY_TEXT)
@example("<script>alert(1)</script>")
@example("\x00<\ud800")
def test_text_never_brings_in_markup(value: str) -> None:
    assert not set("<>\"'") & set(text(value))
    text(value).encode("utf-8")  # lone surrogates would raise


@given(PRINTABLE)
@example("**bold** ![x](https://evil.example/x.png) $x^2$ | a | b | &amp; {{value}} ${value}")
def test_text_reads_as_it_was_written(value: str) -> None:
    assert parse(tag("p", value)).one("p").text == value
    assert parse(tag("p", title=value)).one("p").attributes["title"] == value


@given(PRINTABLE, PRINTABLE)
def test_only_markup_made_here_is_passed_on(first: str, second: str) -> None:
    root = parse(tag("div", tag("b", first), Html("<i></i>"), second, None))
    assert [e.tag for e in root.every()] == ["div", "b", "i"]
    assert root.text == first + second


def test_a_str_that_was_markup_once_is_text_again() -> None:
    assert "<b>" not in join([str(tag("b", "x")) + ""])


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "/gradio_api/file=/etc/passwd",
        "https:\\\\evil.example",
        "https://",
        "https:evil.example",
        "http://[::1",
        " https://a.example",
        "https://a.example/ b",
        "\ud800https://a.example",
        "",
        None,
    ],
)
def test_an_address_that_is_no_web_address_becomes_no_link(address: str | None) -> None:
    assert link(address, "title") == "title"


@given(ANY_TEXT)
@example('https://a.example/"onmouseover="alert(1)')
@example("https://a.example/'><script>")
def test_a_link_never_leaves_its_attribute(address: str) -> None:
    for element in parse(link(address, "title")).every():
        assert element.tag == "a" and element.attributes["href"] == address
        assert address.startswith(("http://", "https://", "HTTP", "hTTP")) or is_web_address(address)
        assert set(element.attributes) == {"href", "target", "rel"}
        assert {"noopener", "noreferrer"} <= set(element.attributes["rel"].split())


def test_a_web_address_becomes_a_link() -> None:
    anchor = parse(link("https://news.example/a?b=1&c=2#d", "title")).one("a")
    assert anchor.attributes["href"] == "https://news.example/a?b=1&c=2#d" and anchor.text == "title"


@pytest.mark.parametrize("attributes", [{"onclick": "x"}, {"src": "x"}, {"style": "x"}, {"href": "https://a.example"}])
def test_attributes_that_could_act_or_load_are_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        tag("a", **attributes)
