"""A JSON object with an article in it → draft. `text` is kept exactly: evaluation sets count on its offsets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from index.dates import parse_publication_date
from index.errors import SourceUnreadable, UnknownFormat
from index.readers.draft import (
    PUBLISHED_IN_JSON,
    Draft,
    clean_language,
    clean_source,
    clean_title,
    clean_url,
    require_text,
)
from index.types import RawPage

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def read_json(page: RawPage, charset: str | None = None) -> Draft:
    """`{"title", "text", "published" or "date", "url", "source", "language"}`: `text` is needed, the rest is welcome.

    Not a character of `text` is moved; what no database can store (NUL, half a surrogate pair) becomes U+FFFD.
    """
    fields = _fields(page.body)
    text = fields.get("text")
    if not isinstance(text, str):
        raise UnknownFormat('is JSON without a "text" string; one object {"title": …, "text": …} a file can be read')
    # "published" may be true or false: then "date" says when.
    published = parse_publication_date(fields.get("published")) or parse_publication_date(fields.get("date"))
    return Draft(
        title=clean_title(fields.get("title"), page.name),
        text=require_text(_UNSTORABLE.sub("\ufffd", text)),
        published=published,
        published_from=PUBLISHED_IN_JSON if published else None,
        language=clean_language(fields.get("language")),
        url=clean_url(fields.get("url")),
        source=clean_source(fields.get("source")),
    )


def _fields(body: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise SourceUnreadable(f"is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise UnknownFormat('is JSON but not an object; one object {"title": …, "text": …} a file can be read')
    return value
