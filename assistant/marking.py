"""Which citation markers a model may still be writing.

Knows the end of a text and the numbers of the evidence; nothing of models. A marker that points nowhere is best never
written: whoever generates asks here before each token is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.types import Prompt

_TAIL = 40
"""Characters at the end of a text in which a marker may be unfinished."""
_CLOSED = re.compile(r"[\[【]([\d\s,;–-]*\d[\d\s,;–-]*)[\]】]")
_OPEN = re.compile(r"[\[【]([\d\s,;–-]*)\Z")


@dataclass(frozen=True, slots=True)
class Resolving:
    """Whether every marker at the end of a text points at one of the numbers, or still can."""

    numbers: frozenset[int]

    def __call__(self, text: str) -> bool:
        tail = text[-_TAIL:]
        closed = [number for marker in _CLOSED.finditer(tail) for number in re.findall(r"\d+", marker.group(1))]
        return all(int(number) in self.numbers for number in closed) and self._may_go_on(_OPEN.search(tail))

    def _may_go_on(self, marker: re.Match[str] | None) -> bool:
        if marker is None:
            return True
        *whole, last = re.split(r"\D+", marker.group(1))
        known = all(int(number) in self.numbers for number in whole if number)
        return known and any(str(number).startswith(last) for number in self.numbers)


def resolving(prompt: Prompt) -> Resolving | None:
    """What may be written in reply to the prompt; None where it shows no evidence, and a bracket is a bracket."""
    return Resolving(frozenset(piece.number for piece in prompt.evidence)) if prompt.evidence else None
