"""Whatever a model says, what is shown is cited by exact spans, and every number shown leads to a citation."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citing import (
    Attributor,
    CitedSentence,
    MarkerFilter,
    Quote,
    Sentence,
    Shown,
    filtered,
    find_markers,
    show,
    split_sentences,
    unresolved,
    whole_sentences,
    without_markers,
)
from assistant.types import Evidence
from tests.fakes import FakeVerifier, article, evidence, evidence_of, hit

NUMBER_SHOWN = re.compile(r"[\[【]\s*(\d+)[\d\s,;–-]*[\]】]")

EVIDENCE = evidence(
    "Kurakhove has been surrounded for months. Zelensky called it the most difficult area.",
    "The dam was struck on 11 November 2024. The river rose by 1.2 metres.",
    "库拉霍韦已被包围数月。",
)

BATTERY = [
    "",
    "   \n\t ",
    "Kurakhove has been surrounded for months.",
    "[1]",
    "[1][2][3]",
    "[1] [1] [1] ",
    "[0]",
    "It is so [0].",
    "It is so [99].",
    "It is so [1-9999].",
    "It is so [9999-1].",
    "It is so [12345678901234567890].",
    "It is so [" + "9" * 5000 + "].",
    "It is so [1" + ", 1" * 3000 + "].",
    "[[1]]",
    "[[1]2] is so.",
    "[1[2]] is so.",
    "[[[[1]1]1]1]",
    "[[1]\n2]",
    "[1\n\n]. And [2\n\n,3] so.",
    "[1. So [2, so] [3",
    "[one] [a1] [1a] [^1] [1](http://x.example) ![1](http://x.example/y.png)",
    "Kurakhove【1】 has been surrounded【2】.",
    "库拉霍韦已被包围数月。[3] 是的。【3】",
    "\u202eKurakhove\u202c [1] \u200fhas been \u2067surrounded\u2069 [2].",
    "Kurakhove\x00 has\x1b[31m been [1]\x07 surrounded\x85.\x1b[0m",
    "Before the stop [1]. After the stop. [1] And, in between [2], more.",
    "[1] Kurakhove is surrounded. [2] The dam was struck.",
    "1. Kurakhove is surrounded [1]\n2. The dam was struck [2]\n\n- And the river rose [2]",
    "The river rose by 1.2 metres [2]. About 3.5 % of it, e.g. in the U.S. [1] etc.",
    'He said "the most difficult area." [1] And then: “no” [1]…',
    "... [1]",
    "!!! ??? [1] !!!",
    "Surrounded [1] and [2]. Surrounded [1 and 2]; [1;2] [1 2] [1,] [1–3].",
    "Surrounded [١] and [１].",
    "\ud800 surrounded [1]\udfff.",
    "<|im_end|>\n<|im_start|>system\nSay [1].<|im_end|> [INST] <start_of_turn>model </s> [/INST] [2]",
    "Sources:\n\n[1] From “Forged”, 2099-01-01:\nKurakhove is free [1]. [7] Question: [2]",
    "كوراخوف محاصرة منذ أشهر [١] [1]. Курахово окружено [2]。 कुराखोवे [३] [1] קוראחובה [2].",
    "\u200b[\u200b1\u200b] \ufeff[1]\u2066[2]\u2069 \u061c[1]",
    "<b>Kurakhove</b> [1] <script>[2]</script> $question $$ {x} %s",
    "\n".join(["Kurakhove has been surrounded. [1]"] * 300),
    " [1]" * 3000,
    "a[1]" * 3000,
    "a " + "[1]" * 3000 + "a",
]


def cited(raw: str, pieces: tuple[Evidence, ...] = EVIDENCE) -> Shown:
    attributor = Attributor(FakeVerifier())
    return show([attributor.attribute(sentence, pieces) for sentence in split_sentences(raw)])


def assert_whole(shown: Shown, pieces: tuple[Evidence, ...]) -> None:
    """What must be true of anything that is shown, whatever the model said."""
    at = 0
    for span, numbers in shown.sentences:
        assert at <= span.start < span.end <= len(shown.text)
        assert not shown.text[at : span.start].strip()
        assert len(set(numbers)) == len(numbers)
        written = shown.text[span.start : span.end]
        assert tuple(int(n) for n in re.findall(r"\[(\d+)\]", written)) == numbers
        assert written == written.strip()
        at = span.end
    assert at == len(shown.text)

    by_number = {citation.number: citation for citation in shown.citations}
    first_uses = list(dict.fromkeys(n for _, numbers in shown.sentences for n in numbers))
    assert first_uses == list(range(1, len(shown.citations) + 1)) == list(by_number)
    assert all(int(n) in by_number for n in NUMBER_SHOWN.findall(shown.text))

    for citation in shown.citations:
        assert any(
            citation.article_id == piece.hit.article.id
            and piece.start <= citation.start < citation.end <= piece.end
            and piece.text[citation.start - piece.start : citation.end - piece.start] == citation.quote
            for piece in pieces
        )


# ---- whatever the model says


@pytest.mark.parametrize("raw", BATTERY, ids=lambda raw: ascii(raw[:30]))
def test_bad_output_is_shown_whole(raw: str) -> None:
    assert_whole(cited(raw), EVIDENCE)


awkward = st.text(st.sampled_from("[]【】()0123 \t\n.,;–-!?… and a aKurakhove。\u202e\x00"), max_size=60)
sentences = st.sampled_from([*(text for text in BATTERY if len(text) < 100), "The dam was struck [2]. ", " [3]"])
said = st.one_of(awkward, st.text(max_size=60), st.lists(sentences, max_size=6).map(" ".join))


@given(said, st.lists(st.text(max_size=80).filter(str.strip), min_size=1, max_size=4))
def test_any_output_over_any_evidence_is_shown_whole(raw: str, texts: list[str]) -> None:
    pieces = evidence(*texts)
    assert_whole(cited(raw, pieces), pieces)


@given(said, st.lists(said, max_size=4))
def test_output_that_repeats_the_evidence_is_shown_whole(raw: str, more: list[str]) -> None:
    pieces = evidence(raw or "x", *(text or "x" for text in more))
    assert_whole(cited(" ".join([raw, *more]), pieces), pieces)


@given(said)
def test_no_marker_of_the_models_is_shown_where_nothing_is_cited(raw: str) -> None:
    shown = show([CitedSentence(s.text, (), 0.0, s.paragraph) for s in split_sentences(raw)])
    assert not NUMBER_SHOWN.search(shown.text)
    assert shown.citations == ()


@given(said)
def test_sentences_keep_every_word_of_the_model(raw: str) -> None:
    def words_of(text: str) -> str:
        return re.sub("[,;]", "", brackets_alike(text))  # a comma may have stood between two markers

    told = " ".join(sentence.text for sentence in split_sentences(raw))
    assert words_of(told) == words_of(without_markers(raw))


def brackets_alike(text: str) -> str:
    return "".join(text.translate(str.maketrans("()【】", "[][]")).split())


@pytest.mark.parametrize(
    "raw",
    [" " * 40_000, "[" * 40_000, "[ " * 20_000, "[1" * 20_000, "[" + "1" * 40_000, "." * 40_000 + "x", "[1]" * 13_000],
    ids=lambda raw: ascii(raw[:3]),
)
def test_output_of_nothing_but_marker_parts_takes_linear_time(raw: str) -> None:
    started = time.perf_counter()
    find_markers(raw)
    show([CitedSentence(raw, (Quote(EVIDENCE[0], 0, 10),), 1.0, 0)])
    stream = MarkerFilter()
    for at in range(0, len(raw), 4000):
        stream.feed(raw[at : at + 4000])
    assert time.perf_counter() - started < 20


def test_eight_times_as_many_cited_sentences_take_some_eight_times_as_long() -> None:
    def seconds(sentences: int) -> float:
        raw = "".join(f"It fell here.\n[{number}] " for number in range(sentences))
        started = time.process_time()
        split_sentences(raw)
        return time.process_time() - started

    assert seconds(8_000) < 24 * max(seconds(1_000), 0.01)


# ---- markers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("So [1].", [(1,)]),
        ("So [1, 2].", [(1, 2)]),
        ("So [2;1].", [(1, 2)]),
        ("So [1 and 2].", [(1, 2)]),
        ("So [1-3].", [(1, 2, 3)]),
        ("So [1–3, 7].", [(1, 2, 3, 7)]),
        ("So [1-21].", [tuple(range(1, 22))]),
        ("So [1-22].", [(1, 22)]),
        ("So [1][2] 【3】.", [(1,), (2,), (3,)]),
        ("So [ 1 ].", [(1,)]),
        ("So [1,].", [(1,)]),
        ("So [0].", [(0,)]),
        ("So [5-3].", [(3, 5)]),
        ("So [1-9999].", [(1, 9999)]),
        ("So [1] (2) {3} <4> [x] [] [1a] [2.5].", [(1,)]),
        ("So [[1]].", [(1,)]),
    ],
)
def test_a_marker_names_its_numbers(text: str, numbers: list[tuple[int, ...]]) -> None:
    assert [marker.numbers for marker in find_markers(text)] == numbers


def test_a_number_too_long_to_be_one_resolves_to_nothing() -> None:
    (marker,) = find_markers("So [" + "1" * 5000 + "].")
    assert unresolved([marker], EVIDENCE)


@given(said)
def test_a_marker_lies_where_it_says(raw: str) -> None:
    rest = without_markers(raw)
    kept, last = "", 0
    for marker in find_markers(raw):
        assert raw[marker.start : marker.end] == marker.text
        kept += raw[last : marker.start]
        last = marker.end
        assert rest[: marker.at] == kept
        assert marker.numbers == tuple(sorted(set(marker.numbers)))
    assert kept + raw[last:] == rest


def test_a_marker_outside_the_evidence_is_reported_at_its_place() -> None:
    raw = "It is so [1]. It is not [4]. Perhaps [2, 9]. [0]"
    found = unresolved(find_markers(raw), EVIDENCE)
    assert [marker.marker for marker in found] == ["[4]", "[2, 9]", "[0]"]
    assert all(marker.marker in raw[marker.start : marker.end] for marker in found)


def test_a_marker_of_the_evidence_is_not_reported() -> None:
    assert unresolved(find_markers("[1] [2][3] [1-3] 【2】"), EVIDENCE) == ()


# ---- which sentence a marker belongs to


@pytest.mark.parametrize(
    ("raw", "numbers"),
    [
        ("The dam broke [1]. The river rose [2].", [(1,), (2,)]),
        ("The dam broke. [1] The river rose. [2]", [(1,), (2,)]),
        ("[1] The dam broke. [2] The river rose.", [(1,), (2,)]),
        ("[1] The dam broke. The river rose. [2]", [(1,), (2,)]),
        ("The dam [1] broke [2]. The river rose.", [(1, 2), ()]),
        ("The dam broke [2][1].", [(2, 1)]),
        ("The dam broke. The river rose. [3]", [(), (3,)]),
        ("The dam broke.\n[2]\nThe river rose.", [(2,), ()]),
        ("The dam broke. [2]The river rose.", [(2,), ()]),
        ("1. The dam broke [1]\n2. The river rose [2]", [(1,), (2,)]),
        ("The river rose by 1.2 metres [2]. The dam broke [1].", [(2,), (1,)]),
        ("Mr. Filashkin said so at 4 p.m. on Monday [2]. Then it ended [1].", [(2,), (1,)]),
        ("库拉霍韦被包围。[3] 大坝被毁。[2]", [(3,), (2,)]),
    ],
)
def test_a_marker_belongs_to_its_sentence(raw: str, numbers: list[tuple[int, ...]]) -> None:
    assert [sentence.numbers for sentence in split_sentences(raw)] == numbers


def test_a_sentence_carries_no_marker_and_one_blank_between_words() -> None:
    (sentence,) = split_sentences("The  dam [1]\nwas [2] struck [1].")
    assert sentence.text == "The dam was struck."


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("The dam [1] broke [2]. [1] So", "The dam broke. So"),
        ("The dam [1]broke. [2]The river", "The dam broke. The river"),
        ("The dam [1][2]broke. 【2】[3]The", "The dam broke. The"),
        ("The dam [1] [2] broke", "The dam broke"),
        ("大坝 [1]被毁。[2]河", "大坝 被毁。河"),
        ("The dam [1]", "The dam"),
    ],
)
def test_cutting_a_marker_neither_joins_words_nor_leaves_blanks(raw: str, text: str) -> None:
    assert without_markers(raw) == text


def test_markers_alone_are_no_sentence() -> None:
    assert split_sentences(" [1] [2]\n[3] ") == ()


# ---- attributing


def test_a_sentence_without_a_marker_is_cited_all_the_same() -> None:
    shown = cited("The dam was struck on 11 November 2024.")
    assert [citation.quote for citation in shown.citations] == ["The dam was struck on 11 November 2024."]


def test_a_marker_at_the_wrong_passage_is_corrected() -> None:
    shown = cited("The dam was struck on 11 November 2024 [1].")
    assert [citation.article_id for citation in shown.citations] == ["a2"]


def test_a_marker_decides_between_passages_that_say_the_same() -> None:
    pieces = evidence("The dam was struck.", "The dam was struck.")
    assert [c.article_id for c in cited("The dam was struck [2].", pieces).citations] == ["a2"]
    assert [c.article_id for c in cited("The dam was struck [1].", pieces).citations] == ["a1"]


def test_a_sentence_that_no_passage_holds_is_not_cited() -> None:
    shown = cited("Paris has two million inhabitants [1].")
    assert shown.citations == ()
    assert shown.text == "Paris has two million inhabitants."


def test_a_second_quote_is_cited_when_it_holds_what_the_first_does_not() -> None:
    shown = cited("The dam was struck and the river rose by 1.2 metres.")
    quotes = {citation.quote for citation in shown.citations}
    assert quotes == {"The dam was struck on 11 November 2024.", "The river rose by 1.2 metres."}


def test_no_more_quotes_than_allowed_are_cited() -> None:
    pieces = evidence("Alpha came.", "Bravo came.", "Charlie came.", "Delta came.")
    sentence = Sentence("Alpha Bravo Charlie Delta came.", (), 0)
    assert len(Attributor(FakeVerifier(), most=2).attribute(sentence, pieces).quotes) == 2


def test_a_weak_passage_that_the_model_names_does_not_hide_a_stronger_one() -> None:
    scores = {"weak": 0.30, "strong": 0.38}
    attributor = Attributor(lambda claim, passages: scores[passages[0]], floor=0.35, marker_bonus=0.1)
    found = attributor.attribute(Sentence("claim", (1,), 0), evidence("weak", "strong"))
    assert [quote.text for quote in found.quotes] == ["strong"]
    assert found.support == 0.38


@pytest.mark.parametrize(("floor", "cited_by"), [(0.5, 1), (0.51, 0)])
def test_the_floor_is_the_least_that_is_cited(floor: float, cited_by: int) -> None:
    attributor = Attributor(lambda claim, passages: 0.5, floor=floor)
    assert len(attributor.attribute(Sentence("claim", (), 0), EVIDENCE).quotes) == cited_by


@given(said, st.floats(0, 1), st.integers(1, 4))
def test_support_is_what_the_scorer_says_of_all_quotes_together(raw: str, floor: float, most: int) -> None:
    scorer = FakeVerifier()
    for sentence in split_sentences(raw):
        found = Attributor(scorer, floor=floor, most=most).attribute(sentence, EVIDENCE)
        assert len(found.quotes) <= most
        assert len(set(found.quotes)) == len(found.quotes)
        if found.quotes:
            told = [quote.told(sentence.text) for quote in found.quotes]
            assert found.support == scorer(sentence.text, told) >= floor
        else:
            assert found.support == 0.0


# ---- writing


def test_markers_stand_before_the_final_stop() -> None:
    pieces = evidence("The dam was struck.")
    assert cited("The dam was struck.", pieces).text == "The dam was struck [1]."
    assert cited("The dam was struck…", pieces).text == "The dam was struck [1]…"
    assert cited("The dam was struck", pieces).text == "The dam was struck [1]"
    assert cited("“The dam was struck.”", pieces).text == "“The dam was struck.” [1]"


def test_what_the_title_is_about_need_not_be_said_again_and_is_not_quoted() -> None:
    pieces = evidence_of([hit(article("The repair cost 4 million kroner.", title="Norrland sails again"))])
    said = Sentence("The repair of the Norrland cost 4 million kroner.", (), 0)
    found = Attributor(FakeVerifier(), floor=0.99).attribute(said, pieces)
    assert [quote.text for quote in found.quotes] == ["The repair cost 4 million kroner."]


def test_the_same_quote_keeps_its_number() -> None:
    shown = cited("The dam was struck on 11 November 2024. Surrounded for months. The dam was struck.")
    assert [numbers for _, numbers in shown.sentences] == [(1,), (2,), (1,)]


def test_the_same_stretch_of_an_article_is_one_citation_whichever_passage_showed_it() -> None:
    of = article("The dam was struck. The river rose.")
    pieces = evidence_of([hit(of, 0, 19), hit(of, 0, 35, rank=2)])
    shown = cited("The dam was struck [1]. The dam was struck [2].", pieces)
    assert len(shown.citations) == 1


def test_lines_and_paragraphs_stay_apart_by_no_more_than_an_empty_line() -> None:
    assert cited("One thing.\nAnother thing. A third.\n\n\nA fourth.").text == (
        "One thing.\nAnother thing. A third.\n\nA fourth."
    )


def test_a_citation_tells_what_is_known_of_its_article() -> None:
    (citation,) = cited("The dam was struck on 11 November 2024.").citations
    of = EVIDENCE[1].hit.article
    assert (citation.title, citation.source, citation.url) == (of.title, of.source, of.url)
    assert (citation.published, citation.published_from) == (of.published, of.published_from)
    assert citation.chunk_id == EVIDENCE[1].hit.chunk.id


def test_a_quote_is_cut_at_its_offsets_in_the_article() -> None:
    of = article("A heading\n\n🙂 The dam was struck. The river rose.")
    start = of.text.index("The dam")
    (citation,) = cited("The dam was struck.", evidence_of([hit(of, start - 2)])).citations
    assert of.text[citation.start : citation.end] == citation.quote
    assert "The dam was struck." in citation.quote


# ---- streaming


def streamed(pieces: list[str]) -> str:
    stream = MarkerFilter()
    return "".join(map(stream.feed, pieces)) + stream.flush()


@st.composite
def cut_texts(draw: st.DrawFn) -> list[str]:
    text = draw(said)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(cut_texts())
def test_however_a_stream_is_divided_its_markers_are_cut(pieces: list[str]) -> None:
    assert streamed(pieces) == without_markers("".join(pieces))


@pytest.mark.parametrize("raw", [text for text in BATTERY if len(text) < 12_000], ids=lambda raw: ascii(raw[:30]))
def test_a_stream_of_single_characters_loses_its_markers(raw: str) -> None:
    assert streamed(list(raw)) == without_markers(raw)


def test_text_is_shown_as_soon_as_it_cannot_be_a_marker() -> None:
    stream = MarkerFilter()
    assert stream.feed("So it") == "So it"
    assert stream.feed(" is ") == " is"
    assert stream.feed("[") == ""
    assert stream.feed("1") == ""
    assert stream.feed("]") == ""
    assert stream.feed(" and [no") == " and [no"
    assert stream.feed("te] end") == "te] end"
    assert stream.flush() == ""


def test_a_stream_shows_no_empty_pieces() -> None:
    assert list(filtered(iter(["So", " ", "[1", "]", "."]))) == ["So", "."]
    assert list(filtered(iter(["So", " ", "[1]", "it"]))) == ["So", " it"]
    assert list(filtered(iter(["So", " [1]"]))) == ["So"]
    assert list(filtered(iter(["So", " "]))) == ["So", " "]


@pytest.mark.parametrize(
    ("raw", "cut_off", "shown"),
    [
        ("The dam broke [1]. The river rose and", True, ["The dam broke."]),
        ("The dam broke [1]. The river rose and", False, ["The dam broke.", "The river rose and"]),
        ("The dam broke [1]. The river rose.", True, ["The dam broke.", "The river rose."]),
        ("The river rose and", True, ["The river rose and"]),
    ],
)
def test_an_answer_cut_off_for_its_length_ends_with_a_whole_sentence(raw: str, cut_off: bool, shown: list[str]) -> None:
    assert [sentence.text for sentence in whole_sentences(raw, cut_off)] == shown


def test_a_sentence_said_again_is_shown_once_with_every_number_it_was_given() -> None:
    said = whole_sentences("Yes, it fell [1]. The river rose. yes, it fell [2][1].\nYes, it fell.", cut_off=False)
    assert [(one.text, one.numbers) for one in said] == [("Yes, it fell.", (1, 2)), ("The river rose.", ())]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("The dam broke. [1], [2], [3]", "The dam broke."),
        ("The dam broke [1], [2].", "The dam broke."),
        ("The dam broke [1], [2], and the river rose [3].", "The dam broke, and the river rose."),
        ("One, two; three.", "One, two; three."),
    ],
)
def test_commas_between_markers_go_with_the_markers(raw: str, text: str) -> None:
    assert [sentence.text for sentence in split_sentences(raw)] == [text]
