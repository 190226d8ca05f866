"""The page: Gradio components, the events that connect them, and the server they run on.

Knows Gradio; knows answering only through `ChatService` and decides nothing about answers. Markup goes through Gradio's
HTML component, which shows it as it is: a chatbot component would run model text through Markdown and a sanitiser that
lets images pass. No model, index or thread lives in a session's state.
"""

from __future__ import annotations

import socket
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from assistant.errors import AssistantError, SettingsError
from assistant.ui import render
from assistant.ui.conversation import Conversation
from assistant.ui.headers import SecurityHeaders
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService, answer
from index.errors import IndexingError

__all__ = ["ChatService", "build_page", "serve", "serving"]

LOOPBACK = "127.0.0.1"
FIRST_PORT, PORTS_TRIED = 7860, 100
LONGEST_REQUEST = "2mb"
_HERE = Path(__file__).parent


# ── the components and their events ─────────────────────────────────────────────────────────────────────────────────


def build_page(service: ChatService, clock: Callable[[], float] = time.monotonic) -> gr.Blocks:
    """The page as Gradio blocks, not yet served."""
    page = gr.Blocks(title="Quoth", analytics_enabled=False)
    with page:
        parts = _lay_out(service.examples)
        _connect(page, parts, _Handlers(service, Relay(service.ask), clock))
    return page


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components, from top to bottom, and the session's conversation."""

    conversation: gr.State
    fresh: gr.Button
    welcome: gr.HTML
    examples: gr.Column
    buttons: tuple[gr.Button, ...]
    past: gr.HTML
    live: gr.HTML
    waiting: gr.HTML
    box: gr.Textbox
    status: gr.HTML


def _lay_out(questions: Sequence[str]) -> _Parts:
    conversation = gr.State(Conversation(), delete_callback=Conversation.clear)
    with gr.Row(elem_classes="q-top"):
        _html("<h1>Quoth</h1>")
        fresh = gr.Button("New conversation", size="sm", min_width=0, visible=False, elem_classes="q-fresh")
    welcome = _html()
    with gr.Column(visible=False, elem_classes="q-examples") as examples:
        buttons = tuple(gr.Button(question, size="sm", elem_classes="q-example") for question in questions)
    past, live = _html(elem_classes="q-past"), _live()
    with gr.Column(elem_classes="q-composer"):
        waiting, box = _html(), _question_box()
        status = _html(render.report(None), elem_classes="q-status")
    return _Parts(conversation, fresh, welcome, examples, buttons, past, live, waiting, box, status)


def _connect(page: gr.Blocks, parts: _Parts, handlers: _Handlers) -> None:
    """Asking never waits; answering goes through the queue, one question at a time for the whole server."""
    frame: list[Any] = [parts.past, parts.live, parts.waiting, parts.status, parts.box, parts.fresh]
    opening: list[Any] = [parts.welcome, parts.examples]
    common: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    at_once = common | {"queue": False}
    in_turn = common | {"trigger_mode": "multiple", "concurrency_limit": 1, "concurrency_id": "answer"}

    triggers = [(parts.box.submit, parts.box), *((button.click, button) for button in parts.buttons)]
    for trigger, text in triggers:
        asked = [parts.box, *opening, parts.waiting, parts.status]
        trigger(handlers.ask, [text, parts.conversation], asked, trigger_mode="multiple", **at_once).then(
            handlers.run, parts.conversation, frame, **in_turn
        )
    parts.box.stop(Conversation.stop, parts.conversation, None, **at_once)
    parts.fresh.click(handlers.clear, parts.conversation, [*frame, *opening], **at_once)
    page.load(handlers.open, None, opening, **at_once)


@dataclass(frozen=True, slots=True)
class _Handlers:
    """What happens on each event; every method returns values for the outputs it is connected with."""

    service: ChatService
    relay: Relay
    clock: Callable[[], float]

    def open(self) -> list[Any]:
        """What a newcomer reads, and examples where there is anything to ask about."""
        try:
            articles = self.service.articles()
        except (AssistantError, IndexingError) as error:
            return [gr.update(value=render.trouble(str(error)), visible=True), gr.update(visible=False)]
        ready = bool(articles) and bool(self.service.examples)
        return [gr.update(value=render.welcome(articles), visible=True), gr.update(visible=ready)]

    def ask(self, text: str, kept: Conversation) -> list[Any]:
        """Put the question in line and empty the box."""
        kept.ask(text)
        greeting = gr.update(visible=False) if kept.started else gr.skip()
        return ["" if text.strip() else gr.skip(), greeting, greeting, kept.waiting_markup(), kept.status_markup()]

    def run(self, kept: Conversation) -> Iterator[list[Any]]:
        """Answer all that is in line, frame by frame.

        Not only the question that triggered it: should Gradio ever lose an event, its question is not left behind. A
        run that finds nothing to do still gives a frame, because Gradio would blank every output otherwise.
        """
        while kept.waits:
            for _ in answer(self.service, self.relay, kept, self.clock):
                yield _frame(kept)
        yield _frame(kept)

    def clear(self, kept: Conversation) -> list[Any]:
        """Forget the conversation and greet again."""
        kept.clear()
        return [*_frame(kept), *self.open()]


def _frame(kept: Conversation) -> list[Any]:
    """Everything that changes while questions are answered."""
    buttons = gr.update(submit_btn=False, stop_btn="Stop") if kept.busy else gr.update(submit_btn="Ask", stop_btn=False)
    return [
        kept.past_markup(),
        kept.live_markup(),
        kept.waiting_markup(),
        kept.status_markup(),
        buttons,
        gr.update(visible=kept.started),
    ]


def _html(value: str = "", elem_classes: str | None = None) -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, js_on_load=None, elem_classes=elem_classes)


def _live() -> gr.HTML:
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    return gr.HTML("", apply_default_css=False, js_on_load=script, elem_classes="q-live")


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
    wait: Callable[[], None] | None = None,
) -> None:
    """Serve the page until `wait` returns, by default until Ctrl-C.

    `announce` is told the address once the page can be opened. Raises SettingsError as `serving` does.
    """
    with serving(service, host, port) as url:
        if port is None and not url.endswith(f":{FIRST_PORT}/"):
            announce(f"Port {FIRST_PORT} is in use by another program, so the next free one was taken.")
        announce(f"Quoth is open at {url} (Ctrl-C ends it)")
        if open_browser:
            webbrowser.open(url)
        (wait or _until_interrupted)()
    announce("Closed.")


def _until_interrupted() -> None:
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


@contextmanager
def serving(service: ChatService, host: str = LOOPBACK, port: int | None = None) -> Iterator[str]:
    """The page served as long as the context lasts; gives its address.

    Raises SettingsError for an address other machines could reach, since the page has no password, and for a port that
    is taken. Without a port the first free one from 7860 on is used.
    """
    if host not in {LOOPBACK, "localhost"}:
        raise SettingsError(
            f"the page has no password, so it cannot be opened to other machines on {host}; use {LOOPBACK}"
        )
    page: Any = build_page(service)
    page.queue(default_concurrency_limit=1, api_open=False)
    try:
        page.launch(**_launch_settings(_free_port(port)))
        page.allowed_paths = []  # an empty list given to launch() would let GRADIO_ALLOWED_PATHS decide
        yield str(page.local_url)
    finally:
        page.close(verbose=False)


def _launch_settings(port: int) -> dict[str, Any]:
    """Every switch stated, so that no GRADIO_ variable of the environment decides who sees what."""
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
    last = FIRST_PORT + PORTS_TRIED - 1
    which = f"the ports {FIRST_PORT} to {last} are" if wanted is None else f"port {wanted} is"
    raise SettingsError(f"{which} in use by another program; choose a free one with --port")
