"""A question that stands alone is left alone; a rewriting that changes what was asked is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation import LAST_TURNS, clarifying, keeps_to, leans, standing_alone, unclear
from assistant.types import Turn

HISTORY = (
    Turn("user", "Who leads the Kurakhove garrison?"),
    Turn("assistant", "Colonel Petro Kravchenko leads it since 12 November [1]."),
)


class Rewriting:
    """A rewriter that says `text` and notes what it was asked."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.asked: list[tuple[str, Sequence[Turn]]] = []

    def __call__(self, message: str, history: Sequence[Turn]) -> str:
        self.asked.append((message, history))
        return self.text


# ---- the same question of something else


@pytest.mark.parametrize(
    ("asked", "message", "query"),
    [
        ("What is the situation in Kurakhove?", "And in Pokrovsk?", "What is the situation in Pokrovsk?"),
        ("What is the situation in Kurakhove?", "What about the Kursk region?", ""),
        (
            "What is the situation in Kurakhove?",
            "what about Velyka Novosilka",
            "What is the situation in Velyka Novosilka?",
        ),
        ("Who is Pokrovsk's mayor?", "And Kupiansk?", "Who is Kupiansk's mayor?"),
        ("What did Zelensky say in Kyiv?", "And in Paris?", "What did Zelensky say in Paris?"),
        ("What did Zelensky say about Kursk?", "And Syrskyi?", ""),
        (
            "What happened in Toretsk in November 2024?",
            "And in Kupiansk?",
            "What happened in Kupiansk in November 2024?",
        ),
        ("What is the situation in Kurakhove?", "And in December?", ""),
        ("Is Sudzha held by Russia?", "And Vuhledar?", ""),
        ("What is the situation in Kurakhove?", "And what about last week?", ""),
        ("What is the situation there?", "And in Pokrovsk?", ""),
        ("How far is Pokrovsk from Kurakhove?", "And from Dnipro?", "How far is Pokrovsk from Dnipro?"),
        ("What is the situation in Kurakhove?", "And Toretsk?", "What is the situation in Toretsk?"),
        ("What is the situation in Kurakhove?", "And the Donbas?", "What is the situation in the Donbas?"),
        ("What is the situation in the Donbas?", "And in Sumy?", "What is the situation in Sumy?"),
        ("What is the situation in Kurakhove?", "And President Zelensky?", ""),
        ("What is the situation in Kurakhove?", "AND IN TORETSK?", ""),
        ("What is the situation in Kurakhove?", "And In Toretsk?", ""),
        ("WHAT IS THE SITUATION IN KURAKHOVE?", "And Toretsk?", ""),
        ("What Is The Situation In Kurakhove?", "And Toretsk?", ""),
        ("When did Kurakhove fall?", "And Why?", ""),
        ("When did Kurakhove fall?", "But Then?", ""),
        ("Who is the CEO of Apple?", "And Microsoft?", "Who is the CEO of Microsoft?"),
        ("Who is the CEO of Apple?", "And of Microsoft?", "Who is the CEO of Microsoft?"),
        ("What is the GDP of Germany?", "And France?", "What is the GDP of France?"),
        ("What is the GDP of Germany?", "And the US?", "What is the GDP of the US?"),
        ("Who leads the Bank of England?", "And the Senate?", ""),
        ("Who leads the Bank of England?", "And of Japan?", "Who leads the Bank of Japan?"),
        ("How many people use the iPhone?", "And Android?", "How many people use Android?"),
        ("How much does the iPad cost?", "And the MacBook?", "How much does the MacBook cost?"),
        ("How many people use the iPhone in Germany?", "And Android?", ""),
        ("Is eBay growing?", "And Amazon?", "Is Amazon growing?"),
        ("What is the role of mRNA in vaccines?", "And DNA?", "What is the role of DNA in vaccines?"),
        ("Where was Conan O'Brien born?", "And Jay Leno?", "Where was Jay Leno born?"),
        ("What is the population of St. Petersburg?", "And of Moscow?", "What is the population of Moscow?"),
        ("What is the population of Moscow?", "And of St. Petersburg?", "What is the population of St. Petersburg?"),
        ("What are the U.S. tariffs?", "And China?", "What are the China tariffs?"),
        ("What happened in Bosnia and Herzegovina?", "And in Serbia?", ""),
        ("What happened in Paris, Texas?", "And in Berlin?", ""),
    ],
)
def test_the_same_of_another_name_is_asked_without_a_model(asked: str, message: str, query: str) -> None:
    history = (Turn("user", asked), Turn("assistant", "It is told here [1]."))
    rewrite = Rewriting()
    assert standing_alone(message, history, rewrite) == (query or f"{asked} {message}")
    assert bool(rewrite.asked) is not bool(query)


def test_a_person_known_by_a_title_does_not_take_the_place_of_a_town() -> None:
    asked = "What is the situation in Kurakhove?"
    history = (Turn("user", asked), Turn("assistant", "President Volodymyr Zelensky said it is difficult [1]."))
    assert standing_alone("And Zelensky?", history, Rewriting()) == f"{asked} And Zelensky?"
    assert standing_alone("And Toretsk?", history, Rewriting()) == "What is the situation in Toretsk?"


def test_another_name_after_another_goes_back_to_the_question_that_stood_alone() -> None:
    turns = ("What is the situation in Kurakhove?", "And in Pokrovsk?", "And in Toretsk?")
    history = [Turn(role, text) for asked in turns for role, text in (("user", asked), ("assistant", "So [1]."))]
    assert standing_alone("And in Vuhledar?", history, Rewriting()) == "What is the situation in Vuhledar?"
    history[2] = Turn("user", "Why is that?")
    assert standing_alone("And in Vuhledar?", history[:4], Rewriting()).endswith("And in Vuhledar?")


# ---- which questions lean on the conversation


@pytest.mark.parametrize(
    "message",
    [
        "Where is he now?",
        "Why?",
        "And the dam?",
        "What about Pokrovsk?",
        "how about the roads there",
        "But who said so?",
        "What did they say about this?",
        "Is it still held?",
        "What does the old mayor think of it?",
        "How many people were living in the town then?",
        "How many?",
        "Who leads the garrison?",
        "Pokrovsk?",
        "the same for Kupiansk",
        "Since when?",
        "In 2023?",
        "Which one?",
        "tell me more",
        "Compare it with Kursk",
        "What about last week?",
        "Und in Pokrowsk?",
        "Et à Pokrovsk ?",
        "¿Y en Pokrovsk?",
        "А в Покровске?",
        "Wer sagt das?",
        "Pourquoi ?",
    ],
)
def test_a_message_that_needs_the_conversation_is_rewritten(message: str) -> None:
    assert leans(message, HISTORY)


@pytest.mark.parametrize(
    "message",
    [
        "What is the situation in Kurakhove?",
        "Who is Volodymyr Zelensky?",
        "What happened to the dam in November 2024?",
        "When did Russia take its positions near Pokrovsk?",
        "How many residents are left in the besieged town?",
        "Describe the supply roads of the garrison",
        "Who leads the besieged garrison?",
        "How much will the second rail line cost and when will it open?",
        "How many stops does the second line have on its route?",
    ],
)
def test_a_message_that_stands_alone_is_left_untouched(message: str) -> None:
    rewrite = Rewriting("Something else about Paris?")
    assert standing_alone(message, HISTORY, rewrite) == message
    assert rewrite.asked == []


@given(st.text())
def test_without_a_conversation_nothing_is_rewritten(message: str) -> None:
    rewrite = Rewriting("Something else?")
    assert standing_alone(message, (), rewrite) == message
    assert rewrite.asked == []


# ---- what becomes of a rewriting


def test_a_faithful_rewriting_is_searched_for() -> None:
    rewrite = Rewriting(' "Where is Colonel Petro\n Kravchenko now?" ')
    assert standing_alone("Where is he now?", HISTORY, rewrite) == "Where is Colonel Petro Kravchenko now?"


@pytest.mark.parametrize(
    "rewriting",
    [
        "Where is General Ivan Horbenko now?",
        "Where is Petro Kravchenko since 13 November?",
        "Where is Petro Kravchenko of Bakhmut?",
        "",
        "  \n ",
        '""',
    ],
)
def test_a_rewriting_that_invents_or_says_nothing_is_refused(rewriting: str) -> None:
    query = standing_alone("Where is he now?", HISTORY, Rewriting(rewriting))
    assert query == "Who leads the Kurakhove garrison? Where is he now?"


@pytest.mark.parametrize("rewriting", ["Who holds the town?", "What about Bakhmut in 2023?", "What about 2024?"])
def test_a_rewriting_that_loses_a_name_or_a_number_is_refused(rewriting: str) -> None:
    message = "What about Pokrovsk in 2024?"
    assert standing_alone(message, HISTORY, Rewriting(rewriting)) == f"{HISTORY[0].text} {message}"


def test_a_name_may_be_taken_from_the_answers_too() -> None:
    assert keeps_to("Is Kurakhove where Kravchenko is?", "Is he there?", HISTORY)
    assert keeps_to("Was it on 12 November?", "Was it then?", HISTORY)


def test_a_rewriting_may_write_a_name_otherwise() -> None:
    assert keeps_to("When did KURAKHOVE's garrison leave?", "When did Kurakhove’s leave?", HISTORY)


def test_only_the_last_turns_are_told() -> None:
    history = tuple(Turn("user", f"Question {n}?") for n in range(10))
    rewrite = Rewriting()
    standing_alone("Why?", history, rewrite)
    assert rewrite.asked == [("Why?", history[-LAST_TURNS:])]


def test_a_conversation_without_a_question_leaves_the_message() -> None:
    assert standing_alone("Why?", (Turn("assistant", "Hello."),), Rewriting()) == "Why?"


turns = st.lists(st.builds(Turn, st.sampled_from(["user", "assistant"]), st.text(max_size=40)), max_size=6)
messages = st.one_of(st.text(max_size=40), st.sampled_from(["Why?", "And he?", "What about Kyiv in 2024?"]))


@given(messages, turns, st.text(max_size=60))
def test_a_query_is_the_message_a_rewriting_that_keeps_to_it_or_the_message_after_the_last_question(
    message: str, history: list[Turn], rewriting: str
) -> None:
    query = standing_alone(message, history, Rewriting(rewriting))
    recent = history[-LAST_TURNS:]
    last = next((turn.text for turn in reversed(recent) if turn.role == "user"), "")
    assert query in (message, f"{last} {message}".strip()) or keeps_to(query, message, recent)


@given(messages, turns)
def test_the_message_itself_keeps_to_itself(message: str, history: list[Turn]) -> None:
    assert keeps_to(message, message, history)


@pytest.mark.parametrize(
    ("message", "pointing"),
    [
        ("How much does it cost?", "it"),
        ("Why did they leave?", "they"),
        ("What does this library offer?", "this library"),
        ("When did this happen?", "this"),
        ("Is these particular funds' return good?", "these particular funds"),
    ],
)
def test_a_question_that_points_at_nothing_named_is_asked_back(message: str, pointing: str) -> None:
    assert unclear(message, ()) == pointing
    assert pointing in clarifying(pointing) and clarifying(pointing).count("?") == 1


@pytest.mark.parametrize(
    "message",
    [
        "What is the situation in Kurakhove?",
        "Why did Zelensky say it?",
        "Is it true that the dam broke?",
        "How long does it take?",
        "What happened this week?",
        "Who is Rosaline and how is she related to the Capulets?",
        "what are nox and where do they come from",
        "When was the dam damaged?",
        "",
    ],
)
def test_a_question_that_names_what_it_is_about_is_not_asked_back(message: str) -> None:
    assert unclear(message, ()) is None


def test_what_the_conversation_has_named_needs_no_asking_back() -> None:
    told = (Turn("user", "Tell me about the library in Turku."), Turn("assistant", "It opened in 2007."))
    assert unclear("What does this library offer?", told) is None
    assert unclear("How much does it cost?", told) is None
    assert unclear("What does this museum offer?", told) == "this museum"


@given(st.text(), st.lists(st.text().map(lambda text: Turn("user", text)), max_size=3))
def test_any_message_is_clear_or_says_what_is_not(message: str, history: list[Turn]) -> None:
    pointing = unclear(message, history)
    assert pointing is None or pointing in message


@pytest.mark.parametrize("message", ["Thanks!", "ok", "yes"])
def test_a_courtesy_is_not_rewritten(message: str) -> None:
    assert not leans(message, HISTORY)


@pytest.mark.parametrize(
    "message", ["when?", "Why?", "who said that?", "And in Pokrovsk?", "And?", "How many?", "And Why?"]
)
def test_a_fragment_with_nothing_before_it_is_asked_back(message: str) -> None:
    assert unclear(message, ()) == message.strip("?")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "?",
        "Pokrovsk",
        "And who leads the garrison of Pokrovsk?",
        "Warum?",
        "What did May say?",
        "How is the US doing?",
    ],
)
def test_what_may_be_searched_for_is_not_asked_back(message: str) -> None:
    assert unclear(message, ()) is None
