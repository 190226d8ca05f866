"""A run's records → `report.json`, and the same to read as `report.md` and `report.html`.

Knows which figures a run is summed up in; how each is computed `aggregate` and `metrics` know, how it looks `markdown`
and `plots`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.evaluation.aggregate import TIMINGS, Record, Table, estimates, spread
from assistant.evaluation.cases import worst_cases
from assistant.evaluation.journal import Json, read_run, write_atomically
from assistant.evaluation.markdown import to_markdown
from assistant.evaluation.metrics import Abstention, auroc, share
from assistant.evaluation.plots import to_html
from assistant.evaluation.timeliness import time_cases

FORMAT = 1
NOT_OF_ANSWERS = {"over_abstention", "reliability", *TIMINGS}


def write_report(out: Path, about: Mapping[str, Any]) -> Json:
    """Sum up the run in a folder and write the three reports beside it. `about` is kept as it is given."""
    header, records = read_run(out)
    report = build_report(header, records, about)
    cases = worst_cases(records)
    write_atomically(out / "report.json", json.dumps(report, indent=2) + "\n")
    write_atomically(out / "report.md", to_markdown(report, cases))
    write_atomically(out / "report.html", to_html(report, records))
    return report


def build_report(header: Mapping[str, Any], records: Sequence[Record], about: Mapping[str, Any]) -> Json:
    """Everything a run showed, as plain values. A metric nobody has a say in is absent."""
    table = Table(records)
    seed = int(header["seed"])
    return {
        "format": FORMAT,
        "run": dict(header),
        "asked": len(records),
        "failed": len(records) - len(table),
        "metrics": _estimates(table, seed),
        "answered": _of_answers(_estimates(table.where(_answered), seed)),
        "abstention": _abstention(table),
        "signals": _signals(table),
        "by_type": _by_type(table, seed),
        "time": time_cases(records),
        "latency": _latency(table),
        "tokens": _tokens(table),
        "produced_by": _producers(table),
        "about": dict(about),
        "failures": [{"qid": r["qid"], "error": r["error"]} for r in records if r["error"] is not None],
    }


def _estimates(table: Table, seed: int) -> Json:
    return {name: asdict(estimate) for name, estimate in estimates(table, seed).items()}


def _of_answers(metrics: Json) -> Json:
    """Without retrieval and abstention, which have nothing more to say about the answers alone."""
    return {name: found for name, found in metrics.items() if "@" not in name and name not in NOT_OF_ANSWERS}


def _answered(record: Record) -> bool:
    """An answerable question that got an answer: what is left when abstaining is taken out of the figures."""
    return bool(record["answerable"] and record["answer"] and not record["answer"]["abstained"])


# --- abstention --------------------------------------------------------------------------------------------------


def _abstention(table: Table) -> Json | None:
    """Quoth beside the two systems that need no model. None for a run that only retrieved."""
    if "abstained" not in table.columns:
        return None
    counts = table.abstention(table.rows)
    always, never = counts.if_always_answering(), counts.if_always_abstaining()
    judged = [r for r in table.records if "reliability" in r["scores"]]
    return {
        "quoth": {
            **_rates(counts),
            "auroc": table.auroc(table.rows),
            "reliability": share(sum(r["scores"]["reliability"] for r in judged), len(judged)),
        },
        "always_answer": {
            **_rates(always),
            "auroc": _chance(counts),
            "reliability": None,
            "reliability_at_most": share(sum(map(_reward_if_answered, judged)), len(judged)),
        },
        "always_abstain": {
            **_rates(never),
            "auroc": _chance(counts),
            "reliability": share(sum(not r["answerable"] for r in judged), len(judged)),
        },
    }


def _rates(counts: Abstention) -> Json:
    return {
        **asdict(counts),
        "rejection_recall": counts.rejection_recall,
        "over_abstention": counts.over_abstention,
        "precision": counts.precision,
        "balanced_accuracy": counts.balanced_accuracy,
    }


def _chance(counts: Abstention) -> float | None:
    """A constant confidence tells nothing from nothing: one half, where there is something to tell apart."""
    return None if counts.balanced_accuracy is None else 0.5


def _reward_if_answered(record: Record) -> int:
    """At best: nobody knows what would have been said where it abstained, so there it is taken to be right."""
    if not record["answerable"]:
        return -1
    return 1 if record["answer"]["abstained"] or record["scores"].get("right") else -1


def _signals(table: Table) -> Json:
    """How well each signal behind the confidence separates the answerable by itself (AUROC), with n."""
    rows = table.records
    names = dict.fromkeys(name for r in rows for name in ((r["answer"] or {}).get("signals") or {}))
    found = {}
    for name in names:
        known = [r for r, apart in zip(rows, table.clarify, strict=True) if not apart and _signal(r, name) is not None]
        positive = [value for r in known if r["answerable"] and (value := _signal(r, name)) is not None]
        negative = [value for r in known if not r["answerable"] and (value := _signal(r, name)) is not None]
        found[name] = {"auroc": auroc(positive, negative), "n": len(known)}
    return found


def _signal(record: Record, name: str) -> float | None:
    value = ((record["answer"] or {}).get("signals") or {}).get(name)
    return None if value is None else float(value)


# --- the rest ----------------------------------------------------------------------------------------------------


def _by_type(table: Table, seed: int) -> Json:
    types = sorted({str(record["type"]) for record in table.records if record.get("type") is not None})
    groups = {name: table.where(lambda record, of=name: str(record.get("type")) == of) for name in types}  # type: ignore[misc]
    return {
        name: {
            "n": len(group),
            "answerable": int(group.answerable.sum()),
            "abstained": sum(bool(r["answer"] and r["answer"]["abstained"]) for r in group.records),
            "metrics": _estimates(group, seed),
        }
        for name, group in groups.items()
    }


def _latency(table: Table) -> Json:
    spreads = {"seconds": spread([float(record["seconds"]) for record in table.records])}
    for name in ("retrieve_s", *TIMINGS):
        values = [seconds for r in table.records if (seconds := _timing(r, name)) is not None]
        spreads[name] = spread(values)
    return {name: found for name, found in spreads.items() if found["n"]}


def _timing(record: Record, name: str) -> float | None:
    value = (record["answer"] or {}).get("timings", {}).get(name)
    return None if value is None else float(value)


def _tokens(table: Table) -> Json | None:
    """Tokens by kind, and how fast they were written once the first was there."""
    answers = [r["answer"] for r in table.records if r["answer"]]
    if not answers:
        return None
    kinds = ("prompt_tokens", "cached_tokens", "completion_tokens")
    written = [a for a in answers if a["timings"]["first_token_s"] is not None]
    seconds = sum(a["timings"]["total_s"] - a["timings"]["first_token_s"] for a in written)
    return {
        **{kind: sum(a["usage"][kind] for a in answers) for kind in kinds},
        "mean": {kind: share(sum(a["usage"][kind] for a in answers), len(answers)) for kind in kinds},
        "completion_tokens_per_second": share(sum(a["usage"]["completion_tokens"] for a in written), seconds),
    }


def _producers(table: Table) -> Json:
    """The models, indexes, settings and versions found in the answers: one of each, unless the run was mixed."""
    answers = [r["answer"] for r in table.records if r["answer"]]
    return {
        "model": _distinct(a["model"] for a in answers),
        "index": _distinct(a["index"] for a in answers),
        "settings_digest": _distinct(a["settings_digest"] for a in answers),
        "version": _distinct(a["version"] for a in answers),
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list({json.dumps(value, sort_keys=True): value for value in values}.values())
