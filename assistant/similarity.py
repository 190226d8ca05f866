"""Cosines between short texts, each embedded once.

Knows the embedding function it is given. Selecting evidence, attributing and verifying all compare sentences of the
same few passages, so the vectors are kept: the last `capacity` texts, the least recently used dropped first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class CachedSimilarity:
    """A `Similarity` over an embedder's document vectors. Safe to call from several threads."""

    def __init__(self, embed: Callable[[Sequence[str]], Vectors], capacity: int = 4096) -> None:
        self._embed = embed
        self._capacity = capacity
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, text: str, others: Sequence[str]) -> Sequence[float]:
        """The cosine in -1..1 of `text` with each of `others`, in their order."""
        if not others:
            return ()
        vectors = self._vectors([text, *others])  # (1 + n, d)
        return tuple(float(c) for c in vectors[1:] @ vectors[0])

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            missing = [t for t in dict.fromkeys(texts) if t not in self._kept]
            if missing:
                self._kept.update(zip(missing, self._embed(missing), strict=True))
            for text in texts:
                self._kept.move_to_end(text)
            found = np.stack([self._kept[text] for text in texts])
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
            return found
