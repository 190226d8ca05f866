"""How well a verifier tells supported claims from unsupported ones, on a folder of labelled pairs.

Knows a verifier as a function from claim and evidence to support in 0..1 and the signals it was made of, each of which
is scored beside it. Thresholds are chosen on one half of the pairs and frozen before the other half is looked at; which
half a pair belongs to is decided by its id alone, and the same half is what weights are fitted on.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError
from assistant.evaluation.aggregate import Estimate, spread
from assistant.evaluation.datasets import Pair, PairSet, draw_pairs, half_of
from assistant.evaluation.journal import HOPELESS, Json, open_journal, read_run, write_atomically
from assistant.evaluation.markdown import escape, number
from assistant.evaluation.metrics import (
    Indices,
    auroc,
    average_precision,
    balanced_accuracy,
    best_threshold,
    bootstrap,
)

FORMAT = 2
SUPPORT = "support"
"""The name under which the signals' combination stands beside them."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """The support of a claim in 0..1, and the signals it was made of, by name: the higher, the better supported."""

    support: float
    signals: Mapping[str, float] = field(default_factory=dict)


Verify = Callable[[str, str], Judged]
"""(claim, evidence) → how far the second holds the first."""


@dataclass(frozen=True, slots=True)
class VerificationProgress:
    """How far scoring has come."""

    done: int
    total: int
    error: str | None


def verify_pairs(
    pairs: PairSet,
    verify: Verify,
    out: Path,
    *,
    name: str,
    clock: Callable[[], float],
    seed: int = 0,
    limit: int | None = None,
    about: Callable[[], Mapping[str, Any]] = dict,
    progress: Callable[[VerificationProgress], None] | None = None,
    fresh: bool = False,
) -> Json:
    """Score every pair that `out` has no good record of, then write `report.json` and `report.md`; returns the report.

    `name` is the verifier's, with what makes it itself (model and hash). Interrupted, the same call goes on.
    Raises EvaluationError if `out` holds another run.
    """
    header = {
        "format": FORMAT,
        "dataset": pairs.name,
        "pairs_digest": pairs.digest,
        "verifier": name,
        "seed": seed,
        "limit": limit,
    }
    drawn = draw_pairs(pairs.pairs, limit, seed)
    with open_journal(out, header, fresh=fresh) as journal:
        scored = {record["id"] for record in journal.done}
        rest = [pair for pair in drawn if pair.id not in scored]
        for count, pair in enumerate(rest, start=len(scored) + 1):
            record = _record(pair, verify, clock)
            journal.append(record)
            if progress:
                progress(VerificationProgress(count, len(drawn), record["error"]))
    return _write_report(out, about())


def _record(pair: Pair, verify: Verify, clock: Callable[[], float]) -> Json:
    started, support, signals, error = clock(), None, {}, None
    try:
        judged = verify(pair.claim, pair.evidence)
        support, signals = _finite(judged.support), {name: round(x, 4) for name, x in judged.signals.items()}
    except HOPELESS:
        raise
    except AssistantError as failure:
        error = str(failure)
    except Exception as failure:  # a fault of ours: this pair is lost, the run is not
        logger.exception("pair %s failed", pair.id)
        error = f"{type(failure).__name__}: {failure}"
    return {
        "id": pair.id,
        "label": pair.label,
        "binary": int(pair.supported),
        "half": half_of(pair.id),
        "support": support,
        "signals": signals,
        "seconds": round(clock() - started, 4),
        "error": error,
    }


def _finite(support: float) -> float:
    if not math.isfinite(support):
        raise ValueError(f"the verifier gave {support}, which is no support")
    return float(support)


# --- report ------------------------------------------------------------------------------------------------------


def build_report(header: Mapping[str, Any], records: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> Json:
    """The verifier's figures as plain values, and those of each signal that every good record has."""
    good = [record for record in records if record["error"] is None]
    names = [SUPPORT, *(good[0]["signals"] if good else ())]
    seed = int(header["seed"])
    return {
        "format": FORMAT,
        "run": dict(header),
        "scored": len(good),
        "failed": len(records) - len(good),
        "supported": sum(record["binary"] for record in good),
        "signals": {name: _figures(name, [r for r in good if _has(r, name)], seed) for name in names},
        "by_label": _by_label(good),
        "latency": {"seconds": spread([float(record["seconds"]) for record in good])},
        "about": dict(about),
        "failures": [{"id": r["id"], "error": r["error"]} for r in records if r["error"] is not None],
    }


def _has(record: Mapping[str, Any], name: str) -> bool:
    return name == SUPPORT or name in record["signals"]


@dataclass(frozen=True, slots=True)
class _Scored:
    """Scores and labels in one order."""

    score: tuple[float, ...]
    supported: tuple[bool, ...]

    @staticmethod
    def of(records: Sequence[Mapping[str, Any]], name: str) -> _Scored:
        """The support of the records, or one of the signals it was made of."""
        return _Scored(
            tuple(float(r[SUPPORT] if name == SUPPORT else r["signals"][name]) for r in records),
            tuple(bool(record["binary"]) for record in records),
        )

    def rows(self, rows: Indices) -> _Scored:
        """The same of some rows, repeats included."""
        return _Scored(tuple(self.score[at] for at in rows), tuple(self.supported[at] for at in rows))


def _figures(name: str, records: Sequence[Mapping[str, Any]], seed: int) -> Json:
    """Each metric on the test half, with intervals; of the dev half, which weights were fitted on, only the AUROC."""
    dev = _Scored.of([record for record in records if record["half"] == "dev"], name)
    test = _Scored.of([record for record in records if record["half"] == "test"], name)
    threshold = best_threshold(dev.score, dev.supported)
    found = {"auroc": _estimate(_auroc, test, seed), "average_precision_unsupported": _estimate(_precision, test, seed)}
    if threshold is not None:
        found["balanced_accuracy"] = _estimate(
            lambda scored: balanced_accuracy(scored.score, scored.supported, threshold), test, seed
        )
    return {
        "threshold": threshold,
        "dev_auroc": _auroc(dev),
        "dev_n": len(dev.score),
        **{metric: asdict(estimate) for metric, estimate in found.items() if estimate},
    }


def _auroc(scored: _Scored) -> float | None:
    pairs = list(zip(scored.score, scored.supported, strict=True))
    return auroc([s for s, label in pairs if label], [s for s, label in pairs if not label])


def _precision(scored: _Scored) -> float | None:
    """The unsupported are what is looked for, so the least supported come first."""
    return average_precision([-s for s in scored.score], [not label for label in scored.supported])


def _estimate(statistic: Callable[[_Scored], float | None], scored: _Scored, seed: int) -> Estimate | None:
    value = statistic(scored)
    interval = bootstrap(lambda rows: statistic(scored.rows(rows)), len(scored.score), seed)
    return None if value is None or interval is None else Estimate(value, *interval, len(scored.score))


def _by_label(records: Sequence[Mapping[str, Any]]) -> Json:
    """How each label is scored, and how well it is told from the fully supported (for an unsupported one)."""
    supported = [float(r["support"]) for r in records if r["binary"]]
    groups: dict[str, list[float]] = {}
    for record in records:
        groups.setdefault(str(record["label"]), []).append(float(record["support"]))
    bad = {str(record["label"]) for record in records if not record["binary"]}
    return {
        label: {
            "n": len(values),
            "support": spread(values),
            "auroc_against_supported": auroc(supported, values) if label in bad else None,
        }
        for label, values in sorted(groups.items())
    }


def _write_report(out: Path, about: Mapping[str, Any]) -> Json:
    header, records = read_run(out)
    report = build_report(header, records, about)
    write_atomically(out / "report.json", json.dumps(report, indent=2) + "\n")
    write_atomically(out / "report.md", to_markdown(report))
    return report


def to_markdown(report: Mapping[str, Any]) -> str:
    """The report as a page to read."""
    run = report["run"]
    lines = [
        f"# {escape(run['dataset'])}: {escape(run['verifier'])}",
        "",
        f"{report['scored']} pairs, {report['supported']} of them supported; {report['failed']} failed. Weights and "
        "thresholds come from the dev half; all that is not called dev is of the test half, with 95 % intervals.",
        "",
        "| signal | AUROC dev (n) | AUROC | average precision, unsupported | balanced accuracy | at |",
        "|---|---|---|---|---|---|",
        *(_signal_row(name, found) for name, found in report["signals"].items()),
        "",
        "| label | n | median support | AUROC against supported |",
        "|---|---|---|---|",
        *(
            f"| {escape(label)} | {found['n']} | {number(found['support']['p50'])} "
            f"| {number(found['auroc_against_supported'])} |"
            for label, found in report["by_label"].items()
        ),
        "",
        f"Seconds a pair: median {number(report['latency']['seconds']['p50'])}, "
        f"95th percentile {number(report['latency']['seconds']['p95'])}.",
    ]
    failures = [f"- {escape(failure['id'])}: {escape(failure['error'])}" for failure in report["failures"]]
    return "\n".join([*lines, *(["", "## Failed", "", *failures] if failures else [])]) + "\n"


def _signal_row(name: str, found: Mapping[str, Any]) -> str:
    cells = (_interval(found.get(m)) for m in ("auroc", "average_precision_unsupported", "balanced_accuracy"))
    shown = f"**{name}**" if name == SUPPORT else escape(name)
    return (
        f"| {shown} | {number(found['dev_auroc'])} ({found['dev_n']}) | {' | '.join(cells)} "
        f"| {number(found['threshold'])} |"
    )


def _interval(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None:
        return "–"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} … {estimate['high']:.3f}, n {estimate['n']})"
