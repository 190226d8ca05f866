"""What a question wants is told by how it is asked."""

from __future__ import annotations

import pytest

from assistant.kinds import asks_for_overview, asks_whether


@pytest.mark.parametrize(
    ("question", "overview"),
    [
        ("What is the situation in Kurakhove?", True),
        ("What is happening in Kursk?", True),
        ("Summarise the latest developments.", True),
        ("Who confirmed that North Korean units were there?", False),
        ("When was the dam struck?", False),
    ],
)
def test_a_question_of_how_things_stand_is_told_from_one_of_fact(question: str, overview: bool) -> None:
    assert asks_for_overview(question) is overview


@pytest.mark.parametrize(
    "question",
    [
        "Has Pokrovsk fallen?",
        "is the bridge open",
        "And does Ukraine still hold Vuhledar?",
        "But, didn't the army say so?",
        "Isn’t the mine closed?",
        "  Were any houses flooded after the dam was damaged?",
        "Can Russia still send gas to Hungary?",
        "Is it open or not?",
    ],
)
def test_a_question_for_a_yes_or_no_is_known(question: str) -> None:
    assert asks_whether(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who is the mayor?",
        "When did the dam break?",
        "Is the harbour on the north or the south island?",
        "Can you tell me who took the town?",
        "Do you know when the song was released?",
        "Could anyone list the towns?",
        "Is there any news of the dam?",
        "Has",
        "Island life?",
        "Willingly?",
        "Ist die Brücke offen?",
        "",
    ],
)
def test_any_other_question_is_none(question: str) -> None:
    assert not asks_whether(question)
