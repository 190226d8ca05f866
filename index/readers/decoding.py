"""Bytes → text: the character set, line ends and control characters. Knows no formats.

UTF-8 and marked UTF-16 or UTF-32 are recognised for certain, a declared character set is believed where it fits, and
only then is one guessed. Bytes that are no text at all are refused.
"""

from __future__ import annotations

import codecs
import logging
import re

from index.errors import SourceUnreadable
from index.types import RawPage

_LOG = logging.getLogger(__name__)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the other's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3\x00", "a database"),
    (b"{\\rtf", "a rich text (RTF) document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROLS = 0.01
"""More than one control character in a hundred is no text; a stray one is dropped."""
_MOST_DAMAGE = 0.1
"""Up to one broken sequence for ten sound ones, a text is damaged UTF-8 rather than another character set."""
_SAMPLE_BYTES = 65_536
_BEYOND_ASCII_LINES = re.compile(rb"[^\n]{0,400}[\x80-\xff][^\n]{0,400}")
_TOO_SHORT_TO_GUESS = 256
_SYMBOL_IN_WORD = re.compile(r"[^\W\d_][¡-©«-´¶-¹»-¿×÷ˆ˜†‡‰]+[^\W\d_]")
_MOST_ACCENTS = 0.3
_NO_CHARACTER_SETS = ("utf_7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")
_LATIN = ("ascii", "iso8859-1", "latin_1", "us-ascii")

_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85]")
_DROPPED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


def decode(page: RawPage, declared: str | None = None) -> str:
    """The text of a page with plain line ends. Raises SourceUnreadable for what is no text.

    `declared` is the character set that the page or its server names, if any.
    """
    return normalise(_decode(page, declared))


def normalise(text: str) -> str:
    """The text with "\\n" for every kind of line end, without byte order mark and control characters but tab."""
    return _DROPPED.sub("", _LINE_END.sub("\n", text.removeprefix("\ufeff")))


def _decode(page: RawPage, declared: str | None) -> str:
    body = page.body
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    for magic, kind in _MAGIC:
        if body.startswith(magic):
            raise SourceUnreadable(f"is {kind}, whatever its name says; save it as text, Markdown or HTML first")
    if len(_CONTROLS.findall(body, 0, _SAMPLE_BYTES)) > _MOST_CONTROLS * min(len(body), _SAMPLE_BYTES):
        raise SourceUnreadable("is not text but binary data; save it as text, Markdown or HTML first")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(page, declared)


def _decode_legacy(page: RawPage, declared: str | None) -> str:
    body, encoding = page.body, _known_encoding(declared)
    if encoding:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            _LOG.info("%r is not in %s, as it declares", page.uri, encoding)
    text = body.decode("utf-8", "replace")
    damage = text.count("\ufffd")
    sound = sum(1 for _ in re.finditer(r"[^\x00-\x7f\ufffd]", text))
    if damage <= _MOST_DAMAGE * sound:
        _LOG.info("%r is damaged UTF-8: %d broken sequences became U+FFFD", page.uri, damage)
        return text
    guessed = _guess(body)
    _LOG.info("%r names no character set: read as %s", page.uri, guessed)
    return body.decode(guessed, "replace")


def _known_encoding(declared: str | None) -> str | None:
    """Python's name of a declared character set; None if it is not one. "latin-1" means Windows-1252 on the web."""
    try:
        name = codecs.lookup((declared or "").strip()).name
    except (LookupError, ValueError):
        return None
    if name in _LATIN:
        return "cp1252"
    is_text = getattr(codecs.lookup(name), "_is_text_encoding", True)
    return name if is_text and name.replace("-", "_") not in _NO_CHARACTER_SETS else None


def _guess(body: bytes) -> str:
    """The likeliest character set, by the lines that are not plain ASCII: the rest says nothing about it."""
    from charset_normalizer import from_bytes  # only for the rare page that needs it

    sample = bytearray()
    for match in _BEYOND_ASCII_LINES.finditer(body):
        sample += match.group() + b"\n"
        if len(sample) >= _SAMPLE_BYTES:
            break
    if len(sample) < _TOO_SHORT_TO_GUESS and _reads_western(bytes(sample)):
        return "cp1252"
    best = from_bytes(bytes(sample)).best()
    if best is None:
        raise SourceUnreadable("is in a character set that cannot be told; save it as UTF-8 first")
    return "cp1252" if "cp1252" in best.could_be_from_charset else best.encoding


def _reads_western(sample: bytes) -> bool:
    """Whether Windows-1252, much the commonest, makes words of the sample: few accents and no "Za¿ó³æ"."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    letters = [character for character in text if character.isalpha()]
    accented = sum(1 for letter in letters if not letter.isascii())
    return accented <= _MOST_ACCENTS * len(letters) and not _SYMBOL_IN_WORD.search(text)
