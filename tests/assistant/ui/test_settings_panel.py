from __future__ import annotations

import json
from importlib.resources import files

import pytest

from assistant.settings import Settings
from assistant.ui.preferences import About, Preferences
from assistant.ui.settings_panel import LEAST_TOKENS, MOST_TOKENS, STRICTNESS, preferred, rest, values
from tests.assistant.ui.fake_service import DAM, FakeAnswers, dam_answer
from tests.assistant.ui.markup_tree import parse

ABOUT = About(Preferences(), "<model>", 2, 4, 4096)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (("strict", 500, "written"), Preferences("strict", 500, "written")),
        (("off", LEAST_TOKENS, "quoted"), Preferences("off", LEAST_TOKENS)),
        (("<script>", "many", "<b>"), Preferences()),
        ((None, None, None), Preferences()),
        ((["strict"], float("nan"), ["written"]), Preferences()),
        (("eager", 10**9, "quoted"), Preferences("eager", MOST_TOKENS)),
        (("eager", -1, "quoted"), Preferences("eager", LEAST_TOKENS)),
    ],
)
def test_what_the_page_tells_is_kept_within_bounds(told: tuple[object, object], meant: Preferences) -> None:
    assert preferred(*told) == meant


def test_the_cost_of_each_strictness_is_that_of_its_threshold() -> None:
    abstaining, quoting = (
        json.loads(files("assistant").joinpath(f"{name}.json").read_text())["over_abstention"]
        for name in ("abstaining", "quoting")
    )
    assert abstaining == quoting
    words = {0.3: "3 in 10", 0.15: "1 in 7", 0.05: "1 in 20"}
    told = {name: label for label, name in STRICTNESS}
    assert all(words[share] in told[name] for name, share in abstaining.items())


def test_what_only_a_restart_changes_is_told_with_the_speed_of_the_last_answer() -> None:
    before, after = (parse(rest(ABOUT, last)).text for last in (None, dam_answer(DAM, FakeAnswers().evidence())))
    assert "<model>" in before and "2 of 4 cores" in before and "shown after the first written answer" in before
    assert "17 tokens a second" in after


def test_settings_beyond_the_sliders_ends_are_shown_at_its_end() -> None:
    assert values(Preferences("strict", 5000))[1]["value"] == MOST_TOKENS


def test_a_tab_begins_with_the_defaults_of_the_settings() -> None:
    assert Preferences() == Preferences(Settings().strictness, Settings().evidence_tokens, Settings().answers)
