"""PDF documents: whole paragraphs, only the title and date that a page shows, and a reason where there is no text."""

from __future__ import annotations

import zlib
from datetime import date
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import SourceUnreadable
from index.readers import Draft, read_page
from index.readers.pdf import read_pdf
from index.readers.unwrapping import paragraphs, without_furniture
from index.types import RawPage
from tests.index.pdfs import document, drawn, encrypted, pdf, set_apart_by_distance, stream

REPORT = (
    [
        "The port of Odesa reopens",
        "Published 12 November 2024",
        "The port of Odesa reopened on Monday after three weeks, the harbour master said, and the first",
        "freighter left for Alexandria with 30,000 tonnes of wheat. Insurers had asked for new infor-",
        "mation about mines before they would cover the well-known route again.",
    ],
    ["Traffic is expected to double by the spring, which the well-known analysts of the ministry call cautious."],
)


def page(body: bytes, name: str = "report.pdf") -> RawPage:
    return RawPage(f"/articles/{name}", body, "application/pdf", "1", name)


def read(body: bytes) -> Draft:
    return read_page(page(body))


def reason(body: bytes) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        read(body)
    return str(caught.value)


# What it says


def test_the_text_is_that_of_all_pages_in_whole_paragraphs() -> None:
    assert read(pdf(*REPORT)).text.split("\n\n") == [
        "The port of Odesa reopens",
        "Published 12 November 2024",
        "The port of Odesa reopened on Monday after three weeks, the harbour master said, and the first freighter left "
        "for Alexandria with 30,000 tonnes of wheat. Insurers had asked for new information about mines before they "
        "would cover the well-known route again.",
        "Traffic is expected to double by the spring, which the well-known analysts of the ministry call cautious.",
    ]


def test_the_date_is_the_one_it_shows_and_never_that_of_the_file() -> None:
    made = "/CreationDate (D:20230101120000Z) /ModDate (D:20230102120000Z)"
    shown, silent = read(pdf(*REPORT, info=made)), read(pdf(REPORT[1], info=made))
    assert (shown.published, shown.published_from) == (date(2024, 11, 12), "first lines")
    assert (silent.published, silent.published_from) == (None, None)


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("The Port of Odesa Reopens", "The Port of Odesa Reopens"),
        ("Microsoft Word - draft_final3.docx", "The port of Odesa reopens"),
        ("untitled", "The port of Odesa reopens"),
        ("", "The port of Odesa reopens"),
    ],
)
def test_its_own_title_counts_only_where_a_reader_sees_it(told: str, title: str) -> None:
    assert read(pdf(*REPORT, info=f"/Title ({told})")).title == title


def test_a_title_as_long_as_a_line_is_still_a_title_and_its_date_a_date() -> None:
    title = "The port of Odesa reopens after three weeks, and the first freighter leaves"
    found = read(pdf([title, "12 November 2024", *REPORT[0][2:]]))
    assert (found.title, found.published) == (title, date(2024, 11, 12))


def test_one_that_shows_no_title_is_called_what_its_file_is() -> None:
    assert read(pdf(REPORT[1])).title == "report"


def test_its_language_is_the_one_it_declares() -> None:
    assert read(pdf(*REPORT, catalog="/Lang (en-GB)")).language == "en"


# Lines and pages


def test_running_heads_and_page_numbers_are_no_text() -> None:
    pages = [[f"{n} | Harbour Review", f"Something new is told on the page {n}.", f"Page {n} of 4"] for n in "1234"]
    text = read(pdf(*pages)).text
    assert "Harbour Review" not in text and "of 4" not in text
    assert all(f"on the page {n}." in text for n in "1234")


def test_what_stands_on_few_pages_or_within_them_stays() -> None:
    pages = [["Harbour Review", "One."], ["Two.", "Harbour Review", "Three."], ["Four.", "2024", "Five."]]
    assert without_furniture(pages) == [line for lines in pages for line in lines]


@given(st.lists(st.text("ab -.A1\n", max_size=30), max_size=8))
@settings(max_examples=100, deadline=None)
def test_joining_lines_loses_nothing_but_white_space_and_hyphens(lines: list[str]) -> None:
    told = [line.strip() for text in lines for line in text.split("\n")]
    joined = list(paragraphs(told))
    assert "".join("".join(joined).split()).replace("-", "") == "".join("".join(told).split()).replace("-", "")
    assert all(joined)


def test_ligatures_are_written_out() -> None:
    assert without_furniture([["The ﬁrst oﬃce of the ﬂeet"]]) == ["The first office of the fleet"]


# What has no text


@pytest.mark.parametrize("gap", [222, 292, 600])
def test_words_set_apart_by_distance_alone_are_words(gap: int) -> None:
    words = "The harbour of Esbjerg was closed =".split()
    assert read(set_apart_by_distance(*words, gap=gap)).text == " ".join(words)


def test_an_encrypted_one_is_named_with_what_to_do() -> None:
    assert reason(encrypted(pdf(*REPORT), "secret")).startswith("is an encrypted PDF; save a copy")


def test_one_that_only_restricts_its_readers_is_read() -> None:
    assert read(encrypted(pdf(*REPORT), "")).text == read(pdf(*REPORT)).text


def test_pictures_of_pages_are_told_from_text() -> None:
    assert "of 2 pages without any text" in reason(pdf([], []))


@pytest.mark.parametrize(
    "body",
    [b"%PDF-1.7", pdf(*REPORT)[:300], b"not a PDF", pdf(*REPORT).replace(b"/Pages", b"/Wages"), b"%PDF-1.7\n" * 999],
    ids=["only the mark", "cut off", "something else", "no pages", "marks"],
)
def test_a_damaged_one_has_a_reason_that_reads_on(body: bytes) -> None:
    assert reason(body).startswith("is a damaged PDF (")


def test_one_whose_table_of_contents_is_broken_is_read_all_the_same() -> None:
    assert "The port of Odesa" in read(pdf(*REPORT).replace(b"startxref\n", b"startxref\n9")).text


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_damage_leaves_a_draft_or_a_reason(place: int, bytes_there: bytes) -> None:
    body = pdf(*REPORT)
    place %= len(body)
    try:
        assert read(body[:place] + bytes_there + body[place + len(bytes_there) :]).text.strip()
    except SourceUnreadable as error:
        assert str(error).split()[0] in {"is", "has"}


# What asks for too much


def test_one_that_takes_too_long_is_given_up() -> None:
    clock = count(0.0, 10.0)
    with pytest.raises(SourceUnreadable, match="takes more than 60 seconds"):
        read_pdf(page(pdf(*REPORT)), clock=lambda: next(clock))


def test_a_stream_that_unpacks_to_a_hundred_megabytes_is_refused() -> None:
    packed = zlib.compress(b" " * 100_000_000).decode("latin-1")
    body = pdf([]).replace(stream(drawn([])).encode(), b"@")
    bomb = f"<< /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode()
    assert "damaged" in reason(body.replace(b"@", bomb + packed.encode("latin-1") + b"\nendstream"))


def test_ten_thousand_pages_are_refused_with_their_number() -> None:
    kids = " ".join(["4 0 R"] * 10_000)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count 10000 >>",
        "<< >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        "<< >>",
    ]
    assert "of 10,000 pages, more than 2,000" in reason(document(objects))


def test_a_page_tree_that_bites_its_tail_has_a_reason() -> None:
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>", "<< >>"]
    assert reason(document(objects)).startswith("is a ")


def test_a_form_that_draws_itself_ends() -> None:
    itself = "/Resources << /XObject << /X 5 0 R >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R " + itself + " >>",
        stream("/X Do"),
        f"<< /Type /XObject /Subtype /Form {itself} /Length 5 >>\nstream\n/X Do\nendstream",
        "<< >>",
    ]
    assert reason(document(objects)).startswith("is a ")
