"""How soon the page shows something, and how soon it stops: `python -m tests.bench_page [--questions N] [--json FILE]`.

Serves two pages over the starter articles and one model, the default or `--generator`: Quoth's, and a naive one, which
shows nothing before the first word and whose model goes on when it is stopped. On both the model writes, since what it
writes can be stopped at any word. The pages take turns, question by question, each beginning with the same tokens in
the model's cells. What is seen is timed in a real Chromium, after the frame that shows it; idle is when the page takes
a question and the model's own thread has nothing left to do.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from assistant.assemble import Assembly
from assistant.llama import LlamaCpp
from assistant.settings import Wording, load_settings
from assistant.types import Event, Question, Retrieved, Token
from assistant.ui.preferences import Preferences
from assistant.ui.relay import Ask
from assistant.ui.server import serving
from tests.assistant.ui.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from assistant.llama_engine import KeptSequence

ARTICLES = Path(__file__).parents[1] / "seeds" / "articles"
PAGES = OURS, NAIVE = "Quoth", "naive"
PATIENCE_S = 900
INTO_READING_S = 0.7
"""How long after the passages a reading model is stopped: in the middle of its prompt."""
QUESTIONS = (
    "What is the situation in Kurakhove?",
    "What happened to the dam of the Kurakhove reservoir?",
    "Who said that Russia has the initiative along the front?",
    "What did Zelensky say about Kurakhove?",
    "What did Viktor Tregubov say?",
)
NOTES_MOMENTS = """() => {
  const seen = (sign) => document.querySelector(`.q-live :is(${sign})`);
  const signs = {
    evidence: () => seen(".q-found .q-passage"),
    word: () => seen(".q-draft, .q-answered"),
    over: () => seen(".q-answered, .q-failed, .q-stopped") && document.querySelector(".q-box .submit-button"),
  };
  window.moments = {};
  const look = () => {
    const asked = window.moments;
    for (const name of Object.keys(signs).filter((name) => !(name in asked) && signs[name]()))
      requestAnimationFrame(() => requestAnimationFrame(() => asked[name] ??= Date.now()));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") window.moments = { asked: Date.now() };
    if (event.key === "Escape") window.moments.stopped = Date.now();
  }, true);
}"""


class Missed(Exception):
    """A trial that did not come to what it measures."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Seconds of one question on one page: asked and answered, or stopped while the model "reads" or "writes"."""

    page: str
    kind: str
    question: str
    seconds: Mapping[str, float]


@dataclass(slots=True)
class Heard:
    """A way of asking that tells how far its newest stream is."""

    inner: Ask
    came: dict[str, threading.Event] = field(default_factory=dict)

    def begin(self) -> None:
        self.came = {name: threading.Event() for name in ("reads", "writes", "ends")}

    def wait(self, name: str) -> None:
        if not self.came[name].wait(PATIENCE_S):
            raise Missed(f"nothing {name} after {PATIENCE_S} s")

    def __call__(self, question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        came = self.came
        try:
            for event in self.inner(question, preferences, cancel):
                if isinstance(event, Retrieved | Token):
                    came["reads" if isinstance(event, Retrieved) else "writes"].set()
                yield event
        finally:
            for one in came.values():  # who waits for what did not come finds the stream ended
                one.set()


def naive(ask: Ask) -> Ask:
    """The same answers, without the passages before them, and computed to the end whoever stops listening."""

    def deaf(question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        events = ask(question, preferences, threading.Event())
        try:
            yield from (event for event in events if not isinstance(event, Retrieved))
        finally:
            for _ in events:
                pass

    return deaf


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything a trial needs. `pages` are their addresses by name, `opening` the cells every trial begins with."""

    browser: Browser
    pages: Mapping[str, str]
    heard: Heard
    model: LlamaCpp
    opening: KeptSequence

    @contextmanager
    def asking(self, page_name: str, question: str) -> Iterator[Page]:
        """A tab of its own in which the question has been asked."""
        self.model.restore(self.opening)
        self.heard.begin()
        with self.browser.new_context() as context:
            page = context.new_page()
            page.set_default_timeout(PATIENCE_S * 1000)
            page.goto(self.pages[page_name])
            page.locator(".q-welcome").wait_for()
            page.evaluate(NOTES_MOMENTS)
            ask(page, question)
            yield page
            self.heard.wait("ends")

    def answered(self, page_name: str, question: str) -> Trial:
        with self.asking(page_name, question) as page:
            over = moment(page, "over")
            if page.locator(".q-failed").count():
                raise Missed(page.locator(".q-error").inner_text())
            seen = moments(page)
        first = min(seen.get("evidence", over), seen["word"])
        since = {"first sight": first, "word": seen["word"], "answer": over}
        return Trial(page_name, "answered", question, {name: at - seen["asked"] for name, at in since.items()})

    def stopped(self, page_name: str, question: str, kind: str) -> Trial:
        with self.asking(page_name, question) as page:
            self.heard.wait(kind)
            time.sleep(INTO_READING_S) if kind == "reads" else moment(page, "word")
            page.keyboard.press("Escape")
            self.heard.wait("ends")
            self.model.load()  # waits its turn behind whatever the model still computes
            free, over = time.time(), moment(page, "over")
            seen = moments(page)
            if not page.locator(".q-live .q-stopped").count() or (kind == "reads" and "word" in seen):
                raise Missed(f"the model no longer {kind} when it was stopped")
            since = {"page": over, "model": free, "idle": max(over, free)}
            took = {name: at - seen["stopped"] for name, at in since.items()}
            if page_name == OURS and kind == "reads":  # later, what is written of the stopped one is in sight
                took["first sight after"] = self._asked_anew(page, question)
        return Trial(page_name, kind, question, took)

    def _asked_anew(self, page: Page, question: str) -> float:
        """Seconds from Enter to something to read, of the question after a stop."""
        self.heard.begin()
        ask(page, f"{question} Tell it in short.")
        page.wait_for_function("'evidence' in moments || 'word' in moments")
        seen = moments(page)
        page.keyboard.press("Escape")
        return min(at for name, at in seen.items() if name in {"evidence", "word"}) - seen["asked"]


def ask(page: Page, question: str) -> None:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")


def moment(page: Page, name: str) -> float:
    """When something was first seen, in seconds of the machine's clock."""
    page.wait_for_function("name => name in window.moments", arg=name)
    return moments(page)[name]


def moments(page: Page) -> dict[str, float]:
    return {name: at / 1000 for name, at in page.evaluate("window.moments").items()}


@contextmanager
def staged(generator: str | None, answers: Wording) -> Iterator[Stage]:
    """Both pages served, over an index of their own, with the models loaded and the prompts' opening read."""
    with TemporaryDirectory(prefix="quoth-bench-") as folder:
        given: dict[str, Any] = {"data": Path(folder), "answers": answers}
        given |= {"generator": generator} if generator else {}
        with closing(Assembly(load_settings(given).settings)) as parts:
            parts.corpus(make=True).add([ARTICLES])
            parts.warm()
            model = parts.generator
            if not isinstance(model, LlamaCpp):
                raise SystemExit("the model has to run in this process; name one of the catalogue with --generator")
            service = parts.chat_service()
            heard = Heard(service.ask)
            ours, plain = replace(service, ask=heard), replace(service, ask=naive(heard))
            with serving(ours, port=0) as a, serving(plain, port=0) as b, chromium() as browser:
                yield Stage(browser, {OURS: a, NAIVE: b}, heard, model, model.state())


def run(stage: Stage, questions: Sequence[str]) -> tuple[list[Trial], list[str]]:
    """Every question, on both pages in changing order: answered, stopped while read, stopped while written."""
    done, missed = [], []
    for nth, question in enumerate(questions):
        for kind in ("answered", "reads", "writes"):
            for page in PAGES if nth % 2 else reversed(PAGES):
                try:
                    stopping = kind != "answered"
                    done.append(stage.stopped(page, question, kind) if stopping else stage.answered(page, question))
                    print(done[-1], file=sys.stderr, flush=True)
                except Missed as why:
                    missed.append(f"{page}, {kind}, {question}: {why}")
    return done, missed


ROWS = (
    ("Enter to something to read", "answered", "first sight"),
    ("Stop to idle, while the model reads", "reads", "idle"),
    ("Stop to idle, while it writes", "writes", "idle"),
)


def summary(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """For each row the medians of both pages and of the ratio of each question, least and most."""
    told = []
    for name, kind, what in ROWS:
        ours, plain = ({t.question: t.seconds[what] for t in trials if (t.page, t.kind) == (p, kind)} for p in PAGES)
        pairs = [(seconds, plain[question]) for question, seconds in ours.items() if question in plain]
        if pairs:
            told.append({"name": name, **compared(pairs)})
    return told


def compared(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    ours, plain = zip(*pairs, strict=True)
    ratios = [a / b for a, b in pairs]
    return {
        "n": len(pairs),
        OURS: statistics.median(ours),
        "most": max(ours),
        NAIVE: statistics.median(plain),
        "ratio": statistics.median(ratios),
        "least_ratio": min(ratios),
        "most_ratio": max(ratios),
    }


def after_stops(trials: Sequence[Trial]) -> str:
    """How soon a question that is asked after a stop shows something."""
    took = [t.seconds["first sight after"] for t in trials if "first sight after" in t.seconds]
    told = f"{statistics.median(took):.2f} s, at most {max(took):.2f} (n = {len(took)})" if took else "not measured"
    return f"After a stop, from Enter to something to read: {told}"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The summary in Markdown."""
    lines = ["| medians | n | Quoth s (most) | naive page s | ratio (least to most) |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        seconds = f"{row[OURS]:.2f} ({row['most']:.2f}) | {row[NAIVE]:.2f}"
        ratios = f"{row['ratio']:.3f} ({row['least_ratio']:.3f} to {row['most_ratio']:.3f})"
        lines.append(f"| {row['name']} | {row['n']} | {seconds} | {ratios} |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--questions", type=int, default=len(QUESTIONS), help="how many, at most %(default)s")
    options.add_argument("--generator", help="another model of the catalogue than the default one")
    options.add_argument("--json", type=Path, default=Path("runs") / "bench-page.json")
    given = options.parse_args()
    with staged(given.generator, "written") as stage:
        stage.answered(OURS, "Where is Kurakhove?")  # what is only done once is done
        trials, missed = run(stage, QUESTIONS[: given.questions])
        about = {"model": stage.model.model.name, "machine": f"{platform.machine()}, {platform.processor()}"}
    rows = summary(trials)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    report = {**about, "summary": rows, "missed": missed, "trials": [asdict(trial) for trial in trials]}
    given.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"{about['model']}\n\n{table(rows)}\n\n{after_stops(trials)}")
    print("\n".join(f"missed: {one}" for one in missed) + f"\nkept in {given.json}")


if __name__ == "__main__":
    main()
