"""How often somebody may try to log in: a few times, then not for a while, and each time for longer.

Knows HTTP and a clock; neither names nor passwords. Gradio itself lets everybody try as often as they like.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRIES = 5
SHORTEST_WAIT, LONGEST_WAIT = 60.0, 3600.0
_ADDRESSES = 1_000
"""Addresses remembered; those that tried longest ago are forgotten first."""

RULE = "After five wrong tries nobody at your address is let in for a minute, then for two, then for four."


@dataclass(slots=True)
class _Record:
    wrong: int = 0
    closed_until: float = 0.0


@dataclass(slots=True)
class Tries:
    """The wrong tries of each address since it last came in."""

    _of: dict[str, _Record] = field(default_factory=dict)

    def wait(self, address: str, now: float) -> float:
        """Seconds for which an address is not listened to; 0 when it may try."""
        record = self._of.get(address)
        return max(0.0, record.closed_until - now) if record else 0.0

    def note(self, address: str, now: float) -> None:
        """Count one try, wrong until `admit` says otherwise: so many at once are many, too."""
        record = self._of.pop(address, None) or _Record()
        self._of[address] = record
        record.wrong += 1
        if record.wrong % TRIES == 0:
            rounds = min(record.wrong // TRIES, 16)
            record.closed_until = now + min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** (rounds - 1))
        while len(self._of) > _ADDRESSES:
            del self._of[next(iter(self._of))]

    def admit(self, address: str) -> None:
        """Forget the wrong tries of one who came in."""
        self._of.pop(address, None)


class Door:
    """ASGI middleware before the login."""

    def __init__(self, app: ASGIApp, tries: Tries, clock: Callable[[], float]) -> None:
        self._app, self._tries, self._clock = app, tries, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].rstrip("/") != "/login":
            await self._app(scope, receive, send)
            return
        address, now = (scope.get("client") or ("unknown", 0))[0], self._clock()
        if (wait := self._tries.wait(address, now)) > 0:
            await _refuse(send, wait)
            return
        self._tries.note(address, now)

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._tries.admit(address)
            await send(message)

        await self._app(scope, receive, heard)


async def _refuse(send: Send, wait: float) -> None:
    """400 as for a wrong password, because the login page shows nothing for any other status."""
    seconds = int(wait) + 1
    body = json.dumps({"detail": f"Too many wrong tries. Wait {seconds} seconds, then try again."}).encode()
    headers = [(b"content-type", b"application/json"), (b"retry-after", str(seconds).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
