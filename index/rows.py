"""Values as rows of the database, and back.

Knows columns and their order; runs nothing. A row that cannot be what was once stored raises TypeError or ValueError.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from index.types import Article, ArticleInfo, Chunk, Filters

INFO: Final = (
    "articles.id, articles.uri, articles.title, articles.published, articles.published_from, articles.language,"
    " articles.url, articles.source, articles.digest, articles.characters, articles.chunks"
)
CHUNK: Final = "chunks.id, chunks.article_id, chunks.ordinal, chunks.start, chunks.end, chunks.text, chunks.heading"
ARTICLE: Final = "id, uri, title, text, digest, published, published_from, language, url, source, added"


SUMMED: Final = MappingProxyType(
    {
        "articles": (
            "id, uri, title, published, published_from, language, url, source, digest, characters, chunks, added"
        ),
        "chunks": "id, article_id, ordinal, start, end, heading",
        "vectors": "key, input, vector",
        "superseded": "id, uri, title, published, published_from, language, url, source, digest, added",
        "failures": "uri, reason",
    }
)
"""The columns of each table that its column `sum` is over: what no digest of a text covers."""


def row_sum(*values: object) -> int:
    """A checksum by which a row tells that a bit of it has changed. Also a function of our SQL."""
    told = b"\0".join(value if isinstance(value, bytes) else repr(value).encode() for value in values)
    return zlib.crc32(told)


def chunk_of(row: Sequence[Any]) -> Chunk:
    """A row of CHUNK."""
    return Chunk(*row)


def info_of(row: Sequence[Any]) -> ArticleInfo:
    """A row of INFO."""
    article_id, uri, title, published, *rest = row
    return ArticleInfo(article_id, uri, title, date.fromisoformat(published) if published else None, *rest)


def article_of(row: Sequence[Any]) -> Article:
    """A row of ARTICLE."""
    article_id, uri, title, text, digest, published, published_from, language, url, source, added = row
    return Article(
        article_id,
        uri,
        title,
        text,
        digest,
        date.fromisoformat(published) if published else None,
        published_from,
        language,
        url,
        source,
        datetime.fromisoformat(added),
    )


def article_row(article: Article) -> tuple[object, ...]:
    """The article's fields in the order of ARTICLE, as SQLite keeps them."""
    return (
        article.id,
        article.uri,
        article.title,
        article.text,
        article.digest,
        article.published.isoformat() if article.published else None,
        article.published_from,
        article.language,
        article.url,
        article.source,
        article.added.isoformat(),
    )


def condition(filters: Filters) -> tuple[str, tuple[object, ...]]:
    """Filters as SQL over `articles`, "" for none. An unknown date is NULL, and NULL passes no comparison."""
    terms: list[tuple[str, object]] = []
    unknown = " OR articles.published IS NULL" if filters.undated else ""
    if filters.since:
        terms.append((f"(articles.published >= ?{unknown})", filters.since.isoformat()))
    if filters.until:
        terms.append((f"(articles.published <= ?{unknown})", filters.until.isoformat()))
    if filters.sources:
        terms.append(("articles.source IN (SELECT value FROM json_each(?))", json.dumps(filters.sources)))
    if filters.article_ids:
        terms.append(("articles.id IN (SELECT value FROM json_each(?))", json.dumps(filters.article_ids)))
    return " AND ".join(sql for sql, _ in terms), tuple(value for _, value in terms)
