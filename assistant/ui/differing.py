"""Sources that give different figures for the same thing, side by side → markup.

Pure functions. The newer stands first where both dates are known; which of them is right is left to the reader.
"""

from __future__ import annotations

from assistant.disagreeing import DAYS
from assistant.types import Answer, Citation, Disagreement
from assistant.ui.markup import NOTHING, Html, join, tag
from assistant.ui.pieces import heading, reference_to, when
from assistant.values import written


def sides(answer: Answer, name: str) -> Html:
    """Each disagreement among the answer's citations, as a pair."""
    known = {citation.number: citation for citation in answer.citations}
    pairs = [d for d in answer.disagreements if d.newer in known and d.older in known]
    return join(
        _pair(known[found.newer], known[found.older], found, name, f"{name}-d-{nth}")
        for nth, found in enumerate(pairs, 1)
    )


def _pair(newer: Citation, older: Citation, found: Disagreement, name: str, own: str) -> Html:
    first, second = _openings(newer, older)
    both = (_side(newer, first, found.unit, name, f"{own}-1"), _side(older, second, found.unit, name, f"{own}-2"))
    head = tag("h3", _heading(found.unit), id=own)
    return tag("section", head, tag("ul", *both, role="list"), class_="q-differ", aria_labelledby=own)


def _heading(kind: str) -> str:
    if kind in DAYS:
        return "Your sources give different dates"
    return "Your sources name different holders" if kind.endswith(" by") else "Your sources give different figures"


def _openings(newer: Citation, older: Citation) -> tuple[str, str]:
    """What each is called: newer and older only where both dates say so."""
    if newer.published is None or older.published is None or newer.published == older.published:
        return "One source", "Another source"
    return "Newer", "Older"


def _side(cited: Citation, called: str, unit: str, name: str, own: str) -> Html:
    """The figure, its day, its sentence and where that stands."""
    told = ", ".join(dict.fromkeys(cited.quote[span.start : span.end] for span in written(cited.quote, unit)))
    day = when(cited.published) if cited.published else "date unknown"
    source = tag("bdi", cited.source, class_="q-byline") if cited.source else None
    return tag(
        "li",
        tag("h4", called, " · ", day),
        tag("p", told, class_="q-value", dir="auto") if told else None,
        tag("blockquote", _marked(cited.quote, unit), " ", tag("sup", reference_to(cited, name, own), class_="q-refs")),
        tag("p", heading(cited.title, cited.url), source, class_="q-source"),
    )


def _marked(quote: str, unit: str) -> Html:
    """The quote with its figures of this unit marked."""
    parts: list[Html | str] = []
    done = 0
    for span in written(quote, unit):
        parts += [quote[done : span.start], tag("strong", quote[span.start : span.end])]
        done = span.end
    return tag("span", *parts, quote[done:], dir="auto") if quote else NOTHING
