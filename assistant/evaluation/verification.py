"""How well a verifier tells supported claims from unsupported ones, on a folder of labelled pairs.

Knows a verifier as a function from claim and evidence to support in 0..1. The threshold is chosen on one half of the
pairs and frozen before the other half is looked at; which half a pair belongs to is decided by its id alone.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError
from assistant.evaluation.aggregate import Estimate, spread
from assistant.evaluation.datasets import Pair, PairSet, draw_pairs
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

FORMAT = 1
Verify = Callable[[str, str], float]
"""(claim, evidence) → support in 0..1."""

logger = logging.getLogger(__name__)


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
    started, support, error = clock(), None, None
    try:
        support = _finite(verify(pair.claim, pair.evidence))
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
        "seconds": round(clock() - started, 4),
        "error": error,
    }


def _finite(support: float) -> float:
    if not math.isfinite(support):
        raise ValueError(f"the verifier gave {support}, which is no support")
    return float(support)


def half_of(pair_id: str) -> str:
    """ "dev" or "test", decided by the id and by nothing that can be tuned."""
    first_byte = hashlib.sha256(pair_id.encode("utf-8", "surrogatepass")).digest()[0]
    return "dev" if first_byte % 2 == 0 else "test"


# --- report ------------------------------------------------------------------------------------------------------


def build_report(header: Mapping[str, Any], records: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> Json:
    """The verifier's figures as plain values. Only the test half has a say in what depends on the threshold."""
    good = [record for record in records if record["error"] is None]
    dev = _Scored.of([record for record in good if record["half"] == "dev"])
    test = _Scored.of([record for record in good if record["half"] == "test"])
    threshold = best_threshold(dev.support, dev.supported)
    seed = int(header["seed"])
    return {
        "format": FORMAT,
        "run": dict(header),
        "scored": len(good),
        "failed": len(records) - len(good),
        "supported": sum(record["binary"] for record in good),
        "threshold": threshold,
        "metrics": _metrics(_Scored.of(good), test, threshold, seed),
        "by_label": _by_label(good),
        "latency": {"seconds": spread([float(record["seconds"]) for record in good])},
        "about": dict(about),
        "failures": [{"id": r["id"], "error": r["error"]} for r in records if r["error"] is not None],
    }


@dataclass(frozen=True, slots=True)
class _Scored:
    """Supports and labels in one order."""

    support: tuple[float, ...]
    supported: tuple[bool, ...]

    @staticmethod
    def of(records: Sequence[Mapping[str, Any]]) -> _Scored:
        return _Scored(
            tuple(float(record["support"]) for record in records),
            tuple(bool(record["binary"]) for record in records),
        )

    def rows(self, rows: Indices) -> _Scored:
        """The same of some rows, repeats included."""
        return _Scored(tuple(self.support[at] for at in rows), tuple(self.supported[at] for at in rows))


def _metrics(everything: _Scored, test: _Scored, threshold: float | None, seed: int) -> Json:
    found = {
        "auroc": _estimate(_auroc, everything, seed),
        "average_precision_unsupported": _estimate(_average_precision, everything, seed),
    }
    if threshold is not None:
        found["balanced_accuracy"] = _estimate(
            lambda scored: balanced_accuracy(scored.support, scored.supported, threshold), test, seed
        )
    return {name: asdict(estimate) for name, estimate in found.items() if estimate}


def _auroc(scored: _Scored) -> float | None:
    pairs = list(zip(scored.support, scored.supported, strict=True))
    return auroc([s for s, label in pairs if label], [s for s, label in pairs if not label])


def _average_precision(scored: _Scored) -> float | None:
    """The unsupported are what is looked for, so the least supported come first."""
    return average_precision([-s for s in scored.support], [not label for label in scored.supported])


def _estimate(statistic: Callable[[_Scored], float | None], scored: _Scored, seed: int) -> Estimate | None:
    value = statistic(scored)
    interval = bootstrap(lambda rows: statistic(scored.rows(rows)), len(scored.support), seed)
    return None if value is None or interval is None else Estimate(value, *interval, len(scored.support))


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
        f"{report['scored']} pairs, {report['supported']} of them supported; {report['failed']} failed. "
        "Balanced accuracy is that of the test half, at the threshold chosen on the dev half "
        f"({'none' if report['threshold'] is None else format(report['threshold'], '.4f')}).",
        "",
        "| metric | value | 95 % interval | n |",
        "|---|---|---|---|",
        *(
            f"| {n} | {m['value']:.3f} | {m['low']:.3f} … {m['high']:.3f} | {m['n']} |"
            for n, m in report["metrics"].items()
        ),
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
