"""Text and values → markup that cannot be broken out of.

Knows HTML's syntax and nothing of answers. A plain `str` is text and is escaped; only `tag`, `link` and `join` make
`Html`, and only `Html` is passed on as it is. So a piece of an article, a file name or a model's word can reach the
page only as text, and an address only through `link`, which lets http and https pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape

from assistant.addresses import is_web_address

_VOID = frozenset({"br", "hr", "input"})
_UNSAFE_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Html(str):
    """Markup made in this module. Anything else is text."""

    __slots__ = ()


NOTHING = Html("")


def text(value: str) -> Html:
    """`value` as literal text, also inside a quoted attribute. What no page can show becomes U+FFFD."""
    return Html(escape(_UNSAFE_CHARACTERS.sub("\ufffd", re.sub(r"\r\n?", "\n", value)), quote=True))


def tag(name: str, *children: str | None, **attributes: str | None) -> Html:
    """An element. None is left out; a trailing underscore is dropped and others become hyphens: `class_`, `aria_label`.

    `href` may only point into the page here; addresses go through `link`.
    """
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    if any(key.startswith("on") or key in {"src", "style"} for key in given):
        raise ValueError(f"no scripts, sources or styles in attributes: {sorted(given)}")
    if not given.get("href", "#").startswith("#"):
        raise ValueError("use link() for an address outside the page")
    return _element(name, children, given)


def link(address: str | None, *children: str | None) -> Html:
    """The children, as a link where `address` is a web address, otherwise as they are."""
    if not is_web_address(address):
        return join(children)
    given = {"href": address, "target": "_blank", "rel": "noopener noreferrer nofollow"}
    return _element("a", children, given)


def join(children: Iterable[str | None], between: str = "") -> Html:
    """The children one after another, texts escaped, None left out."""
    return Html(text(between).join(_part(child) for child in children if child is not None))


def _part(child: str) -> Html:
    return child if isinstance(child, Html) else text(child)


def _element(name: str, children: Iterable[str | None], attributes: Mapping[str, str]) -> Html:
    given = "".join(f' {key}="{text(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>" + ("" if name in _VOID else f"{join(children)}</{name}>"))
