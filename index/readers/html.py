"""An HTML page → draft: its main text, title, date, address and site. The only importer of trafilatura and lxml.

The date is taken only from where a page states it (JSON-LD, metadata, a time tag), never from its prose: a guess
would be shown as a fact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from index.dates import parse_publication_date
from index.errors import SourceUnreadable
from index.readers.blocks import article_blocks, blocks_of, written
from index.readers.decoding import decode, normalise
from index.readers.draft import (
    PUBLISHED_IN_JSON_LD,
    PUBLISHED_IN_METADATA,
    PUBLISHED_IN_TIME_TAG,
    Draft,
    clean_language,
    clean_source,
    clean_title,
    clean_url,
    require_text,
)
from index.types import RawPage

_MOST_BYTES = 20_000_000
"""What the extractor takes; no article is longer, and a page of 20 MB takes it a minute."""
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.I
)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CONTROL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])(?!\d)|x0*(?:[0-8bcef]|1[0-9a-f])(?![0-9a-f]));?", re.I
)
_SIGNS_OF_A_LINK = frozenset("¶#§🔗")
"""What a link that only leads to its own heading shows, in documentation and blogs."""
_ROOT = re.compile(r"<html[\s>]", re.I)
_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_MOST_DATES = 50
_NO_DATE_SEARCH = {"extensive_search": False, "original_date": True}
_JSON_LD_CHARACTERS = 1_000_000
_JSON_LD_NODES = 10_000
_ARTICLE_TYPE = re.compile(r"Article|BlogPosting|Report|Review|Posting")
_PUBLISHED_NAMES = frozenset(
    (
        *("article:published_time", "og:article:published_time", "og:published_time", "article.published"),
        *("date", "pubdate", "publishdate", "publish-date", "publish_date", "publication_date", "publication-date"),
        *("datepublished", "date-published", "published_time", "published-date", "dc.date", "dc.date.issued"),
        *("dcterms.date", "dcterms.issued", "dcterms.created", "citation_publication_date", "citation_date"),
        *("citation_online_date", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime"),
    )
)
_TIMES_OF_THE_ARTICLE = (
    "//time[@pubdate] | //time[contains(@class, 'publish')] | //time[contains(@class, 'entry-date')]"
)
_TIMES_AROUND_IT = (
    "//time[@datetime][ancestor::article or ancestor::main or ancestor::header]"
    "[not(ancestor::nav or ancestor::aside or ancestor::footer)]"
)


def read_html(page: RawPage, charset: str | None = None) -> Draft:
    """The main text without navigation and comments; a page in which none is found gives all its visible text."""
    if len(page.body) > _MOST_BYTES:
        raise SourceUnreadable(f"is HTML of {len(page.body) / 1e6:.0f} MB, more than {_MOST_BYTES / 1e6:.0f}; split it")
    match = _CHARSET.search(page.body, 0, 4_096)
    html = decode(page, charset or (match[1].decode("ascii") if match else None))
    try:
        return _draft(_CONTROL_REFERENCE.sub("", _XML_DECLARATION.sub("", html)), page.name)
    except SourceUnreadable:
        raise
    except Exception as error:  # parsers fail on hostile pages in more ways than they document
        raise SourceUnreadable(f"is HTML that cannot be read ({type(error).__name__}: {error})") from error


def _draft(html: str, name: str) -> Draft:
    import trafilatura  # 0.2 s to import, with lxml: only for those who have HTML

    # A fragment is refused by itself; wrapped, it is a page.
    tree = trafilatura.load_html(html if _ROOT.search(html) else f"<html>{html}</html>")
    if tree is None:
        raise SourceUnreadable("has no text that a reader would see")
    published, published_from = _published(tree)
    _drop_links_to_headings(tree)
    text = _main_text(tree)
    found = trafilatura.extract_metadata(tree, date_config=_NO_DATE_SEARCH)
    return Draft(
        title=clean_title(found.title, name),
        text=require_text(text),
        published=published,
        published_from=published_from,
        language=clean_language(tree.get("lang") or tree.get(_XML_LANGUAGE)),
        url=clean_url(found.url),
        source=clean_source(found.sitename),
    )


def _drop_links_to_headings(tree: Any) -> None:
    for link in list(tree.iter("a")):
        if link.text_content().strip() in _SIGNS_OF_A_LINK:
            link.drop_tree()


def _main_text(tree: Any) -> str:
    """One line a paragraph or heading, and an empty one between them. "" if there is none."""
    import trafilatura

    blocks = blocks_of(tree)
    extracted = trafilatura.extract(tree, include_comments=False, output_format="txt") or ""
    return normalise(written(article_blocks(blocks, extracted) or blocks)).strip("\n")


# Dates


def _published(tree: Any) -> tuple[date | None, str | None]:
    """The first place, from the most explicit down, that states exactly one day."""
    for dates, place in (
        (_json_ld_dates(tree), PUBLISHED_IN_JSON_LD),
        (_metadata_dates(tree), PUBLISHED_IN_METADATA),
        (_time_dates(tree, _TIMES_OF_THE_ARTICLE), PUBLISHED_IN_TIME_TAG),
        (_time_dates(tree, _TIMES_AROUND_IT), PUBLISHED_IN_TIME_TAG),
    ):
        days = {day for day in map(parse_publication_date, islice(dates, _MOST_DATES)) if day}
        if len(days) == 1:
            return days.pop(), place
    return None, None


def _json_ld_dates(tree: Any) -> Iterable[object]:
    """`datePublished` of the articles that the page's JSON-LD describes, else of anything it describes."""
    nodes = [node for value in _json_ld(tree) for node in _objects(value) if "datePublished" in node]
    articles = [node for node in nodes if _ARTICLE_TYPE.search(str(node.get("@type")))]
    # A page may list related articles after its own.
    return [node["datePublished"] for node in (articles[:1] or nodes[:1])]


def _json_ld(tree: Any) -> Iterator[object]:
    for script in tree.xpath("//script[@type='application/ld+json']"):
        try:
            yield json.loads((script.text or "")[:_JSON_LD_CHARACTERS], strict=False)
        except (ValueError, RecursionError):
            continue


def _objects(value: object) -> Iterator[dict[str, object]]:
    """Every object inside a JSON value in document order, up to a number that bounds hostile input."""
    waiting = [value]
    for _ in range(_JSON_LD_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            waiting.extend(reversed(node))


def _metadata_dates(tree: Any) -> Iterator[object]:
    for meta in tree.xpath("//meta[@content]"):
        names = (meta.get(attribute, "").strip().lower() for attribute in ("property", "name", "itemprop"))
        if any(name in _PUBLISHED_NAMES for name in names):
            yield meta.get("content")
    for element in tree.xpath("//*[@itemprop='datePublished'][not(self::meta)]"):
        yield element.get("datetime") or element.get("content") or element.text


def _time_dates(tree: Any, path: str) -> Iterator[object]:
    for element in tree.xpath(path):
        yield element.get("datetime") or element.text
