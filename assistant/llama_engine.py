"""llama.cpp's C interface, as much as is used: a file's vocabulary, and weights with one context of cells.

The only importer of llama_cpp. Knows files of models, tokens, cells and logits. Knows no prompts and no threads: a
`Vocabulary` may be used from any thread, an `Engine` from one at a time; only a `StopFlag` may be set meanwhile.
"""

from __future__ import annotations

import codecs
import ctypes
import functools
import hashlib
import logging
import math
import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from assistant.errors import (
    BackendMissing,
    GenerationCancelled,
    GenerationFailed,
    ModelCorrupt,
    ModelMissing,
    ModelUnfit,
)
from assistant.kernels import Kernels, Weights, kernels_for
from assistant.types import Completion, Usage

log = logging.getLogger(__name__)

Logits = npt.NDArray[np.float32]
CacheType = Literal["f16", "q8_0"]
Allows = Callable[[str], bool]
"""Whether the end of a text may be as it is."""

_ABORTED = 2
_SAID = 60
"""Of what was said, so many tokens are looked at before the next is taken."""
_MIN_P = 0.05
"""Sampling leaves out tokens less than this times as likely as the likeliest: a small model's tail is noise."""


def anything(text: str) -> bool:
    """Allows every text."""
    return True


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """See `LlamaCpp` for what they mean."""

    context_size: int
    threads: int
    batch_size: int
    temperature: float
    seed: int
    flash_attention: bool
    cache_type: CacheType
    weights: Weights = "packed"


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
    packed: bool
    features: str


class StopFlag:
    """A byte that stops what an engine computes. Any thread may set it."""

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)

    def set(self) -> None:
        self._bytes[0] = b"\x01"

    def is_set(self) -> bool:
        return self._bytes[0] != b"\x00"

    @property
    def address(self) -> int:
        return ctypes.addressof(self._bytes)


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
        self.endings = frozenset(token for token in self.marks if self.ends(token))

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

    @property
    def template(self) -> str | None:
        """The source of the chat template the file carries."""
        source: bytes | None = self._lib.llama_model_chat_template(self._model, None)
        return None if source is None else source.decode("utf-8", "replace")

    @property
    def bounds(self) -> tuple[str, str]:
        """How beginning and end of a sequence are written, "" for what there is not."""
        start, end = self._lib.llama_vocab_bos(self._vocab), self._lib.llama_vocab_eos(self._vocab)
        return ("" if start < 0 else self.text([start]), "" if end < 0 else self.text([end]))

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


class Engine:
    """The weights, one context, and `_cells`: the tokens of sequence 0 whose keys and values the context holds.

    The first `_firm` cells are, bit for bit, what any prompt that begins with their tokens would compute (without flash
    attention): see `Kernels`. Only they serve another prompt: then what is said does not depend on what was asked
    before. That costs a few tokens a prompt.
    """

    def __init__(self, path: Path, owner: str, vocabulary: Vocabulary, options: EngineOptions, stop: StopFlag) -> None:
        """Load the weights. `owner` names them, for kept sequences; `stop` breaks the loading off."""
        self._native = _native()
        self._lib = self._native.lib
        self._vocabulary = vocabulary
        self._options = options
        self._owner = f"{owner}/{options.cache_type}"
        self._cells: list[int] = []
        self._firm = 0
        self._watched = stop
        self._kernels = self._kernels_of(vocabulary)
        self._model = self._load(path, stop)
        self._context = self._new_context(path)
        self._memory = self._lib.llama_get_memory(self._context)
        self.free = weakref.finalize(self, _free_engine, self._lib, self._context, self._model)

    def watch(self, stop: StopFlag) -> None:
        """From now on this flag, once set, breaks off what is computed, and nothing that was watched before."""
        self._watched = stop  # kept: llama.cpp holds only its address
        self._lib.llama_set_abort_callback(self._context, self._native.is_set, stop.address)

    def complete(
        self,
        prompt: Sequence[int],
        max_tokens: int,
        emit: Callable[[str], None],
        allows: Allows = anything,
        aside: bool = False,
    ) -> Completion:
        """Prompt, then token after token, none after which the text is not allowed.

        `emit` gets whole characters; one that the limit cuts in two is left out. Asked `aside`, the firm cells are
        afterwards what they were.
        """
        with self._left_alone(aside):
            return self._completed(prompt, max_tokens, emit, allows)

    def _completed(
        self, prompt: Sequence[int], max_tokens: int, emit: Callable[[str], None], allows: Allows
    ) -> Completion:
        cached = self._prefill(prompt)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pick = self._picker()
        pieces: list[str] = []
        made, ended = 0, False
        while made < max_tokens:
            token = self._next(pick, "".join(pieces[-_SAID:]), allows)
            if ended := self._vocabulary.ends(token):
                break
            made += 1
            if text := decoder.decode(self._vocabulary.piece(token)):
                pieces.append(text)
                emit(text)
            if made < max_tokens:
                self._decode([token])
        return Completion("".join(pieces), Usage(len(prompt), cached, made), "end" if ended else "length")

    def _next(self, pick: Callable[[Logits], int], said: str, allows: Allows) -> int:
        logits = self._logits()
        while True:
            token = pick(logits)
            if self._vocabulary.ends(token) or allows(said + self._vocabulary.text([token])):
                return token
            logits[token] = -np.inf

    def logits_after(self, prompt: Sequence[int], aside: bool = False) -> tuple[Logits, int]:
        """Logits of the token that would follow, (vocabulary,), and how many of the prompt's tokens the cells held.

        Asked `aside`, the firm cells are left as they were.
        """
        with self._left_alone(aside):
            cached = self._prefill(prompt)
            return self._logits().copy(), cached

    @contextmanager
    def _left_alone(self, aside: bool) -> Iterator[None]:
        """The firm cells are afterwards what they were, if that is wanted: 700 are copied and put back in 36 ms."""
        kept = self._saved() if aside and self._firm else None
        try:
            yield
        finally:
            if kept:
                self._put_back(*kept)

    def trial(self, threads: int, batch_size: int, read: int, written: int) -> tuple[float, float]:
        """Seconds that `read` tokens of a prompt and `written` tokens take with these; the cells are empty after it."""
        self._truncate(0)
        usual = self._options
        tokens = [1 + n % (self._vocabulary.size - 1) for n in range(read)]
        try:
            self._options = replace(usual, batch_size=min(batch_size, usual.batch_size))
            self._lib.llama_set_n_threads(self._context, threads, threads)
            begun = time.perf_counter()
            self._prefill(tokens)
            after = time.perf_counter()
            for _ in range(written):
                self._decode([int(np.argmax(self._logits()))])
            return after - begun, time.perf_counter() - after
        finally:
            self._options = usual
            self._lib.llama_set_n_threads(self._context, usual.threads, usual.threads)
            self._truncate(0)

    def keep(self) -> KeptSequence:
        tokens, data = self._saved()
        return KeptSequence(self._owner, tokens, data, _checksum(self._owner, tokens, data))

    def restore(self, kept: KeptSequence) -> None:
        if kept.owner != self._owner:
            raise GenerationFailed(
                f"The kept sequence is of {kept.owner}, not of {self._owner}. Compute it again with this model."
            )
        if kept.checksum != _checksum(kept.owner, kept.tokens, kept.data):
            raise GenerationFailed("The kept sequence is damaged: its checksum differs. Compute it again.")
        if not self._put_back(kept.tokens, kept.data):
            raise GenerationFailed(
                f"The kept sequence of {len(kept.tokens)} tokens does not fit this context of "
                f"{self._options.context_size}. Compute a shorter one, or raise the context size."
            )

    def info(self) -> LlamaInfo:
        buffer = ctypes.create_string_buffer(256)
        self._lib.llama_model_desc(self._model, buffer, len(buffer))
        return LlamaInfo(
            description=buffer.value.decode("utf-8", "replace"),
            parameters=self._lib.llama_model_n_params(self._model),
            weight_bytes=self._lib.llama_model_size(self._model),
            context_size=self._options.context_size,
            threads=self._lib.llama_n_threads(self._context),
            batch_size=self._lib.llama_n_batch(self._context),
            packed=self._kernels.packs,
            features=self._features,
        )

    @property
    def _features(self) -> str:
        return str(self._lib.llama_print_system_info().decode("utf-8", "replace")).strip()

    def _kernels_of(self, vocabulary: Vocabulary) -> Kernels:
        file_type = vocabulary.metadata("general.file_type") or ""
        widths = tuple(vocabulary.number(name, 1) for name in ("embedding_length", "feed_forward_length"))
        return kernels_for(self._features, int(file_type) if file_type.isdigit() else -1, widths, self._options.weights)

    def _saved(self) -> tuple[tuple[int, ...], bytes]:
        """The firm cells' tokens, and what was computed of them."""
        self._truncate(self._firm)
        size = self._lib.llama_state_seq_get_size(self._context, 0)
        buffer = (ctypes.c_uint8 * size)()
        written = self._lib.llama_state_seq_get_data(self._context, buffer, size, 0)
        return tuple(self._cells), bytes(memoryview(buffer)[:written])

    def _put_back(self, tokens: Sequence[int], data: bytes) -> bool:
        """What was saved in place of what the cells hold; False, and nothing held, where it does not fit."""
        self._truncate(0)
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        if not self._lib.llama_state_seq_set_data(self._context, buffer, len(data), 0):
            self._truncate(0)
            return False
        self._cells = list(tokens)
        self._firm = len(self._cells)
        return True

    def _prefill(self, prompt: Sequence[int]) -> int:
        """Bring the cells to hold the prompt; how many of its tokens they held already.

        The last token is always computed, since its logits are wanted.
        """
        shared = _common_prefix(self._cells[: self._firm], prompt[: -self._kernels.least])
        cached = self._truncate(shared // self._kernels.grain * self._kernels.grain)
        self._read(prompt[cached:])
        return cached

    def _read(self, tokens: Sequence[int]) -> None:
        at = 0
        for count in self._kernels.parts(len(tokens), self._options.batch_size):
            self._decode(tokens[at : at + count])
            at += count

    def _truncate(self, length: int) -> int:
        """Drop the cells from `length` on; how many are left, 0 where the memory cannot be cut (recurrent models)."""
        if length < len(self._cells) and not self._lib.llama_memory_seq_rm(self._memory, 0, length, -1):
            length = 0
        if length == 0:
            self._lib.llama_memory_clear(self._memory, True)
        del self._cells[length:]
        self._firm = min(self._firm, length)
        return length

    def _decode(self, tokens: Sequence[int]) -> None:
        """Compute the tokens after the cells; logits only of the last."""
        count, start = len(tokens), len(self._cells)
        ids = (ctypes.c_int32 * count)(*tokens)
        places = (ctypes.c_int32 * count)(*range(start, start + count))
        status = self._lib.llama_decode(self._context, self._lib.llama_batch(count, ids, None, places))
        if status == 0:
            self._cells.extend(tokens)
            self._firm += self._kernels.exact(count) if start == self._firm else 0
            return
        # What was computed of this batch is of no use: its last logits are missing.
        self._lib.llama_memory_seq_rm(self._memory, 0, start, -1) or self._truncate(0)
        if status == _ABORTED:
            raise GenerationCancelled("Generation was stopped on request.")
        raise GenerationFailed(
            f"llama.cpp failed with status {status} at token {start + count} of {self._options.context_size}"
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

    def _load(self, path: Path, stop: StopFlag) -> int:
        parameters = self._lib.llama_model_default_params()
        # Of weights that are packed anew, mapping the file as well would keep two copies (1.5B: peak 1.88 GB mapped,
        # 1.29 GB read, the same seconds).
        parameters.use_extra_bufts = self._kernels.packs
        parameters.load_mode = self._lib.LLAMA_LOAD_MODE_NONE if self._kernels.packs else self._lib.LLAMA_LOAD_MODE_MMAP
        parameters.n_gpu_layers = 0  # only the CPU back end can be stopped in the middle of a prompt
        goes_on = self._lib.llama_progress_callback(lambda progress, _: not stop.is_set())
        parameters.progress_callback = goes_on
        try:
            return self._native.load(path, parameters)
        except ModelCorrupt:
            if stop.is_set():
                raise GenerationCancelled("Loading was stopped on request.") from None
            raise

    def _new_context(self, path: Path) -> int:
        parameters = self._lib.llama_context_default_params()
        parameters.n_ctx = self._options.context_size
        parameters.n_batch = parameters.n_ubatch = self._options.batch_size
        parameters.n_threads = parameters.n_threads_batch = self._options.threads
        parameters.n_outputs_max = 1
        # llama.cpp quantizes cached values only under flash attention.
        flash = self._options.flash_attention or self._options.cache_type != "f16"
        parameters.flash_attn_type = 1 if flash else 0
        parameters.type_k = parameters.type_v = {
            "f16": self._lib.GGML_TYPE_F16,
            "q8_0": self._lib.GGML_TYPE_Q8_0,
        }[self._options.cache_type]
        context: int | None = self._lib.llama_init_from_model(self._model, parameters)
        if context is None:
            self._lib.llama_model_free(self._model)
            raise ModelUnfit(
                f"{path.name} cannot get a context of {self._options.context_size} tokens{self._native.complaints()}. "
                "Choose a smaller context or model."
            )
        return context


def _free_engine(lib: Any, context: int, model: int) -> None:
    lib.llama_free(context)
    lib.llama_model_free(model)


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    shorter = min(len(left), len(right))
    return next((place for place in range(shorter) if left[place] != right[place]), shorter)


def _checksum(owner: str, tokens: tuple[int, ...], data: bytes) -> str:
    digest = hashlib.blake2b(repr((owner, tokens)).encode(), digest_size=16)
    digest.update(data)
    return digest.hexdigest()


class _Native:
    """llama.cpp as loaded into this process, quiet: what it logs goes to our debug log.

    `is_set` tells llama.cpp whether to stop. It is asked at each of the ~1,000 operations of a batch, by a thread that
    must not wait for Python's interpreter lock: with a callback into Python, one busy thread halves the speed (135M:
    168 prompt tokens/s to 75). So it is the C library's strlen, over two bytes: 0 while the first is zero, then 1.
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
