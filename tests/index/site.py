"""A web site on this machine, asked by whatever name a test gives it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/a": (200, {"content-type": "text/html; charset=utf-8"}, b"<p>The dam was struck.</p>"),
    "/moved": (302, {"location": "/a"}, b""),
    "/round": (302, {"location": "/round"}, b""),
    "/inside": (302, {"location": "http://inside.example/secret"}, b""),
    "/file": (302, {"location": "file:///etc/passwd"}, b""),
    "/image": (200, {"content-type": "image/png"}, b"x"),
    "/long": (200, {"content-type": "text/plain"}, b"x" * 5000),
    "/missing": (404, {}, b""),
}
HOSTS: list[str] = []
"""The names the site was asked in."""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        HOSTS.append(self.headers["Host"])
        status, headers, body = PAGES[self.path]
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def site() -> Iterator[int]:
    """The port of the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def look_up(host: str, port: int) -> Sequence[str]:
    """Every name is this machine's, but one that is inside a private network."""
    return ["10.0.0.7"] if host == "inside.example" else ["127.0.0.1"]
