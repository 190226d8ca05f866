"""Questions about the starter corpus, answered by quotations and in the model's own words, side by side:
`python -m tests.bench_quoting [--cases whether|overviews] [--out FILE]`.

A question counts as answered when the answer holds one of the expected wordings, as contrary when it opens with the
wrong yes or no. Questions that are `seen` helped to choose how such questions are answered, so of them the figures
compare the two ways and forecast nothing.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.answering import Assistant
from assistant.assemble import Assembly
from assistant.evaluation.datasets import read_dataset
from assistant.settings import load_settings
from assistant.types import Answer, Question

CASES = {
    "whether": Path(__file__).with_suffix(".jsonl"),
    "overviews": Path(__file__).with_name("bench_overviews.jsonl"),
}
SEEDS = Path(__file__).parents[1] / "seeds"
OUTCOMES = ("answered", "beside the point", "contrary", "refused", "made up")


@dataclass(frozen=True, slots=True)
class Case:
    """A question; `says`: wordings of which an answer holds one, none where the sources do not tell; `wrong`: the
    opening, "yes" or "no", that the sources refute, "" where neither would be false; `seen`: something was chosen on
    it."""

    question: str
    says: tuple[str, ...]
    wrong: str
    seen: bool = True

    def outcome(self, answer: Answer) -> str:
        """What has become of it. Refusing is right where nothing is told."""
        if answer.abstained:
            return "refused" if self.says else "answered"
        if not self.says:
            return "made up"
        if self.wrong and answer.text.lower().startswith(self.wrong):
            return "contrary"
        told = answer.text.lower()
        return "answered" if any(one.lower() in told for one in self.says) else "beside the point"


def cases(kind: str = "whether") -> list[Case]:
    rows = map(json.loads, CASES[kind].read_text(encoding="utf-8").splitlines())
    return [Case(row["question"], tuple(row["says"]), row["wrong"], row.get("seen", True)) for row in rows]


def ask(ways: dict[str, Assistant], asked: Sequence[Case]) -> list[dict[str, Any]]:
    """A row a question and way. Not for seconds: the second way finds the prompt computed by the first."""
    rows = []
    for case in asked:
        for way, assistant in ways.items():
            answer = assistant.ask(Question(case.question))
            rows.append(
                {
                    "question": case.question,
                    "way": way,
                    "outcome": case.outcome(answer),
                    "told": bool(case.says),
                    "seen": case.seen,
                    "answer": answer.text,
                    "sentences": [claim.status for claim in answer.claims if not answer.abstained],
                }
            )
            print(f"{way:>6}  {rows[-1]['outcome']:<16}  {case.question}", flush=True)
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    head = ("way", "told in the sources", "seen before", *OUTCOMES, "sentences", "not supported")
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    groups = dict.fromkeys((row["way"], row["told"], row["seen"]) for row in rows)
    for group in sorted(groups, key=lambda one: (one[0], not one[1], not one[2])):
        own = [row for row in rows if (row["way"], row["told"], row["seen"]) == group]
        outcomes = Counter(row["outcome"] for row in own)
        sentences = [status for row in own for status in row["sentences"] if status != "no_claim"]
        counts = (*(outcomes[one] for one in OUTCOMES), len(sentences), len(sentences) - sentences.count("supported"))
        lines.append(f"| {' | '.join([group[0], *map(_yes_or_no, group[1:]), *map(str, counts)])} |")
    return "\n".join(lines)


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", choices=CASES, default="whether", help="default: yes-or-no questions")
    parser.add_argument("--out", type=Path, help="keep each answer there, a line each")
    options = parser.parse_args()
    with closing(Assembly(load_settings({}).settings)) as parts:
        index, _took = parts.evaluation_index(read_dataset(SEEDS))
        quoted = parts.assistant_over(index)
        own = replace(quoted, policy=replace(quoted.policy, quotes=lambda question: False))
        ways = {"quoted": quoted, "own": own}
        rows = ask(ways, cases(options.cases))
    if options.out:
        options.out.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
