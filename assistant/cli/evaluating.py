"""The command that measures: eval."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.cli.common import (
    AsOf,
    assembly_of,
    day_of,
    path_of,
    tell,
)
from assistant.errors import SettingsError
from assistant.live import CountProgress

if TYPE_CHECKING:
    from assistant.assemble import Assembly


MINED = 30
"""Questions made from a person's articles when no limit is given."""


def evaluate(
    context: typer.Context,
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="A dataset folder; with --compare, two finished runs; none with --mine.", parser=path_of),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only so many questions, drawn with the seed.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the draw and of the intervals.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Where the records and reports go.", parser=path_of)] = None,
    retrieval_only: Annotated[bool, typer.Option(help="Score the passages alone, without a language model.")] = False,
    mine: Annotated[bool, typer.Option(help="Ask questions that the model makes from your own articles.")] = False,
    naive: Annotated[bool, typer.Option(help="Ask the naive pipeline instead, to compare with by --compare.")] = False,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only questions of this type; repeatable.")] = None,
    as_of: AsOf = None,
    half: Annotated[
        Literal["dev", "test"] | None,
        typer.Option(help="Only this half of the questions, by their ids: weights are fitted on dev."),
    ] = None,
    judge: Annotated[
        str, typer.Option(help='Judge each citation too: "model" asks the generator anew, or an entailment folder.')
    ] = "",
    judge_on: Annotated[
        list[Path] | None,
        typer.Option(help="Labelled pairs that the judge itself is measured on; repeatable.", parser=path_of),
    ] = None,
    verify: Annotated[bool, typer.Option(help="Score the verifier on labelled pairs.")] = False,
    compare: Annotated[bool, typer.Option(help="Compare two finished runs by paired bootstrap.")] = False,
    budgets: Annotated[
        str, typer.Option(help="Score the evidence at each of these token budgets instead: 200,300,450,700,1000.")
    ] = "",
    fresh: Annotated[bool, typer.Option(help="Throw away what the output folder holds of another run.")] = False,
) -> None:
    """Score answers and citations on a dataset folder: corpus.jsonl, questions.jsonl. A stopped run goes on."""
    from assistant.evaluation.run import Plan

    if compare:
        print(_compared(folders or [], seed))
        return
    sizes = _budgets(budgets)
    ending = "-verify" if verify else "-budgets" if sizes else "-naive" if naive else ""
    where = out or Path("runs") / ("mined" if mine else _only(folders or []).resolve().name + ending)
    folder = where / "dataset" if mine else _only(folders or [])
    with assembly_of(context) as parts, CountProgress(sys.stderr) as progress:
        plan = Plan(
            seed, limit, parts.settings.digest(), types=tuple(types or ()), as_of=day_of("--as-of", as_of), half=half
        )
        if mine:
            _mine(parts, folder, limit or MINED, seed, fresh)
        if verify:
            parts.verify_pairs(folder, where, seed=seed, limit=limit, progress=progress, fresh=fresh)
        elif sizes:
            parts.measure_budgets(
                folder, where, plan, sizes, retrieval_only=retrieval_only, progress=progress, fresh=fresh
            )
        else:
            parts.evaluate(
                folder,
                where,
                plan,
                retrieval_only=retrieval_only,
                progress=progress,
                fresh=fresh,
                naive=naive,
                judge=judge,
                judge_on=judge_on or (),
            )
    print((where / "report.md").read_text(encoding="utf-8"))
    tell(f"records and reports are in {where}")


def _budgets(written: str) -> tuple[int, ...]:
    """The numbers of "200,300". Raises SettingsError for anything else."""
    sizes = [size.strip() for size in written.split(",")] if written else []
    if not all(size.isascii() and size.isdigit() and int(size) >= 50 for size in sizes):
        raise SettingsError(f'--budgets "{written}" is not a list of token counts from 50 on, such as 200,300,450')
    return tuple(dict.fromkeys(map(int, sizes)))


def _mine(parts: Assembly, folder: Path, limit: int, seed: int, fresh: bool) -> None:
    """Make the questions, unless an earlier run that is to go on has made them."""
    if fresh or not (folder / "questions.jsonl").is_file():
        tell(f"making {limit} questions from your articles …")
        for reason, count in sorted(parts.mine(folder, limit, seed).items()):
            tell(f"thrown away because it {reason}: {count}")


def _only(folders: Sequence[Path]) -> Path:
    if len(folders) != 1:
        raise SettingsError(f"eval takes one dataset folder, {len(folders)} were given; --compare takes two runs")
    return folders[0]


def _compared(folders: Sequence[Path], seed: int) -> str:
    from assistant.evaluation.compare import compare_runs

    if len(folders) != 2:
        raise SettingsError(f"--compare takes two finished runs, {len(folders)} were given")
    return compare_runs(*folders, seed=seed).to_markdown()


def register(app: typer.Typer) -> None:
    """Make these commands of the command line."""
    app.command(name="eval")(evaluate)
