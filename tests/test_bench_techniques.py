"""Quoth less one technique: what is left out, what is compared, and that each stands beside the same without it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.evaluation.datasets import read_dataset
from assistant.generation import complete
from assistant.llama import LlamaCpp
from assistant.settings import Settings
from assistant.types import Message, Model, Prompt, Usage
from tests.bench import techniques
from tests.bench.__main__ import options, systems_of
from tests.bench.systems import CHECKOUT
from tests.bench.table import techniques_table
from tests.bench.techniques import TECHNIQUES
from tests.bench.without import PIPELINES, Forgetful, Unsettled
from tests.test_bench import row

NEVER = threading.Event()
PROMPT = Prompt((Message("user", "The bakery opened in 1931. " * 8 + "When did the bakery open?"),), (), 0, 2)


def test_every_system_is_one_that_can_be_started(tmp_path: Path) -> None:
    systems = techniques.systems("all")
    assert systems[0].name == "quoth" and len({one.name for one in systems}) == len(systems)
    for one in systems:
        assert one.pipeline in {"quoth", *PIPELINES}
        assert {name for name, _ in one.settings} <= set(Settings.model_fields)
        assert one.environment(tmp_path)["QUOTH_DATA"] == str(tmp_path)
    given = options().parse_args(["--techniques"])
    assert systems_of(given, read_dataset(CHECKOUT / "seeds"), tmp_path) == systems


def test_the_ways_to_answer_part_the_techniques() -> None:
    quoted, written = techniques.of_way("quoted"), techniques.of_way("written")
    assert quoted and written and {*quoted, *written} == set(techniques.of_way("all")) and not {*quoted} & {*written}
    assert all(("answers", "written") not in one.settings for one in techniques.systems("quoted"))


def test_each_technique_is_all_that_two_systems_differ_in() -> None:
    for one in TECHNIQUES:
        differing = [
            set(one.given.settings) != set(one.without.settings),
            one.given.pipeline != one.without.pipeline,
            one.given.variables != one.without.variables,
        ]
        assert sum(differing) == 1, one.name
        assert len(set(one.given.settings) ^ set(one.without.settings)) <= 1, one.name


def test_a_technique_is_the_time_with_it_to_the_time_without() -> None:
    quoting = TECHNIQUES[0]
    rows = [
        row(str(n), seconds + n, scenario="warm", system=system.name, scores={"inclusion": held})
        for n in range(3)
        for system, seconds, held in ((quoting.given, 1.0, 1.0), (quoting.without, 3.0, 0.0))
    ]
    (found,) = techniques.measured(rows)
    assert (found["technique"], found["value"], found["n"]) == (quoting.name, 2 / 4, 3)
    assert found["inclusion"] == 1.0 and "citation_precision" not in found
    assert f"| {quoting.name} | whole answer | 2.00 | 4.00 | × 0.50 |" in techniques_table([found])


def test_no_sentence_is_settled_before_it_is_checked() -> None:
    class Sure:
        def __call__(self, claim: str, passages: object, yes_no: float | None = None) -> float:
            return 0.9

        def settled(self, claim: str, passages: object) -> float | None:
            return 0.9

    assert Unsettled(Sure()).settled("It rose.", ["It rose."]) is None
    assert Unsettled(Sure())("It rose.", ["It rose."], 1.0) == 0.9


@pytest.fixture(scope="module")
def generator(tiny_model: Path) -> Iterator[LlamaCpp]:
    with LlamaCpp(tiny_model, Model("tiny", None, "llama.cpp"), context_size=512, threads=1) as made:
        yield made


@pytest.mark.model
def test_a_forgetful_model_reads_all_of_a_prompt_and_says_the_same(generator: LlamaCpp) -> None:
    forgetful = Forgetful(generator, generator.state())
    first, again = (complete(forgetful.generate(PROMPT, NEVER)) for _ in range(2))
    assert first == again and again.usage.cached_tokens == 0
    spent: list[Usage] = []
    graded = [forgetful.yes_no(PROMPT, NEVER, spent.append) for _ in range(2)]
    assert graded[0] == graded[1] and [one.cached_tokens for one in spent] == [0, 0]
    with_it = complete(generator.generate(PROMPT, NEVER))
    assert with_it.text == first.text and with_it.usage.cached_tokens > 0
