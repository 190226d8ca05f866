"""Commands of the models: list, pull, verify, path."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.common import (
    Json,
    assembly_of,
    dump,
    tell,
)
from assistant.terminal import (
    table,
)

if TYPE_CHECKING:
    pass

models_app = typer.Typer(help="The models: list, pull, verify, path.", no_args_is_help=True, rich_markup_mode=None)


@models_app.command("list")
def models_list(context: typer.Context, as_json: Json = False) -> None:
    """Every model of the catalogue, and whether it is here."""
    with assembly_of(context) as parts:
        states = parts.models.list()
    known = [(state.entry, state.state) for state in states]
    if as_json:
        dump([{**asdict(state), "path": str(state.path)} for state in states])
    else:
        print(table([(e.name, e.role, state, f"{e.size / 1e6:.0f} MB", e.licence) for e, state in known]))


@models_app.command("pull")
def models_pull(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Model names; without any, the two in force.")] = None,
) -> None:
    """Fetch models, or go on where an earlier fetch stopped, and check them."""
    with assembly_of(context) as parts:
        for name in names or parts.models_in_force():
            located = parts.pull(name)
            print(f"{located.name}  {located.path}")


@models_app.command("verify")
def models_verify(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Names or paths; without any, the two in force.")] = None,
    accept: Annotated[bool, typer.Option(help="Take your own changed model as it is now.")] = False,
) -> int:
    """Read every byte of a model and compare it with its known hash."""
    status = 0
    with assembly_of(context) as parts:
        for name in names or parts.models_in_force():
            report = parts.models.verify(name, parts.progress, accept=accept)
            print(f"{'ok ' if report.ok else 'BAD'}  {report.name}  {report.sha256}  {report.path}")
            if not report.ok:
                status = 2
                tell(f"quoth: {report.remedy}")
    return status


@models_app.command("path")
def models_path(context: typer.Context, name: str) -> None:
    """Where a model lies."""
    with assembly_of(context) as parts:
        print(parts.models.locate(name, parts.progress).path)
