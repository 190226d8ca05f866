"""Fits the weights of abstaining and verifying on development questions and pairs, and writes them as JSON.

    python -m assistant.evaluation.calibrate abstain SET [SET …] --limit 100
    python -m assistant.evaluation.calibrate quote SET [SET …] --limit 100
    python -m assistant.evaluation.calibrate verify SET [SET …]

Only the development half of each set is looked at: which half an id belongs to is decided by the id alone, so that what
is fitted here can be reported on the other half. Sets and classes weigh the same, however many cases they have.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer

from assistant.abstaining import SAID_OF_ALL
from assistant.assemble import Assembly
from assistant.evaluation.datasets import draw, draw_pairs, half_of, read_dataset, read_pairs
from assistant.evaluation.metrics import auroc
from assistant.live import CountProgress
from assistant.settings import Wording, load_settings
from assistant.types import Question
from assistant.verifying import Logistic

ODDS = ("yes_no_nearest", "yes_no")
GRADED = ("dense", "nearest", *ODDS)
WORDED = ("dense", "nearest", "covered_once")
OF_SENTENCES = ("dense", "nearest", "yes_no_best")
VERIFYING = ("covered", "best", "complete", "unbroken", "order", "numbers", "same_names", "same_polarity", "unopposed")
SHRINKING = 1.0
"""The penalty on squared weights when fitting verifying: its signals overlap and the pairs are few."""
PRECISION = 0.85
"""Of development pairs called supported, this share is, sets and classes weighing the same."""
MISSED = 0.1
"""The share of supported development pairs called unsupported."""

OVER_ABSTENTION = {"eager": 0.05, "balanced": 0.15, "strict": 0.3}
"""The share of answerable development questions each word of strictness leaves unanswered."""

Floats = npt.NDArray[np.float64]

app = typer.Typer(help=__doc__, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
Sets = Annotated[list[Path], typer.Argument(help="Dataset folders.")]
Limit = Annotated[int, typer.Option(help="At most so many cases a set, drawn with the seed.")]
Seed = Annotated[int, typer.Option(help="The seed of the draw.")]
Keep = Annotated[Path | None, typer.Option(help="Keep each question's signals there, a line each.")]


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
def abstain(
    sets: Sets,
    limit: Limit = 100,
    seed: Seed = 0,
    keep: Keep = None,
    out: Path = Path("assistant/abstaining.json"),
) -> None:
    """Fit the probability that the sources answer, from the signals of the running settings."""
    cases = _collected(sets, limit, seed, keep, "written")
    fit_abstaining(
        _command("abstain", sets, limit, seed), sets, cases, {"with_logit": GRADED, "without_logit": WORDED}, out
    )


@app.command()
def quote(
    sets: Sets,
    limit: Limit = 100,
    seed: Seed = 0,
    keep: Keep = None,
    out: Path = Path("assistant/quoting.json"),
) -> None:
    """Fit the probability that the sources answer where answers are quotations."""
    cases = _collected(sets, limit, seed, keep, "quoted")
    fit_abstaining(_command("quote", sets, limit, seed), sets, cases, {"of_sentences": OF_SENTENCES}, out)


def _collected(sets: Sequence[Path], limit: int, seed: int, keep: Path | None, answers: Wording) -> list[Case]:
    cases = [case for folder in sets for case in _abstaining_cases(folder, limit, seed, answers)]
    if keep:
        keep.write_text("".join(f"{json.dumps(asdict(case))}\n" for case in cases), encoding="utf-8")
    return cases


def fit_abstaining(
    command: str, sets: Sequence[Path], cases: Sequence[Case], models: Mapping[str, Sequence[str]], out: Path
) -> None:
    """Fit a model on the cases from the signals given by its name, and write all with their thresholds."""
    fitted = {name: fit(cases, signals) for name, signals in models.items()}
    limits = {name: thresholds(_of_answerable(model, cases)) for name, model in fitted.items()}
    _write(out, command, sets, cases, fitted, {"over_abstention": OVER_ABSTENTION, "thresholds": limits})


def _of_answerable(model: Logistic, cases: Sequence[Case]) -> list[list[float]]:
    """Set by set, what the model says of the answerable questions."""
    names = dict.fromkeys(case.set for case in cases)
    return [[model(case.signals) for case in cases if case.positive and case.set == name] for name in names]


@app.command()
def verify(
    sets: Sets,
    limit: Limit = 1000,
    seed: Seed = 0,
    odds: Annotated[Path, typer.Option(help="Where the generator's answers are kept.")] = Path("runs/odds.jsonl"),
    ask: Annotated[bool, typer.Option(help="Ask the generator for what is not kept there.")] = True,
    out: Path = Path("assistant/verifying.json"),
) -> None:
    """Fit support from the signals of the running settings; see `assistant.comparing`."""
    cases = [case for folder in sets for case in _verifying_cases(folder, limit, seed, odds, ask)]
    graded = [case for case in cases if "yes_no" in case.signals]
    models = {"without_logit": fit_rising(cases, VERIFYING)}
    if graded:
        models = {"with_logit": fit_beside(models["without_logit"], graded, "yes_no_brief"), **models}
    limits = status_thresholds(next(iter(models.values())), graded or cases)
    _write(
        out,
        _command("verify", sets, limit, seed),
        sets,
        cases,
        models,
        {"graded_cases": _sizes(graded), "precision": PRECISION, "missed": MISSED, "thresholds": limits},
    )


def _abstaining_cases(folder: Path, limit: int, seed: int, answers: Wording) -> list[Case]:
    """The signals of each development question, from the same path an answer takes up to its decision.

    `answers` is the setting: only what is then answered so counts. A question decided before that (it points at nothing
    named, or at a time that no article tells of) has none.
    """
    assembly = Assembly(load_settings({"strictness": "off", "answers": answers}).settings)
    dataset = read_dataset(folder)
    assistant = assembly.assistant_over(assembly.evaluation_index(dataset)[0])
    refusing = replace(
        assistant,
        policy=replace(assistant.policy, threshold=0.5, quoting_threshold=0.5),
        abstainer=_asking_all,
    )
    questions = draw([q for q in dataset.questions if half_of(q.qid) == "dev"], limit, seed)
    found = [
        Case(dataset.name, dict(refusing.ask(Question(q.question)).signals), q.answerable) for q in _told(questions)
    ]
    assembly.close()
    graded = [case for case in found if case.signals.keys() >= set(WORDED)]
    return [case for case in graded if ("yes_no_best" in case.signals) is (answers == "quoted")]


def _asking_all(signals: Mapping[str, float]) -> float:
    """An `Abstainer` that has hope until all is asked, and then refuses to write; quoting costs nothing more."""
    return float("yes_no_best" in signals or signals.get("yes_no") == max(SAID_OF_ALL))


def _verifying_cases(folder: Path, limit: int, seed: int, odds: Path, ask: bool) -> list[Case]:
    assembly = Assembly(load_settings().settings)
    judge, pairs = assembly.pair_judge(odds, ask), read_pairs(folder)
    dev = draw_pairs([pair for pair in pairs.pairs if half_of(pair.id) == "dev"], limit, seed)
    found = [Case(pairs.name, judge(p.claim, p.evidence).signals, p.supported) for p in _told(dev)]
    assembly.close()
    return [case for case in found if case.signals]


def _told(items: Sequence[Any]) -> Any:
    with CountProgress(sys.stderr) as progress:
        for done, item in enumerate(items, 1):
            yield item
            progress(Done(done, len(items)))


def _command(name: str, sets: Sequence[Path], limit: int, seed: int) -> str:
    """What makes the same again: the command with all that decides which cases are drawn."""
    names = " ".join(folder.resolve().name for folder in sets)
    return f"python -m assistant.evaluation.calibrate {name} {names} --limit {limit} --seed {seed}"


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
        "made_by": command,
        "cases": _sizes(cases),
        "auroc_on_these": {
            name: {s: _auroc(model, _measured([c for c in cases if c.set == s], model)) for s in names}
            for name, model in models.items()
        },
        **more,
        "models": {
            name: {"intercept": model.intercept, "weights": dict(model.weights)} for name, model in models.items()
        },
    }
    out.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    typer.echo(out.read_text(encoding="utf-8"))


def thresholds(of_answerable: Sequence[Sequence[float]]) -> dict[str, float]:
    """For each word of strictness the probability below which its share of a set's answerable questions falls.

    The lowest of the sets': in none of them more is left unanswered.
    """
    return {
        name: round(min(float(np.quantile(one, share)) for one in of_answerable), 3)
        for name, share in OVER_ABSTENTION.items()
    }


def _measured(cases: Sequence[Case], model: Logistic) -> list[Case]:
    return [case for case in cases if case.signals.keys() >= model.weights.keys()]


def _sizes(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    return {name: _counts(cases, name) for name in dict.fromkeys(case.set for case in cases)}


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

    signals, positive, weights = _arrays(cases, features)
    model = LogisticRegression(C=100.0, max_iter=1000).fit(  # signals are of different scales: hardly shrink any
        signals, positive, sample_weight=weights
    )
    return _logistic(float(model.intercept_[0]), features, model.coef_[0])


def fit_rising(cases: Sequence[Case], features: Sequence[str]) -> Logistic:
    """The same, but no weight below 0: every signal means support, and one that seems to mean the contrary is noise."""
    from scipy.optimize import minimize

    signals, positive, weights = _arrays(cases, features)
    spread = np.maximum(signals.std(axis=0), 1e-6)
    rows = np.column_stack([np.ones(len(cases)), (signals - signals.mean(axis=0)) / spread])  # (n, 1 + features)
    signs = np.where(positive, 1.0, -1.0)

    def loss(at: Floats) -> tuple[float, Floats]:
        margins = signs * (rows @ at)
        slopes = -weights * signs / (1 + np.exp(margins))
        shrunk = np.concatenate([[0.0], at[1:]])
        return float((weights * np.logaddexp(0, -margins)).sum() + SHRINKING * (shrunk @ shrunk) / 2), (
            rows.T @ slopes + SHRINKING * shrunk
        )

    bounds = [(None, None), *[(0.0, None)] * len(features)]
    found = minimize(loss, np.zeros(1 + len(features)), jac=True, method="L-BFGS-B", bounds=bounds).x
    slopes = found[1:] / spread
    return _logistic(float(found[0] - slopes @ signals.mean(axis=0)), features, slopes)


def fit_beside(model: Logistic, cases: Sequence[Case], name: str) -> Logistic:
    """`model` with one signal more: only how much the two count is fitted, so that few cases are enough."""
    both = [replace(case, signals={"model": model.odds(case.signals), name: case.signals[name]}) for case in cases]
    joint = fit_rising(both, ("model", name))
    scale = joint.weights.get("model", 0.0)
    weights = {feature: round(scale * weight, 4) for feature, weight in model.weights.items()}
    return Logistic(round(joint.intercept + scale * model.intercept, 4), weights | {name: joint.weights.get(name, 0.0)})


def _arrays(cases: Sequence[Case], features: Sequence[str]) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Signals (n, features), labels (n), and weights (n) by which each class of each set counts the same."""
    signals = np.array([[case.signals[name] for name in features] for case in cases])
    sizes = Counter((case.set, case.positive) for case in cases)
    weights = np.array([len(cases) / len(sizes) / sizes[case.set, case.positive] for case in cases])
    return signals, np.array([case.positive for case in cases]), weights


def _logistic(intercept: float, features: Sequence[str], weights: Iterable[float]) -> Logistic:
    named = {name: round(float(weight), 4) for name, weight in zip(features, weights, strict=True)}
    return Logistic(round(intercept, 4), {name: weight for name, weight in named.items() if weight})


def status_thresholds(model: Logistic, cases: Sequence[Case]) -> dict[str, float]:
    """From which support on PRECISION of the pairs are supported, and below which MISSED of the supported lie."""
    supports = np.array([model(case.signals) for case in cases])
    _, positive, weights = _arrays(cases, ())
    order = np.argsort(-supports)
    precise = np.cumsum((weights * positive)[order]) / np.cumsum(weights[order])
    enough = np.flatnonzero(precise >= PRECISION)
    supported = float(supports[order][enough[-1]]) if len(enough) else float(supports.max())
    partial = float(np.quantile(supports[positive], MISSED))
    return {"supported": round(supported, 3), "partial": round(min(partial, supported), 3)}


if __name__ == "__main__":
    app()
