"""The `quoth` command: parse, call, print. Decides nothing.

Answers go to standard output, everything else to standard error. Exit status: 0 done (an abstention is an answer),
1 nobody reads what is printed, 2 a mistake the user can mend, 130 interrupted. A traceback means a bug.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import typer

from assistant.cli import about, asking, corpus, evaluating
from assistant.cli.common import VALUED, tell
from assistant.cli.conversations import conversations_app
from assistant.cli.models import models_app
from assistant.errors import AssistantError, SettingsError
from index.errors import IndexingError

EXAMPLES = """
\b
Examples
  quoth add ~/articles                   index a folder of text, Markdown, HTML and PDF
  quoth ask "What is the situation in Kurakhove?"
  quoth ask "Who holds Pokrovsk?" --json --since 2024-12-01
  quoth search "supply roads" -k 5       the passages alone, no language model
  quoth chat                             ask and follow up in the terminal
  quoth ui                               the same in a browser, on 127.0.0.1
  quoth list --status                    what is indexed, changed, gone, away, or failed and why
  quoth sync                             take in what changed in your folders; watch does so at once
  quoth eval seeds --limit 20            score answers and citations against gold
  quoth conversations list               what was asked on the page; show, export, delete
  quoth doctor                           what is installed, what is wrong, what to do

\b
Every command also takes, before or after its name
  --data DIR  --config FILE  --models DIR  --generator MODEL  --embedder MODEL
  --strictness WORD  --answers WORD  --threads N  --offline  -v  -vv
"""

app = typer.Typer(
    help="Answers questions over your own articles and proves every sentence.\n" + EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for commands in (corpus, asking, evaluating, about):
    commands.register(app)
app.add_typer(models_app, name="models")
app.add_typer(conversations_app, name="conversations")

INTERRUPTED = 130
"""What typer makes of Ctrl-C."""
PLAIN = ("--offline", "-v", "-vv")
UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What the system says of a file or a disk that takes no more."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    try:
        _write_any_character()
        shared, rest = hoist(sys.argv[1:] if arguments is None else arguments)
        _log(shared)
        status = app(args=rest, standalone_mode=False, obj=shared, prog_name="quoth")
        if status == INTERRUPTED:
            tell("interrupted")
        sys.stdout.flush()
    except KeyboardInterrupt:  # before the command began
        tell("interrupted")
        status = INTERRUPTED
    except BrokenPipeError:  # who reads has what it wanted, as `head` does
        _drop_output()
        status = 1
    except OSError as error:
        if error.errno not in UNWRITTEN:
            raise
        _drop_output()
        tell(f"quoth: what was to be written could not be: {error}; make room, or write to another place")
        status = 2
    except (AssistantError, IndexingError) as error:
        tell(f"quoth: {error}")
        status = 2
    except typer.TyperException as error:  # the command line itself is wrong, or asks for help
        asks_for_help = error.format_message().lstrip().startswith("Usage:")
        tell(error.format_message() if asks_for_help else f"quoth: {error.format_message()}; see `quoth --help`")
        status = error.exit_code
    sys.exit(status or 0)


def _write_any_character() -> None:
    """Where an encoding has no room for a character, such as ASCII for “ü”, a ? stands for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def _drop_output() -> None:
    """Have what still waits go nowhere: Python would try to write it once more at its end, and exit with 120."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def hoist(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Take the options every command shares out of `arguments`: ({"data": …, "v": …}, the rest).

    What follows `--` is left alone. Raises SettingsError for a shared option without its value, or an empty one.
    """
    shared: dict[str, str] = {}
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if argument == "--":
            return shared, [*rest, argument, *waiting]
        if name in VALUED:
            given = value if equals else next(waiting, None)
            if not given:
                raise SettingsError(
                    f"{name} wants a value after it" + (", and got an empty one" if given == "" else "")
                )
            shared[name.lstrip("-")] = given
        elif argument in PLAIN:
            shared[argument.lstrip("-")] = "true"
        else:
            rest.append(argument)
    return shared, rest


def _log(shared: dict[str, str]) -> None:
    level = logging.DEBUG if "vv" in shared else logging.INFO if "v" in shared else logging.WARNING
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for package in ("assistant", "index"):
        logging.getLogger(package).setLevel(level)
