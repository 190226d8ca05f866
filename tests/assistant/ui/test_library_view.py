"""The library in words: what is done, what is indexed and how it stands, what the search is held to; never markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assistant.library import Job
from assistant.ui import library_view as view
from index.types import Filters, IngestProgress, IngestReport, SkippedSource, SourceStatus
from tests.assistant.ui.markup_tree import parse
from tests.assistant.ui.test_hostile import PAYLOADS
from tests.fakes import article, info

RIVER = info(article("The river rose.", "r", title="The flood", source="River Notes", published=date(2024, 11, 12)))
TOWN = info(article("The market opened.", "t", title="The market", source="Town Notes", published=None))
BOTH = (RIVER, TOWN)
REPORT = IngestReport(("a",), (), ("b",), (), (), (SkippedSource("/up/c.docx", "is a .docx file"),), 3, 3, 0.1)


def test_a_job_tells_how_far_it_is_and_what_failed() -> None:
    files = (
        IngestProgress("/up/a.md", 1, 3, 0, 0.1, 9, "read"),
        IngestProgress("/up/c.docx", 2, 3, 0, 0.2, 9, "failed", "is a .docx file"),
        IngestProgress("/up/b.md", 2, 3, 7, 0.5, 9),
    )
    running = Job(1, "Adding 3 files", "running", files[-1], files)
    told = parse(view.jobs([running])).text
    assert "2 of 3 files read" in told and "7 of 9 passages" in told and "/up/" not in told
    assert "a.md read" in told and "c.docx is a .docx file" in told and "b.md is being read" in told
    done = parse(view.jobs([replace(running, state="done", report=REPORT)])).text
    assert "1 added, 1 there already, 1 failed" in done and "c.docx is a .docx file" in done
    assert "No room." in parse(view.jobs([Job(2, "Adding", "failed", failure="No room.")])).text
    assert view.jobs([]) == ""


def test_only_what_was_removed_offers_to_be_undone() -> None:
    def offered(job: Job) -> list[str]:
        return [button.attributes["data-do"] for button in parse(view.jobs([job])).every("button")]

    assert offered(Job(1, "x", "running")) == []
    assert offered(Job(1, "x", "done", undo=True)) == ["undo", "dismiss"]


def test_the_list_is_searched_in_titles_and_sources_and_says_how_many() -> None:
    assert view.matching(BOTH, "NOTES river") == [RIVER]
    assert view.matching(BOTH, None) == list(BOTH)
    assert "1 of 2 articles" in parse(view.articles(BOTH, "market", {})).text


def test_an_article_whose_file_is_not_as_it_was_says_so() -> None:
    statuses = (
        SourceStatus(RIVER.uri, "changed", None, "r"),
        SourceStatus("/x/new.md", "new", None, None),
        SourceStatus("/x/c.pdf", "failed", "is a .pdf file", None),
        SourceStatus(TOWN.uri, "indexed", None, "t"),
    )
    assert set(view.states(statuses)) == {"r"}
    assert "has changed" in parse(view.articles(BOTH, "", view.states(statuses))).text
    assert "1 file could not be read" in parse(view.unread(statuses)).text and view.unread(statuses[:2]) == ""


def test_an_article_whose_disk_is_away_is_not_said_to_go_with_the_next_sync() -> None:
    said = view.states([SourceStatus(RIVER.uri, "away", "its place cannot be looked into now", "r")])["r"]
    assert "stays" in said and "quoth sync" not in said


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        (Filters(), 2),
        (Filters(sources=("Town Notes",)), 1),
        (Filters(since=date(2024, 1, 1)), 1),
        (Filters(until=date(2024, 1, 1)), 0),
        (Filters(since=date(2024, 11, 12), until=date(2024, 11, 12), sources=("River Notes",)), 1),
    ],
)
def test_the_scope_says_how_many_articles_it_leaves(filters: Filters, number: int) -> None:
    assert view.passing(BOTH, filters) == number
    told = parse(view.scope(BOTH, filters)).text
    assert (f"{number} of 2 articles" in told) == (filters != Filters())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_titles_sources_names_and_reasons_stay_text(payload: str) -> None:
    bad = replace(RIVER, title=payload, source=payload, url=payload, uri=payload)
    skipped = SkippedSource(payload, payload)
    job = Job(1, payload, "failed", failure=payload, report=replace(REPORT, failed=(skipped,)))
    running = Job(2, payload, "running", IngestProgress(payload, 0, 1, 0, 0.0))
    shown = [
        view.jobs([job, running, replace(job, failure=None)]),
        view.articles([bad], "", {bad.id: payload}),
        view.filtering([bad], Filters(sources=(payload,))),
        view.scope([bad], Filters(sources=(payload,))),
        view.unread([SourceStatus(payload, "failed", payload, None)]),
    ]
    for markup in shown:
        for element in parse(markup).every():
            assert element.tag not in {"script", "img", "svg", "iframe", "form", "style", "meta", "a", "h1"}
            assert not any(name.startswith("on") or name in {"src", "style", "href"} for name in element.attributes)
