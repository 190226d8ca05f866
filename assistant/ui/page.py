"""The page: Gradio components, the events that connect them, and the server they run on.

Knows Gradio; knows answering only through `ChatService`. Decides nothing about answers: it hands questions to the
service, folds its events into exchanges and shows their markup. No model, index or thread lives in a session's state.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from assistant.errors import AssistantError, SettingsError
from assistant.types import Answer, Event, Question
from assistant.ui import render
from assistant.ui.conversation import Asked, Conversation
from assistant.ui.exchange import Context, Exchange, advance, context_of, fail, stop
from assistant.ui.headers import SecurityHeaders
from assistant.ui.relay import Relay
from index.errors import IndexingError
from index.types import Article, ArticleInfo

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
FIRST_PORT, PORTS_TRIED = 7860, 100
LONGEST_REQUEST = "2mb"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ChatService:
    """What the page needs of the assistant and the index.

    `ask` streams the events of one question and ends soon after its event is set; `articles` lists what is indexed,
    `article` gives one with its text; `examples` are questions the corpus can answer.
    """

    ask: Callable[[Question, threading.Event], Iterator[Event]]
    articles: Callable[[], Sequence[ArticleInfo]]
    article: Callable[[str], Article | None]
    examples: tuple[str, ...] = ()


# ── answering, as frames of a page ──────────────────────────────────────────────────────────────────────────────────


def answer(service: ChatService, relay: Relay, conversation: Conversation, clock: Callable[[], float]) -> Iterator[None]:
    """Answer the next question in line; after each step the conversation holds what to show.

    Every error ends as a message in the exchange. Closing the iterator, or the conversation's `stop`, ends the work.
    """
    asked = conversation.begin()
    if asked is None:
        return
    try:
        for exchange in exchanges(service, relay, asked, conversation.question(asked), clock):
            conversation.show(exchange)
            if exchange.running:
                yield
    finally:
        conversation.end(asked)
    yield


def exchanges(
    service: ChatService, relay: Relay, asked: Asked, question: Question, clock: Callable[[], float]
) -> Iterator[Exchange]:
    """One exchange as it grows; the last one is over."""
    exchange, begun = Exchange(asked.number, asked.text), clock()
    yield exchange
    try:
        for batch in relay.batches(question, asked.cancel):
            for event in batch:
                exchange = advance(exchange, event)
            if exchange.running:
                yield replace(exchange, seconds=clock() - begun)
    except (AssistantError, IndexingError) as error:
        exchange = fail(exchange, str(error))
    except Exception as error:
        log.exception("the answer broke off")
        exchange = fail(exchange, f"Something unforeseen went wrong ({type(error).__name__}). Ask again; `quoth doctor` helps to find out more.")
    if exchange.answer is not None:
        exchange = replace(exchange, contexts=contexts(exchange.answer, service.article))
    yield stop(exchange) if exchange.running else exchange


def contexts(answer: Answer, article: Callable[[str], Article | None]) -> Mapping[int, Context]:
    """What stands around each quote. An article that cannot be read leaves its quotes without surroundings."""
    found: dict[int, Context] = {}
    for citation in answer.citations:
        try:
            context = context_of(citation, article(citation.article_id))
        except IndexingError as error:
            log.info("no context for citation %d: %s", citation.number, error)
            continue
        if context is not None:
            found[citation.number] = context
    return MappingProxyType(found)


# ── the components and their events ─────────────────────────────────────────────────────────────────────────────────


def build_page(service: ChatService, clock: Callable[[], float] = time.monotonic) -> gr.Blocks:
    """The page as Gradio blocks, not yet served."""
    relay = Relay(service.ask)
    with gr.Blocks(title="Quoth", analytics_enabled=False) as page:
        conversation = gr.State(Conversation(), delete_callback=Conversation.clear)
        with gr.Row(elem_classes="q-top"):
            _html("<h1>Quoth</h1>")
            fresh = gr.Button("New conversation", size="sm", min_width=0, visible=False, elem_classes="q-fresh")
        welcome = _html()
        with gr.Column(visible=False, elem_classes="q-examples") as examples:
            buttons = [gr.Button(question, size="sm", elem_classes="q-example") for question in service.examples]
        past, live = _html(elem_classes="q-past"), _live()
        with gr.Column(elem_classes="q-composer"):
            waiting = _html()
            box = _question_box()
            status = _html(render.keys(), elem_classes="q-status")

        def opening() -> list[Any]:
            markup, ready = _welcome(service.articles)
            return [gr.update(value=markup, visible=True), gr.update(visible=ready and bool(buttons))]

        def ask(text: str, kept: Conversation) -> list[Any]:
            if not text.strip():
                return [gr.skip(), gr.skip(), gr.skip(), gr.skip(), render.status_line("Type a question first.")]
            kept.ask(text)
            hidden = gr.update(visible=False)
            return ["", hidden, hidden, kept.waiting_markup(), render.status_line("Your question is in line.")]

        def run(kept: Conversation) -> Iterator[list[Any]]:
            for _ in answer(service, relay, kept, clock):
                yield _frame(kept)
            yield _frame(kept)

        def clear(kept: Conversation) -> list[Any]:
            kept.clear()
            return [*_frame(kept), *opening()]

        frame: list[Any] = [past, live, waiting, status, box, fresh]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        for trigger, text in [(box.submit, box), *((button.click, button) for button in buttons)]:
            trigger(
                ask, [text, conversation], [box, welcome, examples, waiting, status], trigger_mode="multiple", **quick
            ).then(
                run,
                conversation,
                frame,
                trigger_mode="multiple",
                concurrency_limit=1,
                concurrency_id="answer",
                show_progress="hidden",
                api_visibility="private",
            )
        box.stop(Conversation.stop, conversation, None, **quick)
        fresh.click(clear, conversation, [*frame, welcome, examples], **quick)
        page.load(opening, None, [welcome, examples], **quick)
    return page


def _welcome(articles: Callable[[], Sequence[ArticleInfo]]) -> tuple[str, bool]:
    """What a newcomer reads, and whether there is anything to ask about."""
    try:
        indexed = articles()
    except (AssistantError, IndexingError) as error:
        return render.trouble(str(error)), False
    return render.welcome(indexed), bool(indexed)


def _frame(kept: Conversation) -> list[Any]:
    """Everything that changes while questions are answered."""
    buttons = gr.update(submit_btn=False, stop_btn="Stop") if kept.busy else gr.update(submit_btn="Ask", stop_btn=False)
    return [
        kept.past_markup(),
        kept.live_markup(),
        kept.waiting_markup(),
        render.status_line(render.status(kept.live)),
        buttons,
        gr.update(visible=kept.started),
    ]


def _html(value: str = "", elem_classes: str | None = None) -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, js_on_load=None, elem_classes=elem_classes)


def _live() -> gr.HTML:
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    return gr.HTML("", apply_default_css=False, js_on_load=script, elem_classes="q-live")


def render.status_line(sentence: str) -> str:
    return render.status_line(sentence)


def _question_box() -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        show_label=False,
        container=False,
        placeholder="Ask about your articles",
        lines=1,
        max_lines=8,
        submit_btn="Ask",
        stop_btn=False,
        autofocus=True,
        elem_classes="q-box",
    )


# ── serving ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def serve(
    service: ChatService,
    *,
    host: str = LOOPBACK,
    port: int | None = None,
    open_browser: bool = False,
    announce: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl-C. `announce` is told the address once the page can be opened."""
    with serving(service, host, port) as url:
        if port is None and not url.endswith(f":{FIRST_PORT}/"):
            announce(f"Port {FIRST_PORT} is in use by another program, so the next free one was taken.")
        announce(f"Quoth is open at {url} (Ctrl-C ends it)")
        if open_browser:
            webbrowser.open(url)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            announce("Closed.")


@contextmanager
def serving(service: ChatService, host: str = LOOPBACK, port: int | None = None) -> Iterator[str]:
    """The page served as long as the context lasts; gives its address.

    Raises SettingsError for an address other machines could reach, since the page has no password, and for a port that
    is taken. Without a port the first free one from 7860 on is used.
    """
    if host not in {LOOPBACK, "localhost"}:
        raise SettingsError(f"the page has no password, so it cannot be opened to other machines on {host}; use {LOOPBACK}")
    page = build_page(service)
    page.queue(default_concurrency_limit=1, api_open=False)
    try:
        page.launch(**_launch_settings(_free_port(port)))
        yield str(page.local_url)
    finally:
        page.close(verbose=False)


def _launch_settings(port: int) -> dict[str, Any]:
    """Every switch stated, so that no GRADIO_ variable of the environment decides about privacy."""
    return {
        "server_name": LOOPBACK,
        "server_port": port,
        "share": False,
        "inbrowser": False,
        "prevent_thread_lock": True,
        "quiet": True,
        "show_error": True,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "num_workers": 0,
        "root_path": "",
        "run_history": False,
        "footer_links": [],
        "allowed_paths": [],
        "enable_monitoring": False,
        "max_file_size": LONGEST_REQUEST,
        "theme": _theme(),
        "css_paths": [_HERE / "style.css"],
        "app_kwargs": {
            "openapi_url": None,
            "middleware": [
                Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"]),
                Middleware(SecurityHeaders),
            ],
        },
    }


def _theme() -> gr.themes.Base:
    """System fonts only: nothing to fetch, and the page looks at home."""
    return gr.themes.Base(
        primary_hue="teal",
        neutral_hue="stone",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "DejaVu Sans", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"],
    )


def _free_port(wanted: int | None) -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED) if wanted is None else [wanted]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    which = f"port {wanted} is" if wanted is not None else f"the ports {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are"
    raise SettingsError(f"{which} in use by another program; choose a free one with --port")
