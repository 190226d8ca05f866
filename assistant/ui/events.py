"""How the page's events are sent: what every one of them has in common."""

from __future__ import annotations

from typing import Any

COMMON: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE = COMMON | {"queue": False}
IN_TURN = COMMON | {"trigger_mode": "multiple", "concurrency_limit": 1, "concurrency_id": "answer"}
TELL_TAB = "(...given) => [...given.slice(0, -1), window.quothTab()]"
"""Put before every event: the last input is the tab's name, which the browser keeps over a reload (see shell.js)."""
