"""The settings beside the chat: what a tab can change for its next question, and what only a restart changes.

Knows Gradio's components; the numbers of the costs are measured, see "What to expect" in README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import gradio as gr

from assistant.settings import Strictness, Wording
from assistant.types import Answer
from assistant.ui.details import definitions, tokens_per_second
from assistant.ui.markup import Html, tag
from assistant.ui.pieces import control, note
from assistant.ui.preferences import About, Preferences

LEAST_TOKENS, MOST_TOKENS, STEP = 100, 1200, 50
STRICTNESS: tuple[tuple[str, Strictness], ...] = (
    ("Strict: refuses about 3 in 10 questions it could answer", "strict"),
    ("Balanced: refuses about 1 in 7 of them", "balanced"),
    ("Eager: refuses about 1 in 20 of them, and guesses more often", "eager"),
    ("Always answer, also where the articles are silent", "off"),
)
"""The shares are those the thresholds were fitted to: `over_abstention` in abstaining.json and quoting.json."""
WORDINGS: tuple[tuple[str, Wording], ...] = (
    ("The articles' own sentences, which the model only chooses", "quoted"),
    ("The model's words, checked: slower, and now and then wrong", "written"),
)


@dataclass(frozen=True, slots=True)
class SettingsPanel:
    """Its components."""

    strictness: gr.Radio
    evidence: gr.Slider
    answers: gr.Radio
    rest: gr.HTML


def lay_out_settings() -> SettingsPanel:
    """The components, inside the column that is being built."""
    head = tag("div", tag("h2", "Settings"), control("Close", "close", class_="q-close"), class_="q-head")
    gr.HTML(head, apply_default_css=False, js_on_load=None)
    strictness = gr.Radio(
        list(STRICTNESS),
        value="balanced",
        label="When to refuse",
        info="How sure it must be that your articles answer. From your next question on.",
        elem_classes=["q-choice", "q-strictness"],
    )
    answers = gr.Radio(
        list(WORDINGS),
        value="quoted",
        label="Answers in",
        info="A yes or no is always in the articles' words. From your next question on.",
        elem_classes="q-choice",
    )
    evidence = gr.Slider(
        LEAST_TOKENS,
        MOST_TOKENS,
        value=Preferences().evidence_tokens,
        step=STEP,
        label="Evidence, in tokens",
        info="Where the model writes, each 100 more take about 1.4 s longer to read on two cores. From your next "
        "question on.",
        buttons=[],
        elem_classes="q-budget",
    )
    return SettingsPanel(strictness, evidence, answers, gr.HTML("", apply_default_css=False, js_on_load=None))


def values(preferences: Preferences) -> list[Any]:
    """Values for strictness, evidence and answers."""
    tokens = min(max(preferences.evidence_tokens, LEAST_TOKENS), MOST_TOKENS)
    return [gr.update(value=preferences.strictness), gr.update(value=tokens), gr.update(value=preferences.answers)]


def preferred(strictness: object, tokens: object, answers: object) -> Preferences:
    """What the page tells, within bounds: anything else is the default."""
    known: Strictness = next((one for one in get_args(Strictness) if one == strictness), "balanced")
    count = int(tokens) if isinstance(tokens, int | float) and tokens == tokens else Preferences().evidence_tokens
    wording: Wording = "written" if answers == "written" else "quoted"
    return Preferences(known, min(max(count, LEAST_TOKENS), MOST_TOKENS), wording)


def rest(about: About, last: Answer | None) -> Html:
    """Model, threads and context, with what each costs and how it is changed."""
    speed = tokens_per_second(last) if last is not None else ""
    rows = (
        ("Model", about.model),
        (
            "Its speed",
            f"{speed:.0f} tokens a second in the last answer" if speed else "shown after the first written answer",
        ),
        (
            "Threads",
            f"{about.threads} of {about.cores} cores; more threads read and write faster, to the cores' number",
        ),
        ("Context", f"{about.context_tokens} tokens; more takes more memory"),
    )
    how = (
        "These take effect when Quoth is started again: set `generator`, `threads` or `context_tokens` in quoth.toml. "
        "A smaller model answers faster and worse; `quoth models list` shows what there is."
    )
    return tag("div", tag("h3", "Only after a restart"), definitions(rows), note(how), class_="q-rest")
