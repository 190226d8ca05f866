"""A GGUF model in this process: a Generator with prefix reuse, graded yes/no, cancelling and kept sequences.

Knows prompts, one worker thread and why a model may be refused. Knows nothing of articles, evidence or citations, and
fetches nothing.

    LlamaCpp           takes calls from any thread and queues them for its worker, first come, first served
    ├── _Opened        the file without its weights: vocabulary, chat template, context size; any thread may ask
    └── Engine         weights, one context, the tokens in its cells; only the worker thread touches it

A prompt costs only what it does not share with the one before it: the cells of the longest common prefix stay, where
they are bit for bit what this prompt would have computed. So an answer does not depend on what was asked before.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from assistant.chat_template import ChatTemplate, encode
from assistant.errors import GenerationCancelled, GenerationFailed, ModelUnfit, PromptTooLong
from assistant.generation import NO, YES, Capabilities, Spend, Stream, await_result, follow, log_odds, unaccounted
from assistant.kernels import Weights
from assistant.llama_engine import (
    Allows,
    CacheType,
    Engine,
    EngineOptions,
    KeptSequence,
    LlamaInfo,
    StopFlag,
    Vocabulary,
    anything,
)
from assistant.memory import Shape, memory_available, memory_needed
from assistant.types import Completion, Message, Model, Prompt, Usage

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class LlamaCpp:
    """A Generator on a GGUF file. Nothing is read before the first use; `load` does it early, `begin` meanwhile.

    `threads` serve prompt and generation alike (llama.cpp's own default is half the cores). `batch_size` tokens of a
    prompt, a multiple of 4, are computed at once: more takes more memory and, on few cores, no less time.
    `temperature` 0 is greedy; above it, `seed` fixes the draw. `flash_attention` is no faster on a CPU (1.5B, 2,400
    tokens: 71 prompt tokens a second with, 80 without), and with it log-odds vary by ±0.1 with what was asked before.
    `cache_type` "q8_0" halves the cache and turns it on.
    `weights` says how they are held; the ways round differently, and so may grade a little otherwise.
    `grades` is how many yes-or-no answers are remembered, by their prompts, the least recently asked forgotten first.
    `restrain` gives for a prompt what a text in reply to it may be, None for anything: a token after which the text
    would be something else is never taken.
    `available_memory` tells the bytes that may be used, None if unknown: then no model is refused for its size.
    """

    def __init__(
        self,
        path: Path,
        model: Model,
        *,
        context_size: int = 4096,
        threads: int = 2,
        batch_size: int = 256,
        temperature: float = 0.0,
        seed: int = 0,
        flash_attention: bool = False,
        cache_type: CacheType = "f16",
        weights: Weights = "packed",
        grades: int = 0,
        restrain: Callable[[Prompt], Allows | None] = lambda prompt: None,
        available_memory: Callable[[], int | None] = memory_available,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.model = model
        self.capabilities = Capabilities(yes_no=True, cached_tokens=True, cancel_prefill=True)
        self._path = path
        fours = max(4, batch_size - batch_size % 4)
        self._options = EngineOptions(
            context_size, threads, fours, temperature, seed, flash_attention, cache_type, weights
        )
        self._grades = _Grades(grades)
        self._restrain = restrain
        self._available_memory = available_memory
        self._now = now
        self._opening = threading.Lock()
        self._opened: _Opened | None = None
        self._engine: Engine | None = None
        self._running: StopFlag | None = None
        self._closed = threading.Event()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama.cpp")

    def __enter__(self) -> LlamaCpp:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def context_size(self) -> int:
        return self._open().context_size

    def count_tokens(self, text: str) -> int:
        return len(self._open().vocabulary.tokenize(text))

    def count_prompt(self, messages: Sequence[Message]) -> int:
        return len(self._open().encode(messages))

    def load(self, cancel: threading.Event | None = None) -> None:
        """Read the weights now. Raises what a missing, corrupt, unfit or too large model deserves."""
        self._call(lambda engine: None, cancel)

    def begin(self) -> None:
        """Read the weights meanwhile. What is wrong with them is raised by whatever needs them."""
        self._submit(lambda engine: None, StopFlag())

    def generate(self, prompt: Prompt, cancel: threading.Event) -> Stream:
        opened = self._open()
        tokens = opened.fitting(prompt.messages, prompt.max_tokens)
        pieces: SimpleQueue[str | None] = SimpleQueue()
        stop = StopFlag()

        def complete(engine: Engine) -> Completion:
            allows = self._restrain(prompt) or anything
            return engine.complete(tokens, prompt.max_tokens, pieces.put, allows, prompt.aside)

        done = self._submit(complete, stop)
        done.add_done_callback(lambda _: pieces.put(None))
        return (yield from follow(pieces, done, cancel, stop.set))

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        opened = self._open()
        tokens = opened.fitting(prompt.messages, 0)
        if not opened.yes or not opened.no:
            return None
        if (known := self._grades.of(tokens)) is not None:
            spend(Usage(len(tokens), len(tokens), 0))
            return known
        logits, cached = self._call(lambda engine: engine.logits_after(tokens, prompt.aside), cancel)
        spend(Usage(len(tokens), cached, 0))
        return self._grades.keep(tokens, log_odds(logits[opened.yes].tolist(), logits[opened.no].tolist()))

    def state(self) -> KeptSequence:
        """What the cells hold now, to come back to by `restore`: tens of megabytes, worth seconds of prompt."""
        return self._call(lambda engine: engine.keep())

    def restore(self, kept: KeptSequence) -> None:
        """Put a kept sequence back. Refuses, with GenerationFailed, a damaged one or another model's."""
        self._call(lambda engine: engine.restore(kept))

    def trial(self, threads: int, batch_size: int, read: int, written: int) -> tuple[float, float]:
        """Seconds that so many tokens take, read and written, with other threads and batches of at most its own size.

        What was computed before is forgotten.
        """
        return self._call(lambda engine: engine.trial(threads, batch_size, read, written))

    def info(self) -> LlamaInfo:
        """Loads the weights if need be."""
        return self._call(lambda engine: engine.info())

    def close(self) -> None:
        """Stop what runs and what waits, free the memory, end the thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        if running := self._running:
            running.set()
        try:
            self._worker.submit(self._free)
        except RuntimeError:  # the interpreter is ending and has ended the thread already
            self._free()
        self._worker.shutdown(wait=True)

    def _open(self) -> _Opened:
        with self._opening:
            if self._opened is None:
                self._opened = _open(self._path, self._options.context_size, self._now)
            return self._opened

    def _call(self, work: Callable[[Engine], Result], cancel: threading.Event | None = None) -> Result:
        stop = StopFlag()
        return await_result(self._submit(work, stop), cancel or threading.Event(), stop.set)

    def _submit(self, work: Callable[[Engine], Result], stop: StopFlag) -> Future[Result]:
        if self._closed.is_set():
            raise GenerationFailed(f"The model {self.model.name} has been closed. Open it again.")
        return self._worker.submit(self._run, work, stop)

    def _run(self, work: Callable[[Engine], Result], stop: StopFlag) -> Result:
        self._running = stop
        try:
            if self._closed.is_set() or stop.is_set():
                raise GenerationCancelled("Generation was stopped before it began.")
            engine = self._loaded(stop)
            engine.watch(stop)
            return work(engine)
        finally:
            self._running = None

    def _loaded(self, stop: StopFlag) -> Engine:
        if self._engine is None:
            opened = self._open()
            options = replace(self._options, context_size=opened.context_size)
            _refuse_too_large(self._path, opened.vocabulary, options, self._available_memory())
            owner = f"{self.model.sha256 or self._path.name}/{self._path.stat().st_size}"
            self._engine = Engine(self._path, owner, opened.vocabulary, options, stop)
        return self._engine

    def _free(self) -> None:
        if self._engine is not None:
            self._engine.free()
        self._engine = None


class _Grades:
    """The last `most` prompts that were graded, some 200 bytes each. Any thread may ask."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, tokens: Sequence[int]) -> float | None:
        key = _digest(tokens)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def keep(self, tokens: Sequence[int], grade: float) -> float:
        with self._lock:
            self._known[_digest(tokens)] = grade
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return grade


def _digest(tokens: Sequence[int]) -> bytes:
    return hashlib.blake2b(array("i", tokens).tobytes(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A model file that can serve, as far as can be told without its weights."""

    vocabulary: Vocabulary
    template: ChatTemplate
    context_size: int
    yes: list[int]
    no: list[int]

    def encode(self, messages: Sequence[Message]) -> list[int]:
        return self.vocabulary.with_start(encode(self.vocabulary, self.template.render(messages)))

    def fitting(self, messages: Sequence[Message], max_tokens: int) -> list[int]:
        tokens = self.encode(messages)
        if len(tokens) + max_tokens > self.context_size:
            raise PromptTooLong(
                f"The prompt has {len(tokens)} tokens and asks for up to {max_tokens} more, but the model's context "
                f"holds {self.context_size}. Ask a shorter question, or raise the context size."
            )
        return tokens


def _open(path: Path, wanted_context: int, now: Callable[[], datetime] | None) -> _Opened:
    vocabulary = Vocabulary(path)
    source = _refuse_unfit(path, vocabulary)
    known = vocabulary.number("context_length", wanted_context)
    if known < wanted_context:
        log.warning("The context of %d tokens is cut to %d, which is what the model knows", wanted_context, known)
    return _Opened(
        vocabulary,
        ChatTemplate(source, *vocabulary.bounds, now),
        min(known, wanted_context),
        _single_tokens(vocabulary, YES),
        _single_tokens(vocabulary, NO),
    )


def _single_tokens(vocabulary: Vocabulary, words: Sequence[str]) -> list[int]:
    """The tokens that are one of the words, with or without a space before it."""
    spelled = (vocabulary.tokenize(space + word) for word in words for space in ("", " "))
    return sorted({tokens[0] for tokens in spelled if len(tokens) == 1})


def _refuse_unfit(path: Path, vocabulary: Vocabulary) -> str:
    """Raise ModelUnfit for what cannot answer; else the source of the chat template."""
    architecture = vocabulary.metadata("general.architecture")
    if vocabulary.number("pooling_type", 0) or vocabulary.metadata(f"{architecture}.attention.causal") == "false":
        raise _unfit(path, "is an embedding model: it writes no text")
    if not vocabulary.generates():
        raise _unfit(path, f"has the architecture {architecture}, which does not write text token after token")
    if "base" in (vocabulary.metadata("general.finetune") or "").lower().split("-"):
        raise _unfit(path, "is a base model, by its own metadata: it continues text and follows no instructions")
    if (source := vocabulary.template) is None:
        raise _unfit(path, "has no chat template, so it is a base model: it continues text and follows no instructions")
    return source


def _unfit(path: Path, what: str) -> ModelUnfit:
    return ModelUnfit(f"{path.name} {what}. Choose an instruct or chat model; `quoth models list` shows some.")


def _refuse_too_large(path: Path, vocabulary: Vocabulary, options: EngineOptions, available: int | None) -> None:
    size, shape = path.stat().st_size, _shape(vocabulary)
    needed = memory_needed(size, shape, options.context_size, options.batch_size, options.cache_type)
    log.debug("%s needs about %d bytes of memory; %s are available", path.name, needed, available)
    if available is not None and needed > available:
        raise ModelUnfit(
            f"{path.name} needs about {needed / 1e9:.1f} GB of memory with a context of {options.context_size} tokens, "
            f"and {available / 1e9:.1f} GB are available. Choose a smaller model or context, or close other programs."
        )


def _shape(vocabulary: Vocabulary) -> Shape:
    embedding = vocabulary.number("embedding_length", 0)
    heads = vocabulary.number("attention.head_count", 1)
    return Shape(
        layers=vocabulary.number("block_count", 0),
        embedding=embedding,
        feed_forward=vocabulary.number("feed_forward_length", 4 * embedding),
        heads=heads,
        cached_heads=vocabulary.number("attention.head_count_kv", heads),
        head_size=vocabulary.number("attention.key_length", embedding // max(1, heads)),
    )
