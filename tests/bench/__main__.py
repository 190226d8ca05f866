"""`make bench`: what a question costs, for one configuration or several that take turns in one run.

    python -m tests.bench                                          Quoth as it is, on the starter corpus
    python -m tests.bench --a evidence_tokens=350 --b evidence_tokens=200
    python -m tests.bench --a checkout=../older --b strictness=balanced
    python -m tests.bench --against naive --against llama_index --folder DATASET --questions 50 --half dev
    python -m tests.bench --techniques --folder DATASET --questions 50 --half dev    with and without each technique
    python -m tests.bench --long 200                               memory over a long day

Prints tables and keeps everything, each question's row included, as JSON. Settings of all systems come from the
environment (QUOTH_THREADS=2); indexes are kept in `bench` under the data folder. Run it on a quiet machine: figures
hold for the machine, ratios beyond it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from assistant.evaluation.datasets import Dataset, GoldQuestion, draw, half_of, read_dataset
from assistant.machine import describe
from assistant.settings import load_settings
from tests.bench import figures, techniques
from tests.bench.energy import EnergyMeter
from tests.bench.figures import Compared
from tests.bench.long import long_day, long_line
from tests.bench.peers import LLAMA_INDEX, llama_index
from tests.bench.scenarios import ask_same, ask_warm, on_one_article, start_cold, with_next
from tests.bench.systems import CHECKOUT, BenchError, Child, Json, System, parse_system, start
from tests.bench.table import figures_table, ratios_table, techniques_table

SCENARIOS = ("cold", "warm", "repeated", "follow-up", "same")
WITHIN = ("repeated", "follow-up")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, keep."""
    given = options().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            report = measure(given, Path(scratch))
    except BenchError as error:
        sys.exit(f"bench: {error}")
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    show(report)
    print(f"\nkept in {given.json}")


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--folder", type=Path, default=CHECKOUT / "seeds", help="a dataset folder; default: the starter corpus")
    add("--questions", type=int, default=10, metavar="N", help="how many are asked warm")
    add("--cold", type=int, default=3, metavar="N", help="how many new processes of each kind")
    add("--kind", choices=("answerable", "unanswerable", "all"), default="answerable")
    add("--half", choices=("dev", "test"), help="only this half of the questions")
    add("--seed", type=int, default=0)
    add("--scenarios", nargs="+", choices=SCENARIOS, help="default: all, with --against warm alone")
    add("--a", action="append", metavar="KEY=VALUE", help="a setting of system A; repeatable")
    add("--b", action="append", metavar="KEY=VALUE", help="a setting of system B")
    add("--against", action="append", choices=("naive", *LLAMA_INDEX), default=[], help="repeatable")
    add("--llama-index-python", type=Path, metavar="PYTHON", help="the interpreter that has llama_index")
    add(
        "--techniques",
        nargs="?",
        const="all",
        choices=techniques.WAYS,
        help="Quoth with and without each of its techniques, or of those of one way to answer; takes up to 12 GB",
    )
    add("--long", type=int, metavar="N", help="ask N questions of one process and watch its memory")
    add("--data", type=Path, help="where indexes are kept; default: bench/ in the data folder")
    add("--json", type=Path, default=Path("runs") / "bench.json")
    return parser


def measure(given: argparse.Namespace, scratch: Path) -> Json:
    """The report: what ran, figures by system and scenario, ratios, and every row."""
    dataset = read_dataset(given.folder)
    root = given.data or load_settings().settings.data / "bench"
    systems = systems_of(given, dataset, scratch)
    meter = EnergyMeter()
    with ExitStack() as stack:
        children = []
        for system in systems:
            tell(f"{system.name}: starting")
            children.append(stack.enter_context(start(system, given.folder, root, dataset.corpus_digest)))
        head = {
            "machine": describe(),
            "dataset": {"name": dataset.name, "corpus_digest": dataset.corpus_digest, "half": given.half},
            "systems": {c.system.name: {"settings": dict(c.system.settings), **c.ready} for c in children},
            "energy": "RAPL, the whole package" if meter.readable else "not readable on this machine",
        }
        if given.long:
            return {**head, "long": long_day(children[0], dataset.questions, given.long, tell)}
        places = {system: system.data(root, dataset.corpus_digest) for system in systems}
        rows = list(_scored(_told(_rows(given, dataset, children, places, meter)), dataset))
    ratios = {"techniques": techniques.measured(rows)} if given.techniques else {"ratios": compared(systems, rows)}
    return {**head, "figures": summaries(systems, rows), **ratios, "rows": rows}


def systems_of(given: argparse.Namespace, dataset: Dataset, scratch: Path) -> list[System]:
    """What is measured, the one that the others are compared with first."""
    if given.techniques:
        return techniques.systems(given.techniques)
    if given.a or given.b:
        return [parse_system("A", given.a or []), parse_system("B", given.b or [])]
    peers = [name for name in given.against if name != "naive"]
    naive = [System("naive", "naive")] if "naive" in given.against else []
    return [System("quoth"), *naive, *(llama_index(name, given.llama_index_python, dataset, scratch) for name in peers)]


def _rows(
    given: argparse.Namespace,
    dataset: Dataset,
    children: Sequence[Child],
    places: dict[System, Path],
    meter: EnergyMeter,
) -> Iterator[Json]:
    wanted = given.scenarios or (("warm",) if given.against else SCENARIOS)
    candidates = [one for one in dataset.questions if _is_wanted(one, given)]
    drawn = draw(candidates, min(given.questions, len(candidates)), given.seed)
    if given.techniques:
        yield from techniques.rows_of(children, with_next(drawn, candidates), meter)
        return
    if "cold" in wanted:
        yield from start_cold(places, drawn[: given.cold])
    if {"warm", *WITHIN} & set(wanted):
        yield from ask_warm(children, with_next(drawn, candidates), wanted, meter)
    if "same" in wanted:
        yield from ask_same(children, on_one_article(candidates), meter)


def _is_wanted(question: GoldQuestion, given: argparse.Namespace) -> bool:
    kind = given.kind == "all" or question.answerable == (given.kind == "answerable")
    return kind and given.half in (None, half_of(question.qid))


def _told(rows: Iterator[Json]) -> Iterator[Json]:
    """The rows, each told as it comes."""
    for row in rows:
        took = row["error"] if "error" in row else f"{row['times']['total_s']:.1f} s"
        tell(f"{row['scenario']:<14} {row['system']:<20} {row['qid']}: {took}")
        yield row


def _scored(rows: Iterator[Json], dataset: Dataset) -> Iterator[Json]:
    questions = {question.qid: question for question in dataset.questions}
    texts = {document.doc_id: document.text for document in dataset.documents}
    for row in rows:
        scores = figures.score(questions[row["qid"]], row, texts) if "text" in row else {}
        yield {**row, "scores": scores}


def summaries(systems: Sequence[System], rows: Sequence[Json]) -> list[Json]:
    """Figures of every system in every scenario that was asked."""
    scenarios = list(dict.fromkeys(row["scenario"] for row in rows))
    chosen = [(s, one.name, _of(rows, one.name, s)) for s in scenarios for one in systems]
    return [{"system": name, "scenario": s, **figures.summary(found)} for s, name, found in chosen if found]


def _of(rows: Sequence[Json], system: str, scenario: str) -> list[Json]:
    return [row for row in rows if row["system"] == system and row["scenario"] == scenario]


def compared(systems: Sequence[System], rows: Sequence[Json]) -> list[Json]:
    """Every other system against the first, by scenario; and of each, repeated and follow-up against its own first."""
    found: list[Json] = []
    for scenario in dict.fromkeys(row["scenario"] for row in rows):
        first = _of(rows, systems[0].name, scenario)
        for other in systems[1:]:
            names = (f"{systems[0].name}, {scenario}", f"{other.name}, {scenario}")
            found += _between(first, _of(rows, other.name, scenario), *names)
    for system in systems:
        for scenario in WITHIN:
            own, then = _of(rows, system.name, "warm"), _of(rows, system.name, scenario)
            some = (figures.ratio(own, then, measure) for measure in ("first_token_s", "total_s"))
            found += [_json(one, f"{system.name}, warm", f"{system.name}, {scenario}", "ratio") for one in some if one]
    return found


def _between(a: Sequence[Json], b: Sequence[Json], name_a: str, name_b: str) -> list[Json]:
    ratios = [figures.ratio(a, b, measure) for measure in figures.MEASURES]
    shares = [figures.difference(a, b, measure) for measure in figures.QUALITY]
    answered = figures.ratio(*figures.answered_by_both(a, b), "total_s")
    return [
        *(_json(one, name_a, name_b, "ratio") for one in ratios if one),
        *([{**_json(answered, name_a, name_b, "ratio"), "both_answered": True}] if answered else []),
        *(_json(one, name_a, name_b, "difference") for one in shares if one),
    ]


def _json(one: Compared, a: str, b: str, kind: str) -> Json:
    return {**asdict(one), "a": a, "b": b, "of_a": one.a, "of_b": one.b, "kind": kind}


def show(report: Json) -> None:
    """The report for a person."""
    for name, about in report["systems"].items():
        print(f"{name}: {about.get('model')}, {about['chunks']} chunks, {json.dumps(about['settings'])}")
    print(f"energy: {report['energy']}\n")
    if "long" in report:
        print(long_line(report["long"]))
        return
    print("seconds at the median · at 95 in 100\n\n" + figures_table(report["figures"]))
    if "techniques" in report:
        print("\n" + techniques_table(report["techniques"]))
    elif report["ratios"]:
        print("\n" + ratios_table(report["ratios"]))


def tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
