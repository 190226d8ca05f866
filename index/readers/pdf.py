"""A PDF document → draft: the text of its pages, put back into paragraphs. The only importer of pypdf.

What a PDF says about itself is mostly said by the program that wrote it: its dates are those of the file, not of
publication, and its title is often a file's name. So the date is read from the first lines alone, as in plain text,
and the title is believed only where the first page shows it too. A hostile file is bounded in pages, in what a stream
may unpack to, and in processor time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

from index.dates import date_from_first_lines
from index.errors import SourceUnreadable
from index.readers.decoding import normalise
from index.readers.draft import PUBLISHED_IN_FIRST_LINES, Draft, clean_language, clean_title, require_text
from index.readers.text import title_line
from index.readers.unwrapping import paragraphs, without_furniture
from index.types import RawPage

if TYPE_CHECKING:
    from pypdf import PdfReader

_MOST_PAGES = 2_000
_MOST_SECONDS = 60.0
"""Of the processor; a report of 300 pages takes ten."""
_MOST_STREAM_BYTES = 20_000_000
_MOST_CHARACTERS = 10_000_000
_DEEPEST_FORM = 3
_TITLE_IS_SHOWN_WITHIN = 3_000

Clock = Callable[[], float]


class _TooMuch(Exception):
    """The document asks for more than a document may."""


def read_pdf(page: RawPage, charset: str | None = None, clock: Clock = time.thread_time) -> Draft:
    """The text of all pages in their order, without running heads and page numbers; title and date if it shows them.

    `clock` counts the seconds of work. Raises SourceUnreadable for what is encrypted, damaged, has no text or asks
    for too much.
    """
    import pypdf  # 0.2 s to import: only for those who have a PDF
    from pypdf.errors import DependencyError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every repair, on standard error
    limits = pypdf.Configuration(
        zlib_maximum_output_length=_MOST_STREAM_BYTES,
        lzw_maximum_output_length=_MOST_STREAM_BYTES,
        run_length_maximum_output_length=_MOST_STREAM_BYTES,
        array_based_stream_maximum_output_length=_MOST_STREAM_BYTES,
        stream_parsing_work_maximum_count=_MOST_STREAM_BYTES // 20,
        disable_legacy_handling=True,
    )
    try:
        with pypdf.apply_configuration(limits):
            return _draft(pypdf.PdfReader(BytesIO(page.body)), page.name, clock)
    except SourceUnreadable:
        raise
    except DependencyError as error:
        raise SourceUnreadable(_ENCRYPTED) from error
    except _TooMuch as error:
        raise SourceUnreadable(f"is a PDF {error}; split it, or save its text as a file and add that") from error
    except Exception as error:  # a broken document fails in more ways than pypdf documents
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SourceUnreadable(
            f"is a damaged PDF ({reason}); open it in a viewer, print it into a new PDF, and add that"
        ) from error


_ENCRYPTED = "is an encrypted PDF; save a copy without password or restrictions and add that"


def _draft(document: PdfReader, name: str, clock: Clock) -> Draft:
    if document.is_encrypted and not document.decrypt(""):
        raise SourceUnreadable(_ENCRYPTED)
    pages = list(_pages(document, clock))
    lines = without_furniture(pages)
    text = "\n\n".join(paragraphs(lines))
    if not text.strip():
        raise SourceUnreadable(
            f"is a PDF of {len(pages)} pages without any text: pictures of pages; have its text recognised first, "
            "for example with `ocrmypdf IN.pdf OUT.pdf`, and add that"
        )
    as_printed = "\n".join(lines)  # a title may be as long as a line of its text
    published = date_from_first_lines(as_printed)
    return Draft(
        title=clean_title(_shown_title(document, text) or title_line(as_printed), name),
        text=require_text(text),
        published=published,
        published_from=PUBLISHED_IN_FIRST_LINES if published else None,
        language=clean_language(document.root_object.get("/Lang")),
    )


def _pages(document: PdfReader, clock: Clock) -> Iterator[Sequence[str]]:
    """The lines of each page."""
    count, begun, characters = len(document.pages), clock(), 0
    if count > _MOST_PAGES:
        raise _TooMuch(f"of {count:,} pages, more than {_MOST_PAGES:,}")

    def in_time(*_: Any) -> None:
        if clock() - begun > _MOST_SECONDS:
            raise _TooMuch(f"that takes more than {_MOST_SECONDS:.0f} seconds to read")

    seen: set[int] = set()
    for page in document.pages:
        in_time()
        _tell_of_missing_spaces(page, seen)
        text = normalise(page.extract_text(visitor_operand_before=in_time))
        characters += len(text)
        if characters > _MOST_CHARACTERS:
            raise _TooMuch(f"of more than {_MOST_CHARACTERS:,} characters")
        yield text.split("\n")


def _tell_of_missing_spaces(page: Any, seen: set[int]) -> None:
    """Give glyph 32 of composite fonts no width, so that pypdf does not take it for their space.

    XeTeX and LuaTeX set words apart by distance alone, in fonts that number glyphs by themselves and have no space.
    pypdf puts a space where the distance is half of one, and looks for its width under 32, which there is some letter.
    """
    from pypdf.generic import ArrayObject, NameObject, NumberObject

    with suppress(Exception):  # what is broken here is told, or read all the same, when the page is
        for font in _composite_fonts(page.get("/Resources"), seen, _DEEPEST_FORM):
            widths = font["/W"].get_object() if "/W" in font else ()
            font[NameObject("/W")] = ArrayObject([*widths, NumberObject(32), ArrayObject([NumberObject(0)])])


def _composite_fonts(resources: Any, seen: set[int], depth: int) -> Iterator[Any]:
    """The fonts below the composite ones of a page's resources, and of the forms it draws, each once."""
    for font in _values(resources, "/Font"):
        if font.get("/Subtype") == "/Type0":
            below = [one.get_object() for one in font["/DescendantFonts"].get_object()]
            yield from (one for one in below if _is_new(one, seen))
    for form in _values(resources, "/XObject"):
        if depth and _is_new(form, seen):
            yield from _composite_fonts(form.get("/Resources"), seen, depth - 1)


def _values(resources: Any, name: str) -> Iterator[Any]:
    held = resources.get_object().get(name) if resources is not None else None
    return (value.get_object() for value in held.get_object().values()) if held is not None else iter(())


def _is_new(thing: Any, seen: set[int]) -> bool:
    new = id(thing) not in seen
    seen.add(id(thing))
    return new


def _shown_title(document: PdfReader, text: str) -> str | None:
    """The title its metadata gives, if the document shows it at its beginning."""
    told = document.metadata.title if document.metadata else None
    plain = " ".join(told.split()) if isinstance(told, str) else ""
    shown = " ".join(text[:_TITLE_IS_SHOWN_WITHIN].split()).casefold()
    return plain if len(plain.split()) > 1 and plain.casefold() in shown else None
