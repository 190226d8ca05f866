"""Weights are those a logistic regression finds, none against its signal's meaning, and thresholds keep their word."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.evaluation.calibrate import PRECISION, Case, fit, fit_beside, fit_rising, status_thresholds
from assistant.verifying import Logistic


def cases(slope: float, against: float, count: int = 400) -> list[Case]:
    """Cases of two sets whose label follows `a` by `slope` and `b` by `against`; `c` says nothing."""
    draws = np.random.default_rng(0)
    rows = draws.random((count, 3))
    chances = 1 / (1 + np.exp(-slope * (rows[:, 0] - 0.5) - against * (rows[:, 1] - 0.5)))
    labels = draws.random(count) < chances
    return [
        Case("xy"[n % 2], dict(zip("abc", map(float, row), strict=True)), bool(label))
        for n, (row, label) in enumerate(zip(rows, labels, strict=True))
    ]


def test_rising_weights_are_nearly_those_of_scikit_learn_where_all_rise() -> None:
    ours, theirs = (fitted(cases(6, 4), ("a", "b")) for fitted in (fit_rising, fit))
    for name in ("a", "b"):
        assert ours.weights[name] == pytest.approx(theirs.weights[name], rel=0.1)
    assert ours.intercept == pytest.approx(theirs.intercept, rel=0.1)


def test_a_signal_that_seems_to_mean_the_contrary_gets_no_weight() -> None:
    assert set(fit_rising(cases(6, -4), ("a", "b")).weights) == {"a"}
    assert fit(cases(6, -4), ("a", "b")).weights["b"] < 0


def test_above_the_threshold_the_stated_share_is_supported_and_few_supported_lie_below_the_other() -> None:
    drawn = cases(9, 0)
    model = Logistic(-4.5, {"a": 9.0})
    found = status_thresholds(model, drawn)
    called = [case.positive for case in drawn if model(case.signals) >= found["supported"]]
    assert np.mean(called) == pytest.approx(PRECISION, abs=0.03)
    lost = [model(case.signals) < found["partial"] for case in drawn if case.positive]
    assert np.mean(lost) == pytest.approx(0.1, abs=0.02)
    assert found["partial"] <= found["supported"]


def test_a_signal_fitted_beside_a_model_leaves_the_models_weights_in_proportion() -> None:
    drawn = cases(6, 4)
    alone = fit_rising(drawn, ("a",))
    beside = fit_beside(alone, drawn, "b")
    free = fit_rising(drawn, ("a", "b"))
    assert beside.weights == pytest.approx(dict(free.weights), rel=0.1)
    assert beside.intercept == pytest.approx(free.intercept, rel=0.1)
    assert fit_beside(Logistic(-3.0, {"a": 4.0, "c": 2.0}), drawn, "b").weights["a"] == pytest.approx(
        2 * fit_beside(Logistic(-3.0, {"a": 4.0, "c": 2.0}), drawn, "b").weights["c"], abs=1e-3
    )
