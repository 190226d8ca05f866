"""What a reader thinks of an answer → markup: two buttons, and what is wrong where something is.

Pure functions. The words are those that `conversations.questions` makes questions of.
"""

from __future__ import annotations

from assistant.conversations.questions import REASONS, REASONS_OF_ABSTAINING, SILENT
from assistant.ui.exchange import Exchange
from assistant.ui.markup import NOTHING, Html, join, tag
from assistant.ui.pieces import control


def bar(view: Exchange) -> Html:
    """The buttons under an answer, and below them what they lead to."""
    if view.answer is None:
        return NOTHING
    verdict = view.judged[0] if view.judged else ""
    number = str(view.number)
    buttons = (_verdict("Good answer", "up", verdict, number), _verdict("Something is wrong", "down", verdict, number))
    said = tag("span", "Noted beside the answer.", class_="q-judged") if verdict == "up" else None
    return tag("div", tag("p", *buttons, said), _why(view) if verdict == "down" else None, class_="q-judging")


def _verdict(label: str, verdict: str, given: str, number: str) -> Html:
    return control(
        label,
        "judge",
        class_=f"q-quiet-button q-{verdict}",
        aria_pressed=str(verdict == given).lower(),
        data_number=number,
        data_verdict="" if verdict == given else verdict,
    )


def _why(view: Exchange) -> Html:
    """What is wrong, in a reader's words or ours."""
    _, given, said = view.judged or ("", "", "")
    name = f"q-{view.number}-right"
    reasons = REASONS_OF_ABSTAINING if view.answer is not None and view.answer.abstained else REASONS
    chosen = join((_reason(key, label, given, str(view.number)) for key, label in reasons.items()), " ")
    asks = None if given == SILENT else tag("label", "What would be right? (optional)", for_=name)
    box = None if given == SILENT else tag("textarea", said, id=name, rows="2", maxlength="2000", dir="auto")
    note = control("Save", "judge", class_="q-quiet-button", data_number=str(view.number), data_verdict="down")
    noted = tag("span", "Noted beside the answer.", class_="q-judged")
    return tag("div", tag("p", chosen), asks, box, tag("p", note, noted), class_="q-why", data_reason=given)


def _reason(key: str, label: str, given: str, number: str) -> Html:
    return control(
        label,
        "judge",
        class_="q-quiet-button",
        aria_pressed=str(key == given).lower(),
        data_number=number,
        data_verdict="down",
        data_reason=key,
    )
