"""Sentences: exact spans on any text, and line breaks read as a person reads them."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.sentences import heading_text, sentence_spans, sentences


def cut(text: str, language: str | None = None) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


def headings(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in sentences(text) if sentence.heading]


FRAGMENTS = st.sampled_from(
    [
        *(
            "a",
            "Bc",
            "the",
            "Kyiv",
            " ",
            ". ",
            "\n",
            "\n\n",
            " \n \n",
            "\r\n",
            "# ",
            "- ",
            "1. ",
            ", ",
            "U.S. ",
            "e.g. ",
        ),
        *("[1]", "”", "“", '"', "(", ")", "…", "?", "!", "。", "一", "\u0301", "\u200d", "😀", "مرحبا", "।", "\u2028"),
        *("\x00", "\x1c", "\x85", "\ud800", "\udfff", "\ufeff", "\u202e", "---", "===", "|", "> ", "http://x.y/z.html"),
    ]
)
ANY_TEXT = st.one_of(
    st.text(alphabet=st.characters(), max_size=200),
    st.lists(FRAGMENTS, max_size=60).map("".join),
)
LANGUAGES = st.sampled_from([None, "", "en", "en-US", "de", "uk", "zh", "ja", "hi", "am", "xx", "no language at all"])


@given(ANY_TEXT, LANGUAGES)
@example(".\n. \n.", "en")
@example("1.", None)
@settings(max_examples=400)
def test_spans_are_ordered_apart_trimmed_and_cover_every_character_that_is_not_space(
    text: str, language: str | None
) -> None:
    reached = 0
    for start, end in sentence_spans(text, language):
        assert reached <= start < end <= len(text)
        assert not text[reached:start].strip()
        assert text[start:end] == text[start:end].strip()
        reached = end
    assert not text[reached:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith went to the U.S. in 1.5 days.",
        "Gen. Oleksandr Syrskyi and Lt. Col. Smith met Sen. Graham on Nov. 12, 2024.",
        "U.S. President Joe Biden spoke of 3.5 per cent.",
        "At 5 p.m. the guns fell silent.",
        "They paid $1.5m. in Jan. 2024.",
        "It lies approx. five miles from there.",
        "J. K. Rowling and John F. Kennedy never met.",
        '"Is it so?" he said.',
        "1. First of all",
    ],
)
def test_abbreviations_initials_and_decimals_end_no_sentence(text: str) -> None:
    assert cut(text) == [text]


def test_a_quotation_keeps_its_closing_mark() -> None:
    text = "“They are reinforcing those gains.” Barros emphasized it. “It’s not just them,” he said."
    assert cut(text) == [
        "“They are reinforcing those gains.”",
        "Barros emphasized it.",
        "“It’s not just them,” he said.",
    ]


def test_a_citation_marker_after_the_full_stop_stays_with_its_sentence() -> None:
    assert cut("It fell.[1] It held. [2] Third [3]. Fourth.") == [
        "It fell.[1]",
        "It held. [2]",
        "Third [3].",
        "Fourth.",
    ]


def test_punctuation_alone_is_no_sentence() -> None:
    assert cut("They won gold. . In it they won again.") == ["They won gold. .", "In it they won again."]


def test_a_hard_wrapped_paragraph_is_cut_at_full_stops_only() -> None:
    text = (
        "The situation is particularly dire around Kupiansk, a city that\n"
        "Ukrainian forces liberated in September 2022. Russian troops have\n"
        "Reached its outskirts in a week and threaten to sever supply lines.\n"
        "The end."
    )
    assert [" ".join(sentence.split()) for sentence in cut(text)] == [
        "The situation is particularly dire around Kupiansk, a city that Ukrainian forces liberated in September 2022.",
        "Russian troops have Reached its outskirts in a week and threaten to sever supply lines.",
        "The end.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The president of\nUkraine said so.",
        "He arrived late,\nTired and hungry.",
        "he went home\nand slept.",
        "An army of fifty-\nThousand men.",
        "He was met at the station in the middle of the night by President\nJ. Smith of Ohio and by all his men.",
        "It says so at the very end of a long and winding chapter, on page\n12. Nobody reads as far as that.",
    ],
)
def test_a_line_that_ends_within_its_sentence_is_not_cut_there(text: str) -> None:
    assert "\n" in cut(text)[0]


def test_a_heading_line_is_cut_off_without_a_full_stop() -> None:
    paragraph = (
        "Kupiansk’s strategic importance cannot be overstated, for two roads meet there and the river is near. " * 3
    )
    text = f"The front remains vigilant.\nThe Battle for Kupiansk\n{paragraph}\n"
    assert "The Battle for Kupiansk" in cut(text)
    assert headings(text) == ["The Battle for Kupiansk"]


def test_a_caption_line_does_not_run_into_the_paragraph_below() -> None:
    paragraph = "(The Post News)- Russia’s campaign has reached a critical juncture along the eastern frontlines. " * 3
    assert cut(f"Troops mobilize in the east. Diego Fedele/Getty Images\n{paragraph}")[:2] == [
        "Troops mobilize in the east.",
        "Diego Fedele/Getty Images",
    ]


def test_list_items_are_sentences_and_keep_their_continuation_lines() -> None:
    assert cut("- one thing\n- two things\n  and more\n1. First\n2. Second. And on.") == [
        "- one thing",
        "- two things\n  and more",
        "1. First",
        "2. Second.",
        "And on.",
    ]


def test_markdown_headings_rules_and_underlines_stand_alone() -> None:
    text = "Title\n=====\nBody here.\n## Part 2. The U.S. view\nmore\n\n---\nend"
    assert cut(text) == ["Title\n=====", "Body here.", "## Part 2. The U.S. view", "more", "---", "end"]
    assert headings(text) == ["Title\n=====", "## Part 2. The U.S. view"]


def test_a_run_of_short_lines_is_no_run_of_headings() -> None:
    poem = (
        "Roses Are Red\nViolets Are Blue\nSugar Is Sweet\nAnd So Are You\n\nThe poem ends here, and prose begins again."
    )
    assert headings(poem) == []


@pytest.mark.parametrize("line", ["It ended.", "Really?", "no capital", "- Item", "2024", "Word " * 13, "“" + "x" * 90])
def test_what_is_no_heading(line: str) -> None:
    assert headings(f"{line}\n\nA paragraph follows it here.") == []


def test_the_last_line_is_no_heading_of_anything() -> None:
    assert headings("A paragraph comes first.\n\nThe End") == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("## Pokrovsk ##", "Pokrovsk"),
        ("**Pokrovsk**", "Pokrovsk"),
        ("Pokrovsk\n====", "Pokrovsk"),
        ("The  C#  language", "The C# language"),
        ("# dam [![Built](https://a.example/b.svg?c=d)](https://a.example) ![x](y)", "dam"),
        ("## The [guide](http://a.example/b) to `sync` & *more* <b>of it</b>", "The guide to sync & more of it"),
        (
            "### snake_case_names, 2 * 3 * 4, vector<int> and [1.2.3]",
            "snake_case_names, 2 * 3 * 4, vector<int> and [1.2.3]",
        ),
        ("", ""),
    ],
)
def test_a_heading_is_shown_without_its_marks(line: str, shown: str) -> None:
    assert heading_text(line) == shown


def test_windows_line_ends_and_lone_surrogates_keep_their_offsets() -> None:
    assert cut("Title Here\r\n\r\nIt held.\r\nIt fell.") == ["Title Here", "It held.", "It fell."]
    assert cut("\ud800 is broken. It goes on 😀. Yes.") == ["\ud800 is broken.", "It goes on 😀.", "Yes."]


def test_a_sentence_longer_than_the_splitters_window_loses_nothing() -> None:
    text = "Before it. " + "word " * 50_000 + "end. After it."
    pieces = cut(text)
    assert pieces[0] == "Before it."
    assert pieces[-1] == "After it."
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_window_never_cuts_a_sentence_that_fits_into_it() -> None:
    sentence = "The quick brown fox jumps over the lazy dog near the river bank."
    assert set(cut(f"{sentence} " * 5_000)) == {sentence}


@pytest.mark.parametrize(
    "unit", [". ", "- a b\n", "a\n", " \n", "(a. ", "word ", "x", "A. B. ", "1. ", "Title\n\n", '"', "e.g. ", "\n---\n"]
)
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    seconds(unit, 1_000)
    # Eight times the text; quadratic behaviour would take 64 times as long. The floor is for the clock's noise.
    assert min(seconds(unit, 320_000), seconds(unit, 320_000)) < 30 * max(seconds(unit, 40_000), 0.01)


@pytest.mark.parametrize("unit", ["`", "“", "“a"])
def test_marks_that_open_and_never_close_take_no_square_time(unit: str) -> None:
    """The splitter does take it, so it must not be handed all of such a text at once."""
    assert min(seconds(unit, 100_000), seconds(unit, 100_000)) < 30 * max(seconds(unit, 12_500), 0.01)


def seconds(unit: str, characters: int) -> float:
    text = unit * (characters // len(unit))
    begun = time.perf_counter()
    sentence_spans(text)
    return time.perf_counter() - begun
