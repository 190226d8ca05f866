"""One configuration of Quoth in a process of its own: a question a line in, what it cost a line out.

    python tests/bench/worker.py '{"folder": DATASET, "pipeline": "quoth"}'

Run as a file, so that the Quoth it measures is whichever comes first on PYTHONPATH, an older checkout's included: it
uses nothing of the bench but, where a technique is left out, `without`, and of Quoth only `Assembly`, the datasets and
the event stream. The environment names the settings, and the data folder, which is filled with the dataset's corpus.
What a library prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from assistant.assemble import Assembly
from assistant.evaluation.datasets import CorpusSource, doc_id_of, read_dataset
from assistant.settings import load_settings
from assistant.types import Answer, Answered, Question, Retrieved, Token, Turn

Json = dict[str, Any]


def asked(stream: Callable[[Question], Iterator[Any]], question: Question) -> tuple[Answer, Json]:
    """The answer, and when each thing came. The first event that is neither passages nor raw text is checked text."""
    begun, answer = time.perf_counter(), None
    times: Json = dict.fromkeys(("first_evidence_s", "first_token_s", "last_token_s", "first_checked_s"))
    for event in stream(question):
        now = time.perf_counter() - begun
        if isinstance(event, Retrieved):
            times["first_evidence_s"] = now
        elif isinstance(event, Token):
            times["first_token_s"] = times["first_token_s"] or now
            times["last_token_s"] = now
        else:
            times["first_checked_s"] = times["first_checked_s"] or now
        if isinstance(event, Answered):
            answer = event.answer
    assert answer is not None, "a stream ends with Answered"
    return answer, {**times, "total_s": time.perf_counter() - begun}


def asked_naively(ask: Callable[[Question], Answer], question: Question) -> tuple[Answer, Json]:
    """The same of the naive pipeline, which checks nothing and shows its passages when it has found them."""
    begun = time.perf_counter()
    answer = ask(question)
    took, times = time.perf_counter() - begun, answer.timings
    return answer, {
        "first_evidence_s": times.first_evidence_s,
        "first_token_s": times.first_token_s,
        "last_token_s": times.total_s,
        "first_checked_s": None,
        "total_s": took,
    }


def told(answer: Answer, times: Json, names: dict[str, str]) -> Json:
    """What came of one question. `names` are the dataset's names of the articles."""
    return {
        "text": answer.text,
        "abstained": answer.abstained,
        "citations": [
            {"doc_id": names.get(cited.article_id, ""), "start": cited.start, "end": cited.end}
            for cited in answer.citations
        ],
        "times": times,
        "prompt_tokens": answer.usage.prompt_tokens,
        "cached_tokens": answer.usage.cached_tokens,
        "completion_tokens": answer.usage.completion_tokens,
    }


def turns(history: Sequence[tuple[str, str]], last: Answer | None) -> tuple[Turn, ...]:
    """The history, as the page gives it: with what the last answer was drawn from, if that is what it ends with.

    An older checkout's turns have no evidence.
    """
    said = tuple(Turn(role, text) for role, text in history)
    if last is None or not said or said[-1].text != last.text or "evidence" not in Turn.__dataclass_fields__:
        return said
    return (*said[:-1], replace(said[-1], evidence=last.read))


def memory() -> Json:
    """Bytes this process holds now, and the most it has held; the former None where the system does not say."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return {"memory_bytes": None, "peak_memory_bytes": peak}
    return {"memory_bytes": pages * os.sysconf("SC_PAGE_SIZE"), "peak_memory_bytes": peak}


def _pipeline(parts: Assembly, name: str) -> Callable[[Question], tuple[Answer, Json]]:
    """What answers and tells when: Quoth, the naive pipeline, or Quoth less one technique, of this version alone."""
    if name == "naive":
        return partial(asked_naively, parts.naive_over(parts.index).ask)
    if name == "quoth":
        return partial(asked, parts.assistant.stream)
    from tests.bench.without import PIPELINES

    return partial(asked, PIPELINES[name](parts.assistant).stream)


def serve(given: Json, lines: TextIO, out: TextIO) -> None:
    """Answer until the lines end. An error is that question's."""

    def say(value: Json) -> None:
        print(json.dumps(value), file=out, flush=True)

    begun = time.perf_counter()
    parts = Assembly(load_settings().settings)
    parts.ingester.add(CorpusSource(read_dataset(Path(given["folder"])).documents))
    names = {article.id: doc_id_of(article.uri) or "" for article in parts.index.articles()}
    answered = _pipeline(parts, given["pipeline"])
    model, chunks = parts.generator.model, parts.index.manifest.chunks
    seconds = time.perf_counter() - begun
    say({"ready": {"model": model.name, "sha256": model.sha256, "chunks": chunks, "seconds": round(seconds, 1)}})
    last: Answer | None = None
    for line in lines:
        wanted = json.loads(line)
        question = Question(wanted["question"], turns(wanted["history"], last))
        used = time.process_time()
        try:
            answer, times = answered(question)
        except Exception as error:  # told, and the next question is asked
            say({"error": f"{type(error).__name__}: {error}"})
            continue
        last = answer
        say({**told(answer, times, names), "processor_s": time.process_time() - used, **memory()})
    parts.close()


if __name__ == "__main__":
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    serve(json.loads(sys.argv[1]), sys.stdin, protocol)
