"""A folder's 8-bit model: made once, compared with the 32-bit one, kept in one file together with its hash.

Knows how such a file is made and read; not where it should lie or what texts it is calibrated on. The file is one
line of JSON and then the ONNX model, so that what is there and what it should be change in one rename.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import filelock
import numpy as np

from index.embedding.bert import Encoder, Unsupported, read_weights
from index.embedding.fast import GraphRunner, read_tokenizer
from index.embedding.graph import GREATEST, LEAST, Channels, to_onnx

log = logging.getLogger(__name__)

FORMAT, FORMER = "quoth embedder 2", "quoth embedder 1"
LEAST_COSINE = 0.97
LEAST_MEAN_COSINE = 0.985
"""What the 8-bit vectors must have in common with the 32-bit ones. The default model has 0.994 and 0.998."""
_MAX_HEADER = 4096

Tell = Callable[[str, int, int], None]
"""Called with what is being done, and how many bytes of how many."""


def prepared(
    folder: Path, encoder: Encoder, place: Path, samples: Callable[[], Sequence[str]], threads: int, tell: Tell
) -> bytes:
    """The 8-bit model kept at `place`, made anew from the folder where it is missing or damaged.

    `samples` are texts like those to be embedded. Raises Unsupported where its vectors would depart too far.
    """
    if (kept := _read(place)) is not None:
        return kept
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{place}.lock"):
            if (kept := _read(place)) is not None:  # another process has just made it
                return kept
            return _keep(place, *_made(folder, encoder, samples(), threads, tell))
    except OSError as error:
        log.warning("the fast model cannot be kept in %s, so it is made at every start: %s", place, error)
        return _made(folder, encoder, samples(), threads, tell)[0]


def _read(place: Path) -> bytes | None:
    try:
        content = place.read_bytes()
        header, _, model = content.partition(b"\n")
        told = json.loads(header) if len(header) < _MAX_HEADER else {}
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("the fast model %s cannot be read and is made anew: %s", place, error)
        return None
    found = hashlib.sha256(model).hexdigest()
    if isinstance(told, dict) and told.get("format") == FORMER:
        log.info("the fast model %s was made by an earlier Quoth and is made anew", place)
        return None
    if not isinstance(told, dict) or (told.get("format"), told.get("sha256")) != (FORMAT, found):
        log.warning("the fast model %s is not what was written and is made anew: SHA-256 %s", place, found)
        return None
    return model


def _keep(place: Path, model: bytes, cosine: float) -> bytes:
    header = {"format": FORMAT, "sha256": hashlib.sha256(model).hexdigest(), "mean_cosine": round(cosine, 5)}
    temporary = place.with_name(place.name + ".part")
    with temporary.open("wb") as file:
        file.write(json.dumps(header).encode() + b"\n" + model)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(place)
    return model


def _made(folder: Path, encoder: Encoder, samples: Sequence[str], threads: int, tell: Tell) -> tuple[bytes, float]:
    """The 8-bit model and its mean cosine with the 32-bit one, on every second sample; the others calibrate it."""
    weights = read_weights(folder)
    tokenizer = read_tokenizer(folder, encoder.max_tokens)
    tokens = [text.ids for text in tokenizer.encode_batch(list(samples))]
    exact = GraphRunner(to_onnx(encoder, weights), threads)
    stage, size = f"preparing {folder.name}, once, some seconds", (folder / "model.safetensors").stat().st_size
    ranges = _Ranges()
    for done, text in enumerate(tokens[::2]):
        tell(stage, size * done // len(tokens), size)
        ranges.widen(exact, text)
    model = to_onnx(encoder, weights, ranges.seen)
    rounded, held_out = GraphRunner(model, threads), tokens[1::2]
    cosines = np.sum(
        exact.vectors(held_out, encoder.width) * rounded.vectors(held_out, encoder.width), axis=1
    )  # (held out,)
    tell(stage, size, size)
    log.info("fast model made folder=%s cosine mean=%.4f least=%.4f", folder, cosines.mean(), cosines.min())
    if not (cosines.min() >= LEAST_COSINE and cosines.mean() >= LEAST_MEAN_COSINE):  # NaN is refused too
        raise Unsupported(
            f"The embedder in {folder} loses too much in 8 bits: its vectors keep a cosine of {cosines.mean():.3f}"
            f" (least {cosines.min():.3f}) with the exact ones where {LEAST_MEAN_COSINE} ({LEAST_COSINE}) are wanted."
            ' Set embedder_runtime = "torch" for this model.'
        )
    return model, float(cosines.mean())


class _Ranges:
    """The least and greatest value of each channel seen at each place so far."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[Channels, Channels]] = {}

    def widen(self, runner: GraphRunner, text: Sequence[int]) -> None:
        outputs = runner.run([text])
        for place in (name.removesuffix(LEAST) for name in outputs if name.endswith(LEAST)):
            least, greatest = outputs[place + LEAST], outputs[place + GREATEST]
            before = self.seen.get(place, (least, greatest))
            self.seen[place] = (np.minimum(before[0], least), np.maximum(before[1], greatest))
