"""Commands that answer: ask, chat, ui."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.common import (
    AsOf,
    Json,
    Since,
    SourceOption,
    Until,
    assembly_of,
    day_of,
    dump,
    filters_of,
    settings_of,
    tell,
    width,
)
from assistant.contract import answer_to_json
from assistant.errors import AssistantError, SettingsError
from assistant.live import LiveAnswer
from assistant.terminal import (
    answer_text,
)
from assistant.types import Answer, Question, Turn
from index.errors import IndexingError
from index.types import Filters

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.assemble import Assembly


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question, or - to read many from standard input.")],
    since: Since = None,
    until: Until = None,
    source: SourceOption = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> int:
    """Answer a question from your articles, each sentence with its citation."""
    filters, asked_on = filters_of(since, until, source), day_of("--as-of", as_of)
    with assembly_of(context) as parts:
        if question == "-":
            return _ask_many(parts, filters, asked_on, as_json)
        answer = _answer(parts.assistant, Question(question, filters=filters, as_of=asked_on), quiet=as_json)
        dump(answer_to_json(answer)) if as_json else print(answer_text(answer, width()), flush=True)
    return 0


def _ask_many(parts: Assembly, filters: Filters, as_of: date | None, as_json: bool) -> int:
    """One answer a line of standard input; a line that cannot be answered gives an error object and status 2."""
    from assistant.request import read_request

    status = 0
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            request = read_request(line, filters, as_of)
            answer = parts.assistant_for(request.passages).ask(request.question)
            dump(answer_to_json(answer)) if as_json else print(answer_text(answer, width()) + "\n", flush=True)
        except (AssistantError, IndexingError) as error:
            status = 2
            tell(f"quoth: line {number}: {error}")
            if as_json:
                dump({"line": number, "error": str(error)})
    return status


def _answer(assistant: Assistant, question: Question, quiet: bool) -> Answer:
    """Run the stream, showing it as it comes on standard error; Ctrl-C stops generation and leaves all usable."""
    cancel = threading.Event()
    try:
        with LiveAnswer(sys.stderr, quiet) as live:
            for event in assistant.stream(question, cancel):
                live.show(event)
        return live.answer
    except KeyboardInterrupt:
        cancel.set()
        raise


def chat(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    source: SourceOption = None,
    as_of: AsOf = None,
) -> None:
    """Ask and follow up in the terminal. Ctrl-C stops an answer, Ctrl-D ends the chat."""
    plain = Question("", filters=filters_of(since, until, source), as_of=day_of("--as-of", as_of))
    with assembly_of(context) as parts:
        history: tuple[Turn, ...] = ()
        tell("Ask about your articles. Ctrl-C stops an answer, Ctrl-D ends.")
        while (line := _prompted()) is not None:
            if line.strip():
                history = _chat_turn(parts.assistant, replace(plain, text=line, history=history))


def _prompted() -> str | None:
    try:
        return input("\n> ")
    except EOFError:
        return None


def _chat_turn(assistant: Assistant, question: Question) -> tuple[Turn, ...]:
    """The history after this question: unchanged if it was stopped or refused."""
    try:
        answer = _answer(assistant, question, quiet=False)
    except KeyboardInterrupt:
        tell("stopped")
        return question.history
    except (AssistantError, IndexingError) as error:
        tell(f"quoth: {error}")
        return question.history
    print(answer_text(answer, width()))
    return (*question.history, Turn("user", question.text), Turn("assistant", answer.text, answer.read))


def ui(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; without it, the first free one from 7860 on.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = False,
    user: Annotated[str | None, typer.Option(help="Let only this user in; the password is asked for.")] = None,
) -> None:
    """Open the chat page on this machine.

    Other machines can reach it only with --user and --host. QUOTH_PASSWORD gives the password where nobody can type.
    """
    secret = _password() if user and not settings_of(context).settings.password else None
    with assembly_of(context, host=host, port=port, user=user, password=secret) as parts:
        parts.serve_page(open_browser=browser, announce=tell)


def _password() -> str:
    """Typed twice and never shown: a password among the arguments would be in every list of processes."""
    if not sys.stdin.isatty():
        raise SettingsError("--user needs a password: set QUOTH_PASSWORD, or `password` in quoth.toml")
    typed: str = typer.prompt("Password for the page", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def register(app: typer.Typer) -> None:
    """Make these commands of the command line."""
    app.command()(ask)
    app.command()(chat)
    app.command()(ui)
