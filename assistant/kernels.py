"""By which of llama.cpp's kernels a model's weights are multiplied, and which tokens are then computed exactly alike.

Knows names of processor features and what a file tells of its weights; no back end. llama.cpp packs weights anew as it
loads them, for kernels of their own. Weights in blocks of 256 (K-quants) it also multiplies as they lie in the file,
which some processors do faster, and such a file need not be read before the first question: it is mapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Weights = Literal["packed", "mapped"]
"""How weights are held: packed anew where that does not crash, or as they lie in the file."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """Whether weights are packed anew, and which tokens are computed alike in whatever batch they come.

    Of a batch of at least `least` tokens the first whole `grain` are: its other tokens are multiplied by other kernels,
    which round otherwise.
    """

    packs: bool
    grain: int
    least: int

    def exact(self, count: int) -> int:
        """How many of a batch's first tokens are computed as they would be in any other."""
        return count // self.grain * self.grain if count >= self.least else 0

    def parts(self, count: int, most: int) -> list[int]:
        """Batches of at most `most` tokens, a multiple of the grain, `count` in all.

        None is of fewer than `least`, if that can be, and only the last may end within a grain.
        """
        found = []
        while count > most:
            size = min(most, max(count - self.least, most // 2))
            found.append(max(self.grain, size - size % self.grain))
            count -= found[-1]
        return [*found, count] if count else found


PACKED: Final = Kernels(packs=True, grain=4, least=1)
"""Four tokens at a time, counted from the first; what is left singly."""
TILED: Final = Kernels(packs=False, grain=1, least=8)
"""Eight tokens and more together."""
PLAIN: Final = Kernels(packs=False, grain=4, least=8)
"""For other weights as they lie: what holds of both of the above."""

_BLOCK: Final = 256
_FIRST, _LAST = 10, 31
"""The file types of llama.cpp whose weights come in blocks of 256, from Q2_K to IQ1_M."""


def kernels_for(features: str, file_type: int, widths: tuple[int, ...], weights: Weights = "packed") -> Kernels:
    """The kernels for a file: `features` as llama.cpp's build tells them, `widths` of its matrices.

    A matrix whose width is no multiple of 256 has other weights than its file's type says. A build that uses Intel's
    matrix tiles (AMX) would crash at the first prompt where its compiler left their set-up half unwritten (GCC 12 does;
    llama.cpp's pull request 26954): nothing is packed then, though it be wanted.
    """
    has = set(re.findall(r"\b(\w+) = 1\b", features))
    crashes = "AMX_INT8" in has
    in_blocks = _FIRST <= file_type <= _LAST and all(width % _BLOCK == 0 for width in widths)
    as_they_lie = TILED if in_blocks and has & {"AVX2", "AVX512_VNNI"} else PLAIN
    return as_they_lie if crashes or weights == "mapped" else PACKED
