"""Readers: the text as it was, what the page says about itself, and a reason for what is no text."""

from __future__ import annotations

import codecs
import json
import os
from dataclasses import astuple
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import IndexingError, SourceUnreadable, UnknownFormat
from index.readers import Draft, read_page
from index.sources import MEDIA_TYPES
from index.types import RawPage

THE_DAY = date(2024, 11, 12)


def read(body: str | bytes, media_type: str = "text/plain", name: str = "some file.txt") -> Draft:
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return read_page(RawPage(f"/articles/{name}", data, media_type, "1", name))


def markdown(body: str | bytes) -> Draft:
    return read(body, "text/markdown", "some file.md")


def html(body: str | bytes, media_type: str = "text/html") -> Draft:
    return read(body, media_type, "some file.html")


def as_json(fields: object) -> Draft:
    return read(json.dumps(fields), "application/json", "some file.json")


def reason(body: str | bytes, media_type: str = "text/plain") -> str:
    with pytest.raises(SourceUnreadable) as caught:
        read(body, media_type)
    return str(caught.value)


# Any page


@pytest.mark.parametrize("media_type", ["image/png", "application/zip", "", "text", ";", "text/plainer"])
def test_a_kind_without_a_reader_is_refused_with_the_known_ones(media_type: str) -> None:
    with pytest.raises(UnknownFormat, match="text/html") as caught:
        read("Text.", media_type)
    assert repr(media_type) in str(caught.value)


@pytest.mark.parametrize("media_type", ["TEXT/PLAIN", "text/plain; charset=utf-8", " text/plain ;format=flowed"])
def test_a_media_type_is_read_with_its_parameters(media_type: str) -> None:
    assert read("Text.", media_type).text == "Text."


@pytest.mark.parametrize("media_type", sorted(set(MEDIA_TYPES.values())))
@given(body=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode())))
@settings(max_examples=60, deadline=None)
def test_any_bytes_become_a_storable_draft_or_a_reason(media_type: str, body: bytes) -> None:
    try:
        draft = read(body, media_type)
    except SourceUnreadable as error:
        assert str(error)
        return
    assert draft.text.strip()
    assert draft.title.strip()
    assert "\n" not in draft.title
    assert (draft.published is None) == (draft.published_from is None)
    for value in astuple(draft):
        assert not isinstance(value, str) or ("\x00" not in value and value.encode("utf-8"))


@pytest.mark.parametrize("media_type", sorted(set(MEDIA_TYPES.values())))
@pytest.mark.parametrize("body", [b"", b" \n\t ", b"\xef\xbb\xbf"])
def test_a_page_without_text_has_a_reason(media_type: str, body: bytes) -> None:
    assert reason(body, media_type)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [("---\ntitle: Only\n---\n", "text/markdown"), ('{"text": " "}', "application/json"), ("<p> </p>", "text/html")],
)
def test_a_page_with_fields_but_no_text_has_a_reason(body: str, media_type: str) -> None:
    assert "no text" in reason(body, media_type)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive or an office document"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"SQLite format 3\x00", "a database"),
        (b"\x00\x01\x02text", "binary data"),
        (bytes(range(256)) * 4, "binary data"),
    ],
)
@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown", "text/html"])
def test_binary_content_is_refused_for_what_it_is(body: bytes, kind: str, media_type: str) -> None:
    assert kind in reason(body, media_type)


# Character sets


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Zürich – “naïve” 日本 😀", "utf-8"),
        ("Zürich – “naïve” 日本 😀", "utf-8-sig"),
        ("Zürich – “naïve” 日本 😀", "utf-16"),
        ("Zürich – “naïve” 日本 😀", "utf-32"),
        ("Café", "cp1252"),
        ("Café à Paris, naïve – “quoted” text.", "cp1252"),
        ("Ein schöner Tag für Österreich. Die Straße ist groß.", "latin-1"),
        ("Украина сообщила о боях за город Курахово. Сегодня стало известно больше.", "cp1251"),
        ("Украина сообщила о боях за город Курахово. Сегодня стало известно больше.", "koi8-r"),
        ("Zażółć gęślą jaźń. Wojska rosyjskie otoczyły miasto.", "cp1250"),
        ("日本語の文章です。これは長い。", "shift_jis"),
        ("中文新闻报道今天的情况很复杂。", "gb18030"),
        ("x " * 40_000 + "Café", "latin-1"),
    ],
)
def test_text_comes_back_from_its_character_set(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)).text == text


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_broken_utf16_is_read_as_far_as_it_goes(mark: bytes) -> None:
    encoding = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    assert read(mark + "It fell.".encode(encoding) + b"\x00").text.startswith("It fell.")


def test_one_broken_byte_does_not_turn_utf8_into_another_character_set() -> None:
    assert (
        read("Zürich, Genève, Köln. ".encode() * 20 + b"\xff end").text == "Zürich, Genève, Köln. " * 20 + "\ufffd end"
    )


def test_line_ends_become_plain_and_control_characters_go() -> None:
    text = "one\r\ntwo\rthree\x0cfour\tfive " + "and so on " * 50
    assert read(text + "\x00\x08\x1b").text == "one\ntwo\nthree\nfour\tfive " + "and so on " * 50


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200))
@settings(deadline=None)
def test_plain_text_is_kept_character_for_character(text: str) -> None:
    if not text.strip() or text.startswith("\ufeff"):
        return
    assert read("x" + text).text == "x" + text


# Plain text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("12 November 2024\n\nThe ferry is back\n\nText.", "The ferry is back"),
        ("Tuesday, 12 November 2024\n\nIt came back on Tuesday.", "some file"),
        ("Kurakhove holds out\n\nThe town has been surrounded.", "Kurakhove holds out"),
        ("\n\n  Kurakhove   holds out  \nText.", "Kurakhove holds out"),
        ("The town fell. It is over.\nText.", "some file"),
        ("The town fell.\nText.", "some file"),
        ("Only this line", "some file"),
        ("lower case line\nText.", "some file"),
        ("- A list item\nText.", "some file"),
        ("By Jane Doe, 12 November 2024\nText.", "some file"),
        ("Published: 12 November 2024\nText.", "some file"),
        ("2024\nText.", "some file"),
        ("Word " * 30 + "\nText.", "some file"),
        ("x" * 5_000 + "\nText.", "some file"),
    ],
)
def test_a_title_is_the_first_line_if_it_looks_like_one_else_the_file_name(text: str, title: str) -> None:
    assert read(text).title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("## How to install\n\n```bash\n# install the thing\nmake\n```\n", "How to install"),
        ("~~~\n# import all\n~~~\n\n# Use\n\nText.", "Use"),
        ("Run this first.\n\n```\n# no fence behind", "some file"),
    ],
)
def test_a_comment_in_code_is_no_title(text: str, title: str) -> None:
    assert markdown(text).title == title


def test_the_title_line_stays_in_the_text() -> None:
    assert read("Kurakhove holds out\n\nText.").text == "Kurakhove holds out\n\nText."


def test_a_name_of_odd_characters_makes_a_title_on_one_line() -> None:
    assert read("Text.", name="two\nlines\x1b[31m.txt").title == "two lines [31m"
    assert read("Text.", name=".txt").title
    assert read("Text.", name="\n.txt").title == "Untitled"


def test_a_stated_date_is_taken_and_named() -> None:
    draft = read("Kurakhove holds out\nBy Jane Doe, 12 November 2024\n\nText.")
    assert (draft.published, draft.published_from) == (THE_DAY, "first lines")


def test_a_date_in_the_prose_is_not_the_date_of_publication() -> None:
    draft = read("Kurakhove holds out\n\nOn 12 November 2024 the dam was damaged.")
    assert (draft.published, draft.published_from) == (None, None)


# Markdown

FRONT_MATTER = """---
title: Kurakhove holds out
published: 12 November 2024
source: The Post
language: en-GB
url: https://example.org/kurakhove
---
"""


def test_front_matter_gives_the_fields_and_the_body_is_kept_exactly() -> None:
    body = "\n# Heading\n\nText with *marks*.  \n\n---\n\nMore.\n"
    assert markdown(FRONT_MATTER + body) == Draft(
        title="Kurakhove holds out",
        text=body,
        published=THE_DAY,
        published_from="front matter",
        language="en",
        url="https://example.org/kurakhove",
        source="The Post",
    )


@pytest.mark.parametrize(
    "line",
    [
        *(
            "published: 2024-11-12",
            "date: 2024-11-12 10:00:00 +0200",
            "publish_date: Nov 12, 2024",
            "pubDate: 20241112",
        ),
        *('Date-Published: "2024-11-12"', "publication date: 2024/11/12", "date: 2024-11-12T10:00:00Z"),
    ],
)
def test_a_date_is_read_under_its_usual_names(line: str) -> None:
    assert markdown(f"---\n{line}\n---\nText.").published == THE_DAY


@pytest.mark.parametrize(
    "line",
    [
        *("date: 2024-11", "date: 03/04/2024", "date: yesterday", "date: 2024-02-31", "date: [2024-11-12]", "date:"),
        *("created: 2024-11-12", "updated: 2024-11-12", "modified: 2024-11-12", "accessed: 2024-11-12", "date: 2024"),
    ],
)
def test_a_date_that_is_not_certain_or_not_of_publication_is_unknown(line: str) -> None:
    draft = markdown(f"---\ntitle: T\n{line}\n---\nText.")
    assert (draft.title, draft.text, draft.published, draft.published_from) == ("T", "Text.", None, None)


def test_published_counts_more_than_date() -> None:
    assert markdown("---\ndate: 2024-12-24\npublished: 2024-11-12\n---\nText.").published == THE_DAY


@pytest.mark.parametrize(
    "line",
    ["published: true", "published: false", "published: soon", "issued: 12", "pubdate: [2020-01-01]", "published:"],
)
def test_a_field_that_holds_no_date_hides_none(line: str) -> None:
    draft = markdown(f"---\ntitle: Ferry\n{line}\ndate: 2024-11-12 10:00:00 +0200\n---\nText.")
    assert (draft.published, draft.published_from) == (THE_DAY, "front matter")


def test_a_field_of_fields_hides_none_of_the_same_meaning() -> None:
    draft = markdown("---\ntitle:\n  rendered: Ferry\nheadline: Good\nsource: {a: b}\npublisher: The Post\n---\nText.")
    assert (draft.title, draft.source) == ("Good", "The Post")


def test_a_clipped_page_has_its_address_under_source() -> None:
    draft = markdown("---\nsource: https://www.example.org/2024/11/12/a\n---\nText.")
    assert (draft.url, draft.source) == ("https://www.example.org/2024/11/12/a", "example.org")
    assert (draft.published, draft.published_from) == (THE_DAY, "url")


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ("1984", "1984"),
        ("no", "no"),
        ("12:30", "12:30"),
        ("2024-11-12", "2024-11-12"),
        ('"A: B"', "A: B"),
        ("A: B", "A: B"),
    ],
)
def test_a_title_means_what_it_says(value: str, title: str) -> None:
    draft = markdown(f"---\ntitle: {value}\nsource: The Post\n---\nText.")
    assert (draft.title, draft.source, draft.text) == (title, "The Post", "Text.")


def test_toml_front_matter_is_read() -> None:
    draft = markdown('+++\ntitle = "Kurakhove"\ndate = 2024-11-12\n+++\nText.')
    assert (draft.title, draft.published, draft.text) == ("Kurakhove", THE_DAY, "Text.")


@pytest.mark.parametrize(
    "text",
    [
        "---\n[[[[\n---\nText.",
        "---\n" + "[" * 5_000 + "\n---\nText.",
        "---\njust prose between rules\n---\nText.",
        "---\n- a\n- list\n---\nText.",
        "---\ntitle: never closed\n\nText.",
        "+++\nnot toml\n+++\nText.",
        "---\n!!python/object/apply:os.system ['true']\n---\nText.",
        "---",
        "---\n---x",
    ],
)
def test_what_only_looks_like_front_matter_is_text(text: str) -> None:
    assert markdown(text).text == text


def test_front_matter_runs_no_code_and_expands_no_bomb() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(60))
    draft = markdown(f"---\n{bomb}title: !!python/name:os.system\nsource: *b59\n---\nText.")
    assert draft.text == "Text."
    assert draft.source is None


def test_empty_front_matter_is_no_text() -> None:
    assert markdown("---\n---\nText.").text == "Text."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Kurakhove holds\n\nText.", "Kurakhove holds"),
        ("Intro.\n\n# **Kurakhove** #\nText.", "Kurakhove"),
        ("Kurakhove\n=====\nText.", "Kurakhove"),
        ("## Second level\n\nText.", "Second level"),
        ("Kurakhove holds\n\nText.", "Kurakhove holds"),
        ("Text. And more.\nText.", "some file"),
        ("#hashtag first\nText.", "some file"),
    ],
)
def test_without_front_matter_the_title_is_the_first_heading(text: str, title: str) -> None:
    draft = markdown(text)
    assert (draft.title, draft.text) == (title, text)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://x.org/a",
        "http://",
        "//x.org/a",
        "http://u:p@x.org/",
        'http://x.org/"><b>',
        "http://[",
        "x",
    ],
)
def test_only_plain_web_addresses_become_links(url: str) -> None:
    assert markdown(f"---\nurl: '{url}'\n---\nText.").url is None


@pytest.mark.parametrize(("value", "language"), [("de", "de"), ("pt_BR.UTF-8", "pt"), ("English", None), ("x", None)])
def test_a_language_is_its_primary_tag_or_unknown(value: str, language: str | None) -> None:
    assert markdown(f"---\nlang: {value}\n---\nText.").language == language


# HTML


def page(head: str = "", top: str = "", attributes: str = ' lang="en-GB"') -> str:
    paragraph = "The town has been surrounded for months, <b>officials</b> said &amp; repeated on Tuesday. It holds."
    return (
        f"<!DOCTYPE html><html{attributes}><head><meta charset='utf-8'><title>Kurakhove holds | The Post</title>{head}"
        "</head><body><nav><a href='/'>Home</a> <a href='/w'>World</a></nav>"
        f"<article><h1>Kurakhove holds</h1>{top}<p>{paragraph}</p><h2>The Battle</h2>"
        f"<p>{paragraph.replace('Tuesday', 'Friday')}</p><p>{paragraph.replace('Tuesday', 'Sunday')}</p>"
        "</article><footer>© 2019 The Post. Subscribe now.</footer></body></html>"
    )


def test_html_gives_the_paragraphs_of_its_main_text() -> None:
    paragraph = "The town has been surrounded for months, officials said & repeated on {}. It holds."
    lines = html(page()).text.split("\n\n")
    first, second, third = (paragraph.format(day) for day in ("Tuesday", "Friday", "Sunday"))
    assert lines == ["Kurakhove holds", first, "The Battle", second, third]


def test_html_gives_what_its_metadata_states() -> None:
    head = (
        '<meta property="og:title" content="Kurakhove holds out"><meta property="og:site_name" content="The Post">'
        '<link rel="canonical" href="https://example.org/kurakhove">'
        '<meta property="article:published_time" content="2024-11-12T23:30:00-05:00">'
    )
    draft = html(page(head))
    assert (draft.title, draft.source, draft.language) == ("Kurakhove holds out", "The Post", "en")
    assert (draft.url, draft.published) == ("https://example.org/kurakhove", THE_DAY)


JSON_LD = '<script type="application/ld+json">{}</script>'


@pytest.mark.parametrize(
    ("head", "top", "place"),
    [
        (JSON_LD.format('{"@type": "NewsArticle", "datePublished": "2024-11-12T10:00:00Z"}'), "", "json-ld"),
        (
            JSON_LD.format(
                '{"@graph": [{"@type": "WebSite", "datePublished": "2001-01-01"},'
                ' {"@type": ["Article"], "datePublished": "2024-11-12"},'
                ' {"@type": "Article", "datePublished": "2023-01-01"}]}'
            ),
            "",
            "json-ld",
        ),
        ('<meta name="DC.date.issued" content="2024-11-12">', "", "html metadata"),
        ('<meta itemprop="datePublished" content="12 November 2024">', "", "html metadata"),
        ("", '<span itemprop="datePublished">12 November 2024</span>', "html metadata"),
        ("", '<time datetime="2024-11-12T10:00">Tuesday</time>', "time tag"),
        ("", '<p><time pubdate>12 November 2024</time> <time datetime="2024-12-01">updated</time></p>', "time tag"),
        ('<link rel="canonical" href="https://example.org/2024/11/12/kurakhove">', "", "url"),
    ],
)
def test_html_dates_are_taken_where_they_are_stated_and_the_place_is_named(head: str, top: str, place: str) -> None:
    draft = html(page(head, top))
    assert (draft.published, draft.published_from) == (THE_DAY, place)


@pytest.mark.parametrize(
    ("head", "top"),
    [
        ("", ""),
        ("", "<p>On 12 November 2024 the dam was damaged. Published in haste.</p>"),
        ('<meta property="article:modified_time" content="2024-11-12">', ""),
        ('<meta name="date" content="2024-11-12"><meta name="pubdate" content="2024-11-13">', ""),
        ("", '<time datetime="2024-11-12">a</time> <time datetime="2024-11-13">b</time>'),
        (JSON_LD.format('{"@type": "NewsArticle", "dateModified": "2024-11-12"}'), ""),
        (JSON_LD.format("{ not json"), ""),
        (JSON_LD.format("[" * 50_000), ""),
        (JSON_LD.format('{"datePublished": {"a": ["2024"]}}'), ""),
    ],
)
def test_html_without_one_stated_date_has_none(head: str, top: str) -> None:
    draft = html(page(head, top))
    assert (draft.published, draft.published_from) == (None, None)


PROSE = "<p>The harbour council met on Monday evening and decided that the ferry will be repaired in spring.</p>"
A_TIME = '<time datetime="2024-11-12T08:00:00Z">Tuesday</time>'


def article(body: str, around: str = "{}", head: str = "") -> Draft:
    """A page whose article begins with its headline, then `body`; `around` is what stands in the page beside it."""
    whole = around.format(f"<article><h1>Ferry to be repaired</h1>{body}</article>")
    return html(f"<html><head><title>Ferry to be repaired - Turku News</title>{head}</head><body>{whole}</body></html>")


@pytest.mark.parametrize(
    "body",
    [
        A_TIME + PROSE * 3,
        f"<header>{PROSE}{A_TIME}</header>{PROSE * 3}",
        f"<p class='standfirst'>The engine failed twice.</p><div>By Jane Doe · {A_TIME} · 5 min</div>{PROSE * 3}",
        f"<p>By Jane Doe, {A_TIME}</p>{PROSE * 3}",
        f"<div>Published {A_TIME} Updated <time datetime='2024-11-13'>Wednesday</time></div>{PROSE * 3}",
        f"<div>Published {A_TIME}, last updated on <time datetime='2024-11-13'>Wednesday</time></div>{PROSE * 3}",
        f"<span>Updated</span> <i></i><time datetime='2024-11-13'>Wednesday</time>{A_TIME}{PROSE * 3}",
        f"{PROSE * 3}<footer><time class='entry-date published updated' datetime='2024-11-12'>x</time></footer>",
        f"{PROSE * 3}<time class='published' datetime='2024-11-12'>x</time><time class='updated'>2025-01-12</time>",
        f"{A_TIME}{PROSE}<p>It was launched on <time datetime='1998-05-01'>1 May 1998</time> in Rauma.</p>",
        f"{A_TIME}{PROSE}<section class='comments'><time datetime='2025-02-03'>3 February</time></section>",
        f"{A_TIME}{PROSE}<article class='card'><time class='published' datetime='2025-02-03'>x</time></article>",
    ],
)
def test_a_time_at_the_head_of_an_article_or_labelled_as_published_is_its_day(body: str) -> None:
    draft = article(body)
    assert (draft.published, draft.published_from) == (THE_DAY, "time tag")


@pytest.mark.parametrize("called", ["comments-open", "has-sidebar", "related-shown"])
def test_what_holds_the_headline_is_the_article_whatever_it_is_called(called: str) -> None:
    assert (
        article(A_TIME + PROSE * 3, f"<main class='{called}'><div id='{called}'>{{}}</div></main>").published == THE_DAY
    )


@pytest.mark.parametrize(
    "body",
    [
        f"{PROSE * 3}<p>It was launched on {A_TIME} in Rauma.</p>",
        f"<p>The ferry was launched on {A_TIME} in Rauma.</p>{PROSE * 3}",
        f"<p class='lead'>The ferry was launched on {A_TIME} in Rauma.</p>{PROSE * 3}",
        f"<div>The ferry was launched on {A_TIME} in Rauma.<br>It has served ever since.</div>",
        f"{PROSE * 3}<section class='comments'><article class='comment'>{A_TIME}<p>Great</p></article></section>",
        f"{PROSE * 3}<div id='comment-7'><time class='published' datetime='2024-11-12'>x</time></div>",
        f"<p>Updated <time class='updated' datetime='2024-11-12'>x</time></p>{PROSE * 3}",
        f"<p class='last-modified'>{A_TIME}</p>{PROSE * 3}",
        f"<p>Updated: {A_TIME}</p>{PROSE * 3}",
        f"<p>Zuletzt aktualisiert am {A_TIME}</p>{PROSE * 3}",
        f"<time datetime='2024-11-12'>Updated on Tuesday</time>{PROSE * 3}",
        f"<time itemprop='dateModified' datetime='2024-11-12'>x</time>{PROSE * 3}",
        f"<figure><img src='x'><figcaption>The ferry, {A_TIME}</figcaption></figure>{PROSE * 3}",
        f"<blockquote>{A_TIME}</blockquote>{PROSE * 3}",
        f"<aside class='related'>{A_TIME}</aside>{PROSE * 3}",
        f"<div class='recommended'><time class='entry-date' datetime='2024-11-12'>x</time></div>{PROSE * 3}",
    ],
)
def test_a_time_that_may_be_of_something_else_is_not_the_day_of_the_article(body: str) -> None:
    draft = article(body)
    assert (draft.published, draft.published_from) == (None, None)


@pytest.mark.parametrize(
    "around",
    [
        f"<header>Turku News {A_TIME}</header>{{}}",
        f"<main>{{}}<section><article><a>Airport closes</a>{A_TIME}</article></section></main>",
        f"<main>{{}}<div class='related'>{A_TIME}</div></main>",
        "{}<aside><time class='entry-date published' datetime='2024-11-12'>x</time></aside>",
        "{}<footer><time class='published' datetime='2024-11-12'>x</time></footer>",
        "{}<aside><div itemscope itemtype='http://schema.org/NewsArticle'>"
        "<meta itemprop='datePublished' content='2024-11-12'></div></aside>",
        "{}<div itemscope itemtype='http://schema.org/Comment'><time itemprop='datePublished' datetime='2024-11-12'>"
        "x</time></div>",
    ],
)
def test_a_day_beside_the_article_is_not_its_own(around: str) -> None:
    assert article(PROSE * 3, around).published is None


def test_a_page_that_lists_articles_has_no_day_of_the_first() -> None:
    card = "<div class='card'><a>Airport closes</a><time datetime='{}'>x</time>" + PROSE + "</div>"
    listed = "".join(card.format(day) for day in ("2024-11-12", "2024-11-11"))
    assert html(f"<html><body><main><h1>News</h1>{listed}</main></body></html>").published is None
    articles = listed.replace("<div class='card'>", "<article><h2>").replace("</div>", "</article>")
    assert html(f"<html><body><main><h1>News</h1>{articles}</main></body></html>").published is None


@pytest.mark.parametrize("kind", ["NewsArticle", "CreativeWork", "BlogPosting"])
def test_microdata_of_an_article_gives_its_day(kind: str) -> None:
    around = f"<div itemscope itemtype='https://schema.org/{kind}'>{{}}</div>"
    draft = article(f"{PROSE * 3}<time itemprop='datePublished' datetime='2024-11-12'>x</time>", around)
    assert (draft.published, draft.published_from) == (THE_DAY, "html metadata")


@pytest.mark.parametrize(
    ("described", "day"),
    [
        (('{"@type": "ItemList", "itemListElement": [OTHER]}', "OWN"), THE_DAY),
        (("OTHER", "OWN"), THE_DAY),
        (('{"@type": "NewsArticle", "datePublished": "2020-01-02"}', "OWN"), THE_DAY),
        (('{"@type": "WebPage", "datePublished": "2020-01-02", "mainEntity": OWN}',), THE_DAY),
        (('{"@type": "NewsArticle", "url": "https://example.org/ferry", "datePublished": "2024-11-12"}',), THE_DAY),
        (("OTHER", '{"@type": "Article", "mainEntityOfPage": {"@id": "https://example.org/ferry"}}'), None),
        (('{"@type": "NewsArticle", "headline": "Ferry"}', "OTHER"), None),
        (('{"@type": "NewsArticle", "headline": "Ferry"}', '{"@type": "ItemList", "itemListElement": [OTHER]}'), None),
        (('{"@type": "BlogPosting", "comment": [{"@type": "Comment", "datePublished": "2025-01-01"}]}',), None),
        (('{"@type": "Product", "review": [{"@type": "Review", "datePublished": "2019-05-06"}]}',), None),
        (('{"@type": "Review", "name": "Good", "datePublished": "2019-05-06"}',), None),
        (('{"@type": "Review", "name": "Ferry to be repaired", "datePublished": "2024-11-12"}',), THE_DAY),
        (('{"@type": "VideoObject", "datePublished": "2018-01-01"}',), None),
        (('{"@type": "JobPosting", "datePublished": "2018-01-01"}',), None),
        (('{"@type": "Book", "datePublished": "1998-05-01"}',), None),
        (('{"@type": ["WebPage"], "datePublished": "2024-11-12"}',), THE_DAY),
        (('{"@type": "http://schema.org/BlogPosting", "datePublished": "2024-11-12"}',), THE_DAY),
        (('{"@type": {"a": 1}, "datePublished": "2024-11-12"}', "[[null]]", '"x"'), None),
    ],
)
def test_json_ld_gives_the_day_of_the_pages_own_article_only(described: tuple[str, ...], day: date | None) -> None:
    own = '{"@type": "NewsArticle", "headline": "Ferry to be  repaired", "datePublished": "2024-11-12"}'
    other = '{"@type": "NewsArticle", "headline": "Airport closes", "datePublished": "2020-01-02"}'
    address = '<link rel="canonical" href="https://example.org/ferry/">'
    scripts = (JSON_LD.format(text.replace("OWN", own).replace("OTHER", other)) for text in described)
    assert article(PROSE * 3, head=address + "".join(scripts)).published == day


@pytest.mark.parametrize(
    ("names", "day"),
    [
        (("article:published_time=2024-11-12T23:30:00Z", "date=2024-11-13"), THE_DAY),
        (("dcterms.created=2024-11-10", "dc.date.issued=2024-11-12"), THE_DAY),
        (("date=2024-12-24", "citation_publication_date=2024/11/12"), THE_DAY),
        (("article:published_time=2024-11-12", "datePublished=2024-11-14"), None),
        (("date=2024-11-12", "dc.date=2024-11-13"), None),
        (("article:published_time=soon", "date=2024-11-12"), THE_DAY),
    ],
)
def test_the_most_explicit_metadata_decide_and_where_they_disagree_the_day_is_unknown(
    names: tuple[str, ...], day: date | None
) -> None:
    pairs = (name.split("=") for name in names)
    head = "".join(f'<meta name="{name}" content="{content}">' for name, content in pairs)
    assert article(f"<time datetime='1998-05-01'>x</time>{PROSE}", head=head).published == day


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("windows-1251", "cp1251"), ("KOI8-R", "koi8-r"), ("utf-8", "utf-8"), ("no-such", "utf-8")],
)
def test_html_is_decoded_as_it_declares(declared: str, encoding: str) -> None:
    text = "Украина сообщила о боях"
    assert html(f"<html><meta charset={declared}><p>{text}</p></html>".encode(encoding)).text == text


def test_a_servers_character_set_counts_more_than_the_pages() -> None:
    body = "<html><meta charset=koi8-r><p>Украина сообщила</p></html>".encode("cp1251")
    assert html(body, "text/html; charset=windows-1251").text == "Украина сообщила"


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "idna", "rot13", "hex", "base64", "\x00", "x" * 500])
def test_a_declared_codec_that_is_no_character_set_is_not_used(charset: str) -> None:
    assert "\\x41" in html(b"<html><p>caf\xe9 \\x41 +AGE-</p></html>", f'text/html; charset="{charset}"').text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>It fell.</p>", "It fell."),
        ("<h1>News</h1><p>It fell.</p>", "News\n\nIt fell."),
        ("It fell.", "It fell."),
        ('<?xml version="1.0" encoding="utf-8"?><html><body><p>It fell.</p></body></html>', "It fell."),
        ("<html><body><p>It&#0; f&#x1;ell.</p></body></html>", "It fell."),
        ("<html><body><script>x()</script><style>p{}</style><p>It fell.</p></body></html>", "It fell."),
    ],
)
def test_short_and_unusual_html_gives_its_text(body: str, text: str) -> None:
    assert html(body).text == text


@pytest.mark.parametrize(
    "body",
    [
        "<html><body><script>x()</script></body></html>",
        "<!--" * 10_000,
        "<![CDATA[" * 10_000,
        "<html><body><img src=x onerror=alert(1)></body></html>",
    ],
)
def test_html_without_a_word_has_a_reason(body: str) -> None:
    assert "no text" in reason(body, "text/html")


def test_html_nested_without_end_is_survived() -> None:
    try:
        html("<html><body>" + "<div>" * 50_000 + "deep</body></html>")
    except SourceUnreadable as error:
        assert str(error)


def test_html_beyond_the_extractors_size_has_a_reason() -> None:
    assert "21 MB" in reason(b"<p>" + b"x" * 21_000_000, "text/html")


# JSON


def test_json_keeps_its_text_exactly() -> None:
    text = " \r\nOne\tline\x0c and\x85 “more” 😀\n\n "
    assert as_json({"text": text}).text == text


@given(st.text(min_size=1, max_size=200))
def test_no_character_of_json_text_moves(text: str) -> None:
    if text.strip():
        kept = as_json({"text": f"x{text}"}).text
        assert len(kept) == len(text) + 1
        assert all(a == b or (a == "\ufffd" and b == "\x00") for a, b in zip(kept, f"x{text}", strict=True))


def test_json_gives_its_fields() -> None:
    fields = {
        "doc_id": "d1",
        "title": " Kurakhove\nholds ",
        "text": "Text.",
        "date": "2024-11-12",
        "url": "https://example.org/a",
        "source": "The Post",
        "language": "en",
    }
    assert as_json(fields) == Draft(
        "Kurakhove holds", "Text.", THE_DAY, "json", "en", "https://example.org/a", "The Post"
    )
    assert as_json({"text": "Text.", "published": "2024-11-12", "date": "2020-01-01"}).published == THE_DAY


@pytest.mark.parametrize("published", [True, False, None, "soon", 12, ["2020-01-01"]])
def test_json_published_without_a_date_hides_none(published: object) -> None:
    assert as_json({"text": "Text.", "published": published, "date": "2024-11-12"}).published == THE_DAY


def test_json_of_other_types_than_expected_costs_the_field_only() -> None:
    draft = as_json({"text": "Text.", "title": ["T"], "date": {"y": 1}, "url": 5, "source": None, "language": 7})
    assert draft == Draft("some file", "Text.")


def test_half_a_surrogate_pair_is_replaced_where_it_stands() -> None:
    assert read(b'{"text": "a\\ud800b\\u0000c"}', "application/json").text == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[]", "not an object"),
        ('"text"', "not an object"),
        ("{}", 'without a "text"'),
        ('{"text": 5}', 'without a "text"'),
        ("{", "not valid JSON"),
        ('{"text": "a"}\n{"text": "b"}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"text": ' + "9" * 5_000 + "}", "not valid JSON"),
        (b'{"text": "\xff"}', "not valid JSON"),
    ],
)
def test_json_that_holds_no_article_has_a_reason(body: str | bytes, words: str) -> None:
    assert words in reason(body, "application/json")


def test_every_reason_reads_on_after_a_name() -> None:
    for body, media_type in [
        (b"", "text/plain"),
        (b"%PDF-", "text/plain"),
        (b"[", "application/json"),
        (b"", "text/html"),
    ]:
        assert reason(body, media_type).split()[0] in ("is", "has")


def test_readers_raise_only_what_indexing_reports() -> None:
    for media_type in {*MEDIA_TYPES.values()}:
        for body in (os.urandom(2_000), b"<" * 2_000, b"{" * 2_000, b"---\n" * 500, b"\xff\xfe" + os.urandom(999)):
            try:
                read(body, media_type)
            except Exception as error:
                assert isinstance(error, IndexingError), repr(error)
