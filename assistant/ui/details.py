"""How one answer came about → markup: query, passages and scores, timings, tokens, verification.

Pure functions over an `Answer`; the numbers are shown as they were measured and nothing is estimated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.types import Answer, Claim, Evidence
from assistant.ui.markup import NOTHING, Html, join, tag
from assistant.ui.pieces import byline, control, count, heading

STATUS_WORDS = {
    "supported": "supported",
    "partial": "partly supported",
    "unsupported": "not supported",
    "no_claim": "states nothing",
}


def panel(answer: Answer) -> Html:
    """The panel beside the chat."""
    return tag(
        "section",
        tag(
            "div", tag("h2", "How this answer came about"), control("Close", "close", class_="q-close"), class_="q-head"
        ),
        tag("p", answer.question, class_="q-asked", dir="auto"),
        definitions(facts(answer)),
        _part("Sentences", _claims(answer.claims)),
        _part("Passages shown to the model", _passages(answer.evidence)),
        _part("Signals", definitions((name, f"{value:.3f}") for name, value in sorted(answer.signals.items()))),
        class_="q-panel q-details",
        tabindex="-1",
        aria_label="How this answer came about",
    )


def facts(answer: Answer) -> list[tuple[str, str | None]]:
    """Label and value of everything worth knowing about one answer."""
    usage, times, state = answer.usage, answer.timings, answer.index
    share = f" ({usage.cached_tokens / usage.prompt_tokens:.0%} of them cached)" if usage.cached_tokens else ""
    speed = tokens_per_second(answer)
    return [
        ("Model", f"{answer.model.name} ({answer.model.backend})"),
        ("Searched for", answer.query),
        ("Index", f"{count(state.articles, 'article')}, {count(state.chunks, 'passage')}"),
        ("Confidence", f"{answer.confidence:.0%}"),
        ("Search took", _seconds(times.retrieve_s)),
        ("Passages after", _seconds(times.first_evidence_s)),
        ("First word after", _seconds(times.first_token_s)),
        ("Complete after", _seconds(times.total_s)),
        ("Tokens read", f"{usage.prompt_tokens}{share}" if usage.prompt_tokens else None),
        ("Tokens written", f"{usage.completion_tokens}{speed and f', {speed:.0f} a second'}"),
        ("Settings", answer.settings_digest),
        ("Version", answer.version),
    ]


def tokens_per_second(answer: Answer) -> float | str:
    """How fast the answer was written, "" where nothing was."""
    times, written = answer.timings, answer.usage.completion_tokens
    seconds = times.total_s - times.first_token_s if times.first_token_s is not None else 0.0
    return written / seconds if seconds > 0 and written > 1 else ""


def definitions(rows: Iterable[tuple[str, str | None]]) -> Html:
    """Labels with their values; what has none is left out."""
    told = join(join((tag("dt", label), tag("dd", value))) for label, value in rows if value)
    return tag("dl", told) if told else NOTHING


def _part(title: str, content: Html) -> Html:
    return join((tag("h3", title), content)) if content else NOTHING


def _claims(claims: Sequence[Claim]) -> Html:
    rows = (
        tag(
            "tr",
            tag("td", claim.text, dir="auto"),
            tag("td", STATUS_WORDS[claim.status], class_="q-status-word"),
            tag("td", f"{claim.support:.2f}", class_="q-figure"),
        )
        for claim in claims
    )
    return _table(("Sentence", "Checked", "Support"), rows) if claims else NOTHING


def _passages(evidence: Sequence[Evidence]) -> Html:
    rows = (_passage(piece) for piece in evidence)
    return _table(("Passage", "Rank", "Fused", "Meaning", "Words"), rows) if evidence else NOTHING


def _passage(piece: Evidence) -> Html:
    hit = piece.hit
    numbers = (str(hit.rank), _number(hit.score, 4), _number(hit.dense, 2), _number(hit.lexical, 1))
    told = (heading(hit.article.title, hit.article.url), byline(hit.article.source, hit.article.published))
    quote = tag("blockquote", piece.text, dir="auto")
    return tag("tr", tag("td", *told, quote), *(tag("td", number, class_="q-figure") for number in numbers))


def _table(heads: Sequence[str], rows: Iterable[Html]) -> Html:
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    return tag("table", tag("thead", head), tag("tbody", join(rows)))


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} s"
