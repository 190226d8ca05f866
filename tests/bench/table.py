"""The report as a person reads it: one table of figures, one of ratios. Knows the report's JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.bench.systems import Json

TIMES = {
    "first_evidence_s": "passages",
    "first_token_s": "first token",
    "first_checked_s": "first checked sentence",
    "total_s": "whole answer",
}
HEAD = (
    *(f"{name} s" for name in TIMES.values()),
    "prompt tokens",
    "cached",
    "written",
    "tokens/s",
    "processor s",
    "joules",
    "peak GB",
    "held",
    "citations right",
    "abstained",
)
WORDS = {
    **TIMES,
    "prompt_tokens": "prompt tokens",
    "cached_tokens": "cached tokens",
    "completion_tokens": "tokens written",
    "tokens_per_second": "tokens a second",
    "processor_s": "processor seconds",
    "joules": "joules",
    "inclusion": "answer held",
    "citation_precision": "citations right",
    "abstained": "abstained",
}


def figures_table(summaries: Sequence[Json]) -> str:
    """A row a system and scenario: seconds at the median and at 95 in 100, the rest at the median or in all."""
    rows = [(one["system"], one["scenario"], str(one["n"]), *_cells(one)) for one in summaries]
    return _markdown(("system", "scenario", "n", *HEAD), rows)


def _cells(one: Json) -> Iterable[str]:
    for name in TIMES:
        found = one.get(name)
        yield f"{_seconds(found['p50'])} · {_seconds(found['p95'])}" if found else ""
    for name, digits in (("prompt_tokens", 0), ("cached_tokens", 0), ("completion_tokens", 0)):
        yield _middle(one, name, digits)
    for name in ("tokens_per_second", "processor_s", "joules"):
        yield _middle(one, name, 1)
    yield f"{one['peak_memory_bytes'] / 1e9:.2f}" if "peak_memory_bytes" in one else ""
    for name in ("inclusion", "citation_precision", "abstained"):
        yield f"{one[name]['mean']:.2f} ({one[name]['n']})" if name in one else ""


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _middle(one: Json, name: str, digits: int) -> str:
    return f"{one[name]['p50']:.{digits}f}" if name in one else ""


def ratios_table(ratios: Sequence[Json]) -> str:
    """Where two are compared: how many times A's median B's is; of quality, by how much B's mean differs."""
    rows = []
    for one in ratios:
        is_share = one["kind"] == "difference"
        value = f"{one['value']:+.2f}" if is_share else f"× {one['value']:.2f}"
        interval = f"{one['low']:+.2f} … {one['high']:+.2f}" if is_share else f"{one['low']:.2f} … {one['high']:.2f}"
        told = WORDS[one["measure"]] + (", both answered" if one.get("both_answered") else "")
        rows.append(
            (one["a"], one["b"], told, f"{one['of_a']:.2f}", f"{one['of_b']:.2f}", value, interval, str(one["n"]))
        )
    return _markdown(("A", "B", "measure", "A's", "B's", "B ÷ A (shares: B − A)", "95 % interval", "n"), rows)


def techniques_table(techniques: Sequence[Json]) -> str:
    """Of each technique the time with it as a share of the time without, and by how much quality differs."""
    rows = [
        (
            one["technique"],
            WORDS[one["measure"]],
            f"{one['b']:.2f}",
            f"{one['a']:.2f}",
            f"× {one['value']:.2f}",
            f"{one['low']:.2f} … {one['high']:.2f}",
            *(f"{one[name]:+.2f}" if name in one else "" for name in ("inclusion", "citation_precision")),
            str(one["n"]),
        )
        for one in techniques
    ]
    head = ("technique", "seconds to", "with", "without", "with ÷ without", "95 % interval", "held", "right", "n")
    return _markdown(head, rows)


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in table)
