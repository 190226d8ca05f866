"""How soon the page shows something, and how soon it stops: `python -m tests.bench_page URL [--rounds N]`.

Measured in a real Chromium against a page that is being served, with the model that serves it. The naive page it is
compared with shows nothing before the first word and cannot stop: its first sight of an answer is the same run's first
word, its way back to idle the rest of the same kind of answer.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

from tests.assistant.ui.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUESTIONS = (
    "What is the situation in Kurakhove?",
    "What happened to the dam of the Kurakhove reservoir?",
    "Who said that Russia has the initiative along the front?",
    "What did Zelensky say about Kurakhove?",
    "What did Viktor Tregubov say?",
)


def ask(page: Page, question: str) -> float:
    """Ask, and give the moment of Enter."""
    box = page.get_by_label("Your question")
    box.fill(question)
    begun = time.perf_counter()
    box.press("Enter")
    return begun


def fresh(browser: Browser, url: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(url)
    page.locator(".q-welcome").wait_for()
    return page


def full(browser: Browser, url: str, question: str) -> dict[str, float]:
    """Seconds from Enter to the passages, the first word or verdict, and the finished answer."""
    page = fresh(browser, url)
    begun = ask(page, question)
    seen: dict[str, float] = {}
    for name, there in (("evidence", ".q-found"), ("word", ".q-draft, .q-answered"), ("idle", ".q-answered")):
        page.locator(there).first.wait_for(timeout=300_000)
        seen[name] = time.perf_counter() - begun
    page.context.close()
    return seen


def stopped(browser: Browser, url: str, question: str) -> float:
    """Seconds from Stop, pressed when the passages are there and the model reads, to a page that can be asked again."""
    page = fresh(browser, url)
    ask(page, question)
    page.locator(".q-found").wait_for(timeout=300_000)
    begun = time.perf_counter()
    page.keyboard.press("Escape")
    page.locator(".q-stopped").wait_for(timeout=300_000)
    page.get_by_role("button", name="Ask", exact=True).wait_for()
    took = time.perf_counter() - begun
    page.context.close()
    return took


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("url")
    options.add_argument("--rounds", type=int, default=len(QUESTIONS))
    given = options.parse_args()
    rows = []
    with chromium() as browser:
        full(browser, given.url, QUESTIONS[0])  # the models are loaded
        for nth in range(given.rounds):
            question = QUESTIONS[nth % len(QUESTIONS)]
            halted = stopped(browser, given.url, f"{question} Tell it in short.")
            rows.append({**full(browser, given.url, question), "stop": halted})
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    print(f"n = {len(rows)}; medians in seconds: " + ", ".join(f"{k} {v:.2f}" for k, v in middle.items()))
    print(f"Enter to evidence, of the naive page's first sight: {middle['evidence'] / middle['word']:.2f}")
    rest = statistics.median(row["idle"] - row["evidence"] for row in rows)
    print(f"Stop to idle, of the naive page's: {middle['stop'] / rest:.2f}")


if __name__ == "__main__":
    main()
