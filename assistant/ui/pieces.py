"""Small pieces of markup that every part of the page shares: titles, dates, passages, buttons.

Knows how one thing is written, not where it stands. Everything from outside goes through `markup`, as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import starmap

from assistant.types import Answer, Citation, Evidence
from assistant.ui.markup import NOTHING, Html, join, link, tag, text
from index.types import ArticleInfo

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def control(label: str | None, does: str, **attributes: str | None) -> Html:
    """A button whose click shell.js turns into what `does` names."""
    return tag("button", label, type="button", data_do=does, **attributes)


def heading(title: str, url: str | None) -> Html:
    """A title, linked where the article has a web address."""
    return tag("bdi", link(url, title or "Untitled"), class_="q-title")


def byline(source: str | None, published: date | None) -> Html:
    """Source and date, or the plain words that the date is not known."""
    name = join((tag("bdi", source), " · ")) if source else NOTHING
    return tag("span", name, when(published) if published else day_words(None), class_="q-byline")


def when(day: date) -> Html:
    """A date as people write it, with the machine's form beside it: shell.js writes it in the reader's own way."""
    return tag("time", day_words(day), datetime=day.isoformat())


def day_words(day: date | None) -> str:
    """ "12 Nov 2024", the same whatever the machine's language."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "date unknown"


def fold(summary: str, content: Html, name: str) -> Html:
    """Something to be opened at will. The id lets the page keep it open while its surroundings change."""
    return tag("details", tag("summary", summary), tag("div", content, class_="q-folded"), id=name)


def passages(evidence: Sequence[Evidence], opening: Callable[[int], Html] | None = None) -> Html:
    """Passages with title, source and date; below each what `opening` makes of its place in the list, from 1."""
    rows = (passage(e, opening(place) if opening else None) for place, e in enumerate(evidence, 1))
    return tag("ol", join(rows), class_="q-passages", role="list")


def passage(evidence: Evidence, below: Html | None = None) -> Html:
    """One passage as it stands in its article."""
    article = evidence.hit.article
    head = tag("p", heading(article.title, article.url), byline(article.source, article.published), class_="q-source")
    copies = also_in([hit.article for hit in evidence.also])
    return tag("li", head, tag("blockquote", evidence.text, dir="auto"), copies, below, class_="q-passage")


def also_in(copies: Sequence[ArticleInfo]) -> Html:
    """The other articles that tell the same nearly word for word, a line each."""
    lines = (join(("Also in ", heading(c.title, c.url), " ", byline(c.source, c.published))) for c in copies)
    return join(tag("p", line, class_="q-source") for line in lines)


def reference_to(cited: Citation, name: str, own: str) -> Html:
    """A citation's number, leading into its article; `name` is its exchange's, `own` the reference's id."""
    return tag(
        "a",
        str(cited.number),
        class_="q-ref",
        id=own,
        href=f"#{name}-c-{cited.number}",
        aria_label=f"Citation {cited.number}: {cited.title}, {day_words(cited.published)}",
        data_do="cite",
        **points_at(cited, name),
    )


def openable(answer: Answer) -> tuple[Citation, ...]:
    """What opens in its article: the citations of an answer, of an abstention the passages that came closest."""
    return tuple(starmap(_as_cited, enumerate(answer.nearest, 1))) if answer.abstained else answer.citations


def _as_cited(number: int, piece: Evidence) -> Citation:
    of, place = piece.hit.article, (piece.start, piece.end, piece.text)
    return Citation(
        number,
        of.id,
        piece.hit.chunk.id,
        of.title,
        of.source,
        of.url,
        of.published,
        of.published_from,
        *place,
        of.digest,
    )


def opener(cited: Citation, name: str, own: str | None = None) -> Html:
    """The button that opens a citation in its article; `own` is the id by which it gets the focus back."""
    return control("Read in the article", "cite", class_="q-open", id=own, **points_at(cited, name))


def points_at(cited: Citation, name: str) -> dict[str, str]:
    """What the server is told when this citation is opened: numbers alone."""
    return {"data_exchange": name.removeprefix("q-"), "data_citation": str(cited.number)}


def trouble(message: str) -> Html:
    """An error outside any question, where the eye is."""
    return tag("div", tag("p", with_code(message)), class_="q-error", role="alert")


def note(sentence: str) -> Html:
    """A quiet line of ours."""
    return tag("p", with_code(sentence), class_="q-note")


def with_code(message: str) -> Html:
    """A message of ours as a sentence: what stands between backticks is a command."""
    pieces = re.split(r"`([^`\n]+)`", message[:1].upper() + message[1:])
    return join(tag("code", piece) if i % 2 else text(piece) for i, piece in enumerate(pieces))


def count(number: int, noun: str) -> str:
    """ "1 passage", "2 passages"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
