"""What a reader makes of one page: text and what the page says about itself. Knows no formats and no storage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Final
from urllib.parse import urlsplit

from index.errors import SourceUnreadable

PUBLISHED_IN_FRONT_MATTER: Final = "front matter"
PUBLISHED_IN_FIRST_LINES: Final = "first lines"
PUBLISHED_IN_JSON: Final = "json"
PUBLISHED_IN_JSON_LD: Final = "json-ld"
PUBLISHED_IN_METADATA: Final = "html metadata"
PUBLISHED_IN_TIME_TAG: Final = "time tag"
PUBLISHED_IN_URL: Final = "url"

_TITLE_CHARACTERS = 300
_SOURCE_CHARACTERS = 200
_URL_CHARACTERS = 2_000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]+")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9-_]{1,20})?(?:\.[\w-]+)?")


@dataclass(frozen=True, slots=True)
class Draft:
    """An article before it has an identity. `text` is what will be stored and quoted, character for character.

    `published_from` is one of the PUBLISHED_IN constants, None exactly when `published` is.
    """

    title: str
    text: str
    published: date | None = None
    published_from: str | None = None
    language: str | None = None
    url: str | None = None
    source: str | None = None


def require_text(text: str) -> str:
    """The text itself; raises SourceUnreadable if there is none to index."""
    if not text.strip():
        raise SourceUnreadable("has no text: nothing but white space was found in it")
    return text


def clean_title(value: object, name: str) -> str:
    """A title on one line; failing that, what the file is called, without its suffix."""
    title = one_line(value, _TITLE_CHARACTERS)
    return title or one_line(PurePath(name).stem, _TITLE_CHARACTERS) or "Untitled"


def clean_source(value: object) -> str | None:
    return one_line(value, _SOURCE_CHARACTERS) or None


def clean_language(value: object) -> str | None:
    """The primary tag of a language: "en" of "en-GB" or "en_US.UTF-8"; None for what is no tag."""
    match = _LANGUAGE.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1].lower() if match else None


def clean_url(value: object) -> str | None:
    """An absolute http or https address; None for anything else: it will be shown as a link."""
    if not isinstance(value, str) or len(value) > _URL_CHARACTERS:
        return None
    url = value.strip()
    try:
        parts = urlsplit(url)
        safe = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        return None
    return url if safe and not re.search(r"[\s<>\"\\^`{|}]", url) and not _UNPRINTABLE.search(url) else None


def host_name(url: str) -> str:
    """Who speaks at an address: "example.org" of "https://www.example.org/a"."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def one_line(value: object, characters: int) -> str:
    """A scalar as one printable line of at most that many characters; "" for None and for what is no scalar."""
    if not isinstance(value, str | int | float | date) or isinstance(value, bool):
        return ""
    text = " ".join(_UNPRINTABLE.sub(" ", str(value)).split())
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
