"""While something takes time a terminal shows one moving line, anything else a line now and then."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from assistant.live import EVERY_SECONDS, ByteProgress, ChunkProgress, CountProgress, LiveAnswer, StatusLine
from assistant.types import Answered, Retrieved, Token
from index.types import IngestProgress
from tests.fakes import answer, article, evidence_of, hit

ERASE = "\r\x1b[2K"
EVIDENCE = evidence_of([hit(article("The dam was struck.", title="[bold]Dam[/bold] \x1b[31m struck"))])


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that go on only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def terminal_of_a_known_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


# ---- one line


def test_on_a_terminal_a_line_replaces_the_one_before(clock: Clock) -> None:
    stream = Terminal()
    line = StatusLine(stream, clock)
    line.say("one")
    clock.now += 1
    line.say("two")
    line.clear()
    line.clear()
    assert stream.getvalue() == f"{ERASE}one{ERASE}two{ERASE}"


def test_elsewhere_a_line_comes_every_few_seconds_and_stays(clock: Clock) -> None:
    stream = io.StringIO()
    line = StatusLine(stream, clock)
    for second in range(12):
        clock.now = 100.0 + second
        line.say(f"line {second}")
    line.clear()
    assert stream.getvalue() == "line 0\nline 5\nline 10\n"
    assert EVERY_SECONDS == 5.0


@pytest.mark.parametrize(("kind", "shown"), [(Terminal, f"{ERASE}one{ERASE}last\n"), (io.StringIO, "one\nlast\n")])
def test_the_last_line_is_always_shown_and_stays(kind: Callable[[], io.StringIO], shown: str, clock: Clock) -> None:
    stream = kind()
    line = StatusLine(stream, clock)
    line.say("one")
    line.say("left out")
    line.say("last", last=True)
    line.clear()
    assert stream.getvalue() == shown


# ---- bytes, chunks, questions


def test_a_download_shows_stage_bytes_and_the_rate_of_the_stage(clock: Clock) -> None:
    stream = io.StringIO()
    progress = ByteProgress(stream, clock)
    progress("download", 10_000_000, 100_000_000)
    clock.now += 10
    progress("download", 60_000_000, 100_000_000)
    for _ in range(3):
        progress("download", 100_000_000, 100_000_000)
    progress("check", 0, 100_000_000)
    clock.now += 1
    progress("check", 100_000_000, 100_000_000)
    assert stream.getvalue().splitlines() == [
        "download · 10 of 100 MB",
        "download · 60 of 100 MB · 5.0 MB/s",
        "download · 100 of 100 MB · 9.0 MB/s",
        "check · 100 of 100 MB · 100.0 MB/s",
    ]


def test_an_ingest_shows_files_chunks_and_rate_and_takes_its_line_away() -> None:
    stream = Terminal()
    with ChunkProgress(stream) as progress:
        progress(IngestProgress("/somewhere/a\x1b[31m.md", 3, 8, 40, 2.0))
    assert stream.getvalue() == (
        f"{ERASE}indexing 3 of 8 files · 40 chunks · 20 chunks/s · a\N{REPLACEMENT CHARACTER}[31m.md{ERASE}"
    )


@dataclass(frozen=True)
class Told:
    done: int
    total: int
    error: str | None = None


def test_a_long_run_tells_the_time_left_at_its_own_pace(clock: Clock) -> None:
    stream = io.StringIO()
    with CountProgress(stream, clock) as progress:
        progress(Told(20, 100))  # these were done in an earlier run
        clock.now += 120
        progress(Told(40, 100, "it broke"))
    assert stream.getvalue().splitlines() == ["20 of 100", "40 of 100 · 6 min left · 1 failed"]


# ---- an answer as it comes


def shown_live(stream: io.StringIO, quiet: bool = False, text: str = "The dam [1] was") -> LiveAnswer:
    with LiveAnswer(stream, quiet) as live:
        live.show(Retrieved("Where?", EVIDENCE))
        for piece in text:
            live.show(Token(piece))
        live.show(Answered(answer()))
    return live


def awaited(stream: io.StringIO, text: str) -> str:
    """What was written once `text` is; the display is drawn a dozen times a second."""
    ends = time.monotonic() + 5.0
    while text not in stream.getvalue() and time.monotonic() < ends:
        time.sleep(0.01)
    assert text in stream.getvalue()
    return stream.getvalue()


def test_the_passages_and_then_the_text_are_shown_without_markers() -> None:
    with LiveAnswer(stream := Terminal()) as live:
        live.show(Retrieved("Where?", EVIDENCE))
        awaited(stream, "[bold]Dam[/bold] \N{REPLACEMENT CHARACTER}[31m struck — 3 December 2024")
        live.show(Token("The dam [1"))
        live.show(Token("] was\x1b[31m struck."))
        text = awaited(stream, "The dam was\N{REPLACEMENT CHARACTER}[31m struck.")
    assert "dam [" not in text
    assert "\x1b[31m" not in stream.getvalue()


def test_the_finished_answer_is_handed_over() -> None:
    assert shown_live(Terminal()).answer == answer()


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nothing_is_written_where_nobody_watches(stream: io.StringIO, quiet: bool) -> None:
    assert shown_live(stream, quiet).answer == answer()
    assert stream.getvalue() == ""


def test_an_error_in_the_stream_is_not_swallowed_and_the_display_is_taken_away() -> None:
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), LiveAnswer(stream) as live:
        live.show(Token("The dam"))
        raise KeyboardInterrupt
    assert stream.getvalue().count("\x1b[?25h") == stream.getvalue().count("\x1b[?25l") == 1  # the cursor is back


def test_an_answer_that_never_came_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="before the stream ended"), LiveAnswer(io.StringIO()) as live:
        assert live.answer
