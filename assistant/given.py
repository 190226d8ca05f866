"""Passages given with a question, as a source of articles. Knows nothing of where they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from index.types import Absence, RawPage, Root, SkippedSource


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage given with a question instead of an index. `published` is None when it was given no date."""

    title: str
    text: str
    published: date | None = None


class GivenPassages:
    """A `Source` over passages: the n-th, from 1, has the URI `passage:n`."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._pages = {f"passage:{n}": _document(passage) for n, passage in enumerate(passages, 1)}

    def uris(self) -> Iterator[str | SkippedSource]:
        """Every passage's URI, in the order given."""
        return iter(self._pages)

    def revision(self, uri: str) -> str:
        """The digest of the passage."""
        return hashlib.sha256(self._pages[uri]).hexdigest()

    def read(self, uri: str) -> RawPage:
        """The passage as a JSON document."""
        return RawPage(uri, self._pages[uri], "application/json", self.revision(uri), uri)

    def absence(self, uri: str) -> Absence:
        """A passage that is not given is gone."""
        return "gone" if uri.startswith("passage:") else "foreign"

    def roots(self) -> tuple[Root, ...]:
        """Passages come from no place to come back to."""
        return ()


def _document(passage: Passage) -> bytes:
    day = passage.published.isoformat() if passage.published else None
    return json.dumps({"title": passage.title, "text": passage.text, "date": day}).encode()
