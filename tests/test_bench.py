"""The benchmark's figures, its scenarios and its report, over systems that answer at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.datasets import GoldQuestion
from tests.bench import figures, worker
from tests.bench.__main__ import compared, options, summaries
from tests.bench.energy import EnergyMeter
from tests.bench.long import long_day, long_line, told
from tests.bench.scenarios import Asked, ask_same, ask_warm, on_one_article, turns, with_next
from tests.bench.systems import BenchError, Child, System, parse_system
from tests.bench.table import figures_table, ratios_table
from tests.fakes import answer

ECHO = """
import json, sys
print(json.dumps({"ready": {"chunks": 1}}), flush=True)
for nth, line in enumerate(sys.stdin, 1):
    asked = json.loads(line)
    if asked["question"] == "break":
        raise SystemExit("the model is gone")
    times = {"first_token_s": SECONDS, "last_token_s": 2 * SECONDS, "total_s": 3 * SECONDS}
    print(json.dumps({"text": asked["question"], "abstained": False, "citations": [], "times": times,
        "completion_tokens": 11, "memory_bytes": 1000 + nth, "peak_memory_bytes": 2000,
        "history": asked["history"]}), flush=True)
"""


def echo(name: str, seconds: float) -> Child:
    """A system that answers a question with itself, in seconds it makes up."""
    system = System(name, command=(sys.executable, "-c", ECHO.replace("SECONDS", str(seconds))))
    return Child(system, system.command, {})


def gold(qid: str, *docs: str, answerable: bool = True) -> GoldQuestion:
    return GoldQuestion(qid, f"{qid}?", (qid,), answerable, docs, ())


def row(pair: str, total: float, **more: Any) -> dict[str, Any]:
    return {"pair": pair, "times": {"total_s": total}, **more}


# ---- figures


def test_a_ratio_is_of_medians_over_the_questions_that_both_answered() -> None:
    a = [row("1", 1.0), row("2", 2.0), row("3", 3.0), row("only a", 100.0)]
    b = [row("3", 6.0), row("1", 2.0), row("2", 4.0), {"pair": "only a", "error": "lost"}]
    found = figures.ratio(a, b, "total_s")
    assert found is not None
    assert (found.a, found.b, found.value, found.low, found.high, found.n) == (2.0, 4.0, 2.0, *([2.0] * 2), 3) or (
        found.value == 2.0 and found.n == 3 and found.low <= 2.0 <= found.high
    )


def test_questions_are_drawn_in_pairs() -> None:
    """B is always twice A, however long the questions take: drawn apart, the interval would be wide."""
    a = [row(str(n), 1.0 + n % 7 * 10) for n in range(40)]
    b = [row(one["pair"], 2 * one["times"]["total_s"]) for one in a]
    found = figures.ratio(a, b, "total_s")
    assert found is not None and found.low == found.high == 2.0


def test_what_nobody_measured_is_left_out() -> None:
    rows = [row("1", 1.0), row("2", 2.0)]
    told = figures.summary(rows)
    assert "first_token_s" not in told and "joules" not in told and "peak_memory_bytes" not in told
    assert figures.ratio(rows, rows, "first_token_s") is None


def test_the_pace_leaves_out_what_reading_took() -> None:
    one = {"times": {"first_token_s": 5.0, "last_token_s": 7.0}, "completion_tokens": 21}
    assert figures.measured(one, "tokens_per_second") == 10.0
    assert figures.measured({**one, "completion_tokens": 1}, "tokens_per_second") is None


def test_an_abstention_is_left_out_where_whole_answers_are_compared() -> None:
    a = [row("1", 1.0, abstained=False), row("2", 0.1, abstained=True)]
    b = [row("1", 2.0, abstained=False), row("2", 5.0, abstained=False)]
    assert [[r["pair"] for r in rows] for rows in figures.answered_by_both(a, b)] == [["1"], ["1"]]


def test_an_answer_is_scored_by_its_words_and_its_quotes() -> None:
    text = "The ferry left at noon. It rained."
    question = GoldQuestion("q", "When did it leave?", ("noon",), True, ("log",), (("The ferry left at noon.",),))
    quotes = [{"doc_id": "log", "start": 0, "end": 23}, {"doc_id": "log", "start": 24, "end": 34}]
    answer = {"text": "At noon.", "abstained": False, "citations": quotes}
    assert figures.score(question, answer, {"log": text}) == {
        "abstained": 0.0,
        "inclusion": 1.0,
        "citation_precision": 0.5,
    }
    refused = {"text": "Noon is not told.", "abstained": True, "citations": []}
    assert figures.score(question, refused, {"log": text}) == {"abstained": 1.0, "inclusion": 0.0}
    assert figures.score(question, {"error": "lost"}, {"log": text}) == {}


# ---- scenarios


def test_systems_take_turns_and_each_is_asked_everything() -> None:
    asked = [Asked(gold("q1", "d"), gold("q2", "d")), Asked(gold("q3", "e"), None)]
    with echo("A", 1.0) as a, echo("B", 2.0) as b:
        rows = list(ask_warm([a, b], asked, ("repeated", "follow-up"), EnergyMeter(Path("nowhere"))))
    order = [(one["scenario"], one["system"], one["qid"], one["pair"]) for one in rows]
    assert order == [
        *[(s, name, q, "q1") for name in "AB" for s, q in (("warm", "q1"), ("repeated", "q1"), ("follow-up", "q2"))],
        *[(s, name, "q3", "q3") for name in "BA" for s in ("warm", "repeated")],
    ]
    assert rows[2]["history"] == [["user", "q1?"], ["assistant", "q1?"]] and rows[0]["history"] == []
    systems = [a.system, b.system]
    first = next(one for one in compared(systems, rows) if one["measure"] == "total_s")
    assert (first["a"], first["b"], first["value"], first["n"]) == ("A, warm", "B, warm", 2.0, 2)
    table = figures_table(summaries(systems, rows))
    assert "| B | follow-up | 1 |" in table and "6.00 · 6.00" in table
    assert "| A, warm | B, warm | whole answer | 3.00 | 6.00 | × 2.00 | 2.00 … 2.00 | 2 |" in ratios_table(
        compared(systems, rows)
    )


def test_another_system_begins_each_time() -> None:
    one, two, three = (object() for _ in range(3))
    children: Any = [one, two, three]
    assert [turns(children, nth)[0] for nth in range(4)] == [one, two, three, one]


def test_a_follow_up_shares_an_article_and_is_used_once() -> None:
    asked = [gold("a", "d1"), gold("b", "d1"), gold("c", "d2")]
    everyone = [*asked, gold("e", "d1"), gold("no", "d2", answerable=False)]
    assert [one.next and one.next.qid for one in with_next(asked, everyone)] == ["e", None, None]


def test_a_follow_up_carries_what_the_last_answer_was_drawn_from() -> None:
    read = replace(answer("It rose."), signals={"yes_no": 1.0})
    history = (("user", "What rose?"), ("assistant", "It rose."))
    assert [turn.evidence for turn in worker.turns(history, read)] == [(), read.evidence]
    assert [turn.evidence for turn in worker.turns((("user", "x"), ("assistant", "Other.")), read)] == [(), ()]
    assert worker.turns((), read) == ()


def test_questions_on_one_article_are_those_of_the_most_asked() -> None:
    questions = [gold("a", "d1"), *(gold(f"b{n}", "d2") for n in range(12)), gold("c")]
    assert [one.qid for one in on_one_article(questions)] == [f"b{n}" for n in range(10)]
    assert on_one_article([gold("a", "d1"), gold("b", "d2")]) == []
    with echo("A", 1.0) as child:
        assert [one["qid"] for one in ask_same([child], [gold("a", "d")], EnergyMeter(Path("nowhere")))] == ["a"]


def test_a_system_that_dies_says_its_last_words() -> None:
    with echo("A", 1.0) as child, pytest.raises(BenchError, match="the model is gone"):
        child.ask("break")


def test_a_system_is_named_by_its_settings(tmp_path: Path) -> None:
    system = parse_system("B", ["evidence_tokens=200", "pipeline=naive"])
    environment = system.environment(tmp_path)
    assert (environment["QUOTH_EVIDENCE_TOKENS"], environment["QUOTH_DATA"]) == ("200", str(tmp_path))
    assert system.pipeline == "naive" and not system.is_quoth
    assert len({parse_system("A", [s]).data(tmp_path, "c") for s in ("chunk_tokens=100", "chunk_tokens=200")}) == 2
    with pytest.raises(BenchError, match="no key=value"):
        parse_system("A", ["evidence_tokens"])
    with pytest.raises(BenchError, match="no checkout"):
        parse_system("A", [f"checkout={tmp_path}"])


def test_other_software_is_measured_only_where_it_is() -> None:
    given = options().parse_args(["--against", "llama_index"])
    from tests.bench.__main__ import systems_of

    with pytest.raises(BenchError, match="--llama-index-python"):
        systems_of(given, None, Path("nowhere"))  # type: ignore[arg-type]


# ---- memory and energy


def test_a_long_day_compares_early_with_late() -> None:
    said: list[str] = []
    with echo("A", 1.0) as child:
        day = long_day(child, [gold("a"), gold("b")], 40, said.append)
    assert (day["questions"], day["errors"], len(day["held_bytes"])) == (40, 0, 40)
    assert (day["early_bytes"], day["late_bytes"]) == (1015.5, 1035.5) and len(said) == 4
    assert "× 1.020" in long_line(day)
    with pytest.raises(BenchError, match="too short"):
        long_day(child, [], 20, said.append)


def test_what_is_held_late_is_a_median_and_not_a_peak() -> None:
    assert told([100] * 30 + [900], 900, 0)["ratio"] == 1.0


@pytest.fixture
def counter(tmp_path: Path) -> Callable[[int], None]:
    folder = tmp_path / "intel-rapl:0"
    folder.mkdir()
    (folder / "max_energy_range_uj").write_text("1000000000")

    def write(value: int) -> None:
        (folder / "energy_uj").write_text(str(value))

    return write


def test_energy_is_counted_over_a_counter_that_begins_anew(tmp_path: Path, counter: Callable[[int], None]) -> None:
    counter(990_000_000)
    meter = EnergyMeter(tmp_path)
    counter(995_000_000)
    assert meter.readable and meter.joules() == 5.0
    counter(5_000_000)
    assert meter.joules() == 10.0


def test_energy_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    meter = EnergyMeter(tmp_path)
    assert not meter.readable and meter.joules() is None


def test_a_report_is_kept_as_json() -> None:
    found = [{"system": "A", "scenario": "warm", **figures.summary([row("1", 1.0)])}]
    assert json.loads(json.dumps(found)) == found
