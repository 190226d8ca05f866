"""A run's folder: torn lines, failed records, another run in the way, a place that cannot be written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import EvaluationError
from assistant.evaluation.journal import Json, open_journal, read_run

HEADER = {"dataset": "animals", "seed": 1, "warnings": ("a",)}


def record(qid: str, error: str | None = None) -> Json:
    return {"qid": qid, "error": error, "text": "line\u2028separator\n"}


def write(out: Path, *records: Json) -> None:
    with open_journal(out, HEADER) as journal:
        for one in records:
            journal.append(one)


def test_what_was_appended_is_there_when_the_run_goes_on(tmp_path: Path) -> None:
    write(tmp_path, record("q1"), record("q2"))
    with open_journal(tmp_path, HEADER) as journal:
        assert journal.done == (record("q1"), record("q2"))
        journal.append(record("q3"))
    assert [r["qid"] for r in read_run(tmp_path)[1]] == ["q1", "q2", "q3"]


def test_a_failed_record_is_asked_again(tmp_path: Path) -> None:
    write(tmp_path, record("q1"), record("q2", error="broken"), record("q3"))
    with open_journal(tmp_path, HEADER) as journal:
        assert [r["qid"] for r in journal.done] == ["q1", "q3"]
        journal.append(record("q2"))
    assert [r["qid"] for r in read_run(tmp_path)[1]] == ["q1", "q3", "q2"]


@given(cut=st.integers(1, 200))
def test_a_kill_at_any_byte_costs_only_the_record_it_hit(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    out = tmp_path_factory.mktemp("run")
    write(out, record("q1"), record("q2"), record("q3"))
    path = out / "records.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    complete = path.read_bytes().count(b"\n")
    with open_journal(out, HEADER) as journal:
        assert [r["qid"] for r in journal.done] == ["q1", "q2", "q3"][:complete]
        journal.append(record("q9"))
    assert [r["qid"] for r in read_run(out)[1]] == [*["q1", "q2", "q3"][:complete], "q9"]


def test_another_run_in_the_folder_is_refused_naming_what_differs_and_kept(tmp_path: Path) -> None:
    write(tmp_path, record("q1"))
    with pytest.raises(EvaluationError, match=r"seed was 1, is 2.*--out.*--fresh"):
        open_journal(tmp_path, {**HEADER, "seed": 2})
    assert len(read_run(tmp_path)[1]) == 1


def test_fresh_throws_the_old_records_away(tmp_path: Path) -> None:
    write(tmp_path, record("q1"))
    with open_journal(tmp_path, {**HEADER, "seed": 2}, fresh=True) as journal:
        assert journal.done == ()
    header, records = read_run(tmp_path)
    assert (header["seed"], records) == (2, ())


def test_records_without_a_header_are_another_run(tmp_path: Path) -> None:
    write(tmp_path, record("q1"))
    (tmp_path / "run.json").unlink()
    with pytest.raises(EvaluationError, match="another run"):
        open_journal(tmp_path, HEADER)


def test_a_broken_line_in_the_middle_is_named_because_nothing_here_writes_one(tmp_path: Path) -> None:
    write(tmp_path, record("q1"))
    path = tmp_path / "records.jsonl"
    path.write_text("garbage\n" + path.read_text())
    with pytest.raises(EvaluationError, match=r"records\.jsonl:1"):
        open_journal(tmp_path, HEADER)
    path.write_text("[1]\n")
    with pytest.raises(EvaluationError, match=r"records\.jsonl:1"):
        read_run(tmp_path)


def test_a_folder_without_a_run_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no run"):
        read_run(tmp_path)


def test_a_place_that_cannot_be_written_is_one_message_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match=r"cannot write .*--out"):
        open_journal(tmp_path / "file" / "run", HEADER)


def test_the_header_is_readable_json(tmp_path: Path) -> None:
    write(tmp_path)
    assert json.loads((tmp_path / "run.json").read_text()) == {**HEADER, "warnings": ["a"]}
