"""Fits the weights of abstaining and verifying on development questions and pairs, and writes them as JSON.

    python -m assistant.evaluation.calibrate abstain SET [SET …] --limit 100
    python -m assistant.evaluation.calibrate verify SET [SET …]

Only the development half of each set is looked at: which half an id belongs to is decided by the id alone, so that what
is fitted here can be reported on the other half. Sets and classes weigh the same, however many cases they have.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from assistant.assemble import Assembly
from assistant.evaluation.datasets import draw, draw_pairs, read_dataset, read_pairs
from assistant.evaluation.metrics import auroc
from assistant.evaluation.verification import half_of
from assistant.live import CountProgress
from assistant.settings import load_settings
from assistant.types import Question
from assistant.verifying import Logistic

ABSTAINING = ("dense", "covered", "names", "yes_no")
VERIFYING = ("covered", "numbers", "names", "similarity")

OVER_ABSTENTION = {"eager": 0.05, "balanced": 0.15, "strict": 0.3}
"""The share of answerable development questions each word of strictness leaves unanswered."""

app = typer.Typer(help=__doc__, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
Sets = Annotated[list[Path], typer.Argument(help="Dataset folders.")]
Limit = Annotated[int, typer.Option(help="At most so many cases a set, drawn with the seed.")]
Seed = Annotated[int, typer.Option(help="The seed of the draw.")]


@dataclass(frozen=True, slots=True)
class Case:
    """One development case: the set it is of, its signals by name, and whether it is positive."""

    set: str
    signals: Mapping[str, float]
    positive: bool


@dataclass(frozen=True, slots=True)
class Done:
    """How far collecting has come."""

    done: int
    total: int
    error: str | None = None


@app.command()
def abstain(sets: Sets, limit: Limit = 100, seed: Seed = 0, out: Path = Path("assistant/abstaining.json")) -> None:
    """Fit the probability that the sources answer, from the signals of the running settings."""
    cases = [case for folder in sets for case in _abstaining_cases(folder, limit, seed)]
    without = tuple(name for name in ABSTAINING if name != "yes_no")
    models = {"with_logit": fit(cases, ABSTAINING), "without_logit": fit(cases, without)}
    limits = {name: thresholds([model(c.signals) for c in cases if c.positive]) for name, model in models.items()}
    _write(out, "abstain", sets, cases, models, {"over_abstention": OVER_ABSTENTION, "thresholds": limits})


@app.command()
def verify(sets: Sets, limit: Limit = 1000, seed: Seed = 0, out: Path = Path("assistant/verifying.json")) -> None:
    """Fit support from what a claim and its passage have in common."""
    cases = [case for folder in sets for case in _verifying_cases(folder, limit, seed)]
    _write(out, "verify", sets, cases, {"lexical": fit(cases, VERIFYING)}, {})


def _abstaining_cases(folder: Path, limit: int, seed: int) -> list[Case]:
    """The signals of each development question, from the same path an answer takes up to its decision."""
    assembly = Assembly(load_settings({"strictness": "off"}).settings)
    dataset = read_dataset(folder)
    assistant = assembly.assistant_over(assembly.evaluation_index(dataset)[0])
    refusing = replace(assistant, policy=replace(assistant.policy, threshold=2.0))
    questions = draw([q for q in dataset.questions if half_of(q.qid) == "dev"], limit, seed)
    found = [
        Case(dataset.name, dict(refusing.ask(Question(q.question)).signals), q.answerable) for q in _told(questions)
    ]
    assembly.close()
    return found


def _verifying_cases(folder: Path, limit: int, seed: int) -> list[Case]:
    assembly = Assembly(load_settings({"strictness": "off"}).settings)
    pairs = read_pairs(folder)
    dev = draw_pairs([pair for pair in pairs.pairs if half_of(pair.id) == "dev"], limit, seed)
    return [Case(pairs.name, assembly.support_signals(p.claim, p.evidence), p.supported) for p in _told(dev)]


def _told(items: Sequence[Any]) -> Any:
    with CountProgress(sys.stderr) as progress:
        for done, item in enumerate(items, 1):
            yield item
            progress(Done(done, len(items)))


def _write(
    out: Path,
    command: str,
    sets: Sequence[Path],
    cases: Sequence[Case],
    models: Mapping[str, Logistic],
    more: Mapping[str, Any],
) -> None:
    names = [folder.resolve().name for folder in sets]
    stored = {
        "made_by": f"python -m assistant.evaluation.calibrate {command} {' '.join(names)}",
        "cases": {name: _counts(cases, name) for name in names},
        "auroc_on_these": {
            name: {s: _auroc(model, [c for c in cases if c.set == s]) for s in names} for name, model in models.items()
        },
        **more,
        "models": {
            name: {"intercept": model.intercept, "weights": dict(model.weights)} for name, model in models.items()
        },
    }
    out.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    typer.echo(out.read_text(encoding="utf-8"))


def thresholds(of_answerable: Sequence[float]) -> dict[str, float]:
    """For each word of strictness the probability below which its share of answerable questions falls."""
    return {name: round(float(np.quantile(of_answerable, share)), 3) for name, share in OVER_ABSTENTION.items()}


def _counts(cases: Sequence[Case], name: str) -> dict[str, int]:
    own = [case.positive for case in cases if case.set == name]
    return {"positive": sum(own), "negative": len(own) - sum(own)}


def _auroc(model: Callable[[Mapping[str, float]], float], cases: Sequence[Case]) -> float | None:
    scores = [(model(case.signals), case.positive) for case in cases]
    value = auroc([s for s, positive in scores if positive], [s for s, positive in scores if not positive])
    return None if value is None else round(value, 3)


def fit(cases: Sequence[Case], features: Sequence[str]) -> Logistic:
    """A logistic regression whose sets and classes weigh the same. Weights are rounded to be read."""
    from sklearn.linear_model import LogisticRegression

    signals = np.array([[case.signals[name] for name in features] for case in cases])  # (n, features)
    positive = np.array([case.positive for case in cases])
    sizes = {key: sum((c.set, c.positive) == key for c in cases) for key in {(c.set, c.positive) for c in cases}}
    weights = np.array([len(cases) / len(sizes) / sizes[case.set, case.positive] for case in cases])
    model = LogisticRegression(C=100.0, max_iter=1000).fit(  # signals are of different scales: hardly shrink any
        signals, positive, sample_weight=weights
    )
    return Logistic(
        round(float(model.intercept_[0]), 4),
        {name: round(float(w), 4) for name, w in zip(features, model.coef_[0], strict=True)},
    )


if __name__ == "__main__":
    app()
