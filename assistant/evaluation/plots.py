"""A report as one HTML page with drawings in SVG, complete in itself: no script, no font, no request.

Knows shapes and colours; every number comes from the report or the records, every foreign text is escaped. Four plots:
metrics with their intervals, confidence of the two kinds of question, calibration, and what is lost by answering more.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.evaluation.aggregate import TIMINGS, Record

WIDTH, PAD = 640, 40
INK, BLUE, ORANGE, GRID = "#222", "#2b6cb0", "#c05621", "#ddd"
BINS = 10
NOT_A_SHARE = {"reliability", *TIMINGS}
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:720px;margin:2rem auto;padding:0 1rem;"
    "color:#222;background:#fff}"
    "svg{width:100%;height:auto;background:#fff}table{border-collapse:collapse}"
    "td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}figcaption{color:#555;font-size:.9rem}figure{margin:1.5rem 0}"
)


def to_html(report: Mapping[str, Any], records: Sequence[Record]) -> str:
    """The page. A plot without data is left out."""
    run = report["run"]
    title = html.escape(str(run["dataset"]))
    judged = [r for r in records if r["error"] is None and r["answer"] and "reliability" in r["scores"]]
    figures = (
        _figure(intervals(report["metrics"]), "Metrics of 0 to 1 with 95 % intervals; n at the right."),
        _figure(confidences(judged), "Estimated probability that the sources answer; above: answerable, below: not."),
        _figure(calibration(judged), "Confidence against how often it was right; a dot is a tenth of the scale."),
        _figure(
            risk_coverage(judged),
            "Answering only the surest share of all questions: how many of those answers are right.",
        ),
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: evaluation</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{title}</h1><p>{report['asked']} questions, {report['failed']} failed.</p>{''.join(figures)}"
        f"<h2>All metrics</h2>{_table(report['metrics'])}</html>\n"
    )


def budgets_to_html(report: Mapping[str, Any]) -> str:
    """The page of a run over token budgets: recall and inclusion against tokens, for each half."""
    title = html.escape(str(report["run"]["dataset"]))
    figures = "".join(
        _figure(
            against_tokens(rows),
            f"{half}, n = {rows[0]['n']}: blue evidence recall, orange answers included, "
            "against the tokens of the evidence; the grey line is the recall of the best whole chunks.",
        )
        for half, rows in report["halves"].items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: evidence against tokens</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><h1>{title}</h1>{figures}</html>\n'
    )


# --- plots -------------------------------------------------------------------------------------------------------


def intervals(metrics: Mapping[str, Any]) -> str:
    """A dot and a whisker for every metric between 0 and 1."""
    shown = [(name, m) for name, m in metrics.items() if name not in NOT_A_SHARE]
    left, row = 210, 22
    span = WIDTH - left - 60

    def x(value: float) -> float:
        return left + value * span

    marks = [_line(x(tick), 8, x(tick), 12 + row * len(shown), GRID) for tick in (0, 0.25, 0.5, 0.75, 1)]
    for at, (name, m) in enumerate(shown):
        y = 20 + at * row
        marks += [
            _text(left - 8, y + 4, name, "end"),
            _line(x(m["low"]), y, x(m["high"]), y, BLUE, 2),
            _dot(x(m["value"]), y, BLUE),
            _text(WIDTH - 8, y + 4, str(m["n"]), "end"),
        ]
    marks += [_text(x(tick), 28 + row * len(shown), f"{tick:g}", "middle") for tick in (0, 0.5, 1)]
    return _svg(36 + row * len(shown), marks) if shown else ""


def confidences(records: Sequence[Record]) -> str:
    """Two histograms back to back: answerable upwards, unanswerable downwards, each as a share of its kind."""
    above = _histogram(r["scores"]["probability_answerable"] for r in records if r["answerable"])
    below = _histogram(r["scores"]["probability_answerable"] for r in records if not r["answerable"])
    if not any(above) or not any(below):
        return ""
    middle, tall = 120, 100
    top = max(*above, *below)
    wide = (WIDTH - 2 * PAD) / BINS
    marks = [
        _rect(PAD + at * wide, middle - share / top * tall, wide - 2, share / top * tall, BLUE)
        for at, share in enumerate(above)
    ]
    marks += [_rect(PAD + at * wide, middle, wide - 2, share / top * tall, ORANGE) for at, share in enumerate(below)]
    return _svg(middle + tall + 30, [*marks, *_x_axis(middle + tall + 20)])


def calibration(records: Sequence[Record]) -> str:
    """For each tenth of confidence, the share that was right (an abstention on the unanswerable is right)."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for record in records:
        confidence = record["answer"]["confidence"]
        groups[_bin(confidence)].append((confidence, _was_right(record)))
    points = [
        (sum(c for c, _ in group) / len(group), sum(right for _, right in group) / len(group), len(group))
        for group in groups
        if group
    ]
    marks = [*_unit_square(), _line(*_at(0, 0), *_at(1, 1), GRID, 2)]
    marks += [_dot(*_at(confidence, right), BLUE, 3 + 9 * (n / len(records)) ** 0.5) for confidence, right, n in points]
    return _svg(SQUARE + 2 * PAD, marks) if points else ""


def against_tokens(rows: Sequence[Mapping[str, Any]]) -> str:
    """Two lines over the mean tokens of each budget; the first row is that of the whole chunks."""
    whole, *shown = rows
    most = max(row["tokens"] for row in rows) or 1
    marks = [*_unit_square(), _line(*_at(0, whole["recall"]), *_at(1, whole["recall"]), GRID, 2)]
    for name, colour in (("recall", BLUE), ("inclusion", ORANGE)):
        points = [_at(row["tokens"] / most, row[name]) for row in shown if row[name] is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        marks.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        marks += [_dot(*point, colour) for point in points]
    marks += [
        _text(_at(row["tokens"] / most, 0)[0], PAD + SQUARE + 34, f"{row['tokens']:.0f}", "middle") for row in shown
    ]
    return _svg(SQUARE + 2 * PAD, marks) if shown else ""


def risk_coverage(records: Sequence[Record]) -> str:
    """Answers only, the surest first: how many of the first so many are right, against their share of all questions."""
    answered = [record for record in records if not record["answer"]["abstained"]]
    ranked = sorted(answered, key=lambda record: -record["answer"]["confidence"])
    right, points = 0, []
    for count, record in enumerate(ranked, start=1):
        right += _was_right(record)
        points.append((count / len(records), right / count))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_at(*point) for point in points))
    line = f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>'
    return _svg(SQUARE + 2 * PAD, [*_unit_square(), line]) if points else ""


def _was_right(record: Record) -> bool:
    return bool(record["scores"]["reliability"] > 0)


def _histogram(values: Iterable[float]) -> list[float]:
    counts = [0] * BINS
    for value in values:
        counts[_bin(value)] += 1
    return [count / (sum(counts) or 1) for count in counts]


def _bin(value: float) -> int:
    return min(BINS - 1, max(0, int(value * BINS)))


# --- drawing -----------------------------------------------------------------------------------------------------

SQUARE = 320


def _at(x: float, y: float) -> tuple[float, float]:
    """A point of the unit square on the page: y grows upwards."""
    return PAD + x * SQUARE, PAD + (1 - y) * SQUARE


def _unit_square() -> list[str]:
    marks = []
    for tick in (0.0, 0.5, 1.0):
        marks += [_line(*_at(tick, 0), *_at(tick, 1), GRID), _line(*_at(0, tick), *_at(1, tick), GRID)]
        marks += [
            _text(_at(tick, 0)[0], PAD + SQUARE + 18, f"{tick:g}", "middle"),
            _text(PAD - 8, _at(0, tick)[1] + 4, f"{tick:g}", "end"),
        ]
    return marks


def _x_axis(y: float) -> list[str]:
    return [_text(PAD + tick * (WIDTH - 2 * PAD), y, f"{tick:g}", "middle") for tick in (0, 0.5, 1)]


def _svg(height: float, marks: Iterable[str]) -> str:
    body = "".join(marks)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" font-size="13" font-family="sans-serif" '
        f'xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def _figure(drawing: str, caption: str) -> str:
    return f"<figure>{drawing}<figcaption>{html.escape(caption)}</figcaption></figure>" if drawing else ""


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def _dot(x: float, y: float, colour: str, radius: float = 4) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.85"/>'


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{html.escape(text)}</text>'


def _table(metrics: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{m['value']:.3f}</td>"
        f"<td>{m['low']:.3f} … {m['high']:.3f}</td><td>{m['n']}</td></tr>"
        for name, m in metrics.items()
    )
    return f"<table><tr><th>metric</th><th>value</th><th>95 % interval</th><th>n</th></tr>{rows}</table>"
