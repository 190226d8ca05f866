"""What indexing and searching ask of an embedding model. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Rows of unit length, one a text: shape (n, dimension). A single vector has shape (dimension,)."""


class Embedder(Protocol):
    """What indexing and searching need of an embedding model. Safe to call from several threads.

    `name` identifies the model for good: an index filled by one name is refused to another. `max_tokens` is the room
    for a text's own tokens; what lies beyond it the model does not see.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]: ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors: ...

    def embed_query(self, text: str) -> Vectors: ...
