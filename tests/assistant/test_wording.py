"""Words, numbers and names of a text, whatever way they are written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.irregular import PLAIN
from assistant.wording import content_words, fold, is_readable, names, numbers, share, stem, words

texts = st.text(max_size=80)
bags = st.frozensets(st.sampled_from("abcdefgh"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The dam was struck.", ["the", "dam", "was", "struck"]),
        ("Ukraine’s troops, Ukraine's front", ["ukraine", "troops", "ukraine", "front"]),
        ("well-known U.S. generals", ["well", "known", "us", "generals"]),
        ("it rose 1.2 metres", ["it", "rose", "1.2", "metres"]),
        ("Été à Nîmes", ["ete", "a", "nimes"]),
        ("ﬁnal ＫＹＩＶ", ["final", "kyiv"]),
        ("snake_case", ["snake", "case"]),
        ("库拉霍韦 被包围", ["库拉霍韦", "被包围"]),
        ("Курахове", ["курахове"]),
        ("… — !!! 🙂", []),
        ("", []),
    ],
)
def test_words_are_folded_in_their_order(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("surrounded", "surrounding"),
        ("Kurakhove", "KURAKHOVE"),
        ("three brigades", "3 brigade"),
        ("the dam", "dams"),
        ("Zelensky’s", "zelensky"),
        ("withdrawn", "withdraws"),
        ("they held", "holding"),
        ("It began", "begins"),
        ("two men", "2 man"),
        ("Nîmes", "Nimes"),
        ("the U.S. troops", "US troops"),
        ("a US-led force", "led by a force of the U.S."),
    ],
)
def test_content_words_of_one_meaning_are_one(one: str, other: str) -> None:
    assert content_words(one) == content_words(other) != frozenset()


def test_no_plain_form_is_another_words_irregular_one() -> None:
    assert PLAIN.keys().isdisjoint(PLAIN.values())
    assert all(stem(form) == stem(plain) for form, plain in PLAIN.items())


@pytest.mark.parametrize(
    ("text", "content", "named"),
    [
        ("What did the US do?", {"us"}, {"us"}),
        ("What did the WHO and IT firms want?", {"who", "it", "firm", "want"}, {"who", "it"}),
        ("Who told us about it?", set(), set()),
        ("WHO HAS LEFT US?", {"leav"}, {"leav"}),
    ],
)
def test_an_acronym_is_no_function_word(text: str, content: set[str], named: set[str]) -> None:
    assert content_words(text) == content
    assert names(text) == named


def test_function_words_are_no_content() -> None:
    assert content_words("What is it, and who has said that they were there?") == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,500 men", {"1500"}),
        ("1500 men", {"1500"}),
        ("1.2 metres, 12:30, 11/2024", {"1.2", "12", "30", "11", "2024"}),
        ("two of 1,234,567", {"2", "1234567"}),
        ("Twenty", {"20"}),
        ("B2 and 2B", {"2"}),
        ("none", set()),
    ],
)
def test_numbers_are_compared_without_their_separators(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who is Volodymyr Zelensky?", {"volodymyr", "zelenski"}),
        ("Where was it?", set()),
        ("Kurakhove fell", set()),
        ("NATO said so", {"nato"}),
        ("The town of Velyka Novosilka", {"velyka", "novosilka"}),
        ("I think", set()),
        ("in London and The Hague", {"london", "hagu"}),
        ("库拉霍韦", set()),
    ],
)
def test_names_are_what_is_written_with_a_capital_inside_a_text(text: str, expected: set[str]) -> None:
    assert names(text) == expected


@given(texts)
def test_case_and_accents_change_no_content(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert content_words(fold(text)) == content_words(text)


@given(texts, texts)
def test_two_texts_together_hold_the_content_of_both(one: str, other: str) -> None:
    together = f"{one}\n{other}"
    assert content_words(together) == content_words(one) | content_words(other)
    assert numbers(together) == numbers(one) | numbers(other)
    assert names(one) <= names(together)


@given(bags, bags)
def test_a_share_is_between_nothing_and_all(part: frozenset[str], whole: frozenset[str]) -> None:
    found = share(part, whole)
    assert 0.0 <= found <= 1.0
    assert (found == 1.0) == (part <= whole)
    assert part == frozenset() or (found == 0.0) == part.isdisjoint(whole)


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads that take turns at every opportunity."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_threads_that_stem_at_once_do_not_mix_up_their_words() -> None:
    # A stemmer holds the word it works on in itself; shared, a pure Python one returned other threads' stems.
    endings = ("ing", "ations", "ed", "ers", "ness", "fulness", "izations")
    told = [f"{root}{ending}" for root in "run nation surround surrender oper attack".split() for ending in endings]
    expected = [stem.__wrapped__(word) for word in told]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: [stem.__wrapped__(word) for word in told * 5], range(8)):
            assert found == expected * 5


@pytest.mark.parametrize("title", ["The flood", "Title 9", "库拉霍夫水库", "Überblick", "G20: what was agreed"])
def test_a_title_with_a_word_can_be_asked_about(title: str) -> None:
    assert is_readable(title)


@pytest.mark.parametrize("title", ["", "000_8d37b668b747c460", "2024-11-20", "scan0012", "8.1.2"])
def test_a_number_or_a_digest_cannot(title: str) -> None:
    assert not is_readable(title)
