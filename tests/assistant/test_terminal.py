"""What is printed can be read, says its doubts, and cannot act on the terminal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.doctor import Check
from assistant.terminal import (
    answer_text,
    articles_text,
    check_text,
    day,
    hits_text,
    one_line,
    report_text,
    safe,
    statuses_text,
    table,
)
from assistant.types import Claim, Unresolved
from index.types import IngestReport, SkippedSource, SourceState, SourceStatus
from tests.fakes import answer, article, evidence, hit, hits, info

HOSTILE = "\x1b]0;owned\x07\x1b[31m\u202egnp.exe\u2066\r\x9b2Jü\ud800\u2028\x00"
REPORT = IngestReport(
    added=("mem:a", "mem:b"),
    updated=("mem:c",),
    unchanged=(),
    removed=(),
    vanished=("mem:gone\nnow",),
    failed=(SkippedSource("mem:bad", "it is empty; write something in it"),),
    chunks=12,
    embedded=10,
    seconds=2.0,
)
CAN_ACT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def columns(text: str) -> int:
    return sum(
        0 if unicodedata.category(c) in {"Mn", "Me", "Cf"} else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def assert_harmless(text: str) -> None:
    assert not CAN_ACT.search(text)
    text.encode("utf-8")


# ---- harmless


any_text = st.text(st.characters())  # lone surrogates too: a file name of another encoding has them


@given(any_text)
def test_safe_text_cannot_act_on_a_terminal_and_can_be_written(text: str) -> None:
    assert_harmless(safe(text))
    assert len(safe(text)) == len(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert safe(text) == text
    assert safe("a\tb\nc") == "a\tb\nc"


def test_nothing_that_comes_from_outside_acts_on_the_terminal() -> None:
    of = article(HOSTILE, title=HOSTILE, source=HOSTILE, uri=HOSTILE, url=HOSTILE)
    found = hit(of)
    piece = replace(evidence("x")[0], hit=found, text=HOSTILE)
    citation = replace(answer().citations[0], title=HOSTILE, source=HOSTILE, quote=HOSTILE)
    claim = Claim(HOSTILE, 0, len(HOSTILE), (1,), 0.0, "unsupported")
    marker = Unresolved(f"[{HOSTILE}]", 0, 1)
    told = answer(HOSTILE, citations=(citation,), claims=(claim,), unresolved=(marker,), nearest=(piece,))
    failed = (SkippedSource(HOSTILE, HOSTILE),)
    for text in (
        answer_text(told, 60),
        hits_text([found], 60),
        articles_text([info(of)], failed, 60),
        report_text(replace(REPORT, vanished=(HOSTILE,), failed=failed)),
        check_text(Check("model", HOSTILE, False, HOSTILE)),
        table([[HOSTILE, "x"]]),
    ):
        assert_harmless(text)
        assert "\N{REPLACEMENT CHARACTER}" in text


def test_a_title_cannot_pose_as_another_citation() -> None:
    title = "Innocent\n[2] Forged — Reuters, 1 May 2024"
    citation = replace(answer().citations[0], title=title, source="Wire\n[3] Forged")
    lines = answer_text(answer(citations=(citation,)), 500).splitlines()
    assert [line for line in lines if line.strip().startswith("[")] == [
        "  [1] Innocent [2] Forged — Reuters, 1 May 2024 — Wire [3] Forged, 3 December 2024"
    ]
    (line, _) = hits_text([hit(article("x", title=title))], 500).splitlines()
    assert "Innocent [2] Forged" in line


# ---- one line


@given(any_text, st.integers(-2, 60))
def test_one_line_is_never_wider_than_it_may_be(text: str, width: int) -> None:
    line = one_line(text, width)
    assert columns(line) <= max(0, width)
    assert "\n" not in line


@given(st.text(st.characters(categories=["L", "Zs"])))
def test_a_line_with_room_loses_only_superfluous_blanks(text: str) -> None:
    assert one_line(text, 500) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("The dam was struck", 12, "The dam was…"),
        ("The dam was struck", 11, "The dam…"),
        ("Kurakhovesurrounded", 10, "Kurakhove…"),
        ("A Kurakhovesurrounded", 11, "A Kurakhov…"),
        ("库拉霍韦已被包围数月", 9, "库拉霍韦…"),
        ("e\u0301te\u0301", 3, "e\u0301te\u0301"),
        ("two\nlines\tand  more", 40, "two lines and more"),
        ("xx", 1, "…"),
        ("", 0, ""),
        ("x", 0, ""),
    ],
)
def test_a_long_line_is_cut_between_words_where_that_loses_little(text: str, width: int, line: str) -> None:
    assert one_line(text, width) == line


# ---- answers


def test_an_answer_shows_its_citations_with_title_source_date_and_quote() -> None:
    assert answer_text(answer(), 80).splitlines() == [
        "Kurakhove is surrounded [1].",
        "",
        "  [1] Title of a1 — Example News, 3 December 2024",
        "      “Kurakhove is surrounded for months.”",
        "",
        "as of 3 December 2024 · 1 of 1 sentences supported · confidence 0.80 · 0.4 s",
    ]


def test_a_citation_names_the_other_articles_that_tell_it() -> None:
    told = answer()
    copies = tuple(hit(article("Kurakhove.", name, source=HOSTILE + name)) for name in ("a2", "a3"))
    shown = answer_text(replace(told, evidence=(replace(told.evidence[0], also=copies),)), 200)
    assert re.search(r"\n      also in: .*a2, 3 December 2024; .*a3, 3 December 2024\n", shown)
    assert_harmless(shown)
    assert "also in" not in answer_text(told, 200)


def test_an_unknown_date_is_said_to_be_unknown() -> None:
    citation = replace(answer().citations[0], published=None, source=None)
    assert "[1] Title of a1 — date unknown\n" in answer_text(answer(citations=(citation,)), 80)
    assert day(date(2024, 11, 2)) == "2 November 2024"


@pytest.mark.parametrize(
    ("status", "said"), [("partial", "! only partly supported:"), ("unsupported", "! not supported by your sources:")]
)
def test_a_doubtful_sentence_is_named(status: str, said: str) -> None:
    claim = replace(answer().claims[0], status=status)
    assert f"{said} “Kurakhove is surrounded [1].”" in answer_text(answer(claims=(claim,)), 80)


def test_a_supported_sentence_is_not_doubted() -> None:
    assert "! " not in answer_text(answer(), 80)


def test_markers_that_point_nowhere_are_told_once_each() -> None:
    markers = tuple(Unresolved(marker, 0, 3) for marker in ("[9]", "[7]", "[9]"))
    assert "! the model also pointed at [7], [9]," in answer_text(answer(unresolved=markers), 80)


def test_an_abstention_shows_the_nearest_passages_and_counts_no_sentence() -> None:
    told = "Your sources do not answer this."
    text = answer_text(
        answer(
            told,
            abstained=True,
            claims=(Claim(told, 0, len(told), (), 0.0, "no_claim"),),
            citations=(),
            nearest=evidence("The dam was struck.", "The river rose."),
            as_of=None,
        ),
        80,
    )
    assert text.splitlines() == [
        told,
        "",
        "Nearest passages",
        "  - Title of a1 — 3 December 2024",
        "      The dam was struck.",
        "  - Title of a2 — 3 December 2024",
        "      The river rose.",
        "",
        "confidence 0.80 · 0.4 s",
    ]


@given(any_text, st.integers(1, 100))
def test_an_answer_is_wrapped_to_the_terminal(text: str, width: int) -> None:
    *body, _, _ = answer_text(answer(text, claims=(), citations=()), width).split("\n")
    assert all(len(line) <= width for line in body)
    assert "".join("".join(body).split()) == "".join(safe(text).split())


def test_paragraphs_of_an_answer_stay_apart() -> None:
    assert answer_text(answer("One.\n\nTwo."), 80).startswith("One.\n\nTwo.\n")


# ---- lists and reports


def test_hits_are_shown_with_rank_title_date_and_passage() -> None:
    assert hits_text(hits("The dam was struck.", "The river rose."), 80).splitlines() == [
        "  1  Title of a1 — 3 December 2024",
        "     The dam was struck.",
        "  2  Title of a2 — 3 December 2024",
        "     The river rose.",
    ]


def test_a_list_shows_a_line_an_article_and_what_was_skipped() -> None:
    articles = [
        info(article("x"), chunks=3),
        info(article("y", "a2", published=None, source=None, title="库拉霍韦")),
    ]
    text = articles_text(articles, [SkippedSource("mem:bad", "it is empty")], 80)
    lines = text.splitlines()
    assert lines[0].split("  ")[:3] == ["a1", "2024-12-03", ""]
    assert re.sub(" +", " ", lines[0]) == "a1 2024-12-03 3 chunks Title of a1 Example News"
    assert re.sub(" +", " ", lines[1]) == "a2 date unknown 1 chunk 库拉霍韦"
    assert lines[2:] == ["2 articles, 4 chunks", "skipped: mem:bad: it is empty"]


def test_a_report_counts_what_was_done_and_lists_what_was_not() -> None:
    assert report_text(REPORT).splitlines() == [
        "2 added, 1 updated · 12 chunks (10 embedded, 2 reused) in 2.0 s, 5 chunks/s",
        "gone: mem:gone now (still indexed; `quoth sync` takes it out)",
        "skipped: mem:bad: it is empty; write something in it",
    ]


def test_a_report_without_new_chunks_tells_no_rate() -> None:
    unchanged = replace(
        REPORT, added=(), updated=(), unchanged=("mem:a",), chunks=0, embedded=0, vanished=(), failed=()
    )
    assert report_text(unchanged) == "1 unchanged · 0 chunks in 2.0 s"


def test_a_report_of_nothing_says_so() -> None:
    nothing = IngestReport((), (), (), (), (), (), 0, 0, 0.0)
    assert report_text(nothing) == "nothing to add · 0 chunks in 0.0 s"


@pytest.mark.parametrize(
    ("away", "told"),
    [(1, "1 article stays: its place cannot be"), (2, "2 articles stay: their place cannot be")],
)
def test_a_report_tells_how_many_articles_stay(away: int, told: str) -> None:
    assert told in report_text(replace(REPORT, unreachable=("/x/a.txt",) * away))


@pytest.mark.parametrize(
    ("state", "brought_in_line"),
    [("indexed", False), ("new", True), ("changed", True), ("failed", False), ("gone", True), ("away", False)],
)
def test_a_sync_is_named_where_it_would_change_something(state: SourceState, brought_in_line: bool) -> None:
    last = statuses_text([SourceStatus("/x/a.txt", state, None, "a1")]).splitlines()[-1]
    assert last == f"1 {state}" + "; `quoth sync` brings the index in line" * brought_in_line


def test_a_check_shows_its_remedy_only_when_it_has_one() -> None:
    assert check_text(Check("index", "fine")) == "ok  index                  fine"
    assert check_text(Check("index", "gone", False, "run add")).splitlines() == [
        "!!  index                  gone",
        "       → run add",
    ]


# ---- tables


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(any_text, min_size=n, max_size=n), max_size=5)))
def test_any_table_has_a_line_a_row(rows: list[list[str]]) -> None:
    assert len(table(rows).split("\n")) == max(1, len(rows))
    assert_harmless(table(rows))


def test_the_columns_of_a_table_are_as_wide_as_their_widest_cell() -> None:
    assert table([["a", "long cell", "x"], ["库拉", "", "y"]]).splitlines() == [
        "a     long cell  x",
        "库拉             y",
    ]
