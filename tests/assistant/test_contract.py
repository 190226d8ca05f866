"""The JSON objects other programs read keep their contract and lose nothing on the way."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.contract import answer_to_json, article_to_json, hit_to_json
from assistant.types import Answer, Claim, Timings, Unresolved, Usage
from tests.contract_schema import ANSWER, VALIDATOR, assert_contract
from tests.fakes import answer, article, evidence, hit


def abstention() -> Answer:
    told = "Your sources do not answer this."
    return answer(
        told,
        claims=(Claim(told, 0, len(told), (), 0.0, "no_claim"),),
        citations=(),
        nearest=evidence("The dam was struck."),
        abstained=True,
        as_of=None,
        usage=Usage(0, 0, 0),
    )


def test_an_answer_keeps_the_contract() -> None:
    assert_contract(answer_to_json(answer()), {"a1": "Kurakhove is surrounded for months."}.__getitem__)


def test_an_abstention_keeps_the_contract() -> None:
    assert_contract(answer_to_json(abstention()))


def test_an_answer_says_what_it_is_made_of() -> None:
    told = answer_to_json(answer(unresolved=(Unresolved("[9]", 3, 6),)))
    assert told["answer"] == "Kurakhove is surrounded [1]."
    assert told["claims"] == [
        {
            "text": "Kurakhove is surrounded [1].",
            "start": 0,
            "end": 28,
            "citations": [1],
            "status": "supported",
            "support": 0.9,
        }
    ]
    assert told["citations"] == [
        {
            "number": 1,
            "article_id": "a1",
            "chunk_id": "a1-0",
            "title": "Title of a1",
            "source": "Example News",
            "url": "https://news.example/a1",
            "published": "2024-12-03",
            "published_from": "front matter",
            "start": 0,
            "end": 35,
            "quote": "Kurakhove is surrounded for months.",
        }
    ]
    assert told["unresolved"] == [{"marker": "[9]", "start": 3, "end": 6}]
    assert told["as_of"] == "2024-12-03"
    assert told["timings"] == {"retrieve_s": 0.1, "first_evidence_s": 0.2, "first_token_s": None, "total_s": 0.4}
    assert told["model"] == {"name": "fake", "sha256": "0" * 64, "backend": "fake"}


def test_a_passage_names_the_other_articles_that_tell_it() -> None:
    copy_of = hit(article("Kurakhove is surrounded for months.", "a2", source=None, published=None))
    told = answer_to_json(answer(evidence=(replace(answer().evidence[0], also=(copy_of,)),)))
    also = {"article_id": "a2", "title": "Title of a2", "source": None, "published": None}
    assert told["evidence"][0]["also"] == [also]
    assert_contract(told)


def test_a_remote_model_tells_no_hash() -> None:
    told = answer_to_json(answer(model=replace(answer().model, sha256=None)))
    assert told["model"]["sha256"] is None
    assert_contract(told)


@pytest.mark.parametrize("field", [*ANSWER["required"], "claims.0.status", "citations.0.quote", "timings.total_s"])
def test_the_contract_misses_what_is_missing(field: str) -> None:
    told = copy.deepcopy(answer_to_json(answer()))
    *path, last = field.split(".")
    place: Any = told
    for step in path:
        place = place[int(step) if step.isdigit() else step]
    del place[last]
    with pytest.raises(jsonschema.ValidationError):
        assert_contract(told)


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer": ""},
        {"answer": "Kurakhove is surrounded [1]. More."},
        {"answer": "Kurakhove is surrounded [2]."},
        {"citations": []},
        {"as_of": None},
        {"as_of": "3 December 2024"},
        {"confidence": 1.5},
        {"abstained": True},
        {"version": None},
        {"something": "else"},
    ],
    ids=str,
)
def test_the_contract_refuses_what_it_does_not_promise(wrong: dict[str, Any]) -> None:
    with pytest.raises((jsonschema.ValidationError, AssertionError)):
        assert_contract({**answer_to_json(answer()), **wrong})


numbers = st.floats(0, 1)
seconds = st.floats(0, 1e6)
answers = st.builds(
    answer,
    text=st.text(min_size=1).filter(str.strip).map(str.strip),
    question=st.text(min_size=1),
    raw_text=st.text(),
    confidence=numbers,
    timings=st.builds(Timings, seconds, st.none() | seconds, st.none() | seconds, seconds),
    usage=st.builds(Usage, *[st.integers(0, 10**6)] * 3),
    signals=st.dictionaries(st.text(), st.floats(-50, 50)),
    as_of=st.none() | st.dates(),
)


@given(answers)
def test_an_answer_survives_the_way_through_json(told: Answer) -> None:
    obj = answer_to_json(told)
    assert json.loads(json.dumps(obj, ensure_ascii=False, allow_nan=False)) == obj
    VALIDATOR.validate(obj)
    assert (obj["question"], obj["answer"], obj["raw_answer"]) == (told.question, told.text, told.raw_text)
    assert obj["confidence"] == pytest.approx(told.confidence, abs=1e-6)
    assert obj["usage"] == asdict(told.usage)
    assert obj["as_of"] == (told.as_of.isoformat() if told.as_of else None)


def test_an_article_is_told_with_its_whole_text() -> None:
    of = article("Zero\x00 🙂", published=date(2024, 1, 2))
    assert article_to_json(of) == {
        "id": "a1",
        "title": "Title of a1",
        "url": "https://news.example/a1",
        "source": "Example News",
        "published": "2024-01-02",
        "published_from": "front matter",
        "language": "en",
        "digest": of.digest,
        "text": "Zero\x00 🙂",
    }


def test_a_hit_is_told_with_its_place_in_the_article() -> None:
    of = article("Before. The dam was struck.", published=None)
    assert hit_to_json(hit(of, 8, rank=2)) == {
        "rank": 2,
        "score": round(1 / 62, 6),
        "article_id": "a1",
        "chunk_id": "a1-8",
        "title": "Title of a1",
        "published": None,
        "start": 8,
        "end": 27,
        "text": "The dam was struck.",
    }
