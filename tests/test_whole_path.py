"""The whole path with real models: from articles on disk to a cited, checked answer.

The tiny model shows that every part fits; the default model shows that the answers are worth having.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import DEFAULT, STARTER, Quoth
from tests.contract_schema import ANSWER

KURAKHOVE = "What is the situation in Kurakhove?"

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("tiny_model", "embedder_folder")]


def asked(quoth: Quoth, *arguments: str) -> dict[str, Any]:
    ran = quoth("ask", "--json", *arguments)
    assert ran.status == 0, ran.err
    lines = ran.out.splitlines()
    assert len(lines) == 1, "one object on standard output and nothing else there"
    answer: dict[str, Any] = json.loads(lines[0])
    return answer


def stored_text(quoth: Quoth, article_id: str) -> str:
    return str(json.loads(quoth("article", article_id, "--json").out)["text"])


def assert_keeps_the_contract(quoth: Quoth, answer: dict[str, Any]) -> None:
    jsonschema.validate(answer, ANSWER)
    for claim in answer["claims"]:
        assert answer["answer"][claim["start"] : claim["end"]] == claim["text"]
    numbers = [citation["number"] for citation in answer["citations"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {n for claim in answer["claims"] for n in claim["citations"]} == set(numbers)
    for piece in [*answer["citations"], *answer["evidence"], *answer["nearest"]]:
        quote = piece.get("quote", piece.get("text"))
        assert stored_text(quoth, piece["article_id"])[piece["start"] : piece["end"]] == quote


@pytest.mark.parametrize("answers", ["quoted", "written"])
def test_the_tiny_model_answers_with_quotes_that_stand_in_the_stored_article(
    quoth: Quoth, monkeypatch: pytest.MonkeyPatch, answers: str
) -> None:
    monkeypatch.setenv("QUOTH_STRICTNESS", "off")  # the tiny model cannot judge whether it knows
    monkeypatch.setenv("QUOTH_ANSWERS", answers)
    assert quoth("add", STARTER).status == 0
    answer = asked(quoth, KURAKHOVE)
    assert_keeps_the_contract(quoth, answer)
    assert not answer["abstained"]
    assert answer["evidence"]
    assert (answer["usage"]["completion_tokens"] > 0) is (answers == "written")
    assert answer["model"]["sha256"].startswith("b179c952")


def test_questions_on_standard_input_are_answered_a_line_each_also_from_given_passages(
    quoth: Quoth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTH_STRICTNESS", "off")
    passages = [{"title": "Harbour log", "text": "The ferry Aurora left Turku at noon.", "date": "2024-05-01"}]
    lines = [
        json.dumps({"question": "When did the Aurora leave Turku?", "passages": passages}),
        '{"question": "What?", "bogus": 1}',
        json.dumps({"question": "Where did the ferry leave from?", "passages": passages, "since": "2025-01-01"}),
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    ran = quoth("ask", "-", "--json")
    first, second, third = map(json.loads, ran.out.splitlines())
    assert ran.status == 2
    assert "bogus" in ran.err
    jsonschema.validate(first, ANSWER)
    assert first["evidence"][0]["text"] == "The ferry Aurora left Turku at noon."
    assert first["evidence"][0]["published"] == "2024-05-01"
    assert second == {"line": 2, "error": second["error"]}
    assert third["abstained"], "the only passage is older than --since"
    assert third["evidence"] == []


def test_search_finds_the_passage_without_a_language_model(quoth: Quoth) -> None:
    quoth("add", STARTER)
    ran = quoth("search", "Kurakhove power station", "--json", "-k", "3")
    hits = json.loads(ran.out)
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert "Kurakhove" in hits[0]["title"]
    assert stored_text(quoth, hits[0]["article_id"])[hits[0]["start"] : hits[0]["end"]] == hits[0]["text"]


def test_searching_loads_neither_torch_nor_llama_cpp(quoth: Quoth, embedder_folder: Path) -> None:
    """Seconds of imports that a search has no use for. What makes the fast embedding model is not loaded either."""
    quoth("add", STARTER / "2024-11-20-kurakhove.md")
    script = (
        "import sys\nfrom assistant.cli import main\ntry: main(['search', 'Kurakhove power station'])\n"
        "except SystemExit as ended: print(ended.code)\n"
        "print(sorted({'torch', 'transformers', 'llama_cpp', 'gradio', 'onnx', 'onnxruntime'} & sys.modules.keys()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=STARTER.parents[1], capture_output=True, text=True, timeout=300
    )
    assert ran.stdout.splitlines()[-2:] == ["0", "['onnxruntime']"], ran.stderr
    assert "Kurakhove" in ran.stdout


def test_adding_the_same_folder_twice_changes_nothing(quoth: Quoth, tmp_path: Path) -> None:
    shutil.copytree(STARTER, tmp_path / "articles")
    first = json.loads(quoth("add", tmp_path / "articles", "--json").out)
    again = json.loads(quoth("add", tmp_path / "articles", "--json").out)
    assert len(first["added"]) == len(list(STARTER.glob("*.md")))
    assert (again["added"], again["updated"], again["removed"], again["embedded"]) == ([], [], [], 0)
    assert len(again["unchanged"]) == len(first["added"])


def test_an_index_made_by_another_embedder_is_refused_with_the_way_out(
    quoth: Quoth, tmp_path: Path, embedder_folder: Path
) -> None:
    shutil.copytree(embedder_folder, tmp_path / "own")
    (tmp_path / "own" / "extra.json").write_text("{}")
    quoth("add", STARTER / "2024-11-20-kurakhove.md")
    ran = quoth("search", "Kurakhove", "--embedder", str(tmp_path / "own"))
    assert (ran.status, ran.out) == (2, "")
    assert "--rebuild" in ran.err


class TestTheDefaultModel:
    """Answers people get, from the model they get."""

    @pytest.fixture(autouse=True)
    def _default_model(self, default_model: Path, monkeypatch: pytest.MonkeyPatch, quoth: Quoth) -> None:
        monkeypatch.setenv("QUOTH_GENERATOR", DEFAULT)

    def test_it_answers_about_kurakhove_cites_the_passage_and_knows_what_it_does_not_know(self, quoth: Quoth) -> None:
        quoth("add", STARTER / "2024-11-20-kurakhove.md", STARTER / "2024-10-30-selydove.md")
        answer = asked(quoth, KURAKHOVE)
        assert_keeps_the_contract(quoth, answer)
        assert not answer["abstained"]
        quotes = " ".join(citation["quote"] for citation in answer["citations"])
        assert "Kurakhove" in quotes or "town" in quotes
        assert all(claim["status"] in {"supported", "partial"} for claim in answer["claims"])

        elsewhere = asked(quoth, "What is the population of Paris?")
        assert_keeps_the_contract(quoth, elsewhere)
        assert elsewhere["abstained"]
        assert elsewhere["citations"] == []
        assert elsewhere["nearest"], "an abstention shows what came closest"
