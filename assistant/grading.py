"""What evidence adds to the generator's yes: a claim is asked about with it and without.

Knows prompts and a generator that grades; weighs nothing. A model of a claim it finds likely says yes to it whatever
it has read, so what it says without sources is taken off (contextual calibration: Zhao et al., "Calibrate Before Use",
2021).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from assistant.generation import Spend, unaccounted
from assistant.prompting import Composer
from assistant.types import Evidence, Prompt


class Grader(Protocol):
    """The part of a `Generator` that says yes or no."""

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = ...) -> float | None: ...


def held_by(
    grader: Grader,
    composer: Composer,
    claim: str,
    evidence: Sequence[Evidence],
    cancel: threading.Event,
    spend: Spend = unaccounted,
) -> float | None:
    """The log-odds of yes, asked whether the evidence states the claim, less those without any evidence.

    None where the grader cannot tell. The evidence is asked about first: its cells are those of the answer's prompt.
    """
    told = grader.yes_no(composer.support(claim, evidence), cancel, spend)
    untold = grader.yes_no(composer.support(claim, ()), cancel, spend)
    return None if told is None or untold is None else told - untold
