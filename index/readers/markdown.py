"""Markdown with or without front matter → draft. The body is kept as it stands, marks and all.

Knows the names that note takers and site generators give to title, date, source and address. Front matter that
cannot be read costs its fields, never the article.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from index.dates import date_from_first_lines, parse_publication_date
from index.readers.decoding import decode
from index.readers.draft import (
    PUBLISHED_IN_FIRST_LINES,
    PUBLISHED_IN_FRONT_MATTER,
    Draft,
    clean_language,
    clean_source,
    clean_title,
    clean_url,
    host_name,
    one_line,
    require_text,
)
from index.readers.text import title_line
from index.sentences import heading_text
from index.types import RawPage

_Value = TypeVar("_Value")
_LOG = logging.getLogger(__name__)

_LONGEST_FRONT_MATTER = 65_536
_FRONT_MATTER = re.compile(r"\s*^(?P<mark>---|\+\+\+)[ \t]*\n(?P<fields>.*?)^(?P=mark)[ \t]*$\n?", re.M | re.S)
_FIELD = re.compile(r"(?P<name>[A-Za-z][\w -]{0,40}):(?:\s+(?P<value>.*))?")
_HEADING = re.compile(r"^(?:#[ \t]+(?P<marked>\S.*)|(?P<underlined>\S.*)\n=+[ \t]*)$", re.M)
_FENCED = re.compile(r"^(?P<fence>```+|~~~+).*?(?:^(?P=fence)|\Z)", re.M | re.S)
"""Code, where "#" begins a comment."""
_FIELD_CHARACTERS = 2_000
_HEADING_WITHIN = 10_000

_TITLE = ("title", "headline")
_PUBLISHED = (
    *("published", "date_published", "datepublished", "publication_date", "publish_date", "publishdate"),
    *("published_at", "published_on", "published_time", "pubdate", "pub_date", "issued", "date"),
)
_SOURCE = ("source", "publisher", "publication", "site_name", "sitename", "site", "outlet", "newspaper")
_URL = ("url", "link", "source_url", "canonical_url", "canonical", "permalink", "source")
_LANGUAGE = ("language", "lang", "locale")


def read_markdown(page: RawPage, charset: str | None = None) -> Draft:
    """Title: front matter, else the first "# " heading, else a title-like first line, else the file's name."""
    fields, text = split_front_matter(decode(page, charset), page.uri)
    require_text(text)
    published, published_from = _first(fields, _PUBLISHED, parse_publication_date), PUBLISHED_IN_FRONT_MATTER
    if published is None:
        published, published_from = date_from_first_lines(text), PUBLISHED_IN_FIRST_LINES
    source = _first(fields, _SOURCE, _said)
    return Draft(
        title=clean_title(_first(fields, _TITLE, _said) or _heading(text), page.name),
        text=text,
        published=published,
        published_from=published_from if published else None,
        language=_first(fields, _LANGUAGE, clean_language),
        url=_first(fields, _URL, clean_url),
        # Web clippers write the address under "source": then the host is the one who speaks.
        source=host_name(source) if source and clean_url(source) else clean_source(source),
    )


def split_front_matter(text: str, uri: str) -> tuple[Mapping[str, object], str]:
    """The fields, their names in small letters with "_" for "-" and spaces, and the text after them, exactly.

    Without front matter, or with something that only looks like it, no fields and the whole text. `uri` is for the log.
    """
    match = _FRONT_MATTER.match(text[:_LONGEST_FRONT_MATTER])
    fields = _fields(match["mark"], match["fields"], uri) if match else None
    if match is None or fields is None:
        return {}, text
    return {_folded(name): value for name, value in fields.items()}, text[match.end() :]


class _Yaml(YAMLHandler):
    """Every scalar a string: "2024-02-31" would otherwise sink the block, and a title like 1984 or "no" change."""

    def load(self, fm: str, **kwargs: object) -> Any:
        return super().load(fm, Loader=yaml.BaseLoader)


class _Toml(BaseHandler):
    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.M)

    def load(self, fm: str) -> dict[str, Any]:
        return tomllib.loads(fm)


def _fields(mark: str, block: str, uri: str) -> Mapping[str, object] | None:
    """What the front matter says; None if it is none."""
    handler = _Yaml() if mark == "---" else _Toml()
    try:
        fields, _ = frontmatter.parse(f"{mark}\n{block}{mark}\n", handler=handler)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        _LOG.warning("%r has front matter that is not valid (%s): read line by line", uri, type(error).__name__)
        return _fields_by_line(block)
    return fields or (None if block.strip() else {})


def _fields_by_line(block: str) -> Mapping[str, object] | None:
    """Front matter that is no valid YAML, mostly for a colon in a title, as "name: value" lines if all are."""
    fields: dict[str, object] = {}
    for line in block.split("\n"):
        match = _FIELD.fullmatch(line.rstrip())
        if match:
            fields.setdefault(match["name"], (match["value"] or "").strip().strip("\"'"))
        elif line.strip() and not line.startswith((" ", "\t", "-", "#")):
            return None
    return fields


def _folded(name: object) -> str:
    return re.sub(r"[\s-]+", "_", str(name).strip().lower())


def _first(
    fields: Mapping[str, object], names: tuple[str, ...], read: Callable[[object], _Value | None]
) -> _Value | None:
    """What the first of the named fields says that says it: "published: true" of a site generator is no date."""
    return next((value for value in (read(fields.get(name)) for name in names) if value), None)


def _said(value: object) -> str:
    return one_line(value, _FIELD_CHARACTERS)


def _heading(text: str) -> str | None:
    match = _HEADING.search(_FENCED.sub("", text[:_HEADING_WITHIN]))
    line = match.group() if match else title_line(text)
    return heading_text(line) if line else None
