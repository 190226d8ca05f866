"""A report as a page of Markdown tables.

Knows the order in which a person wants to read; every number comes from the report. Questions, answers and errors are
other people's text and are escaped: no markup, no image, no HTML of theirs survives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.evaluation.cases import Case
from assistant.evaluation.scoring import LONG_ANSWER_RECALL, LONG_ANSWER_TOKENS

EXCERPT = 300
LISTED = 8
SPECIAL = str.maketrans({character: "\\" + character for character in "\\`*_[]<>!|~&#"})
RIGHT = (
    f"`right`: yes/no questions by the first yes or no, short answers by inclusion, and where every reference has more "
    f"than {LONG_ANSWER_TOKENS} words, by holding {LONG_ANSWER_RECALL:.0%} of the words of one. `reliability` counts "
    "+1 a right answer or a right abstention, 0 an abstention on an answerable question, −1 anything else. `@k` counts "
    "chunks. `quote_evidence_…` looks at quotes alone, `evidence_…` at cited chunks too; gold is not exhaustive, "
    "so precision is a lower bound."
)


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
        _time_table(report["time"]),
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


def _judged_by(name: str, sets: Mapping[str, Any]) -> str:
    """The judge with how far it can be trusted."""
    measured = ", ".join(f"{escape(of)} {number(one['balanced'])} (n {one['n']})" for of, one in sets.items())
    own = f"its own balanced accuracy on labelled pairs: {measured}" if measured else "itself not measured: --judge-on"
    return f" Citations judged by {escape(name)}; {own}."


def _summary(report: Mapping[str, Any]) -> str:
    run = report["run"]
    drawn = "all of them" if run["limit"] is None else f"{run['limit']} drawn with seed {run['seed']}"
    kind = "Retrieval only. " if run["retrieval_only"] else ""
    settings = escape(run["settings_digest"]) or "unknown"
    judge = _judged_by(run["judge"], report["about"].get("judge") or {}) if run["judge"] else ""
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


def _time_table(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    if not cases:
        return []
    passed = sum(case["passed"] for case in cases)
    rows = [
        f"| {escape(case['qid'])} | {case['type']} | {escape(case['question'])} | {case['window']} | "
        f"{case['first'] or '–'} | {case['newest'] or '–'} | {'pass' if case['passed'] else escape(case['why'])} |"
        for case in cases
    ]
    head = [
        "| case | kind | question | window | cited first | newest cited | result |",
        "|---|---|---|---|---|---|---|",
    ]
    return [f"## Questions about time: {passed} of {len(cases)} pass", "", *head, *rows]


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
    for kind in dict.fromkeys(case.kind for case in cases):
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
    """Nested values as dotted names, a list's only item without its place, a long list by its length."""
    if isinstance(value, list | tuple) and len(value) == 1:
        yield from _flat(prefix, value[0])
    elif isinstance(value, list | tuple) and len(value) > LISTED:
        yield prefix, f"{len(value)} of them"
    elif isinstance(value, Mapping | list | tuple):
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
