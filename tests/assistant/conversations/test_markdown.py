"""Markdown with footnotes, read by a Markdown parser: what was said is text, and only our own titles are links."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.conversations.markdown import conversation_to_markdown, escaped
from assistant.conversations.records import ConversationInfo, Kept
from tests.assistant.conversations.builders import DAM, INFO, cited, kept
from tests.assistant.ui.test_hostile import PAYLOADS
from tests.fakes import answer, evidence

READER = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def parts(markdown: str) -> set[str]:
    """The kinds of everything in it."""
    return {token.type for block in READER.parse(markdown) for token in (block, *(block.children or ()))}


def told(*exchanges: Kept, info: ConversationInfo = INFO) -> str:
    return conversation_to_markdown(info, exchanges)


def test_every_citation_is_a_footnote_numbered_through_all_answers() -> None:
    both = cited("The dam was struck on Monday.", "Nobody was hurt.", text="It was struck. [1][2]")
    markdown = told(kept(both), kept(cited("Houses downstream were flooded."), number=2))
    assert "It was struck.[^1][^2]" in markdown and "Monday.[^3]" in markdown
    assert re.findall(r"^\[\^(\d)\]: \[Title of dam\]\(<https://news.example/dam>\)", markdown, re.M) == ["1", "2", "3"]
    assert f"SHA-256 `{DAM.digest}`" in markdown and "“Nobody was hurt.”" in markdown


def test_doubt_abstentions_and_broken_answers_are_told_in_words() -> None:
    plain = cited("Nobody was hurt.")
    doubted = replace(plain, claims=(replace(plain.claims[0], status="partial"),))
    silent = answer("Nothing is said.", citations=(), claims=(), abstained=True, nearest=evidence("The dam."))
    markdown = told(kept(doubted, "down", "wrong", "It was two."), kept(silent), kept(None))
    for words in (
        "(partly supported)",
        "Judged not right: wrong – It was two.",
        "Not answered by",
        "“The dam.”",
        "Stopped",
    ):
        assert words in markdown


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_text(payload: str) -> None:
    article = replace(DAM, title=payload, source=payload, url=payload, text=payload + " x")
    one = kept(cited(payload, of=article, text=f"{payload} [1]"), "down", payload, payload)
    one = replace(one, record=replace(one.record, question=payload))
    found = parts(told(one, info=replace(INFO, title=payload)))
    assert not found & {"html_inline", "html_block", "image", "fence", "code_block", "table_open"}
    assert "link_open" not in found or payload.startswith(("https://", "http://"))


@given(st.text(alphabet=st.sampled_from("ab1. \n*_`[]()<>!#|~&;\\-+=$^@:/w")))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    line = " ".join(text.split())
    shown = READER.render(f"a {escaped(text)}").removeprefix("<p>a").strip().removesuffix("</p>").strip()
    assert parts(escaped(text)) <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&") == line
