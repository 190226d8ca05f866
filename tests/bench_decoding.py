"""What a few tokens computed at once cost against one, which decides whether guessing an answer ahead can pay.

    python -m tests.bench_decoding [MODEL.gguf] [--times 6] [--threads 1]

By default the model in force. Each number of tokens takes its turn behind the same text; told are the medians of the
ratios to a single token, in seconds and in processor seconds. Logits are asked for after the last token only: whoever
checks a guess needs them after each, which costs more still.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from assistant.assemble import Assembly
from assistant.llama_engine import Engine, EngineOptions, StopFlag, Vocabulary
from assistant.machine import describe
from assistant.settings import load_settings

STARTER = Path(__file__).parent.parent / "seeds" / "articles"
BEFORE = 200
COUNTS = (1, 2, 3, 4, 8, 16)


def took(engine: Engine, before: Sequence[int], more: Sequence[int]) -> tuple[float, float]:
    """Seconds and processor seconds of the tokens in `more`, computed at once behind those in `before`."""
    engine.logits_after(before)
    begun, cpu = time.perf_counter(), time.process_time()
    engine.logits_after([*before, *more])
    return time.perf_counter() - begun, time.process_time() - cpu


def ratios(engine: Engine, tokens: Sequence[int], times: int) -> dict[int, tuple[float, float]]:
    """Of each count the median ratios to one token: seconds, processor seconds."""
    before, rest = tokens[:BEFORE], tokens[BEFORE:]
    rounds = [{count: took(engine, before, rest[:count]) for count in COUNTS} for _ in range(times)]
    return {
        count: (
            round(statistics.median(one[count][0] / one[1][0] for one in rounds), 2),
            round(statistics.median(one[count][1] / one[1][1] for one in rounds), 2),
        )
        for count in COUNTS
    }


def located(given: Path | None) -> Path:
    """The given file, or the model in force."""
    if given:
        return given
    with contextlib.closing(Assembly(load_settings().settings)) as parts:
        return parts.models.locate(parts.settings.generator).path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--times", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    path = located(asked.model)
    vocabulary, stop = Vocabulary(path), StopFlag()
    text = "\n".join(article.read_text(encoding="utf-8") for article in sorted(STARTER.glob("*.md")))
    options = EngineOptions(1024, asked.threads, 256, 0.0, 0, False, "f16")
    engine = Engine(path, path.name, vocabulary, options, stop)
    engine.watch(stop)
    measured = ratios(engine, vocabulary.tokenize(text)[: BEFORE + max(COUNTS)], asked.times)
    engine.free()
    about = {"model": path.name, "threads": asked.threads, "times": asked.times} | describe()
    print(json.dumps(about | {"tokens: seconds, cpu": measured}, indent=2))


if __name__ == "__main__":
    main()
