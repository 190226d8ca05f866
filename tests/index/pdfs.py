"""Small PDF documents, written by hand: pages of lines in Helvetica, and what else a test wants in them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO


def pdf(*pages: Sequence[str], info: str = "", catalog: str = "") -> bytes:
    """A page for each sequence of lines, from the top down. `info` and `catalog` are entries of those dictionaries."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            stream(drawn(lines)),
        ]
    return document([*objects, f"<< {info} >>"])


def drawn(lines: Sequence[str]) -> str:
    """The operators that write these lines below each other."""
    escaped = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines)
    return "BT /F1 11 Tf 14 TL 50 800 Td " + " ".join(f"({line}) Tj T*" for line in escaped) + " ET"


def set_apart_by_distance(*words: str, gap: int = 292) -> bytes:
    """One line of words as XeTeX sets it: glyphs by their own numbers, in a font without a space.

    The glyphs lie 29 below their characters, so that number 32 is "=", as wide as any. Letters are kerned by 60.
    """
    glyphs = ["-60".join(f"<{ord(letter) - 29:04x}>" for letter in word) for word in words]
    mapped = "\n".join(f"<{glyph:04x}> <{glyph + 29:04x}>" for glyph in range(4, 98))
    return document(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            "/Resources << /Font << /F1 5 0 R >> >> >>",
            stream(f"BT /F1 10 Tf 50 800 Td [{f'-{gap}'.join(glyphs)}]TJ ET"),
            "<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+Charis /Encoding /Identity-H /DescendantFonts [6 0 R] "
            "/ToUnicode 7 0 R >>",
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /AAAAAA+Charis /CIDSystemInfo << /Registry (Adobe) "
            f"/Ordering (Identity) /Supplement 0 >> /FontDescriptor 8 0 R /W [4 [{'640 ' * 94}]] >>",
            stream(
                "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange\n<0000> <ffff>\n"
                f"endcodespacerange\n94 beginbfchar\n{mapped}\nendbfchar\nendcmap end end"
            ),
            "<< /Type /FontDescriptor /FontName /AAAAAA+Charis /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 "
            "/Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
            "<< >>",
        ]
    )


def stream(content: str) -> str:
    return f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream"


def document(objects: Sequence[str]) -> bytes:
    """The objects, numbered from 1; the first is the catalog, the last what the file says about itself."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def encrypted(body: bytes, password: str) -> bytes:
    """The same document locked; an empty password only restricts what may be done with it."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(body)))
    writer.encrypt(password, "the owner's", algorithm="RC4-128")
    locked = BytesIO()
    writer.write(locked)
    return locked.getvalue()
