"""Each measure falls where a claim goes beyond its passage in its own way, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.comparing import MEASURES, in_its_article, measured, read

PASSAGE = "The dam of Kurakhove was struck by five missiles on 11 November 2024, Vadym Filashkin wrote."


def test_a_claim_in_the_passages_words_has_nothing_amiss() -> None:
    assert set(measured(PASSAGE, [PASSAGE]).values()) == {1.0}


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("covered", "The bridge of Kurakhove was struck."),
        ("best", "The bridge of Kurakhove was struck."),
        ("complete", "The dam was struck at dawn by drones."),
        ("unbroken", "The dam was struck at dawn by drones."),
        ("order", "Missiles struck the dam of Kurakhove."),
        ("numbers", "The dam was struck on 12 November."),
        ("units", "The dam was struck by five drones."),
        ("dates", "The dam was struck on 11 October."),
        ("names", "The dam of Pokrovsk was struck."),
        ("same_names", "The dam was struck, Skibitsky wrote."),
        ("same_polarity", "The dam of Kurakhove was not struck."),
        ("unexaggerated", "The whole dam of Kurakhove was struck."),
    ],
)
def test_a_measure_falls_where_the_claim_goes_beyond_the_passage(name: str, claim: str) -> None:
    assert measured(claim, [PASSAGE])[name] < 1.0


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The prices fell in May.", "The prices rose in May."),
        ("Lind lost the final.", "Lind won the final."),
        ("It is a Russian film.", "It is a Ukrainian film."),
        ("The museum sold the map.", "The museum bought the map."),
    ],
)
def test_opposites_are_seen(claim: str, passage: str) -> None:
    assert measured(claim, [passage])["unopposed"] == 0.0
    assert measured(claim, [claim])["unopposed"] == measured(claim, [f"{passage} {claim}"])["unopposed"] == 1.0


@pytest.mark.parametrize(
    ("claim", "passage", "attributed"),
    [
        ("Russia has captured the whole of the town.", "The ministry said it had captured the whole town.", 0.0),
        ("Russia has captured the town.", "The ministry said Russia had captured the town.", 0.0),
        ("The ministry said Russia has captured the town.", "The ministry said Russia had captured the town.", 1.0),
        ("The town is lost.", "A blogger claimed that the town is lost.", 0.0),
        ("The bridge closes in May.", "The mayor said the bridge closes in May.", 1.0),
        ("Russia has captured the town.", "Russia captured the town.", 1.0),
    ],
)
def test_a_bold_claim_told_outright_is_not_what_somebody_said(claim: str, passage: str, attributed: float) -> None:
    assert measured(claim, [passage])["attributed"] == attributed


def test_passages_hold_together_what_none_holds_alone() -> None:
    found = measured("The dam was struck and the river rose.", ["The dam was struck.", "The river rose."])
    assert found["covered"] == found["complete"] == 1.0
    assert found["best"] == 0.5


@given(st.text(max_size=80), st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_every_measure_is_between_nothing_and_all(claim: str, passages: list[str]) -> None:
    found = measured(claim, passages)
    assert list(found) == list(MEASURES)
    assert all(0.0 <= value <= 1.0 for value in found.values())


@given(st.text(max_size=80), st.lists(st.text(max_size=80), min_size=1, max_size=3), st.text(max_size=80))
def test_another_passage_never_lowers_what_counts_words_held(claim: str, passages: list[str], more: str) -> None:
    before, after = measured(claim, passages), measured(claim, [*passages, more])
    for name in ("covered", "best", "complete", "unbroken", "order", "numbers", "units", "dates", "names"):
        assert after[name] >= before[name]


# ---- the title


@pytest.mark.parametrize(
    ("claim", "passage", "title", "told"),
    [
        (
            "The repair of the Norrland cost 4 million.",
            "The repair cost 4 million.",
            "Norrland sails again",
            "norrland: ",
        ),
        ("It was added in Python 3.6.", "A new syntax was added.", "What’s New In Python 3.6", "python 3.6: "),
        ("The repair of the Norrland cost 4 million.", "The Norrland’s repair cost 4 million.", "Norrland sails", ""),
        ("The repair of the Norrland cost 4 million.", "The repair cost 4 million.", "Ferry sails again", ""),
        ("The Norrland.", "Nobody was hurt.", "Norrland aground off Gotland", ""),
        ("The Norrland ran aground off Gotland.", "Nobody was hurt.", "Norrland aground off Gotland", ""),
        ("The Norrland was sold and sails again.", "The ship was sold.", "Norrland sails again", ""),
        ("The Norrland was sold.", "The ship was sold.", "Norrland sails again", "norrland: "),
    ],
)
def test_a_title_lends_names_and_numbers_to_a_passage_that_holds_the_rest(
    claim: str, passage: str, title: str, told: str
) -> None:
    assert in_its_article(claim, passage, title) == told + passage


@given(*[st.text("Norrland sank 4 Gotland, Python 3.6. was", max_size=40)] * 3)
def test_only_names_and_numbers_of_the_claim_are_lent(claim: str, passage: str, title: str) -> None:
    lent = in_its_article(claim, passage, title)
    assert lent.endswith(passage)
    asked = read(claim)
    assert read(lent).content - read(passage).content <= asked.names | asked.numbers
