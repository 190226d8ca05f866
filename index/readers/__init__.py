"""Bytes of one format → title, text, date, address: one small module a format, chosen here by the media type.

A reader keeps the text as it found it, claims no date it has not read, and raises SourceUnreadable with a reason
that reads on after the source's name. Importing this loads no parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from index.dates import date_from_url
from index.errors import UnknownFormat
from index.readers.draft import PUBLISHED_IN_URL, Draft
from index.readers.html import read_html
from index.readers.json import read_json
from index.readers.markdown import read_markdown
from index.readers.pdf import read_pdf
from index.readers.text import read_text
from index.types import RawPage

__all__ = ["Draft", "read_page"]

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)")

Reader = Callable[[RawPage, str | None], Draft]

READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "text/plain": read_text,
        "text/markdown": read_markdown,
        "text/x-markdown": read_markdown,
        "text/html": read_html,
        "application/xhtml+xml": read_html,
        "application/json": read_json,
        "application/pdf": read_pdf,
    }
)


def read_page(page: RawPage) -> Draft:
    """The draft of one page. Raises UnknownFormat for a media type without a reader, SourceUnreadable for the rest.

    A page that gives no date itself may still have one in its address.
    """
    kind, _, parameters = page.media_type.lower().partition(";")
    reader = READERS.get(kind.strip())
    if reader is None:
        known = ", ".join(sorted(READERS))
        raise UnknownFormat(f"is of the kind {page.media_type!r}; what can be read: {known}")
    charset = _CHARSET.search(parameters)
    return _dated_by_url(reader(page, charset[1] if charset else None))


def _dated_by_url(draft: Draft) -> Draft:
    if draft.published is not None or draft.url is None:
        return draft
    published = date_from_url(draft.url)
    return replace(draft, published=published, published_from=PUBLISHED_IN_URL) if published else draft
