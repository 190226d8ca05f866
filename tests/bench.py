"""`make bench`: seconds and peak memory of one question, in a new process and in one that is warm.

    python -m tests.bench [--times 5] [--generator MODEL]

Uses the starter corpus in a data folder of its own, the models in force, and prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from assistant.assemble import Assembly
from assistant.live import ByteProgress
from assistant.machine import describe
from assistant.settings import load_settings
from assistant.types import Question
from index.sources import Paths

STARTER = Path(__file__).parent.parent / "seeds" / "articles"
TIMES = ("first_evidence_s", "first_token_s", "total_s")
QUESTIONS = (
    "What is the situation in Kurakhove?",
    "What did Zelensky call the area of Kurakhove?",
    "Why did the coking coal mine near Pokrovsk stop work?",
    "Who confirmed on behalf of NATO that North Korean units were in the Kursk region?",
    "What is the population of Paris?",
)


def cold(data: Path, generator: str) -> dict[str, float]:
    """One `quoth ask` in a process of its own: all its seconds, and the most memory it held."""
    command = [sys.executable, "-m", "assistant", "ask", QUESTIONS[0], "--json", "--generator", generator]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "QUOTH_DATA": str(data)})
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"seconds": round(seconds, 2), "peak_memory_bytes": peak}


def warm(parts: Assembly) -> list[dict[str, Any]]:
    """Every question once, in this process: what the reader waits for."""
    rows = []
    for text in QUESTIONS:
        answer = parts.assistant.ask(Question(text))
        timings = {name: getattr(answer.timings, name) for name in TIMES}
        rows.append({"question": text, "abstained": answer.abstained, "tokens": answer.usage.prompt_tokens, **timings})
    return rows


def medians(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """The middle of each time that was measured, None where nothing was, and the number of questions."""
    found = {name: [row[name] for row in rows if row[name] is not None] for name in TIMES}
    return {**{name: round(statistics.median(s), 2) if s else None for name, s in found.items()}, "n": len(rows)}


def main() -> None:
    """Measure and print."""
    times = int(sys.argv[sys.argv.index("--times") + 1]) if "--times" in sys.argv else 3
    overrides = {"generator": sys.argv[sys.argv.index("--generator") + 1]} if "--generator" in sys.argv else {}
    with tempfile.TemporaryDirectory() as data:
        parts = Assembly(load_settings({**overrides, "data": data}).settings, ByteProgress(sys.stderr))
        added = parts.ingester.add(Paths([STARTER]))
        colds = [cold(Path(data), parts.settings.generator) for _ in range(times)]
        parts.assistant.ask(Question("Which towns are named?"))  # loads the models
        first, again = warm(parts), [row for _ in range(times - 1) for row in warm(parts)]
        report = {
            "machine": describe(),
            "model": {"name": parts.generator.model.name, "sha256": parts.generator.model.sha256},
            "indexing": {"chunks": added.embedded, "chunks_per_second": round(added.embedded / added.seconds, 1)},
            "cold": {
                "seconds": statistics.median(row["seconds"] for row in colds),
                "peak_memory_bytes": max(row["peak_memory_bytes"] for row in colds),
                "n": times,
            },
            "warm": {"first_time": medians(first), "asked_again": medians(again)},
            "rows": [*first, *again],
        }
        parts.close()
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
