"""Commands of kept conversations: list, show, export, delete, restore."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.cli.common import (
    Json,
    assembly_of,
    dump,
    json_shown,
    path_of,
    width,
)
from assistant.terminal import (
    conversations_text,
    exchange_text,
    flat,
)

if TYPE_CHECKING:
    pass

conversations_app = typer.Typer(
    help="Kept conversations: list, show, search, export, delete, restore.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@conversations_app.command("list")
def conversations_list(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(help="Only those that hold all these words.")] = None,
    as_json: Json = False,
) -> None:
    """What was asked on the page, the newest first."""
    with assembly_of(context) as parts:
        kept = parts.conversations
        found = kept.recent() if search is None else tuple(one.conversation for one in kept.search(search))
    dump([asdict(info) for info in found]) if as_json else print(conversations_text(found, width()))


@conversations_app.command("show")
def conversations_show(context: typer.Context, conversation_id: str, as_json: Json = False) -> None:
    """One conversation with its answers as they were given."""
    with assembly_of(context) as parts:
        info = parts.conversations.find(conversation_id)
        if as_json:
            print(json_shown(parts.exporter.content(info, "json")), end="")
            return
        exchanges = parts.conversations.exchanges(info.id)
    print("\n\n".join([flat(info.title), *(exchange_text(kept, width()) for kept in exchanges)]))


@conversations_app.command("export")
def conversations_export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="A new file; for questions, a new folder.", parser=path_of)],
    form: Annotated[
        Literal["html", "markdown", "json", "questions"] | None,
        typer.Option("--as", help="The form, where the file's suffix does not tell; `questions`: a dataset folder."),
    ] = None,
    conversation_id: Annotated[str | None, typer.Option("--id", help="Which; without it, the last one.")] = None,
) -> None:
    """Write one conversation with its evidence, or every judged answer as an evaluation question."""
    from assistant.ui.exports import form_of

    with assembly_of(context) as parts:
        if form == "questions":
            done = parts.exporter.write_questions(out)
            print(f"{done.questions} questions, {done.reported} only reported, {done.documents} articles in {out}")
            return
        info = parts.conversations.find(conversation_id) if conversation_id else parts.conversations.last()
        parts.exporter.write(info, form_of(out, form), out)
    print(f"{flat(info.title)}: {out}")


@conversations_app.command("delete")
def conversations_delete(context: typer.Context, conversation_ids: list[str]) -> None:
    """Delete conversations. For a week `quoth conversations restore` brings them back."""
    with assembly_of(context) as parts:
        for info in [parts.conversations.find(name) for name in conversation_ids]:
            parts.conversations.delete(info.id)
            print(f"deleted {info.id}  {flat(info.title)}")


@conversations_app.command("restore")
def conversations_restore(context: typer.Context, conversation_ids: list[str]) -> None:
    """Bring deleted conversations back."""
    with assembly_of(context) as parts:
        for info in [parts.conversations.find(name, deleted=True) for name in conversation_ids]:
            parts.conversations.restore(info.id)
            print(f"restored {info.id}  {flat(info.title)}")
