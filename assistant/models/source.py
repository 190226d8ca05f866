"""What a source of models is: the seam between a download and the places that have the bytes.

Knows no place, no address and no disk; hub.py and package_index.py are the places, and download.py writes what they
give. Every source gives the same bytes in the same order, so that one can go on where another stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from assistant.errors import ModelMissing
from assistant.models.catalogue import ModelEntry

BLOCK_BYTES = 2**20
"""What is read, hashed or handed over at once, at most."""


class SourceFailed(ModelMissing):
    """One source could not give a model, and why; the next one is asked."""


class WrongHash(SourceFailed):
    """A source gave other bytes than the catalogue names."""


class Piece(NamedTuple):
    """The next bytes of the file `path`."""

    path: str
    data: bytes


class Source(Protocol):
    """Somewhere a model can be had."""

    @property
    def name(self) -> str:
        """As a person would call it."""

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        """What is missing of each file named in `have`, which holds so many bytes already; file by file, in order.

        `scratch` is an empty folder on the model's own disk. `report` takes the bytes that have arrived but are not
        yet a piece. Raises SourceFailed.
        """


class SwitchedOff:
    """A source that the user has switched off: says so when it is asked."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        raise SourceFailed(self._reason)
        yield
