"""The starter corpus keeps its promises: dated briefings, and gold questions that the briefings prove.

Knows the files under seeds/ and nothing of the packages: what is wrong here is wrong in the data.
"""

import datetime
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frontmatter
import pytest

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
BRIEFING_PATHS = sorted((SEEDS / "articles").glob("*.md"))
TIME_TYPES = {"present", "dated", "relative", "superseded"}
ANSWERABLE_TYPES = TIME_TYPES | {"fact", "multi"}
REQUIRED = {"qid", "question", "answers", "answerable", "gold_docs", "gold_evidence", "type"}
OPTIONAL = {"as_of", "stale_docs"}


@dataclass(frozen=True, slots=True)
class Briefing:
    stem: str
    fields: dict[str, Any]
    body: str

    @property
    def published(self) -> datetime.date:
        return datetime.date.fromisoformat(str(self.fields["published"]))


def read_briefing(path: Path) -> Briefing:
    post = frontmatter.loads(path.read_text(encoding="utf-8"))
    return Briefing(path.stem, dict(post.metadata), post.content)


def word_sequences(text: str, length: int) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


@pytest.fixture(scope="module")
def briefings() -> dict[str, Briefing]:
    return {path.stem: read_briefing(path) for path in BRIEFING_PATHS}


@pytest.fixture(scope="module")
def questions() -> list[dict[str, Any]]:
    lines = (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def of_type(questions: list[dict[str, Any]], *types: str) -> list[dict[str, Any]]:
    chosen = [question for question in questions if question["type"] in types]
    assert chosen, f"no question of type {types}"
    return chosen


def test_there_are_enough_briefings() -> None:
    assert len(BRIEFING_PATHS) >= 14


@pytest.mark.parametrize("path", BRIEFING_PATHS, ids=lambda path: path.stem)
def test_a_briefing_says_what_it_is_and_when(path: Path) -> None:
    briefing = read_briefing(path)
    assert set(briefing.fields) == {"title", "published", "source", "language"}
    assert briefing.fields["title"].strip()
    assert briefing.fields["source"] == "Quoth starter corpus"
    assert briefing.fields["language"] == "en"
    assert briefing.stem.startswith(f"{briefing.published.isoformat()}-")
    assert datetime.date(2024, 8, 6) <= briefing.published <= datetime.date(2025, 3, 31)


@pytest.mark.parametrize("path", BRIEFING_PATHS, ids=lambda path: path.stem)
def test_a_briefing_has_150_to_500_words(path: Path) -> None:
    assert 150 <= len(read_briefing(path).body.split()) <= 500


def test_titles_are_unique(briefings: dict[str, Briefing]) -> None:
    assert len({briefing.fields["title"] for briefing in briefings.values()}) == len(briefings)


def test_no_two_briefings_share_eight_words_in_a_row(briefings: dict[str, Briefing]) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for briefing in briefings.values():
        sequences = word_sequences(briefing.body, 8)
        shared = {" ".join(words): seen[words] for words in sequences & seen.keys()}
        assert not shared, f"{briefing.stem} repeats {shared}"
        seen |= dict.fromkeys(sequences, briefing.stem)


@pytest.mark.parametrize("place", ["kurakhove", "pokrovsk", "kursk", "kupiansk", "toretsk"])
def test_a_place_has_an_older_and_a_newer_briefing(briefings: dict[str, Briefing], place: str) -> None:
    dates = {briefing.published for briefing in briefings.values() if briefing.stem.endswith(f"-{place}")}
    assert len(dates) >= 2


def test_the_seeds_hold_no_code() -> None:
    assert {path.suffix for path in SEEDS.rglob("*") if path.is_file()} == {".md", ".jsonl"}


def test_a_question_has_exactly_the_fields_of_the_format(questions: list[dict[str, Any]]) -> None:
    for question in questions:
        assert question.keys() >= REQUIRED, question
        assert question.keys() <= REQUIRED | OPTIONAL, question
        assert isinstance(question["answerable"], bool)
        assert all(isinstance(question[key], list) for key in ("answers", "gold_docs", "gold_evidence"))


def test_qids_and_questions_are_unique(questions: list[dict[str, Any]]) -> None:
    for key in ("qid", "question"):
        repeated = [value for value, count in Counter(q[key] for q in questions).items() if count > 1]
        assert not repeated


def test_answers_and_gold_are_there_exactly_when_the_question_is_answerable(
    questions: list[dict[str, Any]],
) -> None:
    for question in questions:
        assert question["answerable"] == (question["type"] in ANSWERABLE_TYPES), question["qid"]
        for key in ("answers", "gold_docs", "gold_evidence"):
            assert bool(question[key]) == question["answerable"], (question["qid"], key)


def test_every_evidence_string_is_verbatim_in_a_gold_briefing(
    questions: list[dict[str, Any]], briefings: dict[str, Briefing]
) -> None:
    for question in questions:
        bodies = [briefings[doc].body for doc in question["gold_docs"]]
        for evidence in question["gold_evidence"]:
            assert any(evidence in body for body in bodies), (question["qid"], evidence)


def test_every_gold_briefing_holds_evidence(questions: list[dict[str, Any]], briefings: dict[str, Briefing]) -> None:
    for question in questions:
        for doc in question["gold_docs"]:
            assert any(text in briefings[doc].body for text in question["gold_evidence"]), question["qid"]


def test_no_expected_answer_is_given_away_by_the_question(questions: list[dict[str, Any]]) -> None:
    for question in of_type(questions, "fact"):
        assert not [answer for answer in question["answers"] if answer in question["question"]], question


def test_a_fact_is_answered_in_the_words_of_its_evidence(questions: list[dict[str, Any]]) -> None:
    for question in of_type(questions, "fact"):
        evidence = " ".join(question["gold_evidence"])
        assert any(answer in evidence for answer in question["answers"]), question["qid"]


def test_only_relative_questions_carry_the_day_they_are_asked_and_none_looks_ahead(
    questions: list[dict[str, Any]], briefings: dict[str, Briefing]
) -> None:
    for question in questions:
        assert ("as_of" in question) == (question["type"] == "relative"), question["qid"]
    for question in of_type(questions, "relative"):
        asked = datetime.date.fromisoformat(question["as_of"])
        assert all(briefings[doc].published <= asked for doc in question["gold_docs"]), question["qid"]


def test_stale_briefings_are_older_than_the_gold_ones(
    questions: list[dict[str, Any]], briefings: dict[str, Briefing]
) -> None:
    for question in questions:
        for stale in question.get("stale_docs", []):
            newest_gold = max(briefings[doc].published for doc in question["gold_docs"])
            assert briefings[stale].published < newest_gold, (question["qid"], stale)


def test_a_superseded_question_names_what_it_supersedes(questions: list[dict[str, Any]]) -> None:
    assert all(question.get("stale_docs") for question in of_type(questions, "superseded"))


def test_a_question_over_several_briefings_has_several(questions: list[dict[str, Any]]) -> None:
    assert all(len(question["gold_docs"]) >= 2 for question in of_type(questions, "multi"))


def test_the_situation_in_kurakhove_has_an_older_and_a_newer_answer(
    questions: list[dict[str, Any]],
) -> None:
    by_text = {question["question"]: question for question in questions}
    now = by_text["What is the situation in Kurakhove?"]
    then = by_text["What was the situation in Kurakhove in November 2024?"]
    assert now["gold_docs"] == ["2025-01-11-kurakhove"]
    assert then["gold_docs"] == ["2024-11-20-kurakhove"]
    assert "2024-11-20-kurakhove" in now["stale_docs"]


def test_the_mix_of_questions_is_wide_enough(questions: list[dict[str, Any]]) -> None:
    counts = Counter(question["type"] for question in questions)
    assert counts.keys() == ANSWERABLE_TYPES | {"unanswerable", "false_premise"}
    assert len(questions) >= 40
    assert sum(counts[name] for name in TIME_TYPES) >= 20
    assert counts["unanswerable"] >= 12


def test_the_readme_counts_what_is_there(questions: list[dict[str, Any]]) -> None:
    readme = (SEEDS / "README.md").read_text(encoding="utf-8")
    unanswered = sum(not question["answerable"] for question in questions)
    assert f"{len(BRIEFING_PATHS)} short briefings" in readme
    assert f"{len(questions)} questions" in readme
    assert f"{unanswered} of them have no answer" in readme
