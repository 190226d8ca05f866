"""Scoring a verifier: figures by hand, a threshold the test half never sees, going on after a stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import EvaluationError, GenerationFailed, ModelMissing
from assistant.evaluation.datasets import Pair, PairSet, half_of
from assistant.evaluation.verification import Judged, VerificationProgress, build_report, verify_pairs

from .worlds import ticking


def pairs(count: int = 20) -> PairSet:
    """Pairs whose claim says what support they deserve; even ones are supported."""
    return PairSet(
        "pairs",
        tuple(
            Pair(f"p{at}", f"{0.9 if at % 2 == 0 else 0.1}", "evidence", "good" if at % 2 == 0 else "bad", at % 2 == 0)
            for at in range(count)
        ),
        "digest",
    )


def honest(claim: str, evidence: str) -> Judged:
    return Judged(float(claim), {"turned": 1 - float(claim)})


def verify(out: Path, given: Any = honest, of: PairSet | None = None, **changes: Any) -> dict[str, Any]:
    return verify_pairs(of or pairs(), given, out, name="toy", **{"clock": ticking(), **changes})


def row(qid: str, support: float, binary: int, half: str, label: str = "x") -> dict[str, Any]:
    return {
        "id": qid,
        "label": label,
        "binary": binary,
        "half": half,
        "support": support,
        "signals": {},
        "seconds": 0.5,
        "error": None,
    }


def test_a_verifier_that_knows_scores_1_and_one_that_is_turned_round_0(tmp_path: Path) -> None:
    found = verify(tmp_path)["signals"]
    metrics = ("auroc", "average_precision_unsupported", "balanced_accuracy")
    assert [found["support"][metric]["value"] for metric in metrics] == [1.0, 1.0, 1.0]
    assert found["turned"]["auroc"]["value"] == found["turned"]["dev_auroc"] == 0.0


def test_the_threshold_comes_from_the_dev_half_and_the_accuracy_from_the_other() -> None:
    records = [
        row("a", 0.2, 0, "dev"),
        row("b", 0.4, 1, "dev"),
        row("c", 0.25, 1, "test"),
        row("d", 0.35, 1, "test"),
        row("e", 0.1, 0, "test"),
    ]
    report = build_report({"seed": 0}, records, {})
    found = report["signals"]["support"]
    assert found["threshold"] == pytest.approx(0.3)
    assert found["balanced_accuracy"]["value"] == pytest.approx((1 / 2 + 1) / 2)
    assert found["balanced_accuracy"]["n"] == 3
    assert (found["auroc"]["value"], found["auroc"]["n"]) == (1.0, 3)
    assert (found["dev_auroc"], found["dev_n"]) == (1.0, 2)


def test_labels_are_shown_apart_each_against_the_supported() -> None:
    records = [
        row("a", 0.9, 1, "dev", "full"),
        row("b", 0.5, 0, "dev", "part"),
        row("c", 0.1, 0, "test", "none"),
        row("d", 0.4, 1, "test", "full"),
    ]
    labels = build_report({"seed": 0}, records, {})["by_label"]
    assert labels["part"]["auroc_against_supported"] == 0.5
    assert labels["none"]["auroc_against_supported"] == 1.0
    assert labels["full"]["auroc_against_supported"] is None


def test_without_both_classes_there_is_no_threshold_and_no_auroc() -> None:
    report = build_report({"seed": 0}, [row("a", 0.9, 1, "dev"), row("b", 0.8, 1, "test")], {})
    assert report["signals"] == {"support": {"threshold": None, "dev_auroc": None, "dev_n": 1}}


def test_the_half_goes_by_the_id_alone_and_is_about_a_half() -> None:
    halves = [half_of(f"p{at}") for at in range(1000)]
    assert 400 < halves.count("dev") < 600
    assert set(halves) == {"dev", "test"}
    assert halves[:4] == [half_of(f"p{at}") for at in range(4)]


def test_a_pair_that_fails_is_recorded_and_the_rest_goes_on(tmp_path: Path) -> None:
    def sometimes(claim: str, evidence: str) -> Judged:
        if claim == "0.1":
            raise GenerationFailed("hung up")
        return Judged(float("nan"))

    report = verify(tmp_path, sometimes, pairs(2))
    assert (report["scored"], report["failed"]) == (0, 2)
    assert "no support" in report["failures"][0]["error"]
    assert report["failures"][1] == {"id": "p1", "error": "hung up"}


def test_a_verifier_without_its_model_ends_the_run(tmp_path: Path) -> None:
    def missing(claim: str, evidence: str) -> Judged:
        raise ModelMissing("no model")

    with pytest.raises(ModelMissing):
        verify(tmp_path, missing)


def test_a_stopped_scoring_goes_on_where_it_stopped(tmp_path: Path) -> None:
    calls: list[str] = []

    def stops_once(claim: str, evidence: str) -> Judged:
        calls.append(claim)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return Judged(float(claim))

    with pytest.raises(KeyboardInterrupt):
        verify(tmp_path, stops_once)
    steps: list[VerificationProgress] = []
    report = verify(tmp_path, stops_once, progress=steps.append)
    assert len(calls) == 3 + 18
    assert (steps[0].done, steps[-1].done, steps[-1].total) == (3, 20, 20)
    assert report["scored"] == 20


def test_another_verifier_or_limit_is_another_run(tmp_path: Path) -> None:
    verify(tmp_path)
    with pytest.raises(EvaluationError, match="limit was None, is 3"):
        verify(tmp_path, limit=3)
    assert verify(tmp_path, limit=3, fresh=True)["scored"] == 3


def test_the_reports_can_be_read(tmp_path: Path) -> None:
    report = verify(tmp_path, about=lambda: {"machine": "m"})
    assert json.loads((tmp_path / "report.json").read_text()) == report
    page = (tmp_path / "report.md").read_text()
    assert "| **support** | 1.000 (" in page
    assert "| turned | 0.000 (" in page
    assert report["about"] == {"machine": "m"}
