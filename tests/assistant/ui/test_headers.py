from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Any

from assistant.ui.headers import SecurityHeaders, content_security_policy


def test_only_the_inline_scripts_of_the_page_itself_are_allowed() -> None:
    own = b"window.x = 1;\n"
    policy = content_security_policy(
        b"<script>" + own + b'</script><script src="/a.js"></script><SCRIPT type=x>2</SCRIPT>'
    )
    scripts = next(rule for rule in policy.split("; ") if rule.startswith("script-src")).split()
    expected = "'sha256-" + base64.b64encode(hashlib.sha256(own).digest()).decode() + "'"
    assert expected in scripts and len([s for s in scripts if s.startswith("'sha256-")]) == 2
    assert "'unsafe-inline'" not in scripts


def test_nothing_may_come_from_or_go_to_another_host() -> None:
    rules = dict(rule.split(" ", 1) for rule in content_security_policy(b"").split("; "))
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == "'self'"
    assert rules["img-src"] == "'self' data:"
    assert rules["object-src"] == rules["frame-src"] == rules["frame-ancestors"] == "'none'"
    assert not any("http" in value or "*" in value for value in rules.values())


def respond(content_type: bytes, parts: list[bytes]) -> list[dict[str, Any]]:
    """The messages that leave the middleware for a response in several parts."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type)]})
        for number, part in enumerate(parts, start=1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(SecurityHeaders(app)({"type": "http"}, None, send))  # type: ignore[arg-type]
    return sent


def test_a_page_in_parts_is_hashed_as_a_whole() -> None:
    start, body = respond(b"text/html; charset=utf-8", [b"<script>al", b"ert</script>"])
    assert body["body"] == b"<script>alert</script>"
    digest = base64.b64encode(hashlib.sha256(b"alert").digest())
    assert digest in dict(start["headers"])[b"content-security-policy"]


def test_a_stream_of_events_passes_part_by_part() -> None:
    start, *bodies = respond(b"text/event-stream", [b"data: 1\n\n", b"data: 2\n\n"])
    assert [body["body"] for body in bodies] == [b"data: 1\n\n", b"data: 2\n\n"]
    assert b"content-security-policy" in dict(start["headers"])
