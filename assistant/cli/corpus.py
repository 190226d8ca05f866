"""Commands of the corpus: add, sync, watch, list, remove, article, search."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli.common import (
    Json,
    Since,
    SourceOption,
    Until,
    assembly_of,
    dump,
    filters_of,
    path_of,
    tell,
    width,
)
from assistant.contract import article_to_json, hit_to_json
from assistant.live import ChunkProgress
from assistant.terminal import (
    articles_text,
    changes_text,
    day,
    flat,
    hits_text,
    plan_text,
    report_text,
    safe,
    statuses_text,
)
from index.types import Filters, IngestReport

if TYPE_CHECKING:
    pass


def add(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders.", parser=path_of)] = None,
    rebuild: Annotated[
        bool, typer.Option(help="First cut and embed all that is stored anew, with the settings now in force.")
    ] = False,
    remove_vanished: Annotated[bool, typer.Option(help="Remove articles whose file is gone from PATHS.")] = False,
    as_json: Json = False,
) -> int:
    """Index files and folders; run again, it takes in only what changed."""
    with assembly_of(context) as parts, ChunkProgress(sys.stderr) as progress:
        if rebuild:
            parts.ingester.rebuild(progress)
        report = parts.corpus(make=True).add(paths or (), progress, remove_vanished)
    dump(_report(report)) if as_json else print(report_text(report))
    went_in = report.added or report.updated or report.unchanged
    return 2 if report.failed and not went_in else 0


def sync(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Without any, all that was ever added.", parser=path_of)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    prune: Annotated[bool, typer.Option(help="Also remove what came from a folder that is not there now.")] = False,
    as_json: Json = False,
) -> int:
    """Bring the index in line with its folders: what is new, changed or gone there."""
    with assembly_of(context) as parts, ChunkProgress(sys.stderr) as progress:
        corpus = parts.corpus(make=bool(paths) and not dry_run)
        report = corpus.preview(paths or (), prune) if dry_run else corpus.sync(paths or (), progress, prune)
    if as_json:
        dump(_report(report))
    else:
        print(plan_text(report) if dry_run else report_text(report))
    done = report.added or report.updated or report.unchanged or report.removed
    return 2 if report.unreachable or (paths and report.failed and not done) else 0


def _report(report: IngestReport) -> dict[str, Any]:
    return {**asdict(report), "reused": report.reused}


def watch(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Without any, all that was ever added.", parser=path_of)
    ] = None,
    poll: Annotated[
        float | None, typer.Option(min=0.1, help="Look every so many seconds, where the system tells nothing.")
    ] = None,
) -> None:
    """Sync as files change, until Ctrl-C. One line a change."""
    with assembly_of(context) as parts, ChunkProgress(sys.stderr) as progress, suppress(KeyboardInterrupt):
        for report in parts.corpus(make=bool(paths)).watch(paths or (), tell, progress, poll):
            progress.clear()
            for line in changes_text(report):
                print(line, flush=True)


def list_articles(
    context: typer.Context,
    status: Annotated[
        bool, typer.Option("--status", help="Every file: indexed, new, changed, failed, gone, away.")
    ] = False,
    since: Since = None,
    until: Until = None,
    source: SourceOption = None,
    as_json: Json = False,
) -> None:
    """What is indexed, and what could not be read."""
    filters = filters_of(since, until, source)
    with assembly_of(context) as parts:
        if status:
            found = parts.corpus(make=False).statuses(filters)
            dump({"sources": [asdict(s) for s in found]}) if as_json else print(statuses_text(found))
            return
        articles = parts.stored.articles(filters)
        failures = parts.stored.failures() if filters == Filters() else ()
    if as_json:
        dump({"articles": [asdict(a) for a in articles], "failures": [asdict(f) for f in failures]})
    else:
        print(articles_text(articles, failures, width()))


def remove(
    context: typer.Context,
    articles: Annotated[list[str], typer.Argument(help="Article ids from `quoth list`, or file paths.")],
) -> None:
    """Take articles out of the index. Their files are not touched."""
    with assembly_of(context) as parts:
        found = [parts.find_article(name) for name in articles]
        parts.ingester.remove([info.id for info in found])
    for info in found:
        print(f"removed {info.id}  {flat(info.title)}")


def article(
    context: typer.Context,
    article_id: str,
    digest: Annotated[str | None, typer.Option(help="As it was with this digest; an old answer's text.")] = None,
    as_json: Json = False,
) -> None:
    """Print one article as it is stored; citations' offsets count into this text."""
    with assembly_of(context) as parts:
        found = parts.article(article_id, digest)
    if as_json:
        dump(article_to_json(found))
    else:
        print(f"{flat(found.title)} — {day(found.published)}\n\n{safe(found.text)}")


def search(
    context: typer.Context,
    query: str,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 10,
    since: Since = None,
    until: Until = None,
    source: SourceOption = None,
    as_json: Json = False,
) -> None:
    """Find passages by meaning and by words, without a language model."""
    with assembly_of(context) as parts:
        hits = parts.index.retrieve(query, k, filters_of(since, until, source))
    dump([hit_to_json(hit) for hit in hits]) if as_json else print(hits_text(hits, width()))


def register(app: typer.Typer) -> None:
    """Make these commands of the command line."""
    app.command()(add)
    app.command()(sync)
    app.command()(watch)
    app.command(name="list")(list_articles)
    app.command()(remove)
    app.command()(article)
    app.command()(search)
