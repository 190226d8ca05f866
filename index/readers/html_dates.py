"""The day an HTML page states as that of its article: in JSON-LD, metadata, microdata or a time tag, never in prose.

A page also tells days of other things: of related articles, comments and reviews, of events, of its last change, of
the day it was saved. What cannot be told to be the article's own day counts for nothing: a guess would be shown as a
fact. Knows a parsed tree only by asking it for its elements; parses no HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from index.dates import parse_publication_date
from index.readers.draft import PUBLISHED_IN_JSON_LD, PUBLISHED_IN_METADATA, PUBLISHED_IN_TIME_TAG

_MOST_DATES = 50
_MOST_ELEMENTS = 5_000
_JSON_LD_CHARACTERS = 1_000_000
_JSON_LD_NODES = 10_000

_ARTICLE_TYPE = re.compile(
    r"(?:.*[/:])?(?:\w*Article|\w*BlogPosting|SocialMediaPosting|DiscussionForumPosting|Report|Recipe)"
)
_REVIEW_TYPE = re.compile(r"(?:.*[/:])?\w*Review")
"""A critic's review is an article, a customer's is not: it counts only with the page's headline or address."""
_PAGE_TYPE = re.compile(r"(?:.*[/:])?(?:\w*Page|CreativeWork)")
"""A page's day is taken for its article's. Widespread themes mark up the article itself as CreativeWork."""
_WITHIN = ("@graph", "mainEntity")
"""What a description may wrap the page's own article in; lists of items, comments and reviews hold those of others."""

_PUBLISHED_NAMES = frozenset(
    (
        *("article:published_time", "og:article:published_time", "og:published_time", "article.published"),
        *("publishdate", "publish-date", "publish_date", "publication_date", "publication-date", "published-date"),
        *("datepublished", "date-published", "published_time", "dc.date.issued", "dcterms.issued"),
        *("citation_publication_date", "citation_date", "citation_online_date"),
        *("parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime"),
    )
)
_DATE_NAMES = frozenset(("date", "pubdate", "dc.date", "dcterms.date", "dcterms.created"))
"""Names that some sites give to another day, such as that of the last change: asked after those that say which."""

_SAYS_PUBLISHED = re.compile(r"publish|entry-date", re.I)
_SAYS_CHANGED = re.compile(r"updated|modified", re.I)
_OTHER_TAGS = frozenset(("nav", "aside", "figure", "blockquote"))
_OTHER_CLASS = re.compile(r"(?<![a-z])(?:comment|related|recommend|sidebar)", re.I)
_CHANGED = (
    r"(?:last\s+|zuletzt\s+)?(?:updated?|modified|edited|revised|reviewed|aktualisiert|geändert|mis\s+à\s+jour"
    r"|actualizado|atualizado|aggiornato|bijgewerkt|zaktualizowano|обновлено|оновлено)"
)
_CHANGED_FOLLOWS = re.compile(
    rf"(?:^|[,;:|·•(–—-]|\band\b)\s*{_CHANGED}(?:\s+(?:on|at|am|le|el|il|em|op))?[\s:]*$", re.I
)
"""Ends with "Updated:" or "Published …, updated", but not "Water levels updated", which is a headline."""
_CHANGED_STARTS = re.compile(rf"\W*{_CHANGED}\b", re.I)
_LABEL_CHARACTERS = 60
_LABEL_LEVELS = 3

_PARAGRAPHS = ("p", "li", "dd", "td")
_TEXT_HOLDERS = ("p", "div", "section", "article", "main")
_PROSE_CHARACTERS = 100
_SPACES = re.compile(r"\s+")
_SENTENCE = re.compile(r".{20,}[.!?…。！？][\"'”’»)]*", re.S)
_STANDFIRST = re.compile(
    r"standfirst|stand-first|dek|deck|(?<![a-z])lead|lede|summary|sub-?(?:title|head)|excerpt|intro|caption|credit",
    re.I,
)


def published_day(tree: Any) -> tuple[date | None, str | None]:
    """The day and the place that states it. The most explicit place that names a day decides.

    If it names two, the day is unknown: what a less explicit place says would not settle it.
    """
    article = _Article.of(tree)
    for dates, place in (
        (_json_ld_dates(tree), PUBLISHED_IN_JSON_LD),
        (_explicit_dates(tree, article), PUBLISHED_IN_METADATA),
        (_metadata_dates(tree, _DATE_NAMES), PUBLISHED_IN_METADATA),
        (_labelled_times(tree, article), PUBLISHED_IN_TIME_TAG),
        (_times_of_the_head(tree, article), PUBLISHED_IN_TIME_TAG),
    ):
        days = {day for day in map(parse_publication_date, islice(dates, _MOST_DATES)) if day}
        if days:
            return (days.pop(), place) if len(days) == 1 else (None, None)
    return None, None


# JSON-LD


def _json_ld_dates(tree: Any) -> Iterator[object]:
    """`datePublished` of the page's own article, else of the page."""
    nodes = [node for value in _json_ld(tree) for node in _described(value)]
    articles = [node for node in nodes if _is(node, _ARTICLE_TYPE)]
    reviews = [node for node in nodes if _is(node, _REVIEW_TYPE)]
    titles, addresses = _titles(tree), _addresses(tree)
    own = [node for node in articles + reviews if _names_the_page(node, titles, addresses)]
    pages = [node for node in nodes if _is(node, _PAGE_TYPE)]
    # Chosen before it is asked for its date: one without must not borrow that of the next. Most sites put theirs first.
    chosen = [*(own or articles)[:1], *pages[:1]]
    return islice((node["datePublished"] for node in chosen if "datePublished" in node), 1)


def _json_ld(tree: Any) -> Iterator[object]:
    for script in tree.xpath("//script[@type='application/ld+json']"):
        try:
            yield json.loads((script.text or "")[:_JSON_LD_CHARACTERS], strict=False)
        except (ValueError, RecursionError):
            continue


def _described(value: object) -> Iterator[dict[str, object]]:
    """The objects that are about the page, in document order, up to a number that bounds hostile input."""
    waiting = [value]
    for _ in range(_JSON_LD_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node[key] for key in reversed(_WITHIN) if key in node)
        elif isinstance(node, list):
            waiting.extend(reversed(node))


def _is(node: dict[str, object], kind: re.Pattern[str]) -> bool:
    types = node.get("@type")
    return any(
        isinstance(name, str) and kind.fullmatch(name) for name in (types if isinstance(types, list) else [types])
    )


def _names_the_page(node: dict[str, object], titles: str, addresses: frozenset[str]) -> bool:
    headlines = (node.get(key) for key in ("headline", "name"))
    if any(isinstance(headline, str) and _folded(headline) and _folded(headline) in titles for headline in headlines):
        return True
    references = (node.get(key) for key in ("url", "@id", "mainEntityOfPage"))
    said = (value.get("@id") if isinstance(value, dict) else value for value in references)
    return any(isinstance(address, str) and address.rstrip("/") in addresses for address in said)


def _titles(tree: Any) -> str:
    """What the page calls itself, one title a line: often with the site's name around the headline."""
    said = [element.text_content() for element in tree.xpath("//title | //h1")]
    return "\n".join(map(_folded, (*said, *tree.xpath("//meta[@property='og:title']/@content"))))


def _addresses(tree: Any) -> frozenset[str]:
    found = tree.xpath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content")
    return frozenset(address.strip().rstrip("/") for address in found if address.strip())


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


# The page's own article


@dataclass(frozen=True, slots=True)
class _Article:
    """Which <article> is the page's own, None if that cannot be told; `around` are the elements that hold its head.

    An element around the head is the article's own whatever it is called: a class "comments-open" of the whole page
    makes nothing in it a comment.
    """

    element: Any
    around: frozenset[Any]

    @classmethod
    def of(cls, tree: Any) -> _Article:
        headlines = tree.xpath("//h1")
        holders = {holder for h1 in headlines for holder in islice(h1.iterancestors("article"), 1)}
        alone = (node for node in tree.xpath("//article[not(ancestor::article)]") if not _stands_aside(node))
        element = _only(holders or set(alone))
        own = [] if element is None else [*islice(element.iter("h1"), 1), element]
        head = next((node for node in (*own, *headlines, tree.find("body")) if node is not None), tree)
        return cls(element, frozenset((head, *head.iterancestors())))

    def owns(self, node: Any) -> bool:
        """False for what stands in another article, beside this one, or below it among comments and recommendations."""
        nearest = next((step for step in (node, *node.iterancestors()) if step.tag == "article"), None)
        return (nearest is None or nearest is self.element) and not _stands_aside(node, self.around)


def _only(elements: set[Any]) -> Any:
    return elements.pop() if len(elements) == 1 else None


def _stands_aside(node: Any, around: frozenset[Any] = frozenset()) -> bool:
    """The page itself is never aside. The footer of an article may tell its day, that of a page does not."""
    for step in (node, *node.iterancestors()):
        if step in around or step.tag in ("body", "html"):
            return False
        of_the_page = step.tag == "footer" and next(step.iterancestors("article"), None) is None
        if of_the_page or step.tag in _OTHER_TAGS or _OTHER_CLASS.search(_called(step)):
            return True
    return False


def _called(node: Any) -> str:
    return " ".join(node.get(name, "") for name in ("class", "id", "itemprop"))


# Metadata and microdata


def _explicit_dates(tree: Any, article: _Article) -> Iterator[object]:
    yield from _metadata_dates(tree, _PUBLISHED_NAMES)
    for element in tree.xpath("//*[@itemprop]"):
        named = "datepublished" in element.get("itemprop").lower().split()
        if named and _describes_an_article(element) and article.owns(element):
            yield element.get("datetime") or element.get("content") or element.text


def _metadata_dates(tree: Any, names: frozenset[str]) -> Iterator[object]:
    for meta in tree.xpath("//meta[@content]"):
        if any(meta.get(attribute, "").strip().lower() in names for attribute in ("property", "name")):
            yield meta.get("content")


def _describes_an_article(element: Any) -> bool:
    """Whether the microdata item that it belongs to is one; without a type it is taken for the page's."""
    types = next(
        (item.get("itemtype", "") for item in element.iterancestors() if item.get("itemscope") is not None), ""
    )
    return not types or any(kind.fullmatch(name) for name in types.split() for kind in (_ARTICLE_TYPE, _PAGE_TYPE))


# Time tags


def _labelled_times(tree: Any, article: _Article) -> Iterator[object]:
    for time in islice(tree.iter("time"), _MOST_ELEMENTS):
        labelled = time.get("pubdate") is not None or _SAYS_PUBLISHED.search(time.get("class", ""))
        if labelled and article.owns(time) and not _of_a_change(time, article):
            yield time.get("datetime") or time.text


def _times_of_the_head(tree: Any, article: _Article) -> Iterator[object]:
    """Those between the article's beginning and its first prose. A standfirst may stand before, never around them.

    Further down only those like them: a page that lists articles gives each its day in the same way.
    """
    in_head, kinds = True, set()
    for node in _of_the_article(tree, article):
        if node.tag != "time":
            in_head = in_head and (not _is_prose(node) or _is_standfirst(node))
        elif _may_be_the_day(node, article) and (in_head or _kind(node) in kinds):
            kinds.add(_kind(node))
            yield node.get("datetime")


def _may_be_the_day(time: Any, article: _Article) -> bool:
    in_prose = any(map(_is_prose, time.iterancestors(*_PARAGRAPHS)))
    in_footer = any(True for _ in time.iterancestors("footer"))
    changed = _of_a_change(time, article) or _is_called_changed(time)
    return time.get("datetime") is not None and not (in_prose or in_footer or changed)


def _kind(node: Any) -> tuple[str, ...]:
    """Tag and class of it and of what holds it: what the days of one list have in common."""
    return tuple(part for step in (node, node.getparent()) for part in (step.tag, step.get("class", "")))


def _of_the_article(tree: Any, article: _Article) -> Iterator[Any]:
    for node in islice(tree.iter("time", *_TEXT_HOLDERS), _MOST_ELEMENTS):
        inside = node.tag in ("article", "main") or next(node.iterancestors("article", "main"), None) is not None
        if inside and article.owns(node):
            yield node


def _of_a_change(time: Any, article: _Article) -> bool:
    """Whether its class says so, or one around it. "entry-date published updated" is of a post never changed."""
    names = (_called(node) for node in (time, *time.iterancestors()) if node not in article.around)
    return any(_SAYS_CHANGED.search(name) and not _SAYS_PUBLISHED.search(name) for name in names)


def _is_called_changed(time: Any) -> bool:
    return bool(_CHANGED_STARTS.match(time.text_content()) or _CHANGED_FOLLOWS.search(_words_before(time)))


def _words_before(time: Any) -> str:
    """The end of what stands right before it, in its own element or one not far above; no headline is a label."""
    for node in islice((time, *time.iterancestors()), _LABEL_LEVELS):
        for before in node.itersiblings(preceding=True):
            heading = isinstance(before.tag, str) and re.fullmatch("h[1-6]", before.tag)
            said = (before.tail or "").strip() or ("" if heading else _text(before))
            if said or heading:
                return said[-_LABEL_CHARACTERS:]
        parent = node.getparent()
        if parent is not None and (parent.text or "").strip():
            return str(parent.text).strip()[-_LABEL_CHARACTERS:]
    return ""


def _is_prose(node: Any) -> bool:
    """Whether it says more than a byline: a sentence, or much. What only holds paragraphs says nothing itself."""
    said = ""
    for piece in node.itertext() if node.tag in _PARAGRAPHS else _own_text(node):
        said = _SPACES.sub(" ", said + piece)
        if len(said) > _PROSE_CHARACTERS:
            return True
    return bool(_SENTENCE.fullmatch(said.strip()))


def _own_text(node: Any) -> Iterator[str]:
    yield node.text or ""
    yield from (child.tail or "" for child in node)


def _is_standfirst(node: Any) -> bool:
    named = any(_STANDFIRST.search(_called(step)) for step in islice((node, *node.iterancestors()), 2))
    return named or next(node.iterancestors("header"), None) is not None


def _text(node: Any) -> str:
    return "" if not isinstance(node.tag, str) else str(node.text_content()).strip()
