"""The models in force: where they are, how they run. What every other layer of an assembly stands on.

Knows the back ends of embedding and generation by name, and what must be closed. Nothing heavy is imported before a
part that needs it is asked for.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.errors import AssistantError
from assistant.kernels import Weights
from assistant.machine import cores, package_version, processor
from assistant.models import LocatedModel, ModelStore, Progress, default_sources, load_catalogue
from assistant.settings import Settings, hub_is_off, rest_while_waiting
from assistant.tuning import BATCH_SIZE, BATCHES, READ, WRITTEN, Choice, Try, Tuned, again, load, save, tune
from assistant.types import Model
from index.store import Store

if TYPE_CHECKING:
    from assistant.conversations.store import Conversations
    from assistant.generation import Generator
    from assistant.llama import LlamaCpp
    from index.embedding import Embedder

REMOTE = frozenset({"http", "https"})

PACKAGE = Path(__file__).parents[1]
"""The folder of `assistant`; prompts and seeds lie beside it."""

log = logging.getLogger(__name__)


class Models:
    """The models for one `Settings`, each made at first use."""

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self.settings = settings
        self.progress: Progress = progress or (lambda stage, done, total: None)
        self._opened: list[Store | Conversations | Generator] = []
        rest_while_waiting()

    @cached_property
    def models(self) -> ModelStore:
        """Where models are kept and come from."""
        return ModelStore(
            self.settings.models,
            load_catalogue(),
            offline=self.settings.offline,
            sources=default_sources(hub=not hub_is_off()),
        )

    @cached_property
    def threads(self) -> int:
        return self.settings.threads or cores()

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model, run the fast way where its folder allows it and the settings do not forbid it.

        One name for both ways: their vectors are interchangeable, as measured in ARCHITECTURE.md.
        """
        from index.embedding.bert import Unsupported

        located, runtime = self._model(self.settings.embedder), self.settings.embedder_runtime
        name = f"{located.name}@{located.sha256[:12]}"
        if runtime != "torch":
            try:
                return self._fast_embedder(located, name)
            except Unsupported as error:
                if runtime == "onnx":
                    raise
                log.warning("%s It runs in torch, slower.", error)
        from index.embedding.reference import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(located.path, name, self.threads)

    def _fast_embedder(self, located: LocatedModel, name: str) -> Embedder:
        """Raises Unsupported. The 8-bit model lies beside the others, by the digest of what it was made from."""
        from index.embedding.bert import read_encoder
        from index.embedding.fast import OnnxEmbedder
        from index.embedding.prepared import prepared

        encoder = read_encoder(located.path)
        place = self.settings.models / "prepared" / f"{located.sha256[:16]}.onnx8"
        model = prepared(located.path, encoder, place, _sample_texts, self.threads, self.progress)
        return OnnxEmbedder(located.path, encoder, model, name, self.threads)

    @cached_property
    def generator(self) -> Generator:
        """The language model: an endpoint when the setting is an address, else llama.cpp in this process."""
        remote = urlsplit(self.settings.generator).scheme in REMOTE
        generator = self._endpoint() if remote else self._llama()
        self._opened.append(generator)
        return generator

    def _llama(self) -> Generator:
        from assistant.llama import LlamaCpp
        from assistant.marking import resolving

        located = self._model(self.settings.generator)
        choice = self.choice
        return LlamaCpp(
            located.path,
            Model(located.name, located.sha256, "llama.cpp"),
            context_size=self.settings.context_tokens,
            threads=choice.threads,
            batch_size=choice.batch_size,
            weights=self.settings.weights,
            grades=self.settings.remembered_grades,
            restrain=resolving,
        )

    @property
    def choice(self) -> Choice:
        """What llama.cpp runs with."""
        return self.tuned.choice if self.tuned else self.default_choice

    @property
    def default_choice(self) -> Choice:
        """What llama.cpp runs with where nothing was measured."""
        return Choice(self.threads, BATCH_SIZE)

    @cached_property
    def tuned(self) -> Tuned | None:
        """What was measured for this model on this machine, if it was; see `tune`."""
        return load(self.tuning_file, self._tuning_key(), cores())

    @property
    def tuning_file(self) -> Path:
        return self.settings.models / "prepared" / "tuning.json"

    def _tuning_key(self) -> str:
        """What the seconds hang on: measured for anything else, they are not believed."""
        located = self._model(self.settings.generator)
        build = package_version("llama-cpp-python")
        machine = f"{processor()}, {self.threads} threads of {cores()} cores"
        weights = self.settings.weights
        return f"{located.sha256 or located.path.name}, {machine}, llama-cpp-python {build}, weights {weights}"

    def tune(self) -> Tuned | None:
        """Measure threads and batch sizes, for about twenty seconds, and keep the best; None for an endpoint.

        Threads of the settings stay as they are, and so do the weights, of which the other way is measured too. What is
        chosen holds from the next start on.
        """
        if urlsplit(self.settings.generator).scheme in REMOTE:
            return None
        with self._trying(self.settings.weights) as trying:
            packed = trying.info().packed
            tuned = tune(
                self.default_choice, 0 if self.settings.threads else cores(), _trial(trying), time.perf_counter
            )
        with self._trying("mapped" if packed else "packed") as other:
            if other.info().packed != packed:
                tuned = replace(tuned, other=again(tuned.choice, _trial(other)))
        save(self.tuning_file, self._tuning_key(), tuned)
        return tuned

    def _trying(self, weights: Weights) -> LlamaCpp:
        """The language model, as large as any trial wants it."""
        from assistant.llama import LlamaCpp

        located = self._model(self.settings.generator)
        model = Model(located.name, located.sha256, "llama.cpp")
        return LlamaCpp(located.path, model, context_size=1024, batch_size=max(BATCHES), weights=weights)

    def _endpoint(self) -> Generator:
        from assistant.endpoint import Endpoint

        key = self.settings.endpoint_key
        return Endpoint(
            self.settings.generator,
            self.settings.endpoint_model,
            context_size=self.settings.context_tokens,
            api_key=key.get_secret_value() if key else None,
        )

    def pull(self, name: str) -> LocatedModel:
        """Fetch and check a catalogue model; of the embedder in force, make the fast form too."""
        located = self.models.pull(name, self.progress)
        if name == self.settings.embedder:
            _ = self.embedder
        return located

    def _model(self, name_or_path: str) -> LocatedModel:
        """The model, fetched first when it is one of the catalogue's and not here yet."""
        fetch = self.models.pull if load_catalogue().find(name_or_path) else self.models.locate
        return fetch(name_or_path, self.progress)

    def models_in_force(self) -> tuple[str, ...]:
        """The embedder and, when it is not an endpoint, the generator, as the settings name them."""
        chosen = (self.settings.embedder, self.settings.generator)
        return tuple(name for name in chosen if urlsplit(name).scheme not in REMOTE)

    def _begin_generator(self) -> None:
        """Nothing is fetched for it: whether the index can be used is told before a download."""
        from assistant.llama import LlamaCpp

        with contextlib.suppress(AssistantError):  # told when it is needed
            self.models.locate(self.settings.generator)
            if isinstance(self.generator, LlamaCpp):
                self.generator.begin()

    def close(self) -> None:
        """Free what was opened, the last first."""
        while self._opened:
            self._opened.pop().close()


def _sample_texts() -> list[str]:
    """Paragraphs of the starter articles: texts to fit an embedding model's rounding to."""
    articles = sorted((PACKAGE.parent / "seeds" / "articles").glob("*.md"))
    return [
        text for path in articles for text in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")) if text.strip()
    ]


def _trial(model: LlamaCpp) -> Try:
    """Trials of a model."""
    return lambda choice: model.trial(choice.threads, choice.batch_size, READ, WRITTEN)
