"""Answers, hits, lists and reports as plain text for a terminal. Pure functions; prints nothing.

Text from articles and models is untrusted: control characters, which could move the cursor or recolour the screen,
are replaced before anything is laid out.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, get_args

from assistant.doctor import Check
from assistant.types import Answer, Citation, Evidence
from index.types import ArticleInfo, Hit, IngestReport, SkippedSource, SourceState, SourceStatus

if TYPE_CHECKING:
    from assistant.conversations.records import ConversationInfo, Kept

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STATUS = {"partial": "only partly supported", "unsupported": "not supported by your sources"}


def safe(text: str) -> str:
    """The text with what could act on a terminal, or not be written to one, shown as �. Tabs and line ends stay."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str, width: int) -> str:
    """The text on one line of at most `width` columns, cut between words where that loses little."""
    line = flat(text)
    if _columns(line) <= width:
        return line
    kept = _fitting(line, width - 1)
    whole_words = kept if line[len(kept) :].startswith(" ") else kept.rpartition(" ")[0]
    shown = (whole_words if len(whole_words) > len(kept) / 2 else kept).rstrip()
    return f"{shown}…" if width > 0 else ""


def flat(text: str) -> str:
    """Titles and file names stay on their line: one with a line end in it could pose as the next citation."""
    return " ".join(safe(text).split())


def _fitting(text: str, columns: int) -> str:
    room = columns
    for at, character in enumerate(text):
        room -= _columns(character)
        if room < 0:
            return text[:at]
    return text


def day(published: date | None) -> str:
    """A date as a person writes it: 20 November 2024."""
    return f"{published.day} {published:%B %Y}" if published else "date unknown"


def answer_text(answer: Answer, width: int) -> str:
    """The answer, what to know about its sentences, and its citations or nearest passages."""
    parts = [_wrapped(answer.text, width)]
    parts += _doubts(answer, width)
    if answer.citations:
        parts.append("\n".join(_citation(c, answer.also_in(c), width) for c in answer.citations))
    if answer.nearest:
        parts.append("Nearest passages\n" + "\n".join(_nearest(piece, width) for piece in answer.nearest))
    if answer.period:
        parts.append(_wrapped(f"time: {flat(answer.period.note)}", width))
    parts.append(_footer(answer))
    return "\n\n".join(parts)


def _doubts(answer: Answer, width: int) -> list[str]:
    doubts = [
        _wrapped(f"! {_STATUS[claim.status]}: “{claim.text}”", width)
        for claim in answer.claims
        if claim.status in _STATUS
    ]
    if answer.unresolved:
        markers = ", ".join(sorted({marker.marker for marker in answer.unresolved}))
        doubts.append(_wrapped(f"! the model also pointed at {markers}, which is none of its sources", width))
    doubts += [
        _wrapped(
            f"! kept from the model, since it gives orders: “{piece.text}” ({flat(piece.hit.article.title)})", width
        )
        for piece in answer.set_aside
    ]
    return ["\n".join(doubts)] if doubts else []


def _citation(citation: Citation, also: Sequence[ArticleInfo], width: int) -> str:
    source = f"{flat(citation.source)}, " if citation.source else ""
    head = f"[{citation.number}] {flat(citation.title)} — {source}{day(citation.published)}"
    lines = [_wrapped(head, width, "  "), _wrapped(f"“{citation.quote}”", width, "      ")]
    if also:
        copies = "; ".join(f"{flat(copy.source or copy.title)}, {day(copy.published)}" for copy in also)
        lines.append(_wrapped(f"also in: {copies}", width, "      "))
    return "\n".join(lines)


def _nearest(piece: Evidence, width: int) -> str:
    article = piece.hit.article
    head = _wrapped(f"- {flat(article.title)} — {day(article.published)}", width, "  ")
    return f"{head}\n{_wrapped(one_line(piece.text, 300), width, '      ')}"


def _footer(answer: Answer) -> str:
    claims = [claim for claim in answer.claims if claim.status != "no_claim"]
    told = []
    if answer.as_of:
        told.append(f"as of {day(answer.as_of)}")
    if claims:
        supported = sum(claim.status == "supported" for claim in claims)
        told.append(f"{supported} of {len(claims)} sentences supported")
    return " · ".join([*told, f"confidence {answer.confidence:.2f}", f"{answer.timings.total_s:.1f} s"])


def _counted(count: int, thing: str, width: int = 0) -> str:
    """ "1 article", "2 articles"; with a width, the number takes it and the words line up."""
    ending = "s" if count != 1 else " " if width else ""
    return f"{count:>{width}} {thing}{ending}"


def hits_text(hits: Sequence[Hit], width: int) -> str:
    """Hits, the best first: rank, title, date, and the passage."""
    return "\n".join(
        f"{hit.rank:>3}  {flat(hit.article.title)} — {day(hit.article.published)}\n"
        + _wrapped(one_line(hit.chunk.text, 300), width, "     ")
        for hit in hits
    )


def articles_text(articles: Sequence[ArticleInfo], failures: Sequence[SkippedSource], width: int) -> str:
    """One line an article, then what could not be read and why."""
    room = max(20, width - 50)
    lines = [
        f"{info.id}  {info.published or 'date unknown'!s:<12}  {_counted(info.chunks, 'chunk', 4)}"
        f"  {_padded(info.title, room)}  {one_line(info.source or '', 24)}"
        for info in articles
    ]
    total = f"{_counted(len(articles), 'article')}, {_counted(sum(info.chunks for info in articles), 'chunk')}"
    copies = len(articles) - len({info.digest for info in articles})
    total += f"; {copies} have the text of another" if copies else ""
    return "\n".join([*(line.rstrip() for line in lines), total, *_skipped(failures)])


def conversations_text(conversations: Sequence[ConversationInfo], width: int) -> str:
    """One line a conversation: id, when it last changed, questions, title."""
    lines = [
        f"{info.id}  {info.changed:%Y-%m-%d %H:%M}  {_counted(info.exchanges, 'question', 3)}  "
        f"{one_line(info.title, max(20, width - 50))}"
        for info in conversations
    ]
    return "\n".join([*lines, _counted(len(conversations), "conversation")])


def exchange_text(kept: Kept, width: int) -> str:
    """A kept question with what came of it."""
    record = kept.record
    head = f"> {flat(record.question)}"
    if record.answer is not None:
        return f"{head}\n\n{answer_text(record.answer, width)}"
    if record.failure is not None:
        return f"{head}\n\n{_wrapped(f'not answered: {record.failure}', width)}"
    return f"{head}\n\n{_wrapped(record.written, width)}\nstopped; not checked"


def report_text(report: IngestReport) -> str:
    """What an ingest did, a line each, and every skipped source with its reason."""
    counts = [f"{len(uris)} {word}" for word, uris in _done(report, "unchanged").items() if uris]
    reused = f" ({report.embedded} embedded, {report.reused} reused)" if report.chunks else ""
    speed = f", {report.embedded / report.seconds:.0f} chunks/s" if report.embedded and report.seconds else ""
    took = f"{_counted(report.chunks, 'chunk')}{reused} in {report.seconds:.1f} s{speed}"
    lines = [f"{', '.join(counts) or 'nothing to add'} · {took}"]
    lines += [f"gone: {flat(uri)} (still indexed; `quoth sync` takes it out)" for uri in report.vanished]
    return "\n".join([*lines, *_remarks(report)])


def plan_text(report: IngestReport) -> str:
    """What a sync would do: a line each, and how many."""
    lines = [f"would be {word}: {flat(uri)}" for word, uris in _done(report).items() for uri in uris]
    counts = [f"{len(uris)} {word}" for word, uris in _done(report, "unchanged").items() if uris]
    return "\n".join(
        [*lines, f"nothing was changed; a sync gives: {', '.join(counts) or 'nothing'}", *_remarks(report)]
    )


def changes_text(report: IngestReport) -> list[str]:
    """One line for each thing that a look while watching found."""
    return [f"{word} {flat(uri)}" for word, uris in _done(report).items() for uri in uris] + _remarks(report)


def _done(report: IngestReport, *more: str) -> dict[str, tuple[str, ...]]:
    words = ("added", "updated", *more, "removed")
    return {word: getattr(report, word) for word in words}


def _remarks(report: IngestReport) -> list[str]:
    away = len(report.unreachable)
    stays = "stays: its" if away == 1 else "stay: their"
    stay = [f"{_counted(away, 'article')} {stays} place cannot be looked into now"] if away else []
    doubts = [f"doubted: {flat(doubt.uri)}: {flat(doubt.reason)}" for doubt in report.doubted]
    return [*stay, *doubts, *_skipped(report.failed)]


def statuses_text(statuses: Sequence[SourceStatus]) -> str:
    """One line a file: its state, its article, its path, and why it failed; then how many are in which state.

    What is away, or cannot be read, no sync brings in line.
    """
    lines = [
        f"{status.state:<8} {status.article_id or '-':<13}  {flat(status.uri)}"
        + (f": {flat(status.reason)}" if status.reason else "")
        for status in statuses
    ]
    counts = Counter(status.state for status in statuses)
    total = ", ".join(f"{counts[state]} {state}" for state in get_args(SourceState) if counts[state])
    differ = counts["new"] or counts["changed"] or counts["gone"]
    hint = "; `quoth sync` brings the index in line" if differ else ""
    return "\n".join([*lines, (total or "no files") + hint])


def check_text(check: Check) -> str:
    """One check of the doctor's, with its remedy below where there is one."""
    line = f"{'ok ' if check.ok else '!! '} {check.name:<22} {safe(check.value)}"
    return f"{line}\n       → {safe(check.remedy)}" if check.remedy else line


def _skipped(failures: Iterable[SkippedSource]) -> list[str]:
    return [f"skipped: {flat(failure.uri)}: {flat(failure.reason)}" for failure in failures]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell, two blanks between."""
    widths = [max(_columns(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return "\n".join("  ".join(_padded(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _padded(text: str, width: int) -> str:
    text = one_line(text, width)
    return text + " " * max(0, width - _columns(text))


def _columns(text: str) -> int:
    """The columns a text takes: East Asian wide characters take two, marks and invisible characters none."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _wrapped(text: str, width: int, indent: str = "") -> str:
    lines = (
        textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=indent) for line in safe(text).split("\n")
    )
    return "\n".join(part for line in lines for part in (line or [""]))
