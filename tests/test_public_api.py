"""What other code may count on: the values, their fields, and the errors, drawn as they are."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

import assistant.errors as assistant_errors
import assistant.types as assistant_types
import index.errors as index_errors
import index.types as index_types

VALUES: Mapping[ModuleType, Mapping[str, str]] = {
    index_types: {
        "RawPage": "uri body media_type revision name",
        "Article": "id uri title text digest published published_from language url source added",
        "ArticleInfo": "id uri title published published_from language url source digest characters chunks",
        "Chunk": "id article_id ordinal start end text heading",
        "Hit": "chunk article score rank origin dense lexical",
        "ResolvedQuote": "state article start end",
        "Filters": "since until sources article_ids undated",
        "ChunkingSettings": "chunk_tokens overlap_tokens",
        "Manifest": "format generation embedder dimension chunking articles chunks",
        "SkippedSource": "uri reason",
        "Root": "uri mark",
        "SourceStatus": "uri state reason article_id",
        "IngestReport": "added updated unchanged removed vanished failed chunks embedded seconds unreachable doubted",
        "IngestProgress": "uri articles_done articles_total chunks_done seconds chunks_cut stage reason",
    },
    assistant_types: {
        "Turn": "role text evidence",
        "Question": "text history filters as_of",
        "Span": "start end",
        "Evidence": "number hit start end text sentences hits also",
        "Message": "role text",
        "Prompt": "messages evidence tokens max_tokens aside",
        "Usage": "prompt_tokens cached_tokens completion_tokens",
        "Completion": "text usage stop",
        "Citation": "number article_id chunk_id title source url published published_from start end quote digest",
        "Claim": "text start end numbers support status",
        "Unresolved": "marker start end",
        "Window": "since until",
        "Timings": "retrieve_s first_evidence_s first_token_s total_s",
        "Model": "name sha256 backend",
        "IndexState": "generation articles chunks embedder",
        "Answer": "question query text raw_text claims citations unresolved evidence nearest abstained confidence "
        "as_of model index usage timings settings_digest version signals period disagreements set_aside",
        "Disagreement": "unit older newer",
        "Period": "words present asked looked note",
        "Retrieved": "query evidence period",
        "Token": "text",
        "Answered": "answer",
    },
}
"""Every value with its fields in their order. A change here is a change for whoever reads them."""

ERRORS: Mapping[ModuleType, set[str]] = {
    index_errors: {
        "IndexingError",
        "SourceUnreadable",
        "UnknownFormat",
        "IndexMissing",
        "IndexMismatch",
        "IndexDamaged",
        "IndexBusy",
        "EventsUnavailable",
        "StorageFull",
    },
    assistant_errors: {
        "AssistantError",
        "QuestionRefused",
        "EvaluationError",
        "SettingsError",
        "BackendMissing",
        "ModelMissing",
        "ModelCorrupt",
        "ModelUnfit",
        "PromptTooLong",
        "GenerationFailed",
        "GenerationCancelled",
        "ConversationError",
    },
}

BRANCH = re.compile(r"^(?P<indent>[│ ]*)(?:[├└]── )?(?P<name>[A-Z]\w+)(?:\s{2,}(?P<meaning>\S.*))?$")

modules = pytest.mark.parametrize("module", VALUES, ids=lambda module: module.__name__)
error_modules = pytest.mark.parametrize("module", ERRORS, ids=lambda module: module.__name__)


def classes_of(module: ModuleType) -> dict[str, type]:
    """The public classes a module defines itself."""
    found = vars(module).items()
    return {
        name: one
        for name, one in found
        if inspect.isclass(one) and one.__module__ == module.__name__ and not name.startswith("_")
    }


# ---- values


@modules
def test_the_values_and_their_fields_are_these(module: ModuleType) -> None:
    found = {name: " ".join(f.name for f in dataclasses.fields(one)) for name, one in classes_of(module).items()}
    assert found == dict(VALUES[module])


@modules
def test_every_value_is_frozen_and_says_what_it_is(module: ModuleType) -> None:
    for name, one in classes_of(module).items():
        assert one.__dataclass_params__.frozen, name  # type: ignore[attr-defined]
        assert "__slots__" in vars(one), name
        assert one.__doc__ and not one.__doc__.startswith(f"{name}("), name


@modules
def test_what_a_value_holds_cannot_be_changed_either(module: ModuleType) -> None:
    for one in classes_of(module).values():
        for hint in typing.get_type_hints(one).values():
            assert not {list, dict, set} & set(_parts(hint)), one


def _parts(hint: Any) -> Iterator[Any]:
    yield typing.get_origin(hint) or hint
    for part in typing.get_args(hint):
        yield from _parts(part)


def test_an_event_is_one_of_three() -> None:
    assert typing.get_args(assistant_types.Event) == (
        assistant_types.Retrieved,
        assistant_types.Token,
        assistant_types.Answered,
    )


def test_the_words_of_a_value_are_these() -> None:
    assert set(typing.get_args(assistant_types.ClaimStatus)) == {"supported", "partial", "unsupported", "no_claim"}
    assert set(typing.get_args(assistant_types.Role)) == {"system", "user", "assistant"}
    assert set(typing.get_args(index_types.Origin)) == {"dense", "lexical", "both", "given"}


# ---- errors


def drawn(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """The tree of a module's docstring: name, name of the parent ("" for the root), meaning."""
    path: list[str] = []
    for line in (module.__doc__ or "").splitlines():
        branch = BRANCH.match(line)
        if not branch or (path and "── " not in line):
            continue
        depth = len(branch["indent"]) // 4 + 1 if "── " in line else 0
        path = [*path[:depth], branch["name"]]
        yield branch["name"], path[-2] if depth else "", branch["meaning"] or ""


@error_modules
def test_the_errors_are_these(module: ModuleType) -> None:
    assert set(classes_of(module)) == ERRORS[module]


@error_modules
def test_the_tree_in_the_docstring_is_the_tree_of_the_classes(module: ModuleType) -> None:
    told = {(name, parent) for name, parent, _ in drawn(module)}
    root = next(iter(classes_of(module).values()))
    real = {(name, "" if one is root else one.__bases__[0].__name__) for name, one in classes_of(module).items()}
    assert told == real
    assert root.__bases__ == (Exception,)
    assert all(len(one.__bases__) == 1 for one in classes_of(module).values())


@error_modules
def test_every_drawn_error_says_when_it_is_raised(module: ModuleType) -> None:
    assert [name for name, parent, meaning in drawn(module) if parent and not meaning] == []
    assert [name for name, one in classes_of(module).items() if not one.__doc__] == []


def test_the_two_trees_are_apart() -> None:
    assert not issubclass(index_errors.IndexingError, assistant_errors.AssistantError)
    assert not issubclass(assistant_errors.AssistantError, index_errors.IndexingError)
