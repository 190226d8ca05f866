"""The server the page runs on: its address, its switches and who may reach it.

Knows Gradio's launch and HTTP; nothing of what stands on the page.
"""

from __future__ import annotations

import hmac
import socket
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from assistant.errors import SettingsError
from assistant.ui.door import RULE, Door, Tries
from assistant.ui.headers import SecurityHeaders
from assistant.ui.page import build_page
from assistant.ui.relay import Relay
from assistant.ui.service import ChatService

LOOPBACK = "127.0.0.1"
HERE_ONLY = (LOOPBACK, "localhost")
LEAST_PASSWORD = 8
FIRST_PORT, PORTS_TRIED = 7860, 100
_LAST_WORDS_SECONDS = 1.0
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Login:
    """The one who may open the page. The password is in no representation."""

    user: str
    password: str = field(repr=False)

    def admits(self, user: str, password: str) -> bool:
        """Whether these are the right ones, in a time that does not tell how nearly."""
        given = ((user, self.user), (password, self.password))
        same = [hmac.compare_digest(a.encode(), b.encode()) for a, b in given]
        return all(same)


def serve(
    service: ChatService,
    *,
    host: str = LOOPBACK,
    port: int | None = None,
    login: Login | None = None,
    open_browser: bool = False,
    announce: Callable[[str], None],
    wait: Callable[[], None] | None = None,
) -> None:
    """Serve the page until `wait` returns, by default until Ctrl-C.

    `announce` is told the address once the page can be opened. Raises SettingsError as `serving` does.
    """
    with serving(service, host, port, login) as url:
        if host not in HERE_ONLY:
            announce(f"Other machines can reach it. Nothing is encrypted: {host} should be in a network you trust.")
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
def serving(
    service: ChatService, host: str = LOOPBACK, port: int | None = None, login: Login | None = None
) -> Iterator[str]:
    """The page served as long as the context lasts; gives its address.

    Raises SettingsError for an address other machines could reach unless there is a login, for a password that is too
    short, and for a port that is taken. Without a port the first free one from 7860 on is used.
    """
    _refuse_open_door(host, login)
    host = LOOPBACK if host in HERE_ONLY else host
    relay = Relay(service.ask)
    page: Any = build_page(service, relay=relay)
    page.queue(default_concurrency_limit=1, api_open=False)
    try:
        page.launch(**_launch_settings(host, _free_port(host, port), login, service.file_bytes))
        page.allowed_paths = []  # an empty list given to launch() would let GRADIO_ALLOWED_PATHS decide
        yield str(page.local_url)
    finally:
        if relay.close(_LAST_WORDS_SECONDS):
            time.sleep(_LAST_WORDS_SECONDS / 2)  # what was being answered says so on its page, and holds nothing up
        page.close(verbose=False)


def _refuse_open_door(host: str, login: Login | None) -> None:
    if login is None and host not in HERE_ONLY:
        raise SettingsError(
            f"the page has no password, so it cannot be opened to other machines on {host}; use {LOOPBACK}, or give "
            "--user NAME, which asks for a password"
        )
    if login is not None and len(login.password) < LEAST_PASSWORD:
        raise SettingsError(
            f"the password for {login.user} has {len(login.password)} characters; give at least {LEAST_PASSWORD}, as "
            "QUOTH_PASSWORD or when asked"
        )


def _launch_settings(host: str, port: int, login: Login | None, file_bytes: int) -> dict[str, Any]:
    """Every switch stated, so that no GRADIO_ variable of the environment decides who sees what."""
    return {
        "server_name": host,
        "auth": login.admits if login else None,
        "auth_message": RULE if login else None,
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
        "_frontend": False,  # no asking ourselves over HTTP, which a proxy or a busy machine makes fail; nothing else
        "max_file_size": file_bytes,
        "theme": _theme(),
        "css_paths": [_HERE / "style.css"],
        "app_kwargs": {
            "openapi_url": None,
            "middleware": [
                Middleware(TrustedHostMiddleware, allowed_hosts=list(HERE_ONLY) if host == LOOPBACK else ["*"]),
                Middleware(SecurityHeaders),
                Middleware(Door, tries=Tries(), clock=time.monotonic),
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


def _free_port(host: str, wanted: int | None) -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED) if wanted is None else [wanted]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    last = FIRST_PORT + PORTS_TRIED - 1
    which = f"the ports {FIRST_PORT} to {last} are" if wanted is None else f"port {wanted} is"
    raise SettingsError(f"{which} in use by another program; choose a free one with --port")
