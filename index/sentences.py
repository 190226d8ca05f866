"""Text → sentences, as exact spans of code points.

Knows where lines, headings, list items and sentences begin and end. Knows nothing of articles, tokens or files, and
never changes a character: a span is where the sentence stands, and the caller cuts it out.

Line breaks are read the way a person reads them. A break inside a hard-wrapped paragraph is only white space; a break
after a heading, a caption, a list item or a finished paragraph ends a sentence even where no full stop says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sentencex import get_sentence_boundaries

_WINDOW = 20_000
"""Characters handed to the splitter at once: bounds its memory on a text without line breaks, and its time, which is
square in what it is given of marks that open and never close."""
_BLOCK_LINES = 2_000
"""Lines looked at together; a longer paragraph is taken in parts, so that memory stays bounded."""
_NARROWEST_WRAP = 64
_WIDEST_WRAP = 120
"""Nobody wraps prose outside these columns: a longer line is a whole paragraph, and its break is meant."""
_HEADING_CHARACTERS = 80
_HEADING_WORDS = 12

_LONGEST_TITLE = 2_000
_MARKED = (
    (re.compile(r"!\[[^\[\]]*\]\([^()]*\)"), ""),
    (re.compile(r"\[([^\[\]]*)\]\([^()]*\)"), r"\1"),
    (re.compile(r"</[A-Za-z][^<>]*>|(?<!\w)<[A-Za-z][^<>]*>"), ""),
    (re.compile(r"(`+)([^`]+)\1"), r"\2"),
    (re.compile(r"(?<!\w)(\*\*|__|\*|_)(?=\S)([^*_]+)(?<=\S)\1(?!\w)"), r"\2"),
)
"""What Markdown writes around words: pictures, links, tags, code, emphasis."""

_MARKED_HEADING = re.compile(r"#{1,6}\s+\S")
_UNDERLINE = re.compile(r"(?:=+|-{2,})$")
_RULE = re.compile(r"(?:[-*_=~#]\s?){3,}$|```|~~~")
_ITEM = re.compile(r"[-*+•‣◦▪·]\s|\|")
_ORDINAL = re.compile(r"\(?(?:\d{1,3}[.)]|[a-z][.)]|[A-Z]\))\s")
_ONLY_ORDINAL = re.compile(r"\(?(?:\d{1,3}|[A-Za-z])[.)]\s*$")
_ORDINAL_CHARACTERS = 16
_CLOSED = re.compile(r"[.!?…:。！？։؟।][\"'”’»›)\]*_]*$")
_OPEN = re.compile(r"(?:[,;(\[{“‘«&/+–—-]|(?<![^\W\d_])[^\W\d_]{1,3})$")
_NO_HEADING_END = ".,;:!?…。！？،؛"
_TWO_SENTENCES = re.compile(r"[^\W\d_]{3,}[.!?][\"'”’»)]*\s")
_NO_HEADING_START = re.compile(r"[|>`(\[{•‣◦▪·.,;:!?-]")
_ABBREVIATED = re.compile(
    r"(?:[^\W_]\.[^\W_]{1,3}|\d[a-z]{0,2}|(?<![^\W_])[b-df-hj-np-tv-z]{1,4}|\bapprox|\bresp|\bincl|\best|\bca|\bmin|\bmax)\.\s*$",
    re.I,
)
_BLANK_LINES = re.compile(r"\s*\n")
_ONE_SENTENCE = re.compile(r"[^.!?\x80-\U0010ffff]{1,300}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text[start:end]` is the sentence without outer white space. A heading counts as one sentence."""

    start: int
    end: int
    heading: bool


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Segment:
    """Lines that belong together. `marked` is True for a heading that its markup declares."""

    start: int
    end: int
    lines: int
    marked: bool


def sentence_spans(text: str, language: str | None = None) -> tuple[tuple[int, int], ...]:
    """The half-open spans of the sentences of `text`, in order, apart, covering every non-space character.

    `language` is a tag such as "en" or "pt-BR"; None and unknown ones are read as English.
    """
    return tuple((sentence.start, sentence.end) for sentence in sentences(text, language))


def sentences(text: str, language: str | None = None) -> Iterator[Sentence]:
    """The sentences of `text` one by one, each knowing whether it is a heading. Linear in the length of the text."""
    primary = _primary_language(language)
    for segment, heading in _with_headings(text):
        if heading:
            yield Sentence(segment.start, segment.end, True)
        else:
            yield from _split(text, segment, primary)


def heading_text(line: str) -> str:
    """A heading as a reader would say it: "## Pokrovsk ##" is "Pokrovsk"."""
    first = next((part for part in line.splitlines() if part.strip()), "")
    bare = re.sub(r"^#{1,6}\s+|\s+#+$", "", first.strip()[:_LONGEST_TITLE])
    for mark, said in _MARKED:
        bare = mark.sub(said, bare)
    return " ".join(bare.split())


def _primary_language(language: str | None) -> str:
    match = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", language or "")
    return match.group().lower() if match else "en"


# Lines → segments


def _lines(text: str) -> Iterator[_Line]:
    """The lines of a text, trimmed; blank lines in a row are one line with an empty text."""
    start = 0
    while start < len(text):
        blank = _BLANK_LINES.match(text, start)
        if blank:
            yield _Line(start, start, "")
            start = blank.end()
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        bare = line.strip()
        begin = start + len(line) - len(line.lstrip())
        yield _Line(begin, begin + len(bare), bare)
        start = end + 1


def _blocks(text: str) -> Iterator[list[_Line]]:
    """Runs of lines without a blank one between them."""
    block: list[_Line] = []
    for line in _lines(text):
        if block and (not line.text or len(block) >= _BLOCK_LINES):
            yield block
            block = []
        if line.text:
            block.append(line)
    if block:
        yield block


def _segments(text: str) -> Iterator[_Segment]:
    for block in _blocks(text):
        room = _room(block)
        first, continued = 0, False
        for index in range(1, len(block) + 1):
            above = block[index - 1]
            listed = bool(_ITEM.match(block[first].text) or _ORDINAL.match(block[first].text))
            if index < len(block) and not _breaks(above, block[index], room, continued, listed):
                continued = not _CLOSED.search(above.text)
                continue
            yield _segment(block[first:index])
            first, continued = index, False


def _segment(lines: list[_Line]) -> _Segment:
    underlined = len(lines) == 2 and bool(_UNDERLINE.match(lines[1].text))
    marked = underlined or bool(_MARKED_HEADING.match(lines[0].text))
    return _Segment(lines[0].start, lines[-1].end, len(lines), marked)


def _room(block: list[_Line]) -> float:
    """A line shorter than this, next word included, was ended on purpose and not by a wrap.

    Four fifths of the longest line: text wrapped by hand is ragged.
    """
    width = max(line.end - line.start for line in block)
    return float("inf") if width > _WIDEST_WRAP else 0.8 * max(width, _NARROWEST_WRAP)


def _breaks(above: _Line, below: _Line, room: float, continued: bool, listed: bool) -> bool:
    """Whether the line break between two lines of a block ends a sentence whatever the punctuation.

    `continued`: `above` itself goes on with a sentence of the line before it. `listed`: both follow a list item.
    """
    if _UNDERLINE.match(below.text) and not continued and not _stands_alone(above):
        return False
    if _stands_alone(above) or _stands_alone(below) or _UNDERLINE.match(above.text) or _ITEM.match(below.text):
        return True
    closed = bool(_CLOSED.search(above.text))
    short = len(above.text) + 1 + len(below.text.split(maxsplit=1)[0]) <= room
    if _ORDINAL.match(below.text) and (closed or listed):
        return True
    if not closed and (continued or _OPEN.search(above.text)):
        return False
    return short and not below.text[0].islower()


def _stands_alone(line: _Line) -> bool:
    return bool(_MARKED_HEADING.match(line.text) or _RULE.match(line.text))


# Headings


def _with_headings(text: str) -> Iterator[tuple[_Segment, bool]]:
    """Each segment with whether it is a heading: by its markup, or a title-like line above something that is none.

    Of several title-like lines in a row (an address, a poem, a menu) at most the second can be a heading.
    """
    run = 0
    held: _Segment | None = None
    for segment in _segments(text):
        titled = not segment.marked and _title_like(text, segment)
        if held is not None:
            yield held, not titled and not segment.marked and run <= 2
            held = None
        run = run + 1 if titled else 0
        if titled:
            held = segment
        else:
            yield segment, segment.marked
    if held is not None:
        yield held, False


def _title_like(text: str, segment: _Segment) -> bool:
    if segment.lines > 1 or segment.end - segment.start > _HEADING_CHARACTERS:
        return False
    line = text[segment.start : segment.end]
    if line[-1] in _NO_HEADING_END or _NO_HEADING_START.match(line) or _ITEM.match(line) or _RULE.match(line):
        return False
    if _TWO_SENTENCES.search(line):
        return False
    first_letter = next((character for character in line if character.isalpha()), "")
    return bool(first_letter) and not first_letter.islower() and len(line.split()) <= _HEADING_WORDS


# Segments → sentences


def _split(text: str, segment: _Segment, language: str) -> Iterator[Sentence]:
    start = segment.start
    for cut in _joined(text, segment, _cuts(text, segment, language)):
        piece = text[start:cut]
        bare = piece.strip()
        if bare:
            begin = start + len(piece) - len(piece.lstrip())
            yield Sentence(begin, begin + len(bare), False)
        start = cut


def _cuts(text: str, segment: _Segment, language: str) -> Iterator[int]:
    """Where the splitter ends its sentences, rising, the last at the segment's end."""
    start = segment.start
    if _ONE_SENTENCE.fullmatch(text, start, segment.end):
        start = segment.end  # spares the splitter the millions of lines of a long list
        yield start
    while start < segment.end:
        stop = min(start + _WINDOW, segment.end)
        # A lone surrogate cannot reach the splitter; its stand-in has the same length.
        window = _SURROGATE.sub("\ufffd", text[start:stop])
        ends = [start + boundary["end_index"] for boundary in get_sentence_boundaries(language, window)]
        if stop < segment.end and len(ends) > 1:
            ends.pop()  # the window, not the text, ended this one
        yield from ends
        start = ends[-1]


def _joined(text: str, segment: _Segment, cuts: Iterator[int]) -> Iterator[int]:
    """The cuts without those that leave a number, an abbreviation or bare punctuation as a sentence of its own."""
    start, held = segment.start, segment.start
    for cut in cuts:
        part = start < held and (
            (held - start < _ORDINAL_CHARACTERS and bool(_ONLY_ORDINAL.match(text, start, held)))
            or _goes_on(text[max(start, held - 16) : held], text[held : held + 2])
            or not any(character.isalnum() for character in text[held:cut])
        )
        if start < held and not part:
            yield held
            start = held
        held = cut
    yield held


def _goes_on(before: str, after: str) -> bool:
    """ "At 5 p.m. the guns": a small letter after a short word with a full stop."""
    return after[:1].islower() and not after[1:].isupper() and bool(_ABBREVIATED.search(before))
