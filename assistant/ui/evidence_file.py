"""One conversation → a single HTML file with all its evidence, which anyone can open and check without Quoth.

Knows HTML and the values of answering; no Gradio and no database. The file asks for nothing: its policy forbids every
script, image and request, and names its one style sheet by hash. Every article cited stands in it as it was read, with
the quotes marked where they were cut and the SHA-256 of the whole text, so that a quote can be compared with its place
and the text with any other copy of it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assistant.conversations.records import ConversationInfo, Kept, Record, digest_of
from assistant.types import Answer, Citation, Claim
from assistant.ui import answers, details, pieces
from assistant.ui.markup import NOTHING, Html, join, tag, text
from index.types import Article

Texts = Callable[[str, str | None], Article | None]
"""Article id and SHA-256 → the article with that text, where it is kept; without a SHA-256 as it is now."""

LONGEST_TEXT = 200_000
"""Characters of an article that are put in whole; of a longer one only what stands around the quotes."""

_STYLE = (Path(__file__).parent / "evidence_file.css").read_text
_CHECKING = (
    "How to check: each number leads to its quote, each quote to its place in the article's text below. A text's "
    "SHA-256 is that of its UTF-8 bytes. Quotes were cut by a program from the stored text, never written by the model."
)


@dataclass(frozen=True, slots=True)
class _Cited:
    """A citation with the ids of its elements."""

    citation: Citation
    digest: str | None
    name: str

    @property
    def place(self) -> str:
        """The id of the quote's mark in the article's text."""
        return f"{self.name}-place"


def evidence_file(info: ConversationInfo, exchanges: Sequence[Kept], texts: Texts, made: datetime, version: str) -> str:
    """The whole file."""
    style = _STYLE(encoding="utf-8")
    known = _texts_of(exchanges, texts)
    body = tag(
        "main",
        tag("h1", tag("bdi", info.title)),
        tag(
            "p", f"{pieces.count(len(exchanges), 'question')}, written down by Quoth {version} on ", _moment(made), "."
        ),
        tag("p", _CHECKING, class_="meta"),
        *(_exchange(kept, known) for kept in exchanges),
        _all_texts(exchanges, known),
    )
    return _DOCUMENT.format(policy=_policy(style), title=text(info.title), style=style, body=body)


_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _texts_of(exchanges: Iterable[Kept], texts: Texts) -> dict[tuple[str, str | None], Article]:
    """Each text cited, by article and digest, where that very text can still be had."""
    found = {}
    for one in (cited for kept in exchanges for cited in _citations(kept)):
        key = (one.citation.article_id, one.digest)
        article = texts(*key)
        if article is not None and one.digest in (None, article.digest):
            found[key] = article
    return found


def _citations(kept: Kept) -> tuple[_Cited, ...]:
    answer = kept.record.answer
    if answer is None:
        return ()
    return tuple(_Cited(c, digest_of(answer, c), f"q{kept.ordinal}-{c.number}") for c in answer.citations)


# ── an exchange ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _exchange(kept: Kept, known: dict[tuple[str, str | None], Article]) -> Html:
    record = kept.record
    return tag(
        "article",
        tag("h2", record.question, dir="auto"),
        tag("p", "Asked ", _moment(record.asked), class_="meta"),
        _answered(kept, record.answer, known) if record.answer else _unanswered(record),
        _judgement(kept),
    )


def _unanswered(record: Record) -> Html:
    if record.failure is not None:
        return tag("p", tag("strong", "Not answered. "), record.failure, dir="auto")
    written = tag("blockquote", record.written, dir="auto") if record.written else None
    return join((tag("p", tag("strong", "Stopped. "), "What had been written was not checked."), written))


def _answered(kept: Kept, answer: Answer, known: dict[tuple[str, str | None], Article]) -> Html:
    facts = (join((tag("dt", label), tag("dd", value))) for label, value in _facts(answer) if value)
    if answer.abstained:
        nearest = join((tag("h3", "Closest passages"), pieces.passages(answer.nearest))) if answer.nearest else NOTHING
        said = tag("p", tag("strong", "Not answered by the sources. "), answer.text, dir="auto")
        return join((said, nearest, tag("dl", *facts)))
    cited = _citations(kept)
    rows = (_citation(one, kept, known.get((one.citation.article_id, one.digest))) for one in cited)
    as_of = tag("p", "As of ", pieces.when(answer.as_of), class_="meta") if answer.as_of else NOTHING
    sources = join((tag("h3", "Sources"), tag("ol", *rows))) if cited else NOTHING
    return join((as_of, tag("p", *_sentences(kept, answer), dir="auto"), sources, tag("dl", *facts)))


def _facts(answer: Answer) -> Iterator[tuple[str, str | None]]:
    yield from (fact for fact in details.facts(answer) if fact[0] not in {"Passages after", "First word after"})
    yield "Model's SHA-256", answer.model.sha256
    yield "Embedder", answer.index.embedder
    yield "Index generation", str(answer.index.generation)


def _sentences(kept: Kept, answer: Answer) -> Iterator[Html]:
    for stretch, claim in answers.stretches(answer):
        yield _sentence(stretch, claim, kept.ordinal)


def _sentence(stretch: str, claim: Claim | None, ordinal: int) -> Html:
    """One sentence, its markers as links to the quotes, its doubt in words."""
    marked = answers.with_markers(stretch, lambda n: tag("a", f"[{n}]", href=f"#q{ordinal}-{n}"))
    if claim is None or claim.status not in answers.FLAGS:
        return marked
    label, explanation = answers.FLAGS[claim.status]
    return join((tag("span", marked, class_="doubted"), " ", tag("span", f"({label}: {explanation})", class_="flag")))


def _citation(one: _Cited, kept: Kept, article: Article | None) -> Html:
    """A quote among its neighbours, with all that is needed to find it again."""
    cited = one.citation
    around = kept.record.surroundings.get(cited.number)
    shown = (around.before, tag("mark", around.quote), around.after) if around else (tag("mark", cited.quote),)
    where = f"characters {cited.start} to {cited.end} of the text"
    digest = join((" with SHA-256 ", tag("code", one.digest))) if one.digest else NOTHING
    missing = "The article's text has changed or gone since; this is what it said when it was cited."
    return tag(
        "li",
        tag("p", pieces.heading(cited.title, cited.url), " ", pieces.byline(cited.source, cited.published)),
        tag("blockquote", *shown, dir="auto"),
        tag("p", where, digest, ". ", _address(cited.url), class_="meta"),
        tag("a", "See it in the whole text", href=f"#{one.place}") if article else tag("p", missing, class_="changed"),
        id=one.name,
        value=str(cited.number),
    )


def _address(url: str | None) -> Html:
    return tag("span", "Published at ", tag("bdi", url)) if url else NOTHING


def _judgement(kept: Kept) -> Html:
    if kept.feedback is None:
        return NOTHING
    verdict = "right" if kept.feedback.verdict == "up" else "not right"
    said = ": ".join(part for part in (kept.feedback.reason, kept.feedback.note) if part)
    return tag("p", f"A reader judged this answer {verdict}. ", tag("bdi", said), class_="meta")


def _moment(moment: datetime) -> Html:
    return tag("time", f"{moment:%Y-%m-%d %H:%M %Z}".strip(), datetime=moment.isoformat())


# ── the texts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _all_texts(exchanges: Sequence[Kept], known: dict[tuple[str, str | None], Article]) -> Html:
    if not known:
        return NOTHING
    cited = [one for kept in exchanges for one in _citations(kept)]
    rows = (
        _text(article, [one for one in cited if (one.citation.article_id, one.digest) == key])
        for key, article in known.items()
    )
    return tag("section", tag("h2", "The texts cited"), *rows, class_="texts")


def _text(article: Article, cited: Sequence[_Cited]) -> Html:
    whole = len(article.text) <= LONGEST_TEXT
    stretches = [(0, len(article.text))] if whole else list(_around(article, cited))
    said = "The whole text, as it was read." if whole else "Of this long text, what stands around the quotes."
    return tag(
        "details",
        tag("summary", tag("bdi", article.title or "Untitled")),
        tag("p", f"{said} SHA-256 of the whole: ", tag("code", article.digest), class_="meta"),
        *(_stretch(article.text, start, end, cited) for start, end in stretches),
    )


def _around(article: Article, cited: Sequence[_Cited], characters: int = 2_000) -> Iterator[tuple[int, int]]:
    """Stretches that hold every quote with its neighbours, in order, none touching another."""
    first = last = -1
    for one in sorted(cited, key=lambda one: one.citation.start):
        start = max(0, one.citation.start - characters)
        end = min(len(article.text), one.citation.end + characters)
        if last >= 0 and start > last:
            yield first, last
            first = start
        first, last = (start, end) if last < 0 else (first, max(last, end))
    if last >= 0:
        yield first, last


def _stretch(whole: str, start: int, end: int, cited: Sequence[_Cited]) -> Html:
    """Part of a text with the quotes in it marked. HTML drops the line end a `pre` begins with: one is put before."""
    parts: list[Html] = [text("\n")]
    done = start
    for one in sorted(cited, key=lambda one: (one.citation.start, one.citation.end)):
        first, last = max(one.citation.start, done), one.citation.end
        if not start <= one.citation.start < end:
            continue
        if last <= first:  # within a quote already marked
            parts.append(tag("span", id=one.place))
            continue
        parts += [text(whole[done:first]), tag("mark", whole[first:last], id=one.place)]
        done = last
    return tag("pre", *parts, text(whole[done:end]), dir="auto")
