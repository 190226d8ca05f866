"""A GGUF model in this process, by llama.cpp: prefix reuse, graded yes/no, cancelling, kept sequences.

The only importer of llama_cpp, and of that only its C interface. Knows files of models, tokens and cells; knows nothing
of articles, evidence or citations, and fetches nothing.

    LlamaCpp         the Generator: takes calls from any thread and queues them for its one worker thread
    ├── Vocabulary   the file's tokenizer and metadata, without its weights; any thread may ask it
    └── _Engine      weights, one context, and the tokens in its cells; only the worker thread touches it

A prompt costs only what it does not share with the one before it: the cells of the longest common prefix stay. Cached
and computed prompts agree up to rounding, since the size of a batch changes the order of summation.
"""

from __future__ import annotations

import codecs
import ctypes
import functools
import hashlib
import logging
import math
import os
import re
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from assistant.chat_template import ChatTemplate, Part
from assistant.errors import (
    BackendMissing,
    GenerationCancelled,
    GenerationFailed,
    ModelCorrupt,
    ModelMissing,
    ModelUnfit,
    PromptTooLong,
)
from assistant.generation import NO, YES, Capabilities, Stream, await_result, follow, log_odds
from assistant.memory import Shape, memory_available, memory_needed
from assistant.types import Completion, Message, Model, Prompt, Usage

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Logits = npt.NDArray[np.float32]
CacheType = Literal["f16", "q8_0"]

_ABORTED = 2
_MIN_P = 0.05
"""Sampling leaves out tokens less than this times as likely as the likeliest: a small model's tail is noise."""


@dataclass(frozen=True, slots=True)
class KeptSequence:
    """The cells of a sequence and the tokens they stand for, with what tells whose they are and that they are whole."""

    owner: str
    tokens: tuple[int, ...]
    data: bytes
    checksum: str


@dataclass(frozen=True, slots=True)
class LlamaInfo:
    """What a person reports with a fault: the build's CPU features, and what runs on it."""

    description: str
    parameters: int
    weight_bytes: int
    context_size: int
    threads: int
    batch_size: int
    features: str


class LlamaCpp:
    """A Generator on a GGUF file. Nothing is read before the first use; `load` does it early.

    `threads` serve prompt and generation alike (llama.cpp's own default is half the cores). `batch_size` tokens of a
    prompt are computed at once: more takes more memory (0.14 MB a token at 1.5B) and, on few cores, no less time.
    `temperature` 0 is greedy; above it, `seed` fixes the draw. `flash_attention` None lets llama.cpp decide.
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
        flash_attention: bool | None = None,
        cache_type: CacheType = "f16",
        available_memory: Callable[[], int | None] = memory_available,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.model = model
        self.capabilities = Capabilities(yes_no=True, cached_tokens=True, cancel_prefill=True)
        self._path = path
        self._options = _Options(context_size, threads, batch_size, temperature, seed, flash_attention, cache_type)
        self._available_memory = available_memory
        self._now = now
        self._opening = threading.Lock()
        self._opened: _Opened | None = None
        self._engine: _Engine | None = None
        self._running: _Job | None = None
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
        self._call(lambda engine, job: None, cancel or threading.Event())

    def generate(self, prompt: Prompt, cancel: threading.Event) -> Stream:
        tokens = self._open().fitting(prompt.messages, prompt.max_tokens)
        pieces: SimpleQueue[str | None] = SimpleQueue()
        job = _Job()
        done = self._submit(lambda engine, job: engine.complete(tokens, prompt.max_tokens, job, pieces.put), job)
        done.add_done_callback(lambda _: pieces.put(None))
        return (yield from follow(pieces, done, cancel, job.stop))

    def yes_no(self, prompt: Prompt, cancel: threading.Event) -> float | None:
        opened = self._open()
        tokens = opened.fitting(prompt.messages, 0)
        if not opened.yes or not opened.no:
            return None
        logits = self._call(lambda engine, job: engine.logits_after(tokens, job), cancel)
        return log_odds(logits[opened.yes].tolist(), logits[opened.no].tolist())

    def state(self) -> KeptSequence:
        """What the cells hold now, to come back to by `restore`: tens of megabytes, worth seconds of prompt."""
        return self._call(lambda engine, job: engine.keep(), threading.Event())

    def restore(self, kept: KeptSequence) -> None:
        """Put a kept sequence back. Refuses, with GenerationFailed, a damaged one or another model's."""
        self._call(lambda engine, job: engine.restore(kept), threading.Event())

    def info(self) -> LlamaInfo:
        """Loads the weights if need be."""
        return self._call(lambda engine, job: engine.info(), threading.Event())

    def close(self) -> None:
        """Stop what runs and what waits, free the memory, end the thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        if running := self._running:
            running.stop()
        self._worker.submit(self._free)
        self._worker.shutdown(wait=True)

    def _open(self) -> _Opened:
        with self._opening:
            if self._opened is None:
                self._opened = _open(self._path, self._options, self._now)
            return self._opened

    def _call(self, work: Callable[[_Engine, _Job], Result], cancel: threading.Event) -> Result:
        job = _Job()
        return await_result(self._submit(work, job), cancel, job.stop)

    def _submit(self, work: Callable[[_Engine, _Job], Result], job: _Job) -> Future[Result]:
        if self._closed.is_set():
            raise GenerationFailed(f"The model {self.model.name} has been closed. Open it again.")
        return self._worker.submit(self._run, work, job)

    def _run(self, work: Callable[[_Engine, _Job], Result], job: _Job) -> Result:
        self._running = job
        try:
            if self._closed.is_set() or job.stopped:
                raise GenerationCancelled("Generation was stopped before it began.")
            engine = self._loaded(job)
            engine.watch(job)
            return work(engine, job)
        finally:
            self._running = None

    def _loaded(self, job: _Job) -> _Engine:
        if self._engine is None:
            opened = self._open()
            _refuse_too_large(self._path, opened, self._options, self._available_memory())
            self._engine = _Engine(self._path, self.model, opened, self._options, job)
        return self._engine

    def _free(self) -> None:
        if self._engine is not None:
            self._engine.free()
        self._engine = None


@dataclass(frozen=True, slots=True)
class _Options:
    context_size: int
    threads: int
    batch_size: int
    temperature: float
    seed: int
    flash_attention: bool | None
    cache_type: CacheType


class _Job:
    """One call in the queue, and the byte that stops it."""

    def __init__(self) -> None:
        self.flag = ctypes.create_string_buffer(2)

    def stop(self) -> None:
        self.flag[0] = b"\x01"

    @property
    def stopped(self) -> bool:
        return self.flag[0] != b"\x00"


# ---- the file without its weights


class Vocabulary:
    """The tokenizer and the metadata of a model file. Immutable, so any thread may use it."""

    def __init__(self, path: Path) -> None:
        _refuse_foreign(path)
        native = _native()
        parameters = native.lib.llama_model_default_params()
        parameters.vocab_only = True
        self._native = native
        self._lib = native.lib
        self._model = native.load(path, parameters)
        weakref.finalize(self, native.lib.llama_model_free, self._model)
        self._vocab = self._lib.llama_model_get_vocab(self._model)
        self.size: int = self._lib.llama_vocab_n_tokens(self._vocab)
        self.marks = self._find_marks()

    def tokenize(self, text: str, markup: bool = False) -> list[int]:
        """Token ids, without a beginning-of-sequence. Only in `markup` do names of control tokens become them."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 16
        while True:
            tokens = (ctypes.c_int32 * room)()
            count = self._lib.llama_tokenize(self._vocab, data, len(data), tokens, room, False, markup)
            if count >= 0:
                return tokens[:count]
            room = -count

    def piece(self, token: int, markup: bool = False) -> bytes:
        """The bytes a token stands for: possibly a part of a character; of a control token none unless `markup`."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = self._lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, markup)
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def text(self, tokens: Sequence[int]) -> str:
        return b"".join(self.piece(token, markup=True) for token in tokens).decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        """Whether the model says with this token that it has finished."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    def with_start(self, tokens: list[int]) -> list[int]:
        """With the beginning-of-sequence token, if the model wants one and the template has not put it."""
        start = self._lib.llama_vocab_bos(self._vocab)
        wanted = self._lib.llama_vocab_get_add_bos(self._vocab) and tokens[:1] != [start]
        return [start, *tokens] if wanted else tokens

    def metadata(self, key: str) -> str | None:
        """A scalar of the file's metadata; None for what is absent or a list."""
        room = 256
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = self._lib.llama_model_meta_val_str(self._model, key.encode(), buffer, room)
            if count < room:
                return None if count < 0 else buffer.value.decode("utf-8", "replace")
            room = count + 1

    def number(self, key: str, default: int) -> int:
        """A number the architecture's metadata gives, such as `block_count`."""
        value = self.metadata(f"{self.metadata('general.architecture')}.{key}")
        return int(value) if value is not None and value.isdigit() else default

    def generates(self) -> bool:
        """Whether the architecture writes text after text: no encoder, no diffusion."""
        lib, model = self._lib, self._model
        return bool(
            lib.llama_model_has_decoder(model)
            and not lib.llama_model_has_encoder(model)
            and not lib.llama_model_is_diffusion(model)
        )

    def template(self, now: Callable[[], datetime] | None) -> ChatTemplate | None:
        source = self._lib.llama_model_chat_template(self._model, None)
        if source is None:
            return None
        ends = (self._lib.llama_vocab_bos(self._vocab), self._lib.llama_vocab_eos(self._vocab))
        bos, eos = ("" if token < 0 else self.text([token]) for token in ends)
        return ChatTemplate(source.decode("utf-8", "replace"), bos, eos, now)

    def _find_marks(self) -> frozenset[int]:
        """Tokens that mean something beyond their letters: control tokens, and tags the model's maker added.

        The tokenizer finds the latter in any text, so they are as much of a danger; words and spaces are not.
        """
        attribute, ends = self._lib.llama_vocab_get_attr, self._lib.llama_vocab_is_eog
        control, added = self._lib.LLAMA_TOKEN_ATTR_CONTROL, self._lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        return frozenset(
            token
            for token in range(self.size)
            if (kind := attribute(self._vocab, token)) & control
            or ends(self._vocab, token)
            or (kind & added and _looks_like_markup(self.text([token])))
        )


def _looks_like_markup(text: str) -> bool:
    return len(text.strip()) > 1 and not text.strip().isalnum()


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


def _open(path: Path, options: _Options, now: Callable[[], datetime] | None) -> _Opened:
    vocabulary = Vocabulary(path)
    _refuse_unfit(path, vocabulary)
    template = vocabulary.template(now)
    if template is None:
        raise _unfit(path, "carries no chat template, so it is a base model, which continues text")
    trained = vocabulary.number("context_length", options.context_size)
    if trained < options.context_size:
        log.warning("Context of %d tokens cut to the %d the model knows", options.context_size, trained)
    return _Opened(
        vocabulary,
        template,
        min(trained, options.context_size),
        _single_tokens(vocabulary, YES),
        _single_tokens(vocabulary, NO),
    )


def _single_tokens(vocabulary: Vocabulary, words: Sequence[str]) -> list[int]:
    """The tokens that are one of the words, with or without a space before it."""
    spelled = (vocabulary.tokenize(space + word) for word in words for space in ("", " "))
    return sorted({tokens[0] for tokens in spelled if len(tokens) == 1})


def encode(vocabulary: Vocabulary, parts: Sequence[Part]) -> list[int]:
    """Token ids of a rendered prompt, equal to those of the joined string unless a message names a control token.

    Markup is cut at its control tokens; what plain text of it touches a message is tokenized together with that, since
    tokens merge across the joint.
    """
    tokens: list[int] = []
    plain = ""
    for part in parts:
        before, marks, after = _cut(vocabulary, part.text) if part.markup else (part.text, [], "")
        if marks:
            tokens += _harmless(vocabulary, plain + before) + marks
            plain = after
        else:
            plain += before
    return tokens + _harmless(vocabulary, plain)


def _cut(vocabulary: Vocabulary, markup: str) -> tuple[str, list[int], str]:
    """Plain text before the first control token, the tokens from there to the last one, plain text after."""
    tokens = vocabulary.tokenize(markup, markup=True)
    places = [place for place, token in enumerate(tokens) if token in vocabulary.marks]
    if not places:
        return markup, [], ""
    first, last = places[0], places[-1] + 1
    before, after = vocabulary.text(tokens[:first]), vocabulary.text(tokens[last:])
    # Some tokenizers put a space before a text that has none.
    before = before if markup.startswith(before) else before[1:]
    after = after if markup.endswith(after) else after[1:]
    if markup.startswith(before) and markup.endswith(after):
        return before, tokens[first:last], after
    return "", tokens, ""


def _harmless(vocabulary: Vocabulary, text: str) -> list[int]:
    """Tokens of text in which nothing is markup. Names of control tokens are spelled out, letters kept."""
    tokens = vocabulary.tokenize(text)
    names = {vocabulary.text([token]) for token in tokens if token in vocabulary.marks}
    if not names:
        return tokens
    inside = "|".join(f"(?<={re.escape(name[0])})(?={re.escape(name[1:])})" for name in names if len(name) > 1)
    pieces = re.split(inside, text) if inside else [text]
    spelled = (token for piece in pieces for token in vocabulary.tokenize(piece))
    return [token for token in spelled if token not in vocabulary.marks]


# ---- refusals


def _refuse_foreign(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ModelMissing(f"There is no model file at {path}. Fetch it with: quoth models pull") from error
    except OSError as error:
        raise ModelMissing(f"The model file {path} cannot be read: {error}. Check its permissions.") from error
    if magic != b"GGUF":
        raise ModelCorrupt(f"{path} is not a GGUF file: it begins with {magic!r}. Fetch it again, or name another.")


def _refuse_unfit(path: Path, vocabulary: Vocabulary) -> None:
    architecture = vocabulary.metadata("general.architecture")
    causal = vocabulary.metadata(f"{architecture}.attention.causal")
    if vocabulary.number("pooling_type", 0) or causal == "false":
        raise _unfit(path, "is an embedding model, which writes no text")
    if not vocabulary.generates():
        raise _unfit(path, f"has the architecture {architecture}, which does not write text token after token")
    if "base" in (vocabulary.metadata("general.finetune") or "").lower().split("-"):
        raise _unfit(path, "says that it is a base model, which continues text")


def _unfit(path: Path, what: str) -> ModelUnfit:
    return ModelUnfit(f"{path.name} {what} instead of following instructions. Choose an instruct or chat model.")


def _refuse_too_large(path: Path, opened: _Opened, options: _Options, available: int | None) -> None:
    needed = memory_needed(
        path.stat().st_size,
        _shape(opened.vocabulary),
        opened.context_size,
        options.batch_size,
        options.cache_type,
    )
    log.debug("Memory for %s: needs %d bytes, available %s", path.name, needed, available)
    if available is not None and needed > available:
        raise ModelUnfit(
            f"{path.name} needs about {needed / 1e9:.1f} GB of memory with a context of {opened.context_size} tokens, "
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


# ---- weights and cells


class _Engine:
    """The weights, one context, and `_cells`: the tokens of sequence 0 whose keys and values the context holds."""

    def __init__(self, path: Path, model: Model, opened: _Opened, options: _Options, job: _Job) -> None:
        self._native = _native()
        self._lib = self._native.lib
        self._vocabulary = opened.vocabulary
        self._options = options
        self._context_size = opened.context_size
        self._owner = f"{model.sha256 or path.name}/{path.stat().st_size}/{options.cache_type}"
        self._cells: list[int] = []
        self._watched = job
        self._model = self._load(path, job)
        self._context = self._new_context(path)
        self._memory = self._lib.llama_get_memory(self._context)
        self.free = weakref.finalize(self, _free_engine, self._lib, self._context, self._model)

    def watch(self, job: _Job) -> None:
        """From now on, decoding stops when this job is stopped."""
        self._watched = job
        self._lib.llama_set_abort_callback(self._context, self._native.is_set, ctypes.addressof(job.flag))

    def complete(self, prompt: Sequence[int], max_tokens: int, job: _Job, emit: Callable[[str], None]) -> Completion:
        """Prompt, then token after token. `emit` gets whole characters, never a part of one."""
        cached = self._prefill(prompt)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pick = self._picker()
        pieces: list[str] = []
        made, ended = 0, False
        while made < max_tokens:
            token = pick(self._logits())
            if ended := self._vocabulary.ends(token):
                break
            made += 1
            _say(decoder.decode(self._vocabulary.piece(token)), pieces, emit)
            if made < max_tokens:
                self._decode([token])
        _say(decoder.decode(b"", final=True), pieces, emit)
        return Completion("".join(pieces), Usage(len(prompt), cached, made), "end" if ended else "length")

    def logits_after(self, prompt: Sequence[int], job: _Job) -> Logits:
        """Logits of the token that would follow, (vocabulary,)."""
        self._prefill(prompt)
        return self._logits().copy()

    def keep(self) -> KeptSequence:
        size = self._lib.llama_state_seq_get_size(self._context, 0)
        buffer = (ctypes.c_uint8 * size)()
        written = self._lib.llama_state_seq_get_data(self._context, buffer, size, 0)
        data = bytes(memoryview(buffer)[:written])
        tokens = tuple(self._cells)
        return KeptSequence(self._owner, tokens, data, _checksum(self._owner, tokens, data))

    def restore(self, kept: KeptSequence) -> None:
        if kept.owner != self._owner:
            raise GenerationFailed(
                f"The kept sequence is of {kept.owner}, not of {self._owner}. Compute it again with this model."
            )
        if kept.checksum != _checksum(kept.owner, kept.tokens, kept.data):
            raise GenerationFailed("The kept sequence is damaged: its checksum differs. Compute it again.")
        self._truncate(0)
        buffer = (ctypes.c_uint8 * len(kept.data)).from_buffer_copy(kept.data)
        if not self._lib.llama_state_seq_set_data(self._context, buffer, len(kept.data), 0):
            self._truncate(0)
            raise GenerationFailed(
                f"The kept sequence of {len(kept.tokens)} tokens does not fit the context of {self._context_size}. "
                "Compute a shorter one, or raise the context size."
            )
        self._cells = list(kept.tokens)

    def info(self) -> LlamaInfo:
        buffer = ctypes.create_string_buffer(256)
        self._lib.llama_model_desc(self._model, buffer, len(buffer))
        return LlamaInfo(
            description=buffer.value.decode("utf-8", "replace"),
            parameters=self._lib.llama_model_n_params(self._model),
            weight_bytes=self._lib.llama_model_size(self._model),
            context_size=self._context_size,
            threads=self._lib.llama_n_threads(self._context),
            batch_size=self._lib.llama_n_batch(self._context),
            features=self._lib.llama_print_system_info().decode("utf-8", "replace").strip(),
        )

    def _prefill(self, prompt: Sequence[int]) -> int:
        """Bring the cells to hold the prompt; how many of its tokens they held already.

        The last token is always computed, since its logits are wanted.
        """
        cached = self._truncate(_common_prefix(self._cells, prompt[:-1]))
        for start in range(cached, len(prompt), self._options.batch_size):
            self._decode(prompt[start : start + self._options.batch_size])
        return cached

    def _truncate(self, length: int) -> int:
        """Drop the cells from `length` on; how many are left, 0 where the memory cannot be cut (recurrent models)."""
        if length < len(self._cells) and not self._lib.llama_memory_seq_rm(self._memory, 0, length, -1):
            length = 0
        if length == 0:
            self._lib.llama_memory_clear(self._memory, True)
        del self._cells[length:]
        return length

    def _decode(self, tokens: Sequence[int]) -> None:
        """Compute the tokens after the cells; logits only of the last."""
        count, start = len(tokens), len(self._cells)
        ids = (ctypes.c_int32 * count)(*tokens)
        places = (ctypes.c_int32 * count)(*range(start, start + count))
        status = self._lib.llama_decode(self._context, self._lib.llama_batch(count, ids, None, places))
        if status == 0:
            self._cells.extend(tokens)
            return
        # What was computed of this batch is of no use: its last logits are missing.
        self._lib.llama_memory_seq_rm(self._memory, 0, start, -1) or self._truncate(0)
        if status == _ABORTED:
            raise GenerationCancelled("Generation was stopped on request.")
        raise GenerationFailed(
            f"llama.cpp failed with status {status} at token {start + count} of {self._context_size}"
            f"{self._native.complaints()}. Try again; if it stays, choose a smaller context."
        )

    def _logits(self) -> Logits:
        """A view into the context's memory, valid until the next decode."""
        row = self._lib.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(row, shape=(self._vocabulary.size,))

    def _picker(self) -> Callable[[Logits], int]:
        temperature = self._options.temperature
        if temperature <= 0:
            return lambda logits: int(np.argmax(logits))
        draw = np.random.default_rng(self._options.seed)

        def pick(logits: Logits) -> int:
            likely = np.flatnonzero(logits >= logits.max() + math.log(_MIN_P))
            weights = np.exp((logits[likely].astype(np.float64) - logits.max()) / temperature)
            return int(draw.choice(likely, p=weights / weights.sum()))

        return pick

    def _load(self, path: Path, job: _Job) -> int:
        parameters = self._lib.llama_model_default_params()
        # Weights are repacked for the CPU at loading: mapping the file as well would keep them twice (1.5B: peak
        # 1.88 GB mapped, 1.29 GB read, the same seconds).
        parameters.load_mode = self._lib.LLAMA_LOAD_MODE_NONE
        parameters.n_gpu_layers = 0  # only the CPU back end can be stopped in the middle of a prompt
        goes_on = self._lib.llama_progress_callback(lambda progress, _: not job.stopped)
        parameters.progress_callback = goes_on
        try:
            return self._native.load(path, parameters)
        except ModelCorrupt:
            if job.stopped:
                raise GenerationCancelled("Loading was stopped on request.") from None
            raise

    def _new_context(self, path: Path) -> int:
        parameters = self._lib.llama_context_default_params()
        parameters.n_ctx = self._context_size
        parameters.n_batch = parameters.n_ubatch = self._options.batch_size
        parameters.n_threads = parameters.n_threads_batch = self._options.threads
        parameters.n_outputs_max = 1
        parameters.flash_attn_type = {None: -1, False: 0, True: 1}[self._options.flash_attention]
        parameters.type_k = parameters.type_v = {
            "f16": self._lib.GGML_TYPE_F16,
            "q8_0": self._lib.GGML_TYPE_Q8_0,
        }[self._options.cache_type]
        context: int | None = self._lib.llama_init_from_model(self._model, parameters)
        if context is None:
            self._lib.llama_model_free(self._model)
            raise ModelUnfit(
                f"{path.name} cannot get a context of {self._context_size} tokens{self._native.complaints()}. "
                "Choose a smaller context or model."
            )
        return context


def _free_engine(lib: Any, context: int, model: int) -> None:
    lib.llama_free(context)
    lib.llama_model_free(model)


def _say(text: str, pieces: list[str], emit: Callable[[str], None]) -> None:
    if text:
        pieces.append(text)
        emit(text)


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    shorter = min(len(left), len(right))
    return next((place for place in range(shorter) if left[place] != right[place]), shorter)


def _checksum(owner: str, tokens: tuple[int, ...], data: bytes) -> str:
    digest = hashlib.blake2b(repr((owner, tokens)).encode(), digest_size=16)
    digest.update(data)
    return digest.hexdigest()


# ---- the library


class _Native:
    """llama.cpp as loaded into this process, quiet: what it logs goes to our debug log.

    `is_set` tells llama.cpp whether to stop. It is asked at each of the ~1,000 operations of a batch, by a thread that
    must not wait for Python's interpreter lock (a busy thread holds it for 5 ms at a time). So it is the C library's
    strlen, over a buffer of two bytes: 0 while the first is zero, then 1.
    """

    def __init__(self, lib: Any) -> None:
        self.lib = lib
        self._problems: deque[str] = deque(maxlen=3)
        self._logger = lib.llama_log_callback(self._log)  # kept here: llama.cpp holds no reference
        lib.llama_log_set(self._logger, None)
        lib.llama_backend_init()
        libc = ctypes.CDLL(None if os.name == "posix" else "msvcrt")
        self.is_set = lib.ggml_abort_callback(ctypes.cast(libc.strlen, ctypes.c_void_p).value)

    def load(self, path: Path, parameters: Any) -> int:
        self._problems.clear()
        model: int | None = self.lib.llama_model_load_from_file(os.fsencode(path), parameters)
        if model is None:
            raise ModelCorrupt(
                f"{path} cannot be loaded{self.complaints()}. Check it with: quoth models verify; or fetch it again."
            )
        return model

    def complaints(self) -> str:
        """What llama.cpp said last about its troubles, to stand in a message."""
        return f" ({'; '.join(self._problems)})" if self._problems else ""

    def _log(self, level: int, text: bytes, _: Any) -> None:
        line = text.decode("utf-8", "replace").strip()
        if level == 3:  # GGML_LOG_LEVEL_ERROR
            self._problems.append(line)
        if line:
            log.debug("llama.cpp: %s", line)


@functools.cache
def _native() -> _Native:
    """Once a process: llama.cpp has one log for all."""
    try:
        import llama_cpp.llama_cpp as lib
    except (ImportError, OSError, RuntimeError) as error:
        raise BackendMissing(
            f"The package llama-cpp-python cannot be used ({error}). Install it with: pip install llama-cpp-python"
        ) from error
    return _Native(lib)
