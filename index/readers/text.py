"""Plain text → draft. Knows what a title line looks like; everything else it leaves as it stands."""

from __future__ import annotations

import re

from index.dates import date_from_first_lines, is_only_a_day
from index.readers.decoding import decode
from index.readers.draft import PUBLISHED_IN_FIRST_LINES, Draft, clean_title, require_text
from index.types import RawPage

_TITLE_CHARACTERS = 120
_TITLE_WORDS = 20
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)]*(?:\s|$)|[,;:]$")
_NO_TITLE = re.compile(r"[-*•>|<\[({]|\d+[.)]\s|(?:by|von|par|por|published|posted|date|datum)\b.*\d{4}|https?:", re.I)


def read_text(page: RawPage, charset: str | None = None) -> Draft:
    """The whole file is the text; its first line is also the title if it looks like one, else the file's name is."""
    text = require_text(decode(page, charset))
    published = date_from_first_lines(text)
    return Draft(
        title=clean_title(title_line(text), page.name),
        text=text,
        published=published,
        published_from=PUBLISHED_IN_FIRST_LINES if published else None,
    )


def title_line(text: str) -> str | None:
    """The first line that is no day, if it is short, is no sentence, and something follows it."""
    start = len(text) - len(text.lstrip())
    line, _, rest = text[start : start + 1_000].partition("\n")
    line = line.strip()
    if is_only_a_day(line):
        return title_line(rest)
    short = len(line) <= _TITLE_CHARACTERS and len(line.split()) <= _TITLE_WORDS
    first = next((character for character in line if character.isalpha()), "")
    if not short or not first or first.islower() or not rest.strip():
        return None
    return None if _NO_TITLE.match(line) or _SENTENCE_END.search(line) else line
