"""What the browser may do with the page: a Content-Security-Policy and its companions on every response.

Knows HTTP and nothing of answers. Should hostile text ever get past the escaping, it can load nothing from another
host, run no inline script and send no form: only the inline scripts the server itself wrote are named, by their hash.
`unsafe-eval` stays because Gradio renders its HTML component through a compiled template; `unsafe-inline` is for
styles only.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


def content_security_policy(page: bytes) -> str:
    """The policy for an HTML page, allowing exactly the inline scripts in it."""
    scripts = dict.fromkeys(_INLINE_SCRIPT.findall(page))
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s).digest()).decode()}'" for s in scripts)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def security_headers(page: bytes) -> list[tuple[bytes, bytes]]:
    """The headers, as ASGI wants them."""
    return [
        (b"content-security-policy", content_security_policy(page).encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    ]


class SecurityHeaders:
    """ASGI middleware. Pages are held back until they are whole, since their scripts are hashed; nothing else is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Guarded(send))


class _Guarded:
    """A `send` that adds the headers."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: dict[str, Any] | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._held = dict(message)
        elif message["type"] == "http.response.start":
            await self._send(_with(dict(message), b""))
        elif self._held is not None and message["type"] == "http.response.body":
            await self._hold(message)
        else:
            await self._send(message)

    async def _hold(self, message: Message) -> None:
        self._body += message.get("body", b"")
        if self._held is not None and not message.get("more_body", False):
            start, self._held = self._held, None
            await self._send(_with(start, self._body))
            await self._send({"type": "http.response.body", "body": self._body})


def _is_page(message: Message) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"])


def _with(message: dict[str, Any], page: bytes) -> dict[str, Any]:
    return message | {"headers": [*message["headers"], *security_headers(page)]}
