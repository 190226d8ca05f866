"""The yes-or-no cases are fit to be counted, and each outcome is told from the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench_quoting import Case, cases, table
from tests.fakes import answer

ARTICLES = Path(__file__).parents[1] / "seeds" / "articles"


@pytest.mark.parametrize(("kind", "count"), [("whether", 54), ("overviews", 78)])
def test_every_wording_looked_for_is_in_the_articles_or_says_the_same_otherwise(kind: str, count: int) -> None:
    told = " ".join(path.read_text(encoding="utf-8") for path in ARTICLES.glob("*.md")).lower()
    asked = cases(kind)
    assert len({case.question for case in asked}) == len(asked) == count
    assert [case.question for case in asked if case.says and not any(one.lower() in told for one in case.says)] == []


@pytest.mark.parametrize(
    ("text", "abstained", "outcome"),
    [
        ("It remains under Ukrainian control [1].", False, "answered"),
        ("Yes, it remains under Ukrainian control [1].", False, "contrary"),
        ("The river rose [1].", False, "beside the point"),
        ("Your sources do not answer this.", True, "refused"),
    ],
)
def test_an_answer_has_one_outcome(text: str, abstained: bool, outcome: str) -> None:
    case = Case("Has it fallen?", ("under Ukrainian control",), "yes")
    assert case.outcome(answer(text=text, abstained=abstained)) == outcome


def test_where_nothing_is_told_refusing_is_right() -> None:
    case = Case("Is it open?", (), "")
    assert [case.outcome(answer(text="", abstained=refused)) for refused in (True, False)] == ["answered", "made up"]


def test_the_table_counts_by_way() -> None:
    rows = [
        {"way": way, "told": True, "seen": True, "outcome": outcome, "sentences": ["supported", "partial", "no_claim"]}
        for way, outcome in (("quoted", "answered"), ("own", "contrary"))
    ]
    assert "| own | yes | yes | 0 | 0 | 1 | 0 | 0 | 2 | 1 |" in table(rows)
