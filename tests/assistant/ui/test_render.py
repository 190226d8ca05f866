from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.types import Answer, Claim, Disagreement
from assistant.ui import answers, details, pieces, render
from assistant.ui.exchange import Exchange
from tests.assistant.ui.fake_service import (
    ARTICLES,
    FLOODED,
    FLOODS,
    PARIS,
    SITUATION,
    FakeAnswers,
    abstention,
    differing_answer,
    hostile_answer,
    info_of,
    situation_answer,
)
from tests.assistant.ui.markup_tree import Element, parse

EVIDENCE = FakeAnswers().evidence()
ANY_TEXT = st.text(st.characters(codec=None), min_size=1, max_size=40)
TAGS = set(
    "article a bdi blockquote button code dd details div dl dt h2 h3 h4 li ol p pre section span strong summary "
    "sup table tbody td th thead time tr ul".split()
)
ATTRIBUTES = set(
    "class id href target rel type dir role tabindex datetime aria-label aria-labelledby aria-hidden aria-live data-do "
    "scope data-exchange data-citation data-number data-explains data-verdict aria-pressed".split()
)


def shown(answer: Answer, number: int = 3) -> Element:
    return parse(render.exchange(Exchange(number, answer.question, stage="answered", evidence=EVIDENCE, answer=answer)))


def assert_harmless(root: Element, allowed_addresses: set[str]) -> None:
    for element in root.every():
        assert element.tag in TAGS
        assert set(element.attributes) <= ATTRIBUTES
        href = element.attributes.get("href", "#")
        assert re.fullmatch(r"#[a-z0-9-]*", href) or href in allowed_addresses
        for name in ("id", "class", "aria-labelledby", "data-do", "data-exchange", "data-citation", "data-number"):
            assert re.fullmatch(r"[a-z0-9 -]*", element.attributes.get(name, ""))


# ── whatever the text ───────────────────────────────────────────────────────────────────────────────────────────────


@given(ANY_TEXT)
@settings(max_examples=60, deadline=None)
@example('"><img src=x onerror=alert(1)>')
@example("</blockquote><script>alert(1)</script>")
@example("javascript:alert(1)")
@example("https://evil.example/\"onmouseover='alert(1)'")
@example("[1][2] [99] [1,2] ![x](https://evil.example/x.png)")
@example("</details></article><style>*{display:none}</style><meta http-equiv=refresh content=0>")
def test_text_from_outside_is_never_markup_in_any_state_of_an_exchange(value: str) -> None:
    answer = hostile_answer(value)
    abstained = replace(answer, abstained=True, citations=(), nearest=answer.evidence)
    started = Exchange(1, value, follow_ups=(value, value), evidence=answer.evidence, query=value, raw_text=value)
    views = [
        started,
        replace(started, stage="reading"),
        replace(started, stage="writing"),
        replace(started, stage="stopped"),
        replace(started, stage="failed", failure=value),
        replace(started, stage="answered", answer=answer),
        replace(started, stage="answered", answer=abstained),
    ]
    for view in views:
        assert_harmless(
            parse(render.exchange(view, newest=True)), {value} if value.lower().startswith("http") else set()
        )
    assert_harmless(parse(details.panel(answer)), {value} if value.lower().startswith("http") else set())
    for markup in (render.waiting([(1, value)]), pieces.trouble(value), render.status_line(value)):
        assert_harmless(parse(markup), set())


@given(
    st.text(alphabet="ab .[1234]\n", max_size=80),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=5),
)
def test_the_stretches_are_the_whole_text_whatever_the_claims(value: str, borders: list[tuple[int, int]]) -> None:
    spans = [(min(a, b), max(a, b)) for a, b in borders if max(a, b) <= len(value)]
    claims = tuple(Claim(value[a:b], a, b, (), 0.0, "no_claim") for a, b in spans)
    answer = replace(situation_answer("q", EVIDENCE), text=value, claims=claims, citations=())
    assert "".join(stretch for stretch, _ in answers.stretches(answer)) == value
    assert parse(answers.sentences(answer, "q-1")).text == value


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_number_in_the_text_leads_to_its_quote() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    root = shown(answer)
    references = root.every("a", "q-ref")
    assert [reference.text for reference in references] == ["1", "2", "3", "4"]
    for reference, citation in zip(references, answer.citations, strict=True):
        target = reference.attributes["href"].removeprefix("#")
        [row] = [row for row in root.every("li", "q-citation") if row.attributes["id"] == target]
        assert row.one("blockquote").text == citation.quote
        assert citation.title in row.text
        assert citation.title in reference.attributes["aria-label"]
        told = (reference.attributes["data-exchange"], reference.attributes["data-citation"])
        assert told == ("3", str(citation.number))


def test_two_exchanges_of_one_page_share_no_id() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    first, second = ({e.attributes["id"] for e in shown(answer, n).every() if "id" in e.attributes} for n in (1, 2))
    assert first and not first & second


def test_the_answer_reads_as_written_apart_from_its_markers() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    told = shown(answer).one("div", "q-answer")
    flags = [flag.text for flag in told.every("button", "q-flag")]
    spoken = told.text
    for words in ("\u00a0partly supported", "\u00a0not supported"):
        spoken = spoken.replace(words, "")
    assert spoken == re.sub(r"\s*((?:\[\d\])+)", lambda m: " ".join(re.findall(r"\d", m[1])), answer.text)
    assert flags == ["partly supported", "not supported"]


def test_doubt_is_said_in_words_and_explained_and_support_is_quiet() -> None:
    root = shown(situation_answer(SITUATION, EVIDENCE))
    assert len(root.every("span", "q-claim")) == 4
    for status in ("partial", "unsupported"):
        sentence = root.one("span", f"q-{status}")
        assert sentence.one("button", "q-flag").attributes["data-explains"].startswith(answers.FLAGS[status][1])
    assert "2 of 4 sentences could not be fully confirmed" in root.text


def test_an_answer_without_doubt_has_no_warning() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    sure = replace(answer, claims=tuple(replace(claim, status="supported") for claim in answer.claims), unresolved=())
    assert not shown(sure).every("p", "q-note")


def test_how_recent_an_answer_is_stands_above_it() -> None:
    head = shown(situation_answer(SITUATION, EVIDENCE)).one("p", "q-head")
    assert head.text == "As of 20 Nov 2024 · 2 sources"
    assert head.one("time").attributes["datetime"] == "2024-11-20"


def test_an_unknown_date_is_called_unknown() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    assert "date unknown" in shown(answer).every("li", "q-citation")[2].text
    undated = replace(answer, as_of=None)
    assert shown(undated).one("p", "q-head").text == "2 sources"


def test_a_title_is_a_link_only_where_the_article_has_a_web_address() -> None:
    rows = shown(situation_answer(SITUATION, EVIDENCE)).every("li", "q-citation")
    assert rows[0].one("a").attributes["href"] == ARTICLES[0].url
    assert rows[2].every("a") == []


def test_markers_that_point_at_nothing_are_reported() -> None:
    assert "a marker that points at no passage: [7]." in shown(situation_answer(SITUATION, EVIDENCE)).text


def test_a_marker_without_a_citation_stays_text() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    told = shown(replace(answer, citations=answer.citations[:1])).one("div", "q-answer")
    assert "front. [2]" in told.text and [a.text for a in told.every("a")] == ["1"]


def test_the_words_that_no_quote_holds_are_named() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    partial = answer.claims[2]
    quotes = [citation.quote for citation in answer.citations[2:]]
    assert answers.missing_words(partial.text, quotes) == ["denies"]
    assert answers.explanation(partial, quotes).endswith("Not in the quote: denies.")
    assert answers.explanation(answer.claims[3], []) == answers.FLAGS["unsupported"][1]


def test_only_the_newest_question_can_be_asked_again_and_only_when_it_is_over() -> None:
    def offered(view: Exchange, newest: bool) -> list[str]:
        return [b.attributes["data-do"] for b in parse(render.exchange(view, newest)).every("button")]

    done = Exchange(1, "What?", "stopped")
    assert offered(done, True) == ["again", "edit"]
    answer = replace(situation_answer(SITUATION, EVIDENCE), claims=(), citations=())
    assert offered(replace(done, answer=answer), False) == ["judge", "judge", "details"]
    assert offered(done, False) == offered(replace(done, stage="writing"), True) == []


def test_the_details_name_query_model_times_tokens_passages_with_scores_and_checks() -> None:
    root = parse(details.panel(situation_answer(SITUATION, EVIDENCE)))
    facts = dict(zip((e.text for e in root.every("dt")), (e.text for e in root.every("dd")), strict=True))
    assert facts["Model"] == "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M (llama.cpp)" and facts["Searched for"] == SITUATION
    assert facts["Tokens read"] == "412 (31% of them cached)"
    assert facts["Tokens written"] == "71, 17 a second"
    assert (facts["Passages after"], facts["First word after"], facts["Complete after"]) == ("0.1 s", "4.1 s", "8.3 s")
    claims, passages = (
        [[cell.text for cell in row.every("td")] for row in body.every("tr")] for body in root.every("tbody")
    )
    assert [(row[1], row[2]) for row in claims][1:3] == [("supported", "0.96"), ("partly supported", "0.55")]
    assert passages[0][1:] == ["1", "0.0164", "0.60", "7.5"] and EVIDENCE[0].text in passages[0][0]


def test_an_abstention_says_so_and_shows_what_came_closest() -> None:
    answer = abstention(PARIS, EVIDENCE)
    root = shown(answer)
    notice = root.one("div", "q-abstained")
    assert "Not answered by your sources" in notice.text and answer.text in notice.text
    assert "Searched 3 articles in 3 passages for: population of Paris" in notice.text
    near = root.every("section")[0]
    assert [p.one("blockquote").text for p in near.every("li", "q-passage")] == [e.text for e in answer.nearest]
    assert "12 Nov 2024" in near.text and not root.every("li", "q-citation")


# ── disagreement ────────────────────────────────────────────────────────────────────────────────────────────────────


def sides(answer: Answer) -> list[Element]:
    pair = shown(answer).one("section", "q-differ")
    assert pair.attributes["aria-labelledby"] == pair.one("h3").attributes["id"]
    return pair.one("ul").every("li")


def test_different_figures_stand_beside_each_other_the_newer_first_each_with_its_date_and_citation() -> None:
    newer, older = sides(differing_answer(FLOODED, EVIDENCE))
    assert [one.one("h4").text for one in (newer, older)] == ["Newer · 18 Nov 2024", "Older · 12 Nov 2024"]
    assert [one.one("p", "q-value").text for one in (newer, older)] == ["412 houses", "150 houses"]
    assert [one.one("strong").text for one in (newer, older)] == ["412 houses", "150 houses"]
    for one, article, number in ((newer, FLOODS[0], "1"), (older, FLOODS[1], "2")):
        reference = one.one("a", "q-ref")
        assert (reference.text, reference.attributes["data-citation"]) == (number, number)
        assert article.title in reference.attributes["aria-label"] and article.title in one.text


def test_of_figures_without_a_date_or_of_one_day_none_is_called_newer() -> None:
    answer = differing_answer(FLOODED, EVIDENCE)
    first, second = answer.citations
    for days in ((None, second.published), (first.published, first.published)):
        dated = tuple(replace(c, published=day) for c, day in zip(answer.citations, days, strict=True))
        one, other = (side.one("h4").text for side in sides(replace(answer, citations=dated)))
        assert one.startswith("One source · ") and other.startswith("Another source · ")


def test_a_figure_that_cannot_be_found_leaves_the_quotes_beside_each_other() -> None:
    answer = differing_answer(FLOODED, EVIDENCE)
    told = sides(replace(answer, disagreements=(Disagreement("cow", 2, 1),)))
    assert [one.every("p", "q-value") for one in told] == [[], []]
    assert "about 150 houses" in told[1].one("blockquote").text


def test_a_disagreement_with_a_citation_that_is_not_there_is_left_out() -> None:
    answer = differing_answer(FLOODED, EVIDENCE)
    assert not shown(replace(answer, disagreements=(Disagreement("hous", 7, 1),))).every("section", "q-differ")


# ── before there is an answer ───────────────────────────────────────────────────────────────────────────────────────


def test_passages_are_shown_before_a_word_is_written() -> None:
    root = parse(render.exchange(Exchange(1, "What?", "reading", evidence=EVIDENCE, seconds=3.4)))
    assert root.one("h3").text == "Found so far"
    assert [e.text for e in root.every("blockquote")] == [e.text for e in EVIDENCE]
    assert "Reading 3 passages" in root.text and "3 s" in root.text


def test_a_passage_and_its_citation_name_the_other_articles_that_tell_it() -> None:
    answer = situation_answer(SITUATION, EVIDENCE)
    copies = tuple(piece.hit for piece in EVIDENCE[:2])
    told = replace(answer, evidence=tuple(replace(piece, also=copies) for piece in answer.evidence))
    root = shown(told)
    titles = [copy.article.title for copy in copies]
    for cited in root.every("li", "q-citation"):
        named = [line for line in cited.every("p", "q-source") if line.text.startswith("Also in")]
        assert [title in line.text for title, line in zip(titles, named, strict=True)] == [True, True]
    assert "Also in" in str(render.passages(told.evidence)) and "Also in" not in shown(answer).text


@pytest.mark.parametrize(
    ("raw_text", "told"),
    [
        ("So it is [1", "So it is"),
        ("So [1] it [", "So1 it"),
        ("So [1][2].", "So1 2."),
        ("So [1, 2].", "So1 2."),
        ("a [b", "a [b"),
    ],
)
def test_a_marker_that_is_still_being_written_is_held_back(raw_text: str, told: str) -> None:
    assert parse(render.draft(raw_text)).text == told


def test_a_stopped_exchange_says_that_nothing_was_checked() -> None:
    stopped = render.exchange(Exchange(1, "What?", "stopped", evidence=EVIDENCE, raw_text="So it"))
    assert "has not been checked" in stopped and "So it" in stopped
    assert "Nothing had been written" in render.exchange(Exchange(1, "What?", "stopped"))


def test_an_error_is_a_sentence_with_its_command() -> None:
    root = parse(render.exchange(Exchange(1, "What?", "failed", failure="no memory; run `quoth doctor`")))
    alert = root.one("div", "q-error")
    assert alert.attributes["role"] == "alert" and "No memory; run quoth doctor" in alert.text
    assert alert.one("code").text == "quoth doctor"


@pytest.mark.parametrize("stage", ["searching", "reading", "writing", "stopped", "failed"])
def test_every_stage_has_one_plain_sentence(stage: str) -> None:
    sentence = render.status(Exchange(1, "What?", stage))  # type: ignore[arg-type]
    assert sentence.endswith(".") and "<" not in sentence


def test_the_end_is_announced_in_one_sentence() -> None:
    view = Exchange(1, "q", "answered")
    assert render.status(replace(view, answer=abstention(PARIS, EVIDENCE))) == "Your sources do not answer this."
    done = render.status(replace(view, answer=situation_answer(SITUATION, EVIDENCE)))
    assert done == "Answer ready: 4 sentences, 4 citations."


# ── the welcome ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_newcomer_is_told_what_is_indexed() -> None:
    words = parse(render.welcome([info_of(one) for one in ARTICLES])).text
    assert "3 articles indexed, dated 12 Nov 2024 to 20 Nov 2024." in words


def test_one_undated_article_is_one_article_of_unknown_date() -> None:
    assert "1 article indexed, of unknown date." in parse(render.welcome([info_of(ARTICLES[2])])).text


def test_an_empty_index_is_admitted_with_the_command_that_fills_it() -> None:
    root = parse(render.welcome([]))
    assert "Nothing is indexed yet" in root.text and root.one("code").text == "quoth add PATH"


def test_a_date_reads_the_same_on_every_machine() -> None:
    assert pieces.day_words(date(2024, 3, 1)) == "1 Mar 2024"


def test_an_article_quoted_twice_in_a_row_is_named_once_to_the_eye() -> None:
    rows = shown(situation_answer(SITUATION, EVIDENCE)).every("li", "q-citation")
    assert ["q-same" in row.attributes["class"] for row in rows] == [False, True, False, True]
    assert all(row.one("p", "q-source").text for row in rows), "the small window reads it from there"
