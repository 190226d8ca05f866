"""The `quoth` command: parse, call, print. Decides nothing.

Answers go to standard output, everything else to standard error. Exit status: 0 done (an abstention is an answer),
2 a mistake the user can mend, 130 interrupted. A traceback means a bug.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assistant.contract import answer_to_json, article_to_json, hit_to_json
from assistant.errors import AssistantError, SettingsError
from assistant.live import ByteProgress, ChunkProgress, CountProgress, LiveAnswer
from assistant.terminal import (
    answer_text,
    articles_text,
    changes_text,
    check_text,
    conversations_text,
    day,
    exchange_text,
    flat,
    hits_text,
    plan_text,
    report_text,
    safe,
    statuses_text,
    table,
)
from assistant.types import Answer, Question, Turn
from index.errors import IndexingError
from index.types import Filters, IngestReport

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.assemble import Assembly
    from assistant.settings import LoadedSettings

EXAMPLES = """
\b
Examples
  quoth add ~/articles                   index a folder of text, Markdown and HTML
  quoth ask "What is the situation in Kurakhove?"
  quoth ask "Who holds Pokrovsk?" --json --since 2024-12-01
  quoth search "supply roads" -k 5       the passages alone, no language model
  quoth chat                             ask and follow up in the terminal
  quoth ui                               the same in a browser, on 127.0.0.1
  quoth list --status                    what is indexed, changed, gone, or failed and why
  quoth sync                             take in what changed in your folders; watch does so at once
  quoth eval seeds --limit 20            score answers and citations against gold
  quoth conversations list               what was asked on the page; show, export, delete
  quoth doctor                           what is installed, what is wrong, what to do

\b
Every command also takes, before or after its name
  --data DIR  --config FILE  --models DIR  --generator MODEL  --embedder MODEL
  --strictness WORD  --threads N  --offline  -v  -vv
"""

app = typer.Typer(
    help="Answers questions over your own articles and proves every sentence.\n" + EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="The models: list, pull, verify, path.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(models_app, name="models")

conversations_app = typer.Typer(
    help="Kept conversations: list, show, search, export, delete, restore.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(conversations_app, name="conversations")

INTERRUPTED = 130
MINED = 30
"""Questions made from a person's articles when no limit is given."""
"""What typer makes of Ctrl-C."""
VALUED = ("--data", "--config", "--generator", "--embedder", "--strictness", "--threads", "--models")
PLAIN = ("--offline", "-v", "-vv")

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    try:
        shared, rest = hoist(sys.argv[1:] if arguments is None else arguments)
        _log(shared)
        status = app(args=rest, standalone_mode=False, obj=shared, prog_name="quoth")
        if status == INTERRUPTED:
            _tell("interrupted")
    except (AssistantError, IndexingError) as error:
        _tell(f"quoth: {error}")
        status = 2
    except typer.TyperException as error:  # the command line itself is wrong, or asks for help
        asks_for_help = error.format_message().lstrip().startswith("Usage:")
        _tell(error.format_message() if asks_for_help else f"quoth: {error.format_message()}; see `quoth --help`")
        status = error.exit_code
    sys.exit(status or 0)


def hoist(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Take the options every command shares out of `arguments`: ({"data": …, "v": …}, the rest).

    What follows `--` is left alone. Raises SettingsError for a shared option without its value.
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
            if given is None:
                raise SettingsError(f"{name} wants a value after it")
            shared[name.lstrip("-")] = given
        elif argument in PLAIN:
            shared[argument.lstrip("-")] = "true"
        else:
            rest.append(argument)
    return shared, rest


def _tell(message: str) -> None:
    print(message, file=sys.stderr)


def _log(shared: dict[str, str]) -> None:
    level = logging.DEBUG if "vv" in shared else logging.INFO if "v" in shared else logging.WARNING
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for package in ("assistant", "index"):
        logging.getLogger(package).setLevel(level)


def _settings(context: typer.Context, **overrides: Any) -> LoadedSettings:
    from assistant.settings import load_settings

    given: dict[str, str] = context.obj
    values = {name: given[name] for name in (v.lstrip("-") for v in VALUED) if name in given and name != "config"}
    if "offline" in given:
        values["offline"] = "true"
    return load_settings({**values, **overrides}, file=Path(given["config"]) if "config" in given else None)


@contextmanager
def _assembly(context: typer.Context, **overrides: Any) -> Iterator[Assembly]:
    from assistant.assemble import Assembly

    with closing(Assembly(_settings(context, **overrides).settings, progress=ByteProgress(sys.stderr))) as parts:
        yield parts


def _width() -> int:
    return min(100, shutil.get_terminal_size().columns)


def _dump(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str), flush=True)


def _filters(since: str | None, until: str | None, sources: Sequence[str] | None) -> Filters:
    return Filters(_day("--since", since), _day("--until", until), tuple(sources or ()))


def _day(option: str, given: str | None) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise SettingsError(f"{option} {given!r} is not a day; write it as YYYY-MM-DD") from error


# ---- the corpus


@app.command()
def add(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders.")] = None,
    rebuild: Annotated[
        bool, typer.Option(help="First cut and embed all that is stored anew, with the settings now in force.")
    ] = False,
    remove_vanished: Annotated[bool, typer.Option(help="Remove articles whose file is gone from PATHS.")] = False,
    as_json: Json = False,
) -> int:
    """Index files and folders; run again, it takes in only what changed."""
    with _assembly(context) as parts, ChunkProgress(sys.stderr) as progress:
        if rebuild:
            parts.ingester.rebuild(progress)
        report = parts.corpus(make=True).add(paths or (), progress, remove_vanished)
    _dump(_report(report)) if as_json else print(report_text(report))
    went_in = report.added or report.updated or report.unchanged
    return 2 if report.failed and not went_in else 0


@app.command()
def sync(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Without any, all that was ever added.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    prune: Annotated[bool, typer.Option(help="Also remove what came from a folder that is not there now.")] = False,
    as_json: Json = False,
) -> int:
    """Bring the index in line with its folders: what is new, changed or gone there."""
    with _assembly(context) as parts, ChunkProgress(sys.stderr) as progress:
        corpus = parts.corpus(make=bool(paths) and not dry_run)
        report = corpus.preview(paths or (), prune) if dry_run else corpus.sync(paths or (), progress, prune)
    if as_json:
        _dump(_report(report))
    else:
        print(plan_text(report) if dry_run else report_text(report))
    return 2 if report.unreachable else 0


def _report(report: IngestReport) -> dict[str, Any]:
    return {**asdict(report), "reused": report.reused}


@app.command()
def watch(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Without any, all that was ever added.")] = None,
    poll: Annotated[
        float | None, typer.Option(min=0.1, help="Look every so many seconds, where the system tells nothing.")
    ] = None,
) -> None:
    """Sync as files change, until Ctrl-C. One line a change."""
    with _assembly(context) as parts, ChunkProgress(sys.stderr) as progress, suppress(KeyboardInterrupt):
        for report in parts.corpus(make=bool(paths)).watch(paths or (), _tell, progress, poll):
            progress.clear()
            for line in changes_text(report):
                print(line, flush=True)


@app.command(name="list")
def list_articles(
    context: typer.Context,
    status: Annotated[bool, typer.Option("--status", help="Every file: indexed, new, changed, failed, gone.")] = False,
    since: Since = None,
    until: Until = None,
    source: SourceOption = None,
    as_json: Json = False,
) -> None:
    """What is indexed, and what could not be read."""
    filters = _filters(since, until, source)
    with _assembly(context) as parts:
        if status:
            found = parts.corpus(make=False).statuses(filters)
            _dump({"sources": [asdict(s) for s in found]}) if as_json else print(statuses_text(found))
            return
        articles = parts.stored.articles(filters)
        failures = parts.stored.failures() if filters == Filters() else ()
    if as_json:
        _dump({"articles": [asdict(a) for a in articles], "failures": [asdict(f) for f in failures]})
    else:
        print(articles_text(articles, failures, _width()))


@app.command()
def remove(
    context: typer.Context,
    articles: Annotated[list[str], typer.Argument(help="Article ids from `quoth list`, or file paths.")],
) -> None:
    """Take articles out of the index. Their files are not touched."""
    with _assembly(context) as parts:
        found = [parts.find_article(name) for name in articles]
        parts.ingester.remove([info.id for info in found])
    for info in found:
        print(f"removed {info.id}  {flat(info.title)}")


@app.command()
def article(
    context: typer.Context,
    article_id: str,
    digest: Annotated[str | None, typer.Option(help="As it was with this digest; an old answer's text.")] = None,
    as_json: Json = False,
) -> None:
    """Print one article as it is stored; citations' offsets count into this text."""
    with _assembly(context) as parts:
        found = parts.article(article_id, digest)
    if as_json:
        _dump(article_to_json(found))
    else:
        print(f"{flat(found.title)} — {day(found.published)}\n\n{safe(found.text)}")


@app.command()
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
    with _assembly(context) as parts:
        hits = parts.index.retrieve(query, k, _filters(since, until, source))
    _dump([hit_to_json(hit) for hit in hits]) if as_json else print(hits_text(hits, _width()))


# ---- asking


@app.command()
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
    filters, asked_on = _filters(since, until, source), _day("--as-of", as_of)
    with _assembly(context) as parts:
        if question == "-":
            return _ask_many(parts, filters, asked_on, as_json)
        answer = _answer(parts.assistant, Question(question, filters=filters, as_of=asked_on), quiet=as_json)
    _dump(answer_to_json(answer)) if as_json else print(answer_text(answer, _width()))
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
            _dump(answer_to_json(answer)) if as_json else print(answer_text(answer, _width()) + "\n", flush=True)
        except (AssistantError, IndexingError) as error:
            status = 2
            _tell(f"quoth: line {number}: {error}")
            if as_json:
                _dump({"line": number, "error": str(error)})
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


@app.command()
def chat(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    source: SourceOption = None,
    as_of: AsOf = None,
) -> None:
    """Ask and follow up in the terminal. Ctrl-C stops an answer, Ctrl-D ends the chat."""
    plain = Question("", filters=_filters(since, until, source), as_of=_day("--as-of", as_of))
    with _assembly(context) as parts:
        history: tuple[Turn, ...] = ()
        _tell("Ask about your articles. Ctrl-C stops an answer, Ctrl-D ends.")
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
        _tell("stopped")
        return question.history
    except (AssistantError, IndexingError) as error:
        _tell(f"quoth: {error}")
        return question.history
    print(answer_text(answer, _width()))
    return (*question.history, Turn("user", question.text), Turn("assistant", answer.text))


@app.command()
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
    secret = _password() if user and not _settings(context).settings.password else None
    with _assembly(context, host=host, port=port, user=user, password=secret) as parts:
        parts.serve_page(open_browser=browser, announce=_tell)


def _password() -> str:
    """Typed twice and never shown: a password among the arguments would be in every list of processes."""
    if not sys.stdin.isatty():
        raise SettingsError("--user needs a password: set QUOTH_PASSWORD, or `password` in quoth.toml")
    typed: str = typer.prompt("Password for the page", hide_input=True, confirmation_prompt=True, err=True)
    return typed


# ---- conversations


@conversations_app.command("list")
def conversations_list(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(help="Only those that hold all these words.")] = None,
    as_json: Json = False,
) -> None:
    """What was asked on the page, the newest first."""
    with _assembly(context) as parts:
        kept = parts.conversations
        found = kept.recent() if search is None else tuple(one.conversation for one in kept.search(search))
    _dump([asdict(info) for info in found]) if as_json else print(conversations_text(found, _width()))


@conversations_app.command("show")
def conversations_show(context: typer.Context, conversation_id: str, as_json: Json = False) -> None:
    """One conversation with its answers as they were given."""
    with _assembly(context) as parts:
        info = parts.conversations.find(conversation_id)
        if as_json:
            print(parts.exporter.content(info, "json"), end="")
            return
        exchanges = parts.conversations.exchanges(info.id)
    print("\n\n".join([flat(info.title), *(exchange_text(kept, _width()) for kept in exchanges)]))


@conversations_app.command("export")
def conversations_export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="A new file; for questions, a new folder.")],
    form: Annotated[
        Literal["html", "markdown", "json", "questions"] | None,
        typer.Option("--as", help="The form, where the file's suffix does not tell; `questions`: a dataset folder."),
    ] = None,
    conversation_id: Annotated[str | None, typer.Option("--id", help="Which; without it, the last one.")] = None,
) -> None:
    """Write one conversation with its evidence, or every judged answer as an evaluation question."""
    from assistant.ui.exports import form_of

    with _assembly(context) as parts:
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
    with _assembly(context) as parts:
        for info in [parts.conversations.find(name) for name in conversation_ids]:
            parts.conversations.delete(info.id)
            print(f"deleted {info.id}  {flat(info.title)}")


@conversations_app.command("restore")
def conversations_restore(context: typer.Context, conversation_ids: list[str]) -> None:
    """Bring deleted conversations back."""
    with _assembly(context) as parts:
        for info in [parts.conversations.find(name, deleted=True) for name in conversation_ids]:
            parts.conversations.restore(info.id)
            print(f"restored {info.id}  {flat(info.title)}")


# ---- models


@models_app.command("list")
def models_list(context: typer.Context, as_json: Json = False) -> None:
    """Every model of the catalogue, and whether it is here."""
    with _assembly(context) as parts:
        states = parts.models.list()
    known = [(state.entry, state.state) for state in states]
    if as_json:
        _dump([{**asdict(state), "path": str(state.path)} for state in states])
    else:
        print(table([(e.name, e.role, state, f"{e.size / 1e6:.0f} MB", e.licence) for e, state in known]))


@models_app.command("pull")
def models_pull(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Model names; without any, the two in force.")] = None,
) -> None:
    """Fetch models, or go on where an earlier fetch stopped, and check them."""
    with _assembly(context) as parts:
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
    with _assembly(context) as parts:
        for name in names or parts.models_in_force():
            report = parts.models.verify(name, parts.progress, accept=accept)
            print(f"{'ok ' if report.ok else 'BAD'}  {report.name}  {report.sha256}  {report.path}")
            if not report.ok:
                status = 2
                _tell(f"quoth: {report.remedy}")
    return status


@models_app.command("path")
def models_path(context: typer.Context, name: str) -> None:
    """Where a model lies."""
    with _assembly(context) as parts:
        print(parts.models.locate(name, parts.progress).path)


# ---- the rest


@app.command()
def settings(context: typer.Context, as_json: Json = False) -> None:
    """What is in force, and where each value comes from."""
    loaded = _settings(context)
    values = loaded.settings.model_dump(mode="json")
    if as_json:
        _dump({name: {"value": value, "from": loaded.layers[name]} for name, value in values.items()})
        return
    if loaded.file:
        _tell(f"settings file: {loaded.file}")
    print(table([(name, str(value), loaded.layers[name], _meaning(name)) for name, value in values.items()]))


def _meaning(name: str) -> str:
    from assistant.settings import Settings

    return Settings.model_fields[name].description or ""


@app.command(name="eval")
def evaluate(
    context: typer.Context,
    folders: Annotated[
        list[Path] | None, typer.Argument(help="A dataset folder; with --compare, two finished runs; none with --mine.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only so many questions, drawn with the seed.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the draw and of the intervals.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Where the records and reports go.")] = None,
    retrieval_only: Annotated[bool, typer.Option(help="Score the passages alone, without a language model.")] = False,
    mine: Annotated[bool, typer.Option(help="Ask questions that the model makes from your own articles.")] = False,
    naive: Annotated[bool, typer.Option(help="Ask the naive pipeline instead, to compare with by --compare.")] = False,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only questions of this type; repeatable.")] = None,
    as_of: AsOf = None,
    half: Annotated[
        Literal["dev", "test"] | None,
        typer.Option(help="Only this half of the questions, by their ids: weights are fitted on dev."),
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
    with _assembly(context) as parts, CountProgress(sys.stderr) as progress:
        plan = Plan(
            seed, limit, parts.settings.digest(), types=tuple(types or ()), as_of=_day("--as-of", as_of), half=half
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
                folder, where, plan, retrieval_only=retrieval_only, progress=progress, fresh=fresh, naive=naive
            )
    print((where / "report.md").read_text(encoding="utf-8"))
    _tell(f"records and reports are in {where}")


def _budgets(written: str) -> tuple[int, ...]:
    """The numbers of "200,300". Raises SettingsError for anything else."""
    sizes = [size.strip() for size in written.split(",")] if written else []
    if not all(size.isascii() and size.isdigit() and int(size) >= 50 for size in sizes):
        raise SettingsError(f'--budgets "{written}" is not a list of token counts from 50 on, such as 200,300,450')
    return tuple(dict.fromkeys(map(int, sizes)))


def _mine(parts: Assembly, folder: Path, limit: int, seed: int, fresh: bool) -> None:
    """Make the questions, unless an earlier run that is to go on has made them."""
    if fresh or not (folder / "questions.jsonl").is_file():
        _tell(f"making {limit} questions from your articles …")
        for reason, count in sorted(parts.mine(folder, limit, seed).items()):
            _tell(f"thrown away because it {reason}: {count}")


def _only(folders: Sequence[Path]) -> Path:
    if len(folders) != 1:
        raise SettingsError(f"eval takes one dataset folder, {len(folders)} were given; --compare takes two runs")
    return folders[0]


def _compared(folders: Sequence[Path], seed: int) -> str:
    from assistant.evaluation.compare import compare_runs

    if len(folders) != 2:
        raise SettingsError(f"--compare takes two finished runs, {len(folders)} were given")
    return compare_runs(*folders, seed=seed).to_markdown()


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> int:
    """Check versions, the processor, models, the index and generation; each with what to do if wrong."""
    with _assembly(context) as parts:
        checks = []
        for check in parts.check_up():
            checks.append(check)
            if not as_json:
                print(check_text(check), flush=True)
    if as_json:
        _dump([asdict(check) for check in checks])
    return 0 if all(check.ok for check in checks) else 2
