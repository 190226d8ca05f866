"""A run's records → `report.json`, and the same to read as `report.md` and `report.html`.

Knows what a reader wants to see of a run and in what order; computes nothing that `aggregate` does not. Questions and
answers are other people's text: in Markdown they are escaped, in HTML `plots` does it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.evaluation.aggregate import TIMINGS, Record, Table, estimates, spread
from assistant.evaluation.journal import Json, read_run, write_atomically
from assistant.evaluation.metrics import Abstention, auroc, share
from assistant.evaluation.plots import to_html
from assistant.evaluation.scoring import LONG_ANSWER_RECALL, LONG_ANSWER_TOKENS

FORMAT = 1
WORST = 5
NOT_OF_ANSWERS = {"over_abstention", "reliability", *TIMINGS}
EXCERPT = 300
SPECIAL = str.maketrans({character: "\\" + character for character in "\\`*_[]<>!|~&#"})
RIGHT = (
    f"`right`: yes/no questions by the first yes or no, short answers by inclusion, and where every reference has more "
    f"than {LONG_ANSWER_TOKENS} words, by holding {LONG_ANSWER_RECALL:.0%} of the words of one. `reliability` counts "
    "+1 a right answer or a right abstention, 0 an abstention on an answerable question, −1 anything else. `@k` counts "
    "chunks. `quote_evidence_…` looks at quotes alone, `evidence_…` at cited chunks too; gold is not exhaustive, "
    "so precision is a lower bound."
)


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


# --- worst cases -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One record that went wrong, and what of it to show."""

    kind: str
    qid: str
    question: str
    said: str
    note: str


def worst_cases(records: Sequence[Record], most: int = WORST) -> tuple[Case, ...]:
    """At most `most` of each way of going wrong, the surest mistakes first."""
    good = [record for record in records if record["error"] is None]
    answered = [r for r in good if r["answer"] and not r["answer"]["abstained"]]
    abstained = [r for r in good if r["answer"] and r["answer"]["abstained"]]
    kinds: tuple[tuple[str, list[Record], Callable[[Record], float], Callable[[Record], str]], ...] = (
        (
            "Answered what the sources do not answer",
            [r for r in answered if not r["answerable"] and "reliability" in r["scores"]],
            lambda r: -r["answer"]["confidence"],
            lambda r: f"confidence {r['answer']['confidence']:.2f}",
        ),
        (
            "Answered wrongly",
            [r for r in answered if r["scores"].get("right") == 0],
            lambda r: -r["answer"]["confidence"],
            lambda r: f"confidence {r['answer']['confidence']:.2f}",
        ),
        (
            "Abstained though the sources answer",
            [r for r in abstained if r["answerable"]],
            lambda r: -r["scores"].get("evidence_recall@5", 0.0),
            lambda r: f"evidence recall@5 {r['scores'].get('evidence_recall@5', 0.0):.2f}",
        ),
        (
            "A quote that is not in the stored text",
            [r for r in answered if r["scores"].get("quote_validity", 1.0) < 1],
            lambda r: r["scores"]["quote_validity"],
            lambda r: f"quote validity {r['scores']['quote_validity']:.2f}",
        ),
        (
            "Evidence not among the best ten chunks",
            [r for r in good if r["scores"].get("evidence_recall@10", 1.0) < 1],
            lambda r: r["scores"]["evidence_recall@10"],
            lambda r: f"evidence recall@10 {r['scores']['evidence_recall@10']:.2f}",
        ),
    )
    return tuple(
        Case(kind, r["qid"], r["question"], _said(r), note(r))
        for kind, found, key, note in kinds
        for r in sorted(found, key=key)[:most]
    )


def _said(record: Record) -> str:
    return str(record["answer"]["answer"]) if record["answer"] else ""


# --- Markdown ----------------------------------------------------------------------------------------------------


def to_markdown(report: Mapping[str, Any], cases: Sequence[Case]) -> str:
    """The report as a page of tables."""
    run = report["run"]
    parts = [
        [f"# {escape(run['dataset'])}", "", _summary(report)],
        [f"**Warning:** {escape(warning)}" for warning in _warnings(report)],
        _metric_table("All questions", report["metrics"]),
        [RIGHT],
        _metric_table("Answerable questions that were answered", report["answered"]),
        _abstention_table(report["abstention"]),
        _signal_table(report["signals"]),
        _type_table(report["by_type"]),
        _latency_table(report["latency"], report["tokens"]),
        _case_list(cases),
        _failure_list(report["failures"]),
        ["## About", "", *_facts({**report["produced_by"], **report["about"]})],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Other people's text on one line of Markdown: no markup, no image, no HTML, no new row of a table."""
    line = " ".join(str(text).split())
    return (line if len(line) <= EXCERPT else line[:EXCERPT] + "…").translate(SPECIAL)


def _summary(report: Mapping[str, Any]) -> str:
    run = report["run"]
    drawn = "all of them" if run["limit"] is None else f"{run['limit']} drawn with seed {run['seed']}"
    kind = "Retrieval only. " if run["retrieval_only"] else ""
    settings = escape(run["settings_digest"]) or "unknown"
    judge = f" Citations judged by {escape(run['judge'])}." if run["judge"] else ""
    return (
        f"{kind}{report['asked']} questions asked ({drawn} of {run['questions']}) "
        f"of {run['documents_indexed']} documents, {report['failed']} failed. Settings {settings}.{judge} "
        "Intervals are 95 %, by bootstrap over questions; n is how many questions have a say."
    )


def _warnings(report: Mapping[str, Any]) -> list[str]:
    run, warnings = report["run"], list(report["run"]["warnings"])
    if missing := run["documents"] - run["documents_indexed"]:
        warnings.append(f"{missing} of {run['documents']} documents did not get into the index")
    return warnings


def _metric_table(title: str, metrics: Mapping[str, Any]) -> list[str]:
    if not metrics:
        return []
    rows = [
        f"| {name} | {m['value']:.3f} | {m['low']:.3f} … {m['high']:.3f} | {m['n']} |" for name, m in metrics.items()
    ]
    return [f"## {title}", "", "| metric | value | 95 % interval | n |", "|---|---|---|---|", *rows]


def _abstention_table(abstention: Mapping[str, Any] | None) -> list[str]:
    if not abstention:
        return []
    rows = {
        "abstained, unanswerable": "abstained_unanswerable",
        "abstained, answerable": "abstained_answerable",
        "answered, unanswerable": "answered_unanswerable",
        "answered, answerable": "answered_answerable",
        "rejection recall": "rejection_recall",
        "over-abstention": "over_abstention",
        "precision": "precision",
        "balanced accuracy": "balanced_accuracy",
        "AUROC of confidence": "auroc",
        "reliability": "reliability",
        "reliability at most": "reliability_at_most",
    }
    systems = ("quoth", "always_answer", "always_abstain")
    lines = [
        f"| {title} | " + " | ".join(number(abstention[system].get(name)) for system in systems) + " |"
        for title, name in rows.items()
    ]
    head = "| | Quoth | always answers | always abstains |"
    return ["## Abstention, beside two systems that need no model", "", head, "|---|---|---|---|", *lines]


def _signal_table(signals: Mapping[str, Any]) -> list[str]:
    if not signals:
        return []
    rows = [f"| {escape(name)} | {number(s['auroc'])} | {s['n']} |" for name, s in signals.items()]
    head = ["| signal | AUROC | n |", "|---|---|---|"]
    return ["## Signals: answerable or not, each by itself", "", *head, *rows]


def _type_table(by_type: Mapping[str, Any]) -> list[str]:
    if not by_type:
        return []
    names = ("right", "token_f1", "rouge_l", "evidence_recall", "evidence_recall@5")
    rows = [
        f"| {escape(name)} | {group['n']} | {group['answerable']} | {group['abstained']} | "
        + " | ".join(number(group["metrics"].get(metric, {}).get("value")) for metric in names)
        + " |"
        for name, group in by_type.items()
    ]
    head = f"| type | n | answerable | abstained | {' | '.join(names)} |"
    return ["## By type of question", "", head, "|---" * (4 + len(names)) + "|", *rows]


def _latency_table(latency: Mapping[str, Any], tokens: Mapping[str, Any] | None) -> list[str]:
    rows = [
        f"| {name} | {number(found['p50'])} | {number(found['p95'])} | {found['n']} |"
        for name, found in latency.items()
    ]
    spent = ["", *_facts({"tokens": tokens})] if tokens else []
    return [
        "## Seconds and tokens",
        "",
        "| seconds | median | 95th percentile | n |",
        "|---|---|---|---|",
        *rows,
        *spent,
    ]


def _case_list(cases: Sequence[Case]) -> list[str]:
    if not cases:
        return []
    lines = ["## Worst cases"]
    counts = Counter(case.kind for case in cases)
    for kind in counts:
        lines += ["", f"### {kind}", ""]
        for case in (case for case in cases if case.kind == kind):
            said = f"  \n  → {escape(case.said)}" if case.said else ""
            lines.append(f"- {escape(case.question)} ({escape(case.qid)}, {case.note}){said}")
    return lines


def _failure_list(failures: Sequence[Mapping[str, Any]]) -> list[str]:
    if not failures:
        return []
    return ["## Failed", "", *(f"- {escape(f['qid'])}: {escape(f['error'])}" for f in failures)]


def _facts(facts: Mapping[str, Any]) -> list[str]:
    return [f"- {escape(name)}: {escape(value)}" for name, value in _flat("", facts)]


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested values as dotted names, a list's only item without its place."""
    if isinstance(value, list) and len(value) == 1:
        yield from _flat(prefix, value[0])
    elif isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, item in items:
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), item)
    elif value is not None:
        yield prefix, f"{value:.4g}" if isinstance(value, float) else str(value)


def number(value: float | int | None) -> str:
    """A figure in a table, a dash for none."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
