"""What the commands share: options, the parts put together, and how things are told."""

from __future__ import annotations

import codecs
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import SettingsError
from assistant.live import ByteProgress
from index.types import Filters

if TYPE_CHECKING:
    from assistant.assemble import Assembly
    from assistant.settings import LoadedSettings

VALUED = ("--data", "--config", "--generator", "--embedder", "--strictness", "--answers", "--threads", "--models")
"""Options every command takes, before or after its name."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Since = Annotated[str | None, typer.Option(help="Only articles published on this day or later, YYYY-MM-DD.")]
Until = Annotated[str | None, typer.Option(help="Only articles published on this day or earlier, YYYY-MM-DD.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="Ask as on this day, YYYY-MM-DD: “last week” is the one before it, nothing later counts."
    ),
]
SourceOption = Annotated[list[str] | None, typer.Option("--source", help="Only articles of this source; repeatable.")]


def tell(message: str) -> None:
    print(message, file=sys.stderr)


def settings_of(context: typer.Context, **overrides: Any) -> LoadedSettings:
    from assistant.settings import load_settings

    given: dict[str, str] = context.obj
    values = {name: given[name] for name in (v.lstrip("-") for v in VALUED) if name in given and name != "config"}
    if "offline" in given:
        values["offline"] = "true"
    return load_settings({**values, **overrides}, file=Path(given["config"]) if "config" in given else None)


@contextmanager
def assembly_of(context: typer.Context, **overrides: Any) -> Iterator[Assembly]:
    from assistant.assemble import Assembly

    with closing(Assembly(settings_of(context, **overrides).settings, progress=ByteProgress(sys.stderr))) as parts:
        yield parts


def width() -> int:
    return min(100, shutil.get_terminal_size().columns)


def dump(value: object) -> None:
    print(json_shown(json.dumps(value, ensure_ascii=False, default=str)), flush=True)


def json_shown(text: str) -> str:
    """JSON as it is where standard output takes every character, else with escapes for all that is not ASCII."""
    if codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8":
        return text
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)


def path_of(given: str) -> Path:
    """A path as it was given. `Path("")` would be the folder one is in: an unset variable would mean all in it."""
    if not given:
        raise typer.BadParameter("a path is empty, as of a variable that is not set; write . for this folder")
    return Path(given)


def filters_of(since: str | None, until: str | None, sources: Sequence[str] | None) -> Filters:
    return Filters(day_of("--since", since), day_of("--until", until), tuple(sources or ()))


def day_of(option: str, given: str | None) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise SettingsError(f"{option} {given!r} is not a day; write it as YYYY-MM-DD") from error
