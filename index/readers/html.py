"""An HTML page → draft: its main text, title, date, address and site. The only importer of trafilatura and lxml.

What day it was published is asked of `html_dates`.
"""

from __future__ import annotations

import re
from typing import Any

from index.errors import SourceUnreadable
from index.readers.blocks import article_blocks, blocks_of, written
from index.readers.decoding import decode, normalise
from index.readers.draft import (
    Draft,
    clean_language,
    clean_source,
    clean_title,
    clean_url,
    require_text,
)
from index.readers.html_dates import published_day
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
_NO_DATE_SEARCH = {"extensive_search": False, "original_date": True}


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
    published, published_from = published_day(tree)
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
