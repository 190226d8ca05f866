"""Which addresses may become links. Knows no markup."""

from __future__ import annotations

import re
from typing import TypeGuard
from urllib.parse import urlsplit

_UNSAFE = re.compile(r"[\x00-\x20\x7f\ud800-\udfff\\]")


def is_web_address(address: str | None) -> TypeGuard[str]:
    """Whether `address` is an absolute http or https URL without a character a browser would drop or reinterpret."""
    if not address or _UNSAFE.search(address):
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
