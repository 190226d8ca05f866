"""Only what trails is cut, and only where the rest still says what it said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.repairing import shorter


@pytest.mark.parametrize(
    ("sentence", "heads"),
    [
        ("The dam of Kurakhove was struck, and the river rose.", ("The dam of Kurakhove was struck.",)),
        ("The dam was struck by missiles, which broke the gate.", ("The dam was struck by missiles.",)),
        ("The dam was struck by missiles after the talks failed!", ("The dam was struck by missiles!",)),
        ("The dam was struck by missiles; the river rose", ("The dam was struck by missiles.",)),
        (
            "The dam was struck by missiles and broke after the talks failed.",
            ("The dam was struck by missiles and broke.", "The dam was struck by missiles."),
        ),
    ],
)
def test_a_trailing_clause_can_be_left_out(sentence: str, heads: tuple[str, ...]) -> None:
    assert shorter(sentence) == heads


@pytest.mark.parametrize(
    "sentence",
    [
        "The dam was struck by missiles, but Russia denies it.",
        "The dam was struck by missiles, unless the report is wrong.",
        "President Volodymyr Zelensky, who leads Ukraine, said so.",
        "The old dam of Kurakhove and the new bridge were struck.",
        "He struck, and the river rose.",
        "“The dam was struck by missiles, and the river rose,” he said.",
        "The dam was struck.",
        "",
        "…",
        "大坝被毁，河水上涨。",
    ],
)
def test_where_the_rest_would_not_stand_nothing_is_cut(sentence: str) -> None:
    assert shorter(sentence) == ()


@given(st.text(st.sampled_from('the dam was struck, and ;after "“”().…'), max_size=80))
def test_what_is_left_begins_the_sentence(sentence: str) -> None:
    for head in shorter(sentence):
        assert sentence.startswith(head.rstrip(".!?…"))
        assert len(head) <= len(sentence) + 1
