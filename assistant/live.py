"""What a person sees on a terminal while something takes time: bytes, chunks, an answer as it comes.

Knows rich and events, and writes only to the stream it is given. Where that stream is no terminal, byte and chunk
progress becomes a line every few seconds and a streaming answer shows nothing: the finished one goes elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from assistant.citing import MarkerFilter
from assistant.terminal import day, one_line, safe
from assistant.types import Answer, Answered, Event, Retrieved, Token
from index.types import IngestProgress

EVERY_SECONDS = 5.0
PER_SECOND = 12


class StatusLine:
    """One line that replaces itself on a terminal, and comes every few seconds elsewhere."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._clock = clock
        self._every = 1 / PER_SECOND if self._terminal else EVERY_SECONDS
        self._last = float("-inf")
        self._shown = False

    def say(self, line: str, last: bool = False) -> None:
        """Show `line` if it is time to; `last` lines are always shown and stay."""
        now = self._clock()
        if now - self._last < self._every and not last:
            return
        self._last = now
        self._stream.write(f"\r\x1b[2K{line}" if self._terminal else f"{line}\n")
        self._shown = self._terminal and not last
        if last and self._terminal:
            self._stream.write("\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take an unfinished line away."""
        if self._shown:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._shown = False


class ByteProgress:
    """A `models.Progress` that shows stage, bytes and rate. The rate is that of the running stage.

    The end of a stage is shown once, however often it is told.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = StatusLine(stream, clock)
        self._clock = clock
        self._stage, self._ended = "", ""
        self._since, self._from = 0.0, 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        if done >= total and stage == self._ended:
            return
        if stage != self._stage:
            self._stage, self._since, self._from = stage, self._clock(), done
        seconds = self._clock() - self._since
        rate = f" · {(done - self._from) / seconds / 1e6:.1f} MB/s" if seconds > 0.2 else ""
        self._line.say(f"{stage} · {done / 1e6:.0f} of {total / 1e6:.0f} MB{rate}", last=done >= total)
        self._ended = stage if done >= total else ""
        if done >= total:
            self._stage = ""


class ChunkProgress:
    """Shows how an ingest goes: articles, chunks, chunks a second. A context manager, which clears its line."""

    def __init__(self, stream: TextIO) -> None:
        self._line = StatusLine(stream)

    def __call__(self, progress: IngestProgress) -> None:
        rate = f" · {progress.chunks_done / progress.seconds:.0f} chunks/s" if progress.seconds > 0.2 else ""
        name = one_line(progress.uri.rsplit("/", 1)[-1], 40)
        done = f"{progress.articles_done} of {progress.articles_total} files"
        waiting = progress.chunks_cut > progress.chunks_done
        chunks = f"{progress.chunks_done} of {progress.chunks_cut}" if waiting else f"{progress.chunks_done}"
        self._line.say(f"indexing {done} · {chunks} chunks{rate} · {name}")

    def clear(self) -> None:
        """Take the line away until there is more to tell."""
        self._line.clear()

    def __enter__(self) -> ChunkProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()


class Counted(Protocol):
    """What a long run tells: how many are done of how many, and the last one's error."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def error(self) -> str | None: ...


class CountProgress:
    """Shows how far a run of many questions has come, and the time left at the pace so far."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = StatusLine(stream, clock)
        self._clock = clock
        self._begun: tuple[float, int] | None = None
        self._failed = 0

    def __call__(self, progress: Counted) -> None:
        now = self._clock()
        begun, first = self._begun = self._begun or (now, progress.done)
        self._failed += progress.error is not None
        made = progress.done - first
        left = f" · {(now - begun) / made * (progress.total - progress.done) / 60:.0f} min left" if made else ""
        failed = f" · {self._failed} failed" if self._failed else ""
        self._line.say(f"{progress.done} of {progress.total}{left}{failed}")

    def __enter__(self) -> CountProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()


class LiveAnswer:
    """Shows the passages found, then the answer as it is written, and takes both away at the end."""

    def __init__(self, stream: TextIO, quiet: bool = False) -> None:
        shown = not quiet and stream.isatty()
        self._live = (
            Live(console=Console(file=stream), transient=True, refresh_per_second=PER_SECOND) if shown else None
        )
        self._filter = MarkerFilter()
        self._found = Text()
        self._text = Text()
        self._answer: Answer | None = None

    @property
    def answer(self) -> Answer:
        """The finished answer."""
        assert self._answer is not None, "asked before the stream ended"
        return self._answer

    def show(self, event: Event) -> None:
        """Take in the next event of the stream."""
        match event:
            case Retrieved(evidence=evidence):
                lines = [f"{one_line(e.hit.article.title, 60)} — {day(e.hit.article.published)}" for e in evidence]
                self._found = Text("\n".join(["found so far, reading:", *(f"  {line}" for line in lines)]), style="dim")
            case Token(text=text):
                self._found = Text()
                self._text.append(safe(self._filter.feed(text)))
            case Answered(answer=answer):
                self._answer = answer
        if self._live:
            self._live.update(Group(self._found, self._text))

    def __enter__(self) -> LiveAnswer:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.update(Text(""))
            self._live.stop()
