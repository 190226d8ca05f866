"""What it costs that threads of the model wait for one another, alone and beside other programs:
`python -m tests.bench_waiting [MODEL.gguf] [--times 3] [--busy 0 1 2] [--looks 300 1000]`.

A thread that waits looks so many times whether the others are done before it sleeps. Each number of looks takes its
turn, in a process of its own, beside the same number of programs that only count. By default the model in force, with
all cores. Told are medians of seconds by the clock, and their ratios to the first way, which is OpenMP's own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from assistant.llama_engine import Engine, EngineOptions, StopFlag, Vocabulary
from assistant.machine import cores, describe
from tests.bench_decoding import STARTER, located

READ, WRITTEN = 128, 8
OWN = "as it is"
SLEEPING = "0"


def took(path: Path) -> tuple[float, float]:
    """Seconds of reading `READ` tokens and of writing `WRITTEN`, in this process, after one try of both."""
    vocabulary, stop = Vocabulary(path), StopFlag()
    engine = Engine(path, path.name, vocabulary, EngineOptions(1024, cores(), 256, 0.0, 0, False, "f16"), stop)
    engine.watch(stop)
    text = "\n".join(article.read_text(encoding="utf-8") for article in sorted(STARTER.glob("*.md")))
    tokens = vocabulary.tokenize(text)
    engine.logits_after(tokens[:READ])
    begun = time.perf_counter()
    logits, _cached = engine.logits_after(tokens[READ : 2 * READ])
    read = time.perf_counter() - begun
    said = list(tokens[READ : 2 * READ])
    for _ in range(WRITTEN):
        said.append(int(np.argmax(logits)))
        logits, _cached = engine.logits_after(said)
    engine.free()
    return read, time.perf_counter() - begun - read


@contextmanager
def beside(busy: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many other programs, given, count meanwhile."""
    counting = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        yield counting
    finally:
        for one in counting:
            one.kill()
            one.wait()


def told(path: Path, looks: str) -> tuple[float, float]:
    """`took`, in another process whose threads look so many times."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    if looks != OWN:
        environment["GOMP_SPINCOUNT"] = looks
    command = [sys.executable, "-m", "tests.bench_waiting", str(path), "--alone"]
    read, written = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
    return read, written


def table(found: dict[tuple[int, str], Sequence[tuple[float, float]]]) -> str:
    lines = [
        "| other busy programs | looks | seconds to read | ratio | seconds to write | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for (busy, looks), rows in found.items():
        cells = [str(busy), looks]
        for at in (0, 1):
            ratio = statistics.median(mine[at] / own[at] for mine, own in zip(rows, found[busy, OWN], strict=True))
            cells += [f"{statistics.median(row[at] for row in rows):.2f}", f"{ratio:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--looks", nargs="+", default=["10000", "1000", "300", SLEEPING])
    parser.add_argument("--alone", action="store_true", help="measure in this process and print two numbers")
    asked = parser.parse_args()
    path = located(asked.model)
    if asked.alone:
        print(json.dumps(took(path)))
        return
    found: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for _ in range(asked.times):
        for busy in asked.busy:
            with beside(busy):
                for looks in (OWN, *asked.looks):
                    found.setdefault((busy, looks), []).append(told(path, looks))
    print(json.dumps({"model": path.name, "times": asked.times, "threads": cores()} | describe()))
    print(table(found))


if __name__ == "__main__":
    main()
