"""Dataset folders: what is read, what is refused and where, what is drawn, and a corpus as a source."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import AssistantError
from assistant.evaluation.datasets import (
    CorpusSource,
    Document,
    EvaluationError,
    GoldQuestion,
    Pair,
    doc_id_of,
    draw,
    draw_pairs,
    index_key,
    read_dataset,
    read_pairs,
)
from assistant.types import Question, Turn
from index.errors import SourceUnreadable

from .worlds import DOCUMENTS, QUESTIONS, write_dataset, write_lines


def changed(**fields: Any) -> dict[str, Any]:
    """The first question with some fields changed; None takes a field out."""
    merged = {**QUESTIONS[0], **fields}
    return {name: value for name, value in merged.items() if value is not None}


def test_a_dataset_folder_is_read_as_it_is_written(tmp_path: Path) -> None:
    dataset = read_dataset(write_dataset(tmp_path / "animals"))
    assert dataset.name == "animals"
    assert [document.doc_id for document in dataset.documents] == ["otter", "heron", "mole"]
    first = dataset.questions[0]
    assert (first.qid, first.answers, first.answerable, first.type) == ("q1", ("fish",), True, "factoid")
    assert first.gold_evidence == ("Otters eat fish.",)
    assert first.to_question() == Question("What do otters eat?")
    assert dataset.warnings == ()


def test_history_and_as_of_reach_the_question_and_unknown_fields_are_ignored(tmp_path: Path) -> None:
    turns = [{"role": "user", "text": "Hello"}, {"role": "assistant", "text": "Good day."}]
    row = changed(history=turns, as_of="2025-01-31", passages=["otter"], level="hard")
    question = read_dataset(write_dataset(tmp_path, questions=[row])).questions[0].to_question()
    assert question.history == (Turn("user", "Hello"), Turn("assistant", "Good day."))
    assert question.as_of == date(2025, 1, 31)


def test_annotators_sets_are_kept_apart_and_empty_ones_dropped(tmp_path: Path) -> None:
    row = changed(
        gold_evidence=["Otters eat fish.", "They sleep on their backs."],
        evidence_sets=[["Otters eat fish."], [], ["They sleep on their backs.", "Otters eat fish."]],
    )
    question = read_dataset(write_dataset(tmp_path, questions=[row])).questions[0]
    assert question.evidence_sets == (
        ("Otters eat fish.",),
        ("They sleep on their backs.", "Otters eat fish."),
    )
    assert question.gold_evidence == ("Otters eat fish.", "They sleep on their backs.")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (changed(qid=None), "'qid'"),
        (changed(qid="  "), "empty 'qid'"),
        (changed(question=7), "'question'"),
        (changed(answers="fish"), "'answers'"),
        (changed(answers=["fish", 3]), "'answers'"),
        (changed(answerable="yes"), "'answerable'"),
        (changed(gold_docs=None), "'gold_docs'"),
        (changed(gold_evidence=[None]), "'gold_evidence'"),
        (changed(evidence_sets=["x"]), "'evidence_sets'"),
        (changed(history="before"), "'history'"),
        (changed(history=[{"role": "system", "text": "x"}]), "'system'"),
        (changed(history=[{"role": "user"}]), "'text'"),
        (changed(as_of="yesterday"), "'yesterday'"),
        (changed(type=3), "'type'"),
        ([1, 2], "list"),
    ],
)
def test_a_malformed_question_is_an_error_that_names_file_line_and_field(
    tmp_path: Path, row: Any, complaint: str
) -> None:
    folder = write_dataset(tmp_path, questions=[QUESTIONS[1], row])
    with pytest.raises(EvaluationError, match=r"questions\.jsonl:2: ") as caught:
        read_dataset(folder)
    assert complaint in str(caught.value)


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path)
    with (folder / "corpus.jsonl").open("a") as file:
        file.write('\n{"doc_id": \n')
    with pytest.raises(EvaluationError, match=r"corpus\.jsonl:5: not JSON"):
        read_dataset(folder)


def test_two_documents_or_questions_of_one_id_are_refused_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"corpus\.jsonl:4: the id 'otter' is already used at .*:1"):
        read_dataset(write_dataset(tmp_path / "a", documents=[*DOCUMENTS, DOCUMENTS[0]]))
    with pytest.raises(EvaluationError, match=r"questions\.jsonl:2: the id 'q1'"):
        read_dataset(write_dataset(tmp_path / "b", questions=[QUESTIONS[0], QUESTIONS[0]]))


def test_what_is_no_dataset_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="is this a dataset folder"):
        read_dataset(tmp_path / "nowhere")
    with pytest.raises(EvaluationError, match="empty"):
        read_dataset(write_dataset(tmp_path / "empty", documents=[]))
    latin = write_dataset(tmp_path / "latin")
    (latin / "corpus.jsonl").write_bytes(b'{"doc_id": "caf\xe9"}\n')
    with pytest.raises(EvaluationError, match="not UTF-8"):
        read_dataset(latin)
    assert issubclass(EvaluationError, AssistantError)


def test_gold_that_leads_nowhere_is_a_warning_because_the_question_can_be_asked(tmp_path: Path) -> None:
    rows = [changed(gold_docs=["otter", "whale"]), changed(qid="q9", gold_evidence=["Otters eat FISH."])]
    dataset = read_dataset(write_dataset(tmp_path, questions=rows))
    assert len(dataset.questions) == 2
    assert [warning.split(":")[0] for warning in dataset.warnings] == ["question q1", "question q9"]


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    document = {"doc_id": "d", "title": "T", "text": "one\u2028two\x85three"}
    path = tmp_path / "corpus.jsonl"
    write_dataset(tmp_path)
    path.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_dataset(tmp_path).documents[0].text == "one\u2028two\x85three"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path)
    plain = read_dataset(folder)
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    marked = read_dataset(folder)
    assert (marked.documents, marked.questions) == (plain.documents, plain.questions)


def test_the_digest_changes_with_the_bytes_and_names_the_cached_index(tmp_path: Path) -> None:
    first = read_dataset(write_dataset(tmp_path / "a"))
    same = read_dataset(write_dataset(tmp_path / "b"))
    other = read_dataset(write_dataset(tmp_path / "c", documents=[*DOCUMENTS, {**DOCUMENTS[0], "doc_id": "x"}]))
    assert first.corpus_digest == same.corpus_digest != other.corpus_digest
    assert index_key(first, ["mini"]) == index_key(same, ["mini"])
    assert len({index_key(first, ["mini"]), index_key(first, ["maxi"]), index_key(other, ["mini"])}) == 3


# --- pairs -------------------------------------------------------------------------------------------------------


def test_pairs_are_read_and_a_label_that_is_neither_0_nor_1_is_refused(tmp_path: Path) -> None:
    row = {"id": "p1", "claim": "c", "evidence": "e", "label": "supports", "binary": 1}
    write_lines(tmp_path / "pairs.jsonl", [row, {**row, "id": "p2", "binary": 0, "label": "refutes"}])
    assert read_pairs(tmp_path).pairs == (
        Pair("p1", "c", "e", "supports", True),
        Pair("p2", "c", "e", "refutes", False),
    )
    write_lines(tmp_path / "pairs.jsonl", [{**row, "binary": 2}])
    with pytest.raises(EvaluationError, match=r"pairs\.jsonl:1: .*'binary'"):
        read_pairs(tmp_path)


# --- drawing -----------------------------------------------------------------------------------------------------


def questions(count: int) -> list[GoldQuestion]:
    return [GoldQuestion(f"q{at}", "?", (), True, (), ()) for at in range(count)]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 3))
def test_a_smaller_draw_is_the_beginning_of_a_greater_one(small: int, great: int, seed: int) -> None:
    everything = questions(30)
    first, second = draw(everything, min(small, great), seed), draw(everything, max(small, great), seed)
    assert second[: len(first)] == first
    assert len(set(second)) == len(second) == min(30, max(small, great))


def test_the_seed_decides_the_draw_and_the_order_of_the_file_does_not() -> None:
    everything = questions(30)
    assert draw(everything, 5, 1) == draw(everything[::-1], 5, 1)
    assert draw(everything, 5, 1) != draw(everything, 5, 2)
    assert draw(everything, None, 1) == tuple(everything)


def test_a_draw_of_known_ids_stays_what_it_is() -> None:
    assert [question.qid for question in draw(questions(10), 3, 0)] == ["q9", "q3", "q0"]


def test_drawing_nothing_is_refused_and_pairs_are_drawn_alike() -> None:
    with pytest.raises(EvaluationError, match="at least 1"):
        draw(questions(3), 0, 0)
    pairs = [Pair(f"q{at}", "c", "e", "x", True) for at in range(10)]
    assert [pair.id for pair in draw_pairs(pairs, 3, 0)] == [q.qid for q in draw(questions(10), 3, 0)]


# --- the corpus as a source --------------------------------------------------------------------------------------


def test_a_corpus_is_a_source_of_json_pages_with_what_is_known(tmp_path: Path) -> None:
    source = CorpusSource([Document("d/1 ü", "T", "Text\r\n ", date="2024-12-01", source="Paper")])
    (uri,) = source.uris()
    assert isinstance(uri, str)
    page = source.read(uri)
    assert (page.uri, page.media_type, page.revision) == ("corpus:d/1 ü", "application/json", source.revision(uri))
    assert json.loads(page.body) == {
        "title": "T",
        "text": "Text\r\n ",
        "date": "2024-12-01",
        "source": "Paper",
    }
    assert source.absence(uri) == "gone"
    assert source.absence("/home/a.txt") == "foreign"
    assert doc_id_of(uri) == "d/1 ü"
    assert doc_id_of("/home/a.txt") is None


def test_a_changed_document_has_another_revision_and_a_foreign_uri_is_unreadable() -> None:
    before, after = CorpusSource([Document("d", "T", "one")]), CorpusSource([Document("d", "T", "two")])
    assert before.revision("corpus:d") != after.revision("corpus:d")
    with pytest.raises(SourceUnreadable, match="corpus:e"):
        before.read("corpus:e")


@given(st.text())
def test_any_text_survives_the_page_exactly(text: str) -> None:
    page = CorpusSource([Document("d", "T", text)]).read("corpus:d")
    assert json.loads(page.body)["text"] == text
