"""One conversation → Markdown with a footnote for every citation.

Knows Markdown's syntax. Everything from articles, models and people is escaped, so that it is read as text by whatever
shows the file: no images, no HTML, and links only where an article's own web address stands behind its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from assistant.addresses import is_web_address
from assistant.conversations.records import ConversationInfo, Kept, digest_of
from assistant.types import Answer, Citation, ClaimStatus, Evidence

_MARKERS = re.compile(r"[ \t]*((?:\[[0-9]{1,4}(?:\s*,\s*[0-9]{1,4})*\][ \t]*)*\[[0-9]{1,4}(?:\s*,\s*[0-9]{1,4})*\])")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&$^#@])|(?<=[A-Za-z])(:)(?=//)|(?<=www)(\.)", re.IGNORECASE)
_LEADING = re.compile(r"^(\s*)([-+=>]|\d+[.)])", re.MULTILINE)
_DOUBT: Mapping[ClaimStatus, str] = {"partial": "partly supported", "unsupported": "not supported"}


def conversation_to_markdown(info: ConversationInfo, exchanges: Sequence[Kept]) -> str:
    """The whole conversation; the footnotes of all answers are numbered through."""
    notes: list[str] = []
    parts = [f"# {escaped(info.title)}", f"*{_day(info.started.date())}, {len(exchanges)} questions. Made with Quoth.*"]
    for kept in exchanges:
        parts += [f"## {escaped(kept.record.question)}", *_body(kept, notes)]
    return "\n\n".join([*parts, *notes]) + "\n"


def _body(kept: Kept, notes: list[str]) -> Iterator[str]:
    record = kept.record
    yield f"*Asked {record.asked:%Y-%m-%d %H:%M} UTC*" if record.asked.utcoffset() is not None else f"*{record.asked}*"
    if record.answer is not None:
        yield from _answered(record.answer, notes)
    elif record.failure is not None:
        yield f"**Not answered:** {escaped(record.failure)}"
    else:
        yield f"**Stopped.** What had been written was not checked: {escaped(record.written) or 'nothing'}"
    if kept.feedback is not None:
        said = " – ".join(escaped(part) for part in (kept.feedback.reason, kept.feedback.note) if part)
        yield f"*Judged {'right' if kept.feedback.verdict == 'up' else 'not right'}{': ' + said if said else ''}*"


def _answered(answer: Answer, notes: list[str]) -> Iterator[str]:
    if answer.as_of is not None:
        yield f"*As of {_day(answer.as_of)}*"
    if answer.abstained:
        yield f"**Not answered by the sources.** {escaped(answer.text)}"
        if answer.nearest:
            yield "Closest passages:"
            yield "\n".join(f"- {_passage(piece)}" for piece in answer.nearest)
        return
    first = len(notes)
    notes += [_note(first + n, c, digest_of(answer, c)) for n, c in enumerate(answer.citations, 1)]
    numbers = {citation.number: first + n for n, citation in enumerate(answer.citations, 1)}
    yield " ".join(_sentences(answer, numbers))
    model = f"{answer.model.name}, {answer.model.sha256[:12]}" if answer.model.sha256 else answer.model.name
    yield f"*{escaped(model)}; index of {answer.index.articles} articles; confidence {answer.confidence:.0%}*"


def _sentences(answer: Answer, numbers: Mapping[int, int]) -> Iterator[str]:
    for claim in answer.claims:
        doubt = f" *({_DOUBT[claim.status]})*" if claim.status in _DOUBT else ""
        yield _with_footnotes(claim.text, numbers) + doubt
    if not answer.claims:
        yield _with_footnotes(answer.text, numbers)


def _with_footnotes(text: str, numbers: Mapping[int, int]) -> str:
    parts, done = [], 0
    for match in _MARKERS.finditer(text):
        named = [int(number) for number in re.findall(r"[0-9]+", match[1])]
        if all(number in numbers for number in named):
            parts += [escaped(text[done : match.start()]), *(f"[^{numbers[number]}]" for number in named)]
            done = match.end()
    return "".join([*parts, escaped(text[done:])])


def _note(number: int, citation: Citation, digest: str | None) -> str:
    source = f", {escaped(citation.source)}" if citation.source else ""
    place = f"characters {citation.start}–{citation.end}"
    checked = f"{place} of the text with SHA-256 `{digest}`" if digest else place
    published = _day(citation.published)
    title = _title(citation.title, citation.url)
    return f"[^{number}]: {title}{source}, {published}: “{escaped(citation.quote)}” ({checked})"


def _passage(piece: Evidence) -> str:
    article = piece.hit.article
    return f"{_title(article.title, article.url)}, {_day(article.published)}: “{escaped(piece.text)}”"


def _title(title: str, url: str | None) -> str:
    shown = escaped(title) or "Untitled"
    if not is_web_address(url):
        return shown
    address = re.sub(r"[<>()\[\]`*_]", lambda found: f"%{ord(found[0]):02X}", url)
    return f"[{shown}](<{address}>)"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else "date unknown"


def escaped(text: str) -> str:
    """`text` on one line, so that Markdown shows it as it is."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return _LEADING.sub(_escape_leading, _SPECIAL.sub(lambda found: "\\" + found[0], line))


def _escape_leading(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2][:-1]}\\{found[2][-1]}"
