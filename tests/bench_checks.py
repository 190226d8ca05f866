"""`python -m tests.bench_checks [--questions N] [--seed S]`: what each check adds to the time of a written answer.

Knows the parts of an answer and how to leave each check out. Every question is asked with every set of checks, the sets
taking turns, and no question twice in a row, so that no answer finds its prompt computed already. Told is the processor
time of this process, by which other programs do not count, as a ratio to the answer without any check. Starter corpus.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.answering import Assistant
from assistant.assemble import Assembly
from assistant.evaluation.datasets import draw, read_dataset
from assistant.generation import Capabilities, Spend, unaccounted
from assistant.settings import load_settings
from assistant.types import Prompt
from tests.delegating import Delegating

SEEDS = Path(__file__).parents[1] / "seeds"
SETS: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    "before answering": frozenset({"check"}),
    "each sentence": frozenset({"support"}),
    "all": frozenset({"check", "support"}),
}


@dataclass(frozen=True, slots=True)
class Checking(Delegating):
    """A generator that grades yes against no only for the checks named, and cannot otherwise."""

    checks: frozenset[str]
    support_ending: str

    @property
    def capabilities(self) -> Capabilities:
        return replace(self.inner.capabilities, yes_no=bool(self.checks))

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        kind = "support" if prompt.messages[-1].text.endswith(self.support_ending) else "check"
        return self.inner.yes_no(prompt, cancel, spend) if kind in self.checks else None


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--questions", type=int, default=12)
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    dataset = read_dataset(SEEDS)
    questions = draw([q for q in dataset.questions if q.answerable], arguments.questions, arguments.seed)
    with closing(
        Assembly(load_settings({"strictness": "off", "answers": "written", "remembered_grades": 0}).settings)
    ) as parts:
        index, _took = parts.evaluation_index(dataset)
        whole = parts.assistant_over(index)
        told = {name: with_checks(whole, checks) for name, checks in SETS.items()}
        whole.ask(questions[-1].to_question())
        spent: dict[str, list[float]] = defaultdict(list)
        names = list(SETS)
        for turn in range(len(names)):
            for at, question in enumerate(questions):
                name = names[(turn + at) % len(names)]
                begun = time.process_time()
                told[name].ask(question.to_question())
                spent[name].append(time.process_time() - begun)
                print(".", end="", flush=True)
    print()
    print("\n".join(rows(spent)))


def with_checks(whole: Assistant, checks: frozenset[str]) -> Assistant:
    """The assistant with these checks alone; what is said, cited and compared stays."""
    ending = whole.composer.templates.support.template.rpartition("$claim")[2]
    return replace(whole, generator=Checking(whole.generator, checks, ending))


def rows(spent: Mapping[str, Sequence[float]]) -> list[str]:
    """A line for each set: median and sum of processor seconds, and the ratio of sums to that without checks."""
    plain = sum(spent["none"])
    return [
        f"{name:17} n {len(one):3}  median {sorted(one)[len(one) // 2]:6.1f} s  ratio {sum(one) / plain:.2f}"
        for name, one in spent.items()
    ]


if __name__ == "__main__":
    main()
