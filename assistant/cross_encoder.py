"""A cross-encoder reads two texts together: slower than comparing vectors, and sharper.

Knows sentence-transformers; nothing of budgets or prompts. Quoth fetches none: this is for whoever has one. The
folder's own code is never run, only safetensors weights are read, and no hub is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.candidates import Candidate
from assistant.errors import BackendMissing, ModelMissing, ModelUnfit

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

BATCH = 32
_RERANKER = (
    "name the folder of a sentence-transformers cross-encoder with safetensors weights in the setting reranker, "
    'or set it to "words-and-meaning"'
)
_ENTAILMENT = (
    "name the folder of an entailment model with safetensors weights in the setting entailment, or leave it empty"
)
_HOLDS = ("entail", "support", "consistent", "faithful", "grounded")
"""How models call the label that says yes; any other label says no."""


class _Folder:
    """A cross-encoder's folder, loaded at the first pair. Safe to call from several threads."""

    def __init__(self, folder: Path, remedy: str) -> None:
        if not (folder / "config.json").is_file():
            raise ModelMissing(f"there is no cross-encoder in {folder}: config.json is missing; {remedy}")
        self.folder = folder
        self._remedy = remedy
        self._model: CrossEncoder | None = None
        self._lock = threading.Lock()

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """A row for each pair, a column for each label. Raises ModelUnfit for what is no number."""
        with self._lock:
            model = self._model = self._model or _load(self.folder, self._remedy)
            found = np.asarray(model.predict(list(pairs), batch_size=BATCH, show_progress_bar=False))
        if not np.isfinite(found).all():
            raise self.unfit("gives scores that are no numbers")
        return found.reshape(len(pairs), -1)

    def labels(self) -> tuple[str, ...]:
        """What the columns mean, in small letters, as the model's own settings say."""
        with self._lock:
            model = self._model = self._model or _load(self.folder, self._remedy)
        named: dict[int, str] = getattr(model.config, "id2label", None) or {}
        return tuple(named[at].lower() for at in sorted(named))

    def unfit(self, why: str) -> ModelUnfit:
        return ModelUnfit(f"the cross-encoder in {self.folder} {why}; {self._remedy}")


class CrossEncoderReranker:
    """A `Reranker` over a cross-encoder's folder."""

    def __init__(self, folder: Path) -> None:
        self._model = _Folder(folder, _RERANKER)

    def __call__(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        """How much each sentence bears on the question, in 0..1. It is read under its article's title."""
        if not candidates:
            return []
        pairs = [(question, f"{c.stretch.article.title}. {c.text}") for c in candidates]
        scores = self._model.logits(pairs)
        if scores.shape[1] != 1:
            raise self._model.unfit("gives no single score a pair")
        return [float(score) for score in _sigmoid(scores[:, 0])]


class CrossEncoderEntailment:
    """An `Entailment` over the folder of a model of natural language inference, or of grounding with one score."""

    def __init__(self, folder: Path) -> None:
        self._model = _Folder(folder, _ENTAILMENT)

    def __call__(self, premise: str, hypothesis: str) -> float:
        """The probability in 0..1 that the premise entails the hypothesis."""
        (row,) = self._model.logits([(premise, hypothesis)])
        if len(row) == 1:
            return float(_sigmoid(row)[0])
        chances = np.exp(row - row.max())
        return float(chances[self._holding()].sum() / chances.sum())

    def _holding(self) -> list[int]:
        labels = self._model.labels()
        found = [at for at, label in enumerate(labels) if label.startswith(_HOLDS)]
        if not found:
            raise self._model.unfit(f"has the labels {', '.join(labels)}, none of which says that a text is entailed")
        return found


def _sigmoid(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    positive: NDArray[np.float32] = 0.5 * (1 + np.tanh(0.5 * scores))
    return positive


def _load(folder: Path, remedy: str) -> CrossEncoder:
    try:
        import torch
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        raise BackendMissing(
            f"a cross-encoder needs sentence-transformers ({error}); install it, or {remedy}"
        ) from error
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
            activation_fn=torch.nn.Identity(),
        )
        return model
    except Exception as error:  # json, safetensors, torch and transformers each fail in their own way
        raise ModelUnfit(f"the cross-encoder in {folder} cannot be loaded: {error}; {remedy}") from error
