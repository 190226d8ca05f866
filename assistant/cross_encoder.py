"""A cross-encoder reads question and sentence together: slower than comparing vectors, and sharper.

Knows sentence-transformers; nothing of budgets or prompts. Quoth fetches none: this is for whoever has one. The
folder's own code is never run, only safetensors weights are read, and no hub is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.candidates import Candidate
from assistant.errors import BackendMissing, ModelMissing, ModelUnfit

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_REMEDY = (
    "name the folder of a sentence-transformers cross-encoder with safetensors weights in the setting reranker, "
    'or set it to "words-and-meaning"'
)


class CrossEncoderReranker:
    """A `Reranker` over a cross-encoder's folder, loaded at the first question. Safe to call from several threads."""

    BATCH = 32

    def __init__(self, folder: Path) -> None:
        if not (folder / "config.json").is_file():
            raise ModelMissing(f"there is no cross-encoder in {folder}: config.json is missing; {_REMEDY}")
        self._folder = folder
        self._model: CrossEncoder | None = None
        self._lock = threading.Lock()

    def __call__(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        """How much each sentence bears on the question, in 0..1. It is read under its article's title."""
        if not candidates:
            return []
        pairs = [(question, f"{c.stretch.article.title}. {c.text}") for c in candidates]
        with self._lock:
            self._model = self._model or _load(self._folder)
            scores = np.asarray(self._model.predict(pairs, batch_size=self.BATCH, show_progress_bar=False))
        if scores.shape != (len(pairs),) or not np.isfinite(scores).all():
            raise ModelUnfit(f"the cross-encoder in {self._folder} gives no single score a pair; {_REMEDY}")
        return [float(score) for score in scores]


def _load(folder: Path) -> CrossEncoder:
    try:
        import torch
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        raise BackendMissing(
            f"a cross-encoder needs sentence-transformers ({error}); install it, or {_REMEDY}"
        ) from error
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
            activation_fn=torch.nn.Sigmoid(),
        )
        return model
    except Exception as error:  # json, safetensors, torch and transformers each fail in their own way
        raise ModelUnfit(f"the cross-encoder in {folder} cannot be loaded: {error}; {_REMEDY}") from error
