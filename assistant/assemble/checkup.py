"""What `quoth doctor` looks over: folders, index, models, and whether they run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from assistant import doctor
from assistant.assemble.answers import Answers
from assistant.generation import complete
from assistant.machine import cores, version
from assistant.memory import memory_available
from assistant.types import Message, Prompt

if TYPE_CHECKING:
    pass


class CheckUp(Answers):
    """Checks of everything an assembly has."""

    def check_up(self) -> Iterator[doctor.Check]:
        """Look everything over, the quick things first."""
        yield from doctor.versions(version())
        yield doctor.folder("data folder", self.settings.data)
        yield doctor.folder("models folder", self.settings.models)
        yield doctor.examine("index", self._check_index)
        yield doctor.examine("embedding", self._check_embedder)
        for name in self.models_in_force():
            yield doctor.examine(f"model {name}", partial(self._check_model, name))
        yield from doctor.examine_all("generation", self._check_generation)

    def _check_index(self) -> doctor.Check:
        manifest = self.stored.manifest()
        told = f"{manifest.articles} articles, {manifest.chunks} chunks, generation {manifest.generation}"
        if not manifest.articles:
            return doctor.Check("index", told, False, "fill it with `quoth add PATH…`")
        if broken := self.stored.check():
            return doctor.Check("index", f"{told}; {broken[0]}", False, "build it anew with `quoth add --rebuild`")
        self.stored.require(self.embedder.name, chunking=self.chunking)
        superseded, characters = self.stored.superseded()
        kept = f", {superseded} texts of {characters:,} characters kept for old answers" if superseded else ""
        return doctor.Check("index", f"{told}, {manifest.embedder}{kept}")

    def _check_embedder(self) -> doctor.Check:
        from index.embedding.fast import OnnxEmbedder

        self.embedder.embed_query("Does it work?")
        fast = isinstance(self.embedder, OnnxEmbedder)
        return doctor.Check("embedding", "8 bits, ONNX Runtime" if fast else "32 bits, torch: a quarter of the speed")

    def _check_model(self, name: str) -> doctor.Check:
        report = self.models.verify(name, self.progress)
        return doctor.Check(f"model {report.name}", f"{report.sha256[:16]}… {report.path}", report.ok, report.remedy)

    def _check_generation(self) -> Iterator[doctor.Check]:
        from assistant.llama import LlamaCpp

        generator = self.generator
        if isinstance(generator, LlamaCpp):
            weights = self._model(self.settings.generator).path.stat().st_size
            yield doctor.memory(memory_available(), weights)
            info = generator.info()
            measured = self.tuned is not None and not self.settings.threads
            yield from doctor.processor(info.features, info.threads, cores(), measured)
            held = "packed at loading" if info.packed else "as they lie in the file"
            yield doctor.Check("language model", f"{info.description}, context {info.context_size}, weights {held}")
            yield doctor.tuning(self.tuned, info.packed)
        messages = (Message("user", "Count from one to thirty in words."),)
        prompt = Prompt(messages, (), generator.count_prompt(messages), doctor.TIMED_TOKENS)
        begun = time.perf_counter()
        usage = complete(generator.generate(prompt, threading.Event())).usage
        yield doctor.speed(usage.completion_tokens, time.perf_counter() - begun)
