"""What evidence of so many tokens keeps: gold evidence and answers against the budget.

Knows datasets, the gold's places and the selectors it is given, one a budget. Compares with the five best whole chunks
on the same questions: those that are answerable and have gold evidence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError
from assistant.evaluation import metrics
from assistant.evaluation.datasets import Dataset, GoldQuestion, draw, half_of
from assistant.evaluation.journal import HOPELESS, Json, open_journal, read_run, write_atomically
from assistant.evaluation.plots import budgets_to_html
from assistant.evaluation.run import Ask, CorpusIndex, Plan, Retrieve, RunProgress, library_of
from assistant.evaluation.scoring import Gold, Library, locate
from assistant.evidence import Selector, whole_chunks
from assistant.types import Evidence

WHOLE = 5
"""Chunks that the evidence is compared with: what a system without selection would show."""


@dataclass(frozen=True, slots=True)
class Showing:
    """One budget: how evidence is selected, and who answers from it (None: nobody is asked)."""

    select: Selector
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured: where passages come from, what is shown of them, and what that costs in tokens."""

    retrieve: Retrieve
    showings: Mapping[int, Showing]
    count: Callable[[Evidence], int]


def measure_budgets(
    dataset: Dataset,
    index: CorpusIndex,
    measured: Measured,
    out: Path,
    plan: Plan,
    *,
    progress: Callable[[RunProgress], None] | None = None,
    fresh: bool = False,
) -> Json:
    """Ask every drawn question at every budget, and write `report.json`, `report.md` and `report.html`.

    Interrupted, it goes on where it stopped. Raises EvaluationError if `out` holds another run.
    """
    of_types = [question for question in dataset.questions if not plan.types or question.type in plan.types]
    asked = [question for question in of_types if question.answerable and question.gold_evidence]
    questions = draw(asked, plan.limit, plan.seed)
    texts = {document.doc_id: document.text for document in dataset.documents}
    library = library_of(dataset, index)
    with open_journal(out, _header(dataset, measured, plan), fresh=fresh) as journal:
        done = {record["qid"] for record in journal.done}
        rest = [question for question in questions if question.qid not in done]
        for count, question in enumerate(rest, start=len(done) + 1):
            record = _record(question, locate(question, texts), library, measured)
            journal.append(record)
            if progress:
                progress(RunProgress(question.qid, count, len(questions), len(done), record["error"]))
    return _write_report(out)


def _header(dataset: Dataset, measured: Measured, plan: Plan) -> Json:
    return {
        "dataset": dataset.name,
        "corpus_digest": dataset.corpus_digest,
        "questions_digest": dataset.questions_digest,
        "budgets": sorted(measured.showings),
        "answers": any(showing.ask for showing in measured.showings.values()),
        "seed": plan.seed,
        "limit": plan.limit,
        "settings_digest": plan.settings_digest,
        "types": list(plan.types),
    }


def _record(question: GoldQuestion, gold: Gold, library: Library, measured: Measured) -> Json:
    about = {"qid": question.qid, "question": question.question, "half": half_of(question.qid)}
    try:
        hits = measured.retrieve(question.to_question())
        whole = _kept(gold, whole_chunks(hits[:WHOLE]), library, measured)
        shown = {
            str(budget): _kept(gold, showing.select(question.question, hits), library, measured)
            | _included(question, showing)
            for budget, showing in sorted(measured.showings.items())
        }
    except HOPELESS:
        raise
    except AssistantError as failure:
        return {**about, "whole": None, "budgets": {}, "error": str(failure)}
    return {**about, "whole": whole, "budgets": shown, "error": None}


def _kept(gold: Gold, evidence: Sequence[Evidence], library: Library, measured: Measured) -> Json:
    spans = [library.span(piece.hit.article.id, piece.start, piece.end) for piece in evidence]
    spans += [library.span(other.article.id, other.chunk.start, other.chunk.end) for e in evidence for other in e.also]
    recall = metrics.evidence_recall(gold.evidence_sets, [spans])
    return {"recall": recall, "tokens": sum(measured.count(piece) for piece in evidence)}


def _included(question: GoldQuestion, showing: Showing) -> Json:
    if showing.ask is None:
        return {}
    answer = showing.ask(question.to_question())
    said = "" if answer.abstained else answer.text
    return {"inclusion": metrics.inclusion(said, question.answers), "first_token_s": answer.timings.first_token_s}


# --- report ------------------------------------------------------------------------------------------------------


def _write_report(out: Path) -> Json:
    header, records = read_run(out)
    good = [record for record in records if record["error"] is None]
    halves = {"all": good} | {half: [r for r in good if r["half"] == half] for half in ("dev", "test")}
    report = {
        "run": dict(header),
        "failed": len(records) - len(good),
        "halves": {name: _rows(of, header["budgets"]) for name, of in halves.items() if of},
    }
    write_atomically(out / "report.json", json.dumps(report, indent=2) + "\n")
    write_atomically(out / "report.md", _markdown(report))
    write_atomically(out / "report.html", budgets_to_html(report))
    return report


def _rows(records: Sequence[Json], budgets: Sequence[int]) -> list[Json]:
    """One row a budget, and first that of the whole chunks, whose budget is null."""
    whole = _row(None, [record["whole"] for record in records], None)
    rows = (_row(b, [record["budgets"][str(b)] for record in records], whole["recall"]) for b in budgets)
    return [whole, *rows]


def _row(budget: int | None, shown: Sequence[Json], whole: float | None) -> Json:
    recall = _mean([one["recall"] for one in shown])
    return {
        "budget": budget,
        "n": len(shown),
        "tokens": _mean([one["tokens"] for one in shown]),
        "recall": recall,
        "kept": None if not whole or recall is None else recall / whole,
        "inclusion": _mean([one["inclusion"] for one in shown if one.get("inclusion") is not None]),
        "first_token_s": _mean([one["first_token_s"] for one in shown if one.get("first_token_s") is not None]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return metrics.share(sum(values), len(values))


def _markdown(report: Json) -> str:
    run = report["run"]
    lines = [
        f"# {run['dataset']}: evidence against its tokens",
        "",
        f"Answerable questions with gold evidence, {report['failed']} failed. `kept` is the recall as a share of that "
        f"of the {WHOLE} best whole chunks; tokens count titles and dates too.",
    ]
    for half, rows in report["halves"].items():
        lines += [
            "",
            f"## {half}, n = {rows[0]['n']}",
            "",
            "| budget | tokens | recall | kept | inclusion | first token |",
        ]
        lines += ["|---|---|---|---|---|---|", *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(row: Json) -> str:
    budget = f"{WHOLE} whole chunks" if row["budget"] is None else str(row["budget"])
    seconds = "" if row["first_token_s"] is None else f"{row['first_token_s']:.1f} s"
    shares = " | ".join("" if row[name] is None else f"{row[name]:.3f}" for name in ("recall", "kept", "inclusion"))
    return f"| {budget} | {row['tokens']:.0f} | {shares} | {seconds} |"
