"""A whole run over a small corpus: its records, what an error ends, and how it goes on."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import EvaluationError, GenerationCancelled, GenerationFailed, ModelMissing
from assistant.evaluation.datasets import Dataset, Document, half_of, read_dataset
from assistant.evaluation.run import Judge, Plan, RunProgress, System, evaluate, run_dataset
from assistant.types import Answer, Question
from index.errors import IndexDamaged

from .worlds import DOCUMENTS, QUESTIONS, CorpusInMemory, Oracle, ticking, write_dataset

RECORD = {"qid", "question", "answerable", "type", "hits", "answer", "scores", "seconds", "error"}
HIT = {"doc_id", "chunk_id", "rank", "score", "start", "end", "text"}
ANSWER = set(
    "question query answer abstained confidence as_of claims citations evidence nearest model index timings usage "
    "settings_digest version".split()
)
CITATION = set("number article_id chunk_id title source url published published_from start end quote doc_id".split())
EVIDENCE = set("number chunk_id article_id title published score start end text also doc_id".split())


class World:
    """A dataset on disk, its index and a system that answers from it."""

    def __init__(self, folder: Path, **oracle: Any) -> None:
        self.out = folder / "out"
        self.dataset = read_dataset(write_dataset(folder / "animals"))
        self.index = CorpusInMemory(self.dataset)
        self.oracle = Oracle(self.index, **oracle)
        self.system = System(self.index.retrieve, self.oracle)

    def evaluate(self, plan: Plan | None = None, **changes: Any) -> list[dict[str, Any]]:
        given = {"clock": ticking(), **changes}
        system = given.pop("system", self.system)
        evaluate(self.dataset, self.index, system, self.out, plan or Plan(settings_digest="s"), **given)
        return self.records()

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.out / "records.jsonl").read_text().splitlines()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# --- records -----------------------------------------------------------------------------------------------------


def test_a_record_has_exactly_the_fields_other_programs_read(world: World) -> None:
    records = world.evaluate()
    assert [record["qid"] for record in records] == ["q1", "q2", "q3", "q4", "q5"]
    for record in records:
        assert record.keys() == RECORD
        assert record["error"] is None
        assert all(hit.keys() == HIT for hit in record["hits"])
        assert [hit["rank"] for hit in record["hits"]] == list(range(1, len(record["hits"]) + 1))
        answer = record["answer"]
        assert answer.keys() >= ANSWER
        assert all(piece.keys() == CITATION for piece in answer["citations"])
        assert all(piece.keys() == EVIDENCE for piece in [*answer["evidence"], *answer["nearest"]])
        assert all(isinstance(score, float) for score in record["scores"].values())


def test_quotes_hits_and_claims_equal_their_spans(world: World) -> None:
    texts = {document["doc_id"]: document["text"] for document in DOCUMENTS}
    for record in world.evaluate():
        for hit in record["hits"]:
            assert texts[hit["doc_id"]][hit["start"] : hit["end"]] == hit["text"]
        for cited in record["answer"]["citations"]:
            assert texts[cited["doc_id"]][cited["start"] : cited["end"]] == cited["quote"]
        for claim in record["answer"]["claims"]:
            assert record["answer"]["answer"][claim["start"] : claim["end"]] == claim["text"]


def test_the_scores_of_known_answers(world: World) -> None:
    scores = {record["qid"]: record["scores"] for record in world.evaluate()}
    assert scores["q1"]["right"] == scores["q1"]["evidence_recall"] == scores["q1"]["evidence_recall@1"] == 1.0
    assert scores["q2"]["yes_no"] == 0.0
    assert scores["q3"] == {"abstained": 1.0, "probability_answerable": pytest.approx(0.1), "reliability": 1.0}
    assert scores["q4"]["evidence_recall"] == 0.5


def test_only_the_ten_best_hits_are_kept(tmp_path: Path) -> None:
    documents = [{"doc_id": f"d{at}", "title": "T", "text": f"Text {at}."} for at in range(15)]
    dataset = read_dataset(write_dataset(tmp_path / "many", documents=documents))
    index = CorpusInMemory(dataset)
    evaluate(dataset, index, System(index.retrieve), tmp_path / "out", Plan(limit=1), clock=ticking())
    (line,) = (tmp_path / "out" / "records.jsonl").read_text().splitlines()
    assert len(json.loads(line)["hits"]) == 10


def test_retrieval_only_has_no_answer_and_only_scores_of_retrieval(world: World) -> None:
    records = world.evaluate(system=System(world.index.retrieve))
    assert all(record["answer"] is None for record in records)
    assert all("@" in name for record in records for name in record["scores"])
    assert world.oracle.count == 0


def test_the_hits_are_those_of_the_query_that_was_searched(tmp_path: Path) -> None:
    turns = [{"role": "user", "text": "Tell me of otters."}]
    dataset = read_dataset(write_dataset(tmp_path / "d", questions=[{**QUESTIONS[0], "history": turns}]))
    index = CorpusInMemory(dataset)
    evaluate(dataset, index, System(index.retrieve, Oracle(index)), tmp_path / "o", Plan(), clock=ticking())
    asked, searched = index.asked
    assert (len(asked.history), searched.history) == (1, ())
    assert searched.text == "What do otters eat?"


def test_seconds_are_those_of_the_answer_by_the_clock_given(world: World) -> None:
    assert {record["seconds"] for record in world.evaluate()} == {1.0}


def test_a_judge_scores_the_sentences(world: World) -> None:
    def holds(premise: str, hypothesis: str) -> bool:
        return hypothesis in premise

    records = world.evaluate(Plan(judge=Judge("substring", holds)))
    answered = [record["scores"] for record in records if not record["answer"]["abstained"]]
    assert {scores["alce_recall"] for scores in answered} == {1.0}
    assert json.loads((world.out / "run.json").read_text())["judge"] == "substring"


# --- errors ------------------------------------------------------------------------------------------------------


def test_an_error_ends_one_question_and_is_recorded(tmp_path: Path) -> None:
    world = World(tmp_path, fail_at=3, error=GenerationFailed("the server hung up"))
    records = world.evaluate()
    assert [record["error"] for record in records] == [None, None, "the server hung up", None, None]
    failed = records[2]
    assert (failed["hits"], failed["answer"], failed["scores"]) == ([], None, {})


def test_a_fault_of_ours_is_named_by_its_type(tmp_path: Path) -> None:
    world = World(tmp_path, fail_at=1, error=ZeroDivisionError("division"))
    assert world.evaluate()[0]["error"] == "ZeroDivisionError: division"


@pytest.mark.parametrize(
    "error",
    [ModelMissing("no model"), IndexDamaged("bad"), GenerationCancelled("stopped"), KeyboardInterrupt()],
)
def test_an_error_every_question_would_meet_ends_the_run_and_keeps_what_is_done(
    tmp_path: Path, error: BaseException
) -> None:
    world = World(tmp_path, fail_at=3, error=error)
    with pytest.raises(type(error)):
        world.evaluate()
    assert [record["qid"] for record in world.records()] == ["q1", "q2"]


# --- going on ----------------------------------------------------------------------------------------------------


def test_a_run_that_died_at_question_3_goes_on_there_and_ends_as_if_it_had_not(tmp_path: Path) -> None:
    whole = World(tmp_path / "whole").evaluate()
    world = World(tmp_path / "died", fail_at=3, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.evaluate()
    seen: list[RunProgress] = []
    records = world.evaluate(progress=seen.append)
    assert records == whole
    assert world.oracle.count == 3 + 3
    assert [(step.qid, step.done, step.total, step.resumed) for step in seen] == [
        ("q3", 3, 5, 2),
        ("q4", 4, 5, 2),
        ("q5", 5, 5, 2),
    ]


def test_a_finished_run_asks_nothing_again_and_a_failed_question_is_asked_again(tmp_path: Path) -> None:
    world = World(tmp_path, fail_at=2)
    assert sum(record["error"] is not None for record in world.evaluate()) == 1
    assert all(record["error"] is None for record in world.evaluate())
    assert world.oracle.count == 6
    world.evaluate()
    assert world.oracle.count == 6


@pytest.mark.parametrize(
    "changed",
    [
        {"plan": Plan(settings_digest="other")},
        {"plan": Plan(settings_digest="s", seed=5)},
        {"plan": Plan(settings_digest="s", limit=2)},
        {"plan": Plan(settings_digest="s", judge=Judge("j", lambda *_: True))},
    ],
)
def test_a_run_under_other_settings_is_refused_unless_fresh(world: World, changed: dict[str, Any]) -> None:
    world.evaluate()
    with pytest.raises(EvaluationError, match="holds another run"):
        world.evaluate(**changed)
    assert len(world.records()) == 5
    world.evaluate(**changed, fresh=True)


def test_a_changed_dataset_is_another_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.evaluate()
    extra = {"doc_id": "new", "title": "T", "text": "New."}
    world.dataset = read_dataset(write_dataset(tmp_path / "animals", documents=[*DOCUMENTS, extra]))
    world.index.dataset = world.dataset
    with pytest.raises(EvaluationError, match="corpus_digest"):
        world.evaluate()


def test_a_limit_draws_the_same_questions_for_the_same_seed(tmp_path: Path) -> None:
    first = World(tmp_path / "a").evaluate(Plan(limit=3, seed=7))
    second = World(tmp_path / "b").evaluate(Plan(limit=3, seed=7))
    assert len(first) == 3
    assert [r["qid"] for r in first] == [r["qid"] for r in second]


# --- the index ---------------------------------------------------------------------------------------------------


def test_an_index_of_another_text_is_refused_because_every_offset_would_be_wrong(world: World) -> None:
    altered = Dataset(
        "animals",
        tuple(Document(d.doc_id, d.title, d.text.strip(".")) for d in world.dataset.documents),
        world.dataset.questions,
        world.dataset.corpus_digest,
        world.dataset.questions_digest,
    )
    world.index.dataset = altered
    with pytest.raises(EvaluationError, match=r"another text of document 'otter'.*built again"):
        world.evaluate()


def test_a_character_no_database_can_store_leaves_the_offsets_right(tmp_path: Path) -> None:
    dataset = read_dataset(write_dataset(tmp_path / "d", [{"doc_id": "otter", "title": "T", "text": "A\0B."}]))
    stored = Dataset("d", (Document("otter", "T", "A\ufffdB."),), (), "", "")
    system = System(CorpusInMemory(stored).retrieve)
    evaluate(dataset, CorpusInMemory(stored), system, tmp_path / "out", Plan(limit=1), clock=ticking())
    moved = Dataset("d", (Document("otter", "T", "AB."),), (), "", "")
    with pytest.raises(EvaluationError, match="another text"):
        evaluate(dataset, CorpusInMemory(moved), system, tmp_path / "out", Plan(limit=1), clock=ticking())


def test_a_document_that_did_not_get_in_is_counted(world: World) -> None:
    fewer = world.dataset.documents[1:]
    world.index.dataset = Dataset("animals", fewer, world.dataset.questions, "", "")
    world.evaluate()
    header = json.loads((world.out / "run.json").read_text())
    assert (header["documents"], header["documents_indexed"]) == (3, 2)


def test_a_run_writes_its_three_reports_beside_the_records(world: World) -> None:
    report = run_dataset(
        world.dataset,
        world.index,
        world.system,
        world.out,
        Plan(settings_digest="s"),
        clock=ticking(),
        about=lambda: {"machine": {"cores": 2}},
    )
    assert sorted(path.name for path in world.out.iterdir()) == [
        "records.jsonl",
        "report.html",
        "report.json",
        "report.md",
        "run.json",
    ]
    assert json.loads((world.out / "report.json").read_text()) == report
    assert report["about"] == {"machine": {"cores": 2}}


def test_only_questions_of_the_wanted_types_are_asked_as_on_the_given_day(world: World) -> None:
    kinds = {question.type for question in world.dataset.questions}
    kind = sorted(name for name in kinds if name)[0]
    asked: list[Question] = []

    def ask(question: Question) -> Answer:
        asked.append(question)
        return world.oracle(question)

    plan = Plan(settings_digest="s", types=(kind,), as_of=date(2024, 12, 1))
    records = world.evaluate(plan, system=System(world.index.retrieve, ask))
    assert {record["type"] for record in records} == {kind}
    assert {question.as_of for question in asked} == {date(2024, 12, 1)}
    with pytest.raises(EvaluationError, match="fiction"):
        world.evaluate(Plan(types=("fiction",)), fresh=True)


@pytest.mark.parametrize("half", ["dev", "test"])
def test_a_run_of_one_half_asks_that_half_alone(world: World, half: str) -> None:
    ours = [q.qid for q in world.dataset.questions if half_of(q.qid) == half]
    assert [record["qid"] for record in world.evaluate(Plan(half=half))] == ours
