"""The reference embedder: whatever sentence-transformers can run, as it runs it, in 32-bit floats.

Serves the folders that `fast.py` cannot, and is what its vectors are compared with. The model is loaded at the first
use and not before: torch and sentence-transformers take seconds to import.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.embedding.protocol import Vectors
from index.errors import IndexingError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)


class SentenceTransformerEmbedder:
    """A sentence-transformers folder on the CPU, in 32-bit floats.

    `threads` becomes torch's thread count, which belongs to the whole process. The folder's own code is never run,
    only safetensors weights are read, and no hub is asked.
    """

    BATCH = 16
    """Texts a forward pass. Also how long a question waits for a running ingest: under a second on two cores."""

    def __init__(self, path: Path, name: str, threads: int) -> None:
        self.name = name
        self._path = path
        self._threads = threads
        self._model: SentenceTransformer | None = None
        # A fast tokenizer keeps its truncation setting in itself, so no two threads may use one at the same time.
        self._lock = threading.RLock()

    @property
    def dimension(self) -> int:
        dimension = self._loaded().get_embedding_dimension()
        if dimension is None:
            raise IndexingError(f"The embedder in {self._path} does not say how long its vectors are. {_REMEDY}")
        return dimension

    @property
    def max_tokens(self) -> int:
        model = self._loaded()
        prompts = self.count_tokens([prompt for prompt in model.prompts.values() if prompt])
        room = model.max_seq_length or model.tokenizer.model_max_length
        return int(room - model.tokenizer.num_special_tokens_to_add() - max(prompts, default=0))

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text, without the special ones the model puts around it."""
        if not texts:
            return []
        with self._lock:
            encoded = self._loaded().tokenizer(
                list(texts),
                add_special_tokens=False,
                truncation=False,
                padding=False,
                return_attention_mask=False,
                return_token_type_ids=False,
                verbose=False,  # else: a warning for every text longer than the model's window
            )
        return [len(tokens) for tokens in encoded["input_ids"]]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the order of `texts`. Texts of like length share a pass, so that little is padding."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for first in range(0, len(order), self.BATCH):
            rows = order[first : first + self.BATCH]
            with self._lock:
                vectors[rows] = self._loaded().encode_document(
                    [texts[row] for row in rows],
                    batch_size=self.BATCH,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
        return vectors

    def embed_query(self, text: str) -> Vectors:
        with self._lock:
            rows = self._loaded().encode_query([text], normalize_embeddings=True, show_progress_bar=False)
        vector: Vectors = np.asarray(rows[0], dtype=np.float32)
        return vector

    def _loaded(self) -> SentenceTransformer:
        with self._lock:
            if self._model is None:
                self._model = _load(self._path, self._threads)
                log.info("embedder loaded name=%s threads=%d", self.name, self._threads)
            return self._model


_REMEDY = "Name a sentence-transformers folder in the settings, or fetch the default one with `quoth models pull`."


def _load(path: Path, threads: int) -> SentenceTransformer:
    if not (path / "modules.json").is_file():
        raise IndexingError(f"There is no sentence-transformers model in {path}: modules.json is missing. {_REMEDY}")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    try:
        return SentenceTransformer(
            str(path),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
        )
    except Exception as error:  # json, safetensors, torch and transformers each fail in their own way
        raise IndexingError(f"The embedder in {path} cannot be loaded: {error} {_REMEDY}") from error
