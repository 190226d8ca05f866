"""A graph run by ONNX Runtime, and the embedder made of it. Knows tokens, batches and vectors; makes no model.

Rounding has fixed ranges, so a text's vector does not hang on the texts it is embedded with. Sessions and tokenizers
are safe to share between threads: a question does not wait for a running ingest.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.embedding.bert import Encoder
from index.embedding.graph import EMBEDDING, IDS, MASK
from index.embedding.protocol import Vectors
from index.errors import IndexingError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)

BATCH_TOKENS = 512
"""Tokens a pass, padding counted: two or three chunks. What a layer works on stays in the processor's caches."""
BRIEF = 100
BRIEF_TOKENS = 160
"""The same of texts of at most BRIEF tokens: of sentences fewer a pass leave less padding, and passes to share out."""

Tokens = Sequence[int]


def has_tiles(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies 8-bit matrices in tiles (Intel's AMX), as far as Linux tells."""
    try:
        return bool(re.search(r"^flags\b.*\bamx_int8\b", cpuinfo.read_text(errors="replace"), re.MULTILINE))
    except OSError:
        return False


class GraphRunner:
    """A loaded graph. Raises IndexingError where ONNX Runtime is missing or refuses the model.

    Every pass is computed by one thread, and `threads` passes at a time: threads that share a pass wait for one another
    at each of its operations, of which there are some two hundred.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        try:
            from onnxruntime import InferenceSession, SessionOptions
        except ImportError as error:
            raise IndexingError(f"ONNX Runtime cannot be loaded: {error}. {_REMEDY}") from error

        options = SessionOptions()
        self._threads = threads
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Without VNNI the fast kernels would let sums of 8-bit products overflow; then take the exact ones. Of matrix
        # tiles ONNX Runtime believes the same, but their sums are exact, and the others take twice the time.
        options.add_session_config_entry("session.x64quantprecision", "0" if has_tiles() else "1")
        try:
            self._session: InferenceSession = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base but this one
            raise IndexingError(f"ONNX Runtime refuses the embedder's model: {error}. {_REMEDY}") from error

    def run(self, batch: Sequence[Tokens]) -> Mapping[str, NDArray[Any]]:
        """Every output by name; `embedding` has a row for each of the batch."""
        ids = np.zeros((len(batch), max(map(len, batch))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, {IDS: ids, MASK: mask}), strict=True))

    def vectors(self, texts: Sequence[Tokens], dimension: int) -> Vectors:
        """Unit vectors in the order of `texts`. Texts of like length share a pass, so that little is padding."""
        vectors = np.empty((len(texts), dimension), dtype=np.float32)
        waiting = list(_batches([len(tokens) for tokens in texts]))  # the longest last, and taken first

        def compute() -> None:
            while waiting:
                try:
                    rows = waiting.pop()
                except IndexError:  # another thread has taken the last
                    return
                vectors[rows] = self.run([texts[row] for row in rows])[EMBEDDING]

        # Threads of this call's own, and the one that calls: a question does not queue behind an ingest.
        helpers = min(self._threads, len(waiting)) - 1
        if helpers < 1:
            compute()
            return vectors
        with ThreadPoolExecutor(helpers, "embedding") as workers:
            helping = [workers.submit(compute) for _ in range(helpers)]
            try:
                compute()
            finally:
                waiting.clear()  # after Ctrl-C or a failure nobody goes on with the rest
            for done in helping:
                done.result()
        return vectors


_REMEDY = 'Install Quoth again, or set embedder_runtime = "torch" to do without it.'


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows by rising length, as many together as the tokens of a pass allow; a longer text goes alone."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        most = BRIEF_TOKENS if lengths[row] <= BRIEF else BATCH_TOKENS
        if batch and (len(batch) + 1) * lengths[row] > most:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def read_tokenizer(folder: Path, max_tokens: int | None) -> Tokenizer:
    """The folder's tokenizer, cutting at `max_tokens`, special ones included. Raises IndexingError."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # it raises bare exceptions
        raise IndexingError(
            f"The tokenizer in {folder} cannot be read: {error}. Fetch or copy the model again."
        ) from error
    tokenizer.no_padding()
    if max_tokens is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(max_tokens)
    return tokenizer


class OnnxEmbedder:
    """A plain BERT sentence encoder in ONNX Runtime. `model` is its graph; it is loaded at the first use."""

    def __init__(self, folder: Path, encoder: Encoder, model: bytes, name: str, threads: int) -> None:
        self.name = name
        self.dimension = encoder.width
        self._folder = folder
        self._encoder = encoder
        self._model = model
        self._threads = threads
        self._lock = threading.Lock()
        self._runner: GraphRunner | None = None
        self._tokenizers: tuple[Tokenizer, Tokenizer] | None = None

    @property
    def max_tokens(self) -> int:
        return self._encoder.max_tokens - int(self._counter().num_special_tokens_to_add(False))

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text, without the special ones the model puts around it."""
        encoded = self._counter().encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(text) for text in encoded]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the order of `texts`."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        encoded = self._both_tokenizers()[1].encode_batch_fast(list(texts))
        return self._loaded().vectors([text.ids for text in encoded], self.dimension)

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed_documents([text])[0]
        return vector

    def _counter(self) -> Tokenizer:
        return self._both_tokenizers()[0]

    def _both_tokenizers(self) -> tuple[Tokenizer, Tokenizer]:
        """One that counts everything, one that cuts: a tokenizer keeps that setting in itself, for all threads."""
        with self._lock:
            if self._tokenizers is None:
                self._tokenizers = (
                    read_tokenizer(self._folder, None),
                    read_tokenizer(self._folder, self._encoder.max_tokens),
                )
            return self._tokenizers

    def _loaded(self) -> GraphRunner:
        with self._lock:
            if self._runner is None:
                self._runner = GraphRunner(self._model, self._threads)
                self._model = b""  # tens of megabytes that the session has its own copy of
                log.info("embedder loaded name=%s runtime=onnx threads=%d", self.name, self._threads)
            return self._runner
