"""The evidence file needs nothing but itself: it asks for nothing, and what it shows can be checked from it alone."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from assistant.conversations.records import Kept, surroundings_of
from assistant.ui.evidence_file import LONGEST_TEXT, evidence_file
from index.types import Article
from tests.assistant.conversations.builders import DAM, INFO, NOON, cited, kept
from tests.assistant.ui.test_hostile import PAYLOADS
from tests.fakes import answer, article, evidence

QUOTES = ("The dam was struck on Monday.", "Nobody was hurt.")


class Seen(HTMLParser):
    """Every tag with its attributes, and the texts inside `pre` and `mark`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.pre = ""
        self.marks: dict[str, str] = {}
        self.mark = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "hr"}:
            self.open.append(tag)
        self.mark = dict(attrs).get("id") or "" if tag == "mark" else self.mark

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.pre += data if "pre" in self.open else ""
        if "mark" in self.open and self.mark:
            self.marks[self.mark] = self.marks.get(self.mark, "") + data


def page(*exchanges: Kept, known: Article | None = DAM, info: Any = INFO) -> str:
    return evidence_file(info, exchanges, lambda name, digest: known, NOON, "0.1.0")


def test_every_number_leads_to_its_quote_and_every_quote_to_its_place_in_the_text() -> None:
    seen = Seen(page(kept(cited(*QUOTES, text="Struck, nobody hurt. [1][2]"))))
    ids = {attributes["id"] for _, attributes in seen.tags if attributes.get("id")}
    leads = {attributes["href"] for tag, attributes in seen.tags if tag == "a" and attributes["href"].startswith("#")}  # type: ignore[union-attr]
    assert {href[1:] for href in leads if href} == ids == {"q1-1", "q1-2", "q1-1-place", "q1-2-place"}
    assert (seen.marks["q1-1-place"], seen.marks["q1-2-place"]) == QUOTES


@pytest.mark.parametrize(
    "text", [DAM.text, "\n\n Indented <b> & \u202eodd\u202c\ttext.\n\nThe dam was struck on Monday.\n"]
)
def test_the_text_in_the_file_has_the_digest_the_file_says(text: str) -> None:
    own = article(text, "dam")
    told = page(kept(cited("The dam was struck on Monday.", of=own)), known=own)
    (shown,) = re.findall(r"<pre[^>]*>\n?(.*?)</pre>", told, re.S)
    inside = Seen(f"<pre>{shown}</pre>").pre
    assert hashlib.sha256(inside.encode()).hexdigest() == own.digest and own.digest in told


def test_quotes_that_overlap_are_all_there() -> None:
    seen = Seen(
        page(
            kept(cited("The dam was struck on Monday.", "was struck on Monday. Houses", "struck", text="So. [1][2][3]"))
        )
    )
    assert seen.pre.strip("\n") == DAM.text
    assert seen.marks["q1-2-place"] == " Houses"
    assert {attributes.get("id") for _, attributes in seen.tags} >= {f"q1-{n}-place" for n in (1, 2, 3)}


def test_of_a_very_long_text_only_the_surroundings_of_quotes_are_put_in() -> None:
    own = article(f"First fact. {'x ' * LONGEST_TEXT} Last fact.", "dam")
    seen = Seen(page(kept(cited("First fact.", "Last fact.", of=own, text="So. [1][2]")), known=own))
    assert len(seen.pre) < 10_000 and (seen.marks["q1-1-place"], seen.marks["q1-2-place"]) == (
        "First fact.",
        "Last fact.",
    )


@pytest.mark.parametrize("now", [None, replace(DAM, text="Rewritten.", digest="1" * 64)])
def test_an_article_that_changed_or_is_gone_is_shown_as_it_was_when_it_was_cited(now: Article | None) -> None:
    told = page(kept(cited(QUOTES[0])), known=now)
    assert "has changed or gone" in told and DAM.digest in told and "Rewritten." not in told
    around = surroundings_of(DAM.text, 0, len(QUOTES[0]))
    assert f"<mark>{around.quote}</mark>{around.after}" in told


def test_what_was_not_answered_is_told() -> None:
    silent = answer("Nothing is said.", citations=(), claims=(), abstained=True, nearest=evidence("The dam."))
    broken = kept(None, number=3)
    broken = replace(broken, record=replace(broken.record, outcome="failed", failure="The model broke off."))
    told = page(kept(silent, "up"), kept(None, number=2), broken)
    for words in (
        "Not answered by the sources",
        "Nothing is said.",
        "Stopped.",
        "The model broke off.",
        "judged this answer right",
    ):
        assert words in told


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_text_and_nothing_is_asked_for(payload: str) -> None:
    own = replace(DAM, title=payload, source=payload, url=payload, text=payload + " x")
    one = kept(cited(payload, of=own, text=f"{payload} [1]"), "down", payload, payload)
    one = replace(one, record=replace(one.record, question=payload))
    told = page(one, known=own, info=replace(INFO, title=payload))
    seen = Seen(told)
    assert {tag for tag, _ in seen.tags}.isdisjoint(
        {"script", "img", "iframe", "form", "svg", "object", "link", "base"}
    )
    for tag, attributes in seen.tags:
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes)
        assert tag != "a" or (attributes["href"] or "").startswith(("#q1-", "http://", "https://"))
    assert told.count("<style>") == told.count("</html>") == 1
    assert "default-src 'none'; style-src 'sha256-" in told
