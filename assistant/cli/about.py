"""Commands that tell about the installation: settings, doctor."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.common import (
    Json,
    assembly_of,
    dump,
    settings_of,
    tell,
)
from assistant.terminal import (
    check_text,
    table,
)

if TYPE_CHECKING:
    pass


def settings(context: typer.Context, as_json: Json = False) -> None:
    """What is in force, and where each value comes from."""
    loaded = settings_of(context)
    values = loaded.settings.model_dump(mode="json")
    if as_json:
        dump({name: {"value": value, "from": loaded.layers[name]} for name, value in values.items()})
        return
    if loaded.file:
        tell(f"settings file: {loaded.file}")
    print(table([(name, str(value), loaded.layers[name], _meaning(name)) for name, value in values.items()]))


def _meaning(name: str) -> str:
    from assistant.settings import Settings

    return Settings.model_fields[name].description or ""


def doctor(
    context: typer.Context,
    as_json: Json = False,
    tune: Annotated[
        bool, typer.Option("--tune", help="First measure threads and batch sizes, some twenty seconds, and keep them.")
    ] = False,
) -> int:
    """Check versions, the processor, models, the index and generation; each with what to do if wrong."""
    with assembly_of(context) as parts:
        if tune:
            tell("measuring threads and batch sizes …")
            parts.tune()
        checks = []
        for check in parts.check_up():
            checks.append(check)
            if not as_json:
                print(check_text(check), flush=True)
    if as_json:
        dump([asdict(check) for check in checks])
    return 0 if all(check.ok for check in checks) else 2


def register(app: typer.Typer) -> None:
    """Make these commands of the command line."""
    app.command()(settings)
    app.command()(doctor)
