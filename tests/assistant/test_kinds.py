"""What a question wants is told by how it is asked."""

from __future__ import annotations

import pytest

from assistant.kinds import asks_for_overview, asks_how_many, asks_when, asks_whether


@pytest.mark.parametrize(
    ("question", "overview"),
    [
        ("What is the situation in Kurakhove?", True),
        ("What is happening in Kursk?", True),
        ("Summarise the latest developments.", True),
        ("How is the fighting at Kupiansk going at present?", True),
        ("How are the talks progressing?", True),
        ("How do things stand in Toretsk?", True),
        ("How is the bridge going to be repaired?", False),
        ("Who is credited with the development of packet switching?", False),
        ("Is there a situation where the address cannot be discovered?", False),
        ("How are you? The going rate is what?", False),
        ("What's the latest?", True),
        ("What is the latest on Toretsk?", True),
        ("What are the latest developments?", True),
        ("News on the talks?", True),
        ("Is there any news from Kyiv?", True),
        ("Give me a summary of the talks.", True),
        ("How many people died in the latest attack?", False),
        ("What is the latest version of Python?", False),
        ("When was Fox News founded?", False),
        ("Which news agency reported the strike?", False),
        ("What did he say at the news conference?", False),
        ("What is a summary judgment?", False),
        ("Who was summarily dismissed?", False),
        ("Who confirmed that North Korean units were there?", False),
        ("When was the dam struck?", False),
    ],
)
def test_a_question_of_how_things_stand_is_told_from_one_of_fact(question: str, overview: bool) -> None:
    assert asks_for_overview(question) is overview


@pytest.mark.parametrize(
    ("question", "when"),
    [
        ("When did the dam break?", True),
        ("And since when has it been shut?", True),
        ("Do you know when the song was released?", True),
        ("In which year was the bridge built?", True),
        ("How long ago did it open?", True),
        ("Who was in charge when the dam broke?", False),
        ("How long is the bridge?", False),
        ("Whenever?", False),
    ],
)
def test_a_question_for_a_time_is_known(question: str, when: bool) -> None:
    assert asks_when(question) is when


@pytest.mark.parametrize(
    ("question", "how_many"),
    [
        ("How many people remained in Pokrovsk?", True),
        ("And how close were the troops?", True),
        ("How much of the Kursk region does Ukraine hold?", True),
        ("How much coal does the mine produce?", True),
        ("How much did the repair cost?", True),
        ("How long is the bridge?", True),
        ("What share of the votes did it get?", True),
        ("How long ago did it open?", False),
        ("How did the dam break?", False),
        ("How important is the town?", False),
        ("Who knows how to repair it?", False),
    ],
)
def test_a_question_for_a_number_is_known(question: str, how_many: bool) -> None:
    assert asks_how_many(question) is how_many


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
