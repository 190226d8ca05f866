"""What the answer's JSON object promises: its fields as a JSON schema, and what holds between them.

`raw_answer`, `unresolved`, `signals`, `period`, `disagreements` and `set_aside` are more than other programs may count
on; the rest is promised.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jsonschema

Schema = dict[str, Any]


def _object(**fields: Schema) -> Schema:
    """An object with exactly these fields."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


TEXT: Schema = {"type": "string"}
WORDS: Schema = {"type": "string", "minLength": 1}
PERHAPS: Schema = {"type": ["string", "null"]}
DAY: Schema = {"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}-\d{2}$"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "integer", "minimum": 1}
PROBABILITY: Schema = {"type": "number", "minimum": 0, "maximum": 1}
SECONDS: Schema = {"type": "number", "minimum": 0}
PERHAPS_SECONDS: Schema = {"type": ["number", "null"], "minimum": 0}

COPY = _object(article_id=WORDS, title=TEXT, source=PERHAPS, published=DAY)
PASSAGE = _object(
    number=NUMBER,
    chunk_id=WORDS,
    article_id=WORDS,
    title=TEXT,
    published=DAY,
    score={"type": "number"},
    start=COUNT,
    end=COUNT,
    text=WORDS,
    also=_list(COPY),
)
CLAIM = _object(
    text=WORDS,
    start=COUNT,
    end=COUNT,
    citations={"type": "array", "items": NUMBER, "uniqueItems": True},
    status={"enum": ["supported", "partial", "unsupported", "no_claim"]},
    support=PROBABILITY,
)
CITATION = _object(
    number=NUMBER,
    article_id=WORDS,
    chunk_id=WORDS,
    title=TEXT,
    source=PERHAPS,
    url=PERHAPS,
    published=DAY,
    published_from=PERHAPS,
    start=COUNT,
    end=COUNT,
    quote=WORDS,
)
PERIOD = _object(
    words=TEXT,
    present={"type": "boolean"},
    since=DAY,
    until=DAY,
    looked_since=DAY,
    looked_until=DAY,
    note=WORDS,
)
ANSWER: Schema = {
    **_object(
        question=WORDS,
        query=WORDS,
        answer=WORDS,
        raw_answer=TEXT,
        abstained={"type": "boolean"},
        confidence=PROBABILITY,
        as_of=DAY,
        claims={**_list(CLAIM), "minItems": 1},
        citations=_list(CITATION),
        unresolved=_list(_object(marker=WORDS, start=COUNT, end=COUNT)),
        evidence=_list(PASSAGE),
        nearest=_list(PASSAGE),
        model=_object(name=WORDS, sha256={**PERHAPS, "pattern": "^[0-9a-f]{64}$"}, backend=WORDS),
        index=_object(generation=COUNT, articles=COUNT, chunks=COUNT, embedder=WORDS),
        timings=_object(
            retrieve_s=SECONDS, first_evidence_s=PERHAPS_SECONDS, first_token_s=PERHAPS_SECONDS, total_s=SECONDS
        ),
        usage=_object(prompt_tokens=COUNT, cached_tokens=COUNT, completion_tokens=COUNT),
        signals={"type": "object", "additionalProperties": {"type": "number"}},
        settings_digest={"type": "string", "pattern": "^[0-9a-f]{12}$"},
        version=WORDS,
        disagreements=_list(_object(unit=WORDS, older=NUMBER, newer=NUMBER)),
        set_aside=_list(PASSAGE),
        period={"anyOf": [{"type": "null"}, PERIOD]},
    ),
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "if": {"properties": {"abstained": {"const": True}}},
    "then": {"properties": {"citations": {"maxItems": 0}}},
    "else": {"properties": {"nearest": {"maxItems": 0}}},
}
VALIDATOR = jsonschema.Draft202012Validator(ANSWER)
_NUMBER_SHOWN = re.compile(r"\[(\d+)\]")


def assert_contract(answer: dict[str, Any], article_text: Callable[[str], str] | None = None) -> None:
    """Fail unless `answer` keeps the contract; `article_text` gives the stored text of an article id."""
    VALIDATOR.validate(answer)
    shown = answer["answer"]
    at = 0
    for claim in answer["claims"]:
        assert shown[claim["start"] : claim["end"]] == claim["text"]
        assert not shown[at : claim["start"]].strip()
        at = claim["end"]
    assert not shown[at:].strip()

    numbers = [citation["number"] for citation in answer["citations"]]
    used = [number for claim in answer["claims"] for number in claim["citations"]]
    assert list(dict.fromkeys(used)) == numbers == list(range(1, len(numbers) + 1))
    assert {int(number) for number in _NUMBER_SHOWN.findall(shown)} == set(numbers)

    for found in answer["disagreements"]:
        assert {found["older"], found["newer"]} <= set(numbers) and found["older"] != found["newer"]

    days = [citation["published"] for citation in answer["citations"] if citation["published"]]
    assert answer["as_of"] == max(days, default=None)
    for passages in (answer["evidence"], answer["nearest"]):
        assert [passage["number"] for passage in passages] == list(range(1, len(passages) + 1))

    if article_text:
        for citation in answer["citations"]:
            assert article_text(citation["article_id"])[citation["start"] : citation["end"]] == citation["quote"]
        for passage in (*answer["evidence"], *answer["nearest"]):
            assert article_text(passage["article_id"])[passage["start"] : passage["end"]] == passage["text"]
