"""The generator on a real, tiny model: reuse, grading, cancelling, queueing, hostile text, refusals."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.chat_template import ChatTemplate, encode
from assistant.errors import (
    GenerationCancelled,
    GenerationFailed,
    ModelCorrupt,
    ModelMissing,
    ModelUnfit,
    PromptTooLong,
)
from assistant.generation import complete
from assistant.llama import LlamaCpp
from assistant.llama_engine import Vocabulary
from assistant.types import Completion, Message, Model, Prompt, Usage

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[2]
SYSTEM = Message("system", "You repeat what you are asked to repeat, and nothing else.")
SOURCE = "The bakery on Mill Lane opened in 1931. " + "Its oven is lit at four every morning. " * 12
NEVER = threading.Event()


def make(path: Path, **options: Any) -> LlamaCpp:
    # One thread: two of them wait for each other at every layer when something else uses the cores.
    return LlamaCpp(path, Model("tiny", None, "llama.cpp"), **{"context_size": 1024, "threads": 1} | options)


def asking(text: str, max_tokens: int = 8) -> Prompt:
    return Prompt((SYSTEM, Message("user", text)), (), 0, max_tokens)


def story(max_tokens: int) -> Prompt:
    """What the model goes on about for as long as it may."""
    return Prompt((Message("user", "Write a very long story about a ship."),), (), 0, max_tokens)


def answer(generator: LlamaCpp, text: str, max_tokens: int = 8) -> Completion:
    return complete(generator.generate(asking(text, max_tokens), NEVER))


@pytest.fixture(scope="module")
def generator(tiny_model: Path) -> Iterator[LlamaCpp]:
    with make(tiny_model) as made:
        yield made


@pytest.fixture(scope="module")
def vocabulary(tiny_model: Path) -> Vocabulary:
    return Vocabulary(tiny_model)


# ---- generating


def test_it_follows_an_instruction_and_says_why_it_stopped(generator: LlamaCpp) -> None:
    said = answer(generator, "Repeat: one two three four five", 30)
    assert "one two three four five" in said.text.lower()
    assert said.stop == "end"
    assert complete(generator.generate(story(5), NEVER)).stop == "length"


def test_pieces_joined_are_the_completion(generator: LlamaCpp) -> None:
    stream = generator.generate(Prompt((Message("user", "Repeat: 😀😀😀"),), (), 0, 11), NEVER)
    pieces: list[str] = []
    while True:
        try:
            pieces.append(next(stream))
        except StopIteration as end:
            said: Completion = end.value
            break
    assert "".join(pieces) == said.text
    assert "😀" in pieces, "a piece is whole characters, though a token is a part of one"
    assert "\ufffd" not in said.text, "not even where the limit cuts a character"


def test_usage_counts_the_prompt_as_count_prompt_does(generator: LlamaCpp) -> None:
    prompt = asking("Repeat: yes", 3)
    usage = complete(generator.generate(prompt, NEVER)).usage
    assert usage.prompt_tokens == generator.count_prompt(prompt.messages)
    assert 0 < usage.completion_tokens <= 3


def test_greedy_generation_repeats_itself_and_a_seed_repeats_a_draw(tiny_model: Path) -> None:
    def told(**options: Any) -> str:
        with make(tiny_model, **options) as made:
            return complete(made.generate(story(12), NEVER)).text

    assert told() == told()
    assert told(temperature=1.5, seed=1) == told(temperature=1.5, seed=1)
    assert len({told(temperature=1.5, seed=seed) for seed in range(4)}) > 1


def test_a_text_that_is_not_allowed_is_never_said(tiny_model: Path, generator: LlamaCpp) -> None:
    free = answer(generator, SOURCE, 24).text
    letter = next(character for character in free if character.isalpha())
    with make(tiny_model, restrain=lambda prompt: lambda text: letter not in text) as made:
        held = answer(made, SOURCE, 24)
    assert held.text and letter not in held.text


# ---- reuse of what is computed

LAST = 11
"""So many of a prompt's tokens may be computed though they were before: see `assistant.kernels`."""
SUFFIXES = ["Repeat: apples and pears", "Repeat: one two three", "Repeat: the oven is lit", "Repeat: Mill Lane"]


def test_what_is_said_does_not_depend_on_what_was_asked_before(tiny_model: Path, generator: LlamaCpp) -> None:
    answer(generator, SOURCE)
    for suffix in SUFFIXES:
        cached = answer(generator, f"{SOURCE}\n\n{suffix}", 16)
        with make(tiny_model) as fresh:
            computed = answer(fresh, f"{SOURCE}\n\n{suffix}", 16)
        assert cached.text == computed.text
        assert computed.usage.cached_tokens == 0
        assert cached.usage.cached_tokens > 100


def test_the_same_prompt_again_computes_its_last_tokens_only(generator: LlamaCpp) -> None:
    answer(generator, SOURCE)
    usage = answer(generator, SOURCE).usage
    assert 1 <= usage.prompt_tokens - usage.cached_tokens <= LAST


def test_a_prompt_that_shares_nothing_is_computed_whole(tiny_model: Path) -> None:
    with make(tiny_model) as made:
        answer(made, SOURCE)
        other = Prompt((Message("system", "Other instructions."), Message("user", "Hello")), (), 0, 2)
        shared = complete(made.generate(other, NEVER)).usage.cached_tokens
    assert shared <= 3  # <|im_start|>, system, end of line: the template's own


@pytest.mark.parametrize("batch_size", [32, 100, 512])
def test_a_grade_is_the_same_to_the_last_digit_however_the_prompt_was_come_by(
    tiny_model: Path, generator: LlamaCpp, batch_size: int
) -> None:
    answer(generator, SOURCE)
    for order in ("Is the oven lit in the morning? Reply yes or no.", "Reply with the word no.", "Reply: yes"):
        question = asking(f"{SOURCE}\n\n{order}")
        with make(tiny_model, batch_size=batch_size) as fresh:
            assert generator.yes_no(question, NEVER) == fresh.yes_no(question, NEVER)


def test_the_default_model_too_grades_alike_whatever_was_asked_before(default_model: Path) -> None:
    """As they lie in the file its weights are multiplied by other kernels than the tiny model's."""
    before, question = asking(f"{SOURCE}\n\n{SUFFIXES[0]}"), asking(f"{SOURCE} Is the oven lit? Reply yes or no.")
    as_they_lie = {"threads": 2, "weights": "mapped"}
    with make(default_model, **as_they_lie) as fresh, make(default_model, **as_they_lie) as made:
        made.yes_no(before, NEVER)
        assert made.yes_no(question, NEVER) == fresh.yes_no(question, NEVER)


def test_a_short_question_put_aside_leaves_a_long_prompt_known(tiny_model: Path, generator: LlamaCpp) -> None:
    first = answer(generator, SOURCE)
    aside = replace(asking("Reply with the word: no"), aside=True)
    with make(tiny_model) as fresh:
        assert generator.yes_no(aside, NEVER) == fresh.yes_no(aside, NEVER)
    again = answer(generator, SOURCE)
    assert again.text == first.text
    assert 1 <= again.usage.prompt_tokens - again.usage.cached_tokens <= LAST


def test_a_text_written_aside_leaves_what_was_computed_before_it_known(tiny_model: Path, generator: LlamaCpp) -> None:
    first = answer(generator, SOURCE)
    wanted = asking("Name three colours.", 12)
    with make(tiny_model) as fresh:
        plain = complete(fresh.generate(wanted, NEVER))
    assert complete(generator.generate(replace(wanted, aside=True), NEVER)).text == plain.text
    again = answer(generator, SOURCE)
    assert again.text == first.text
    assert 1 <= again.usage.prompt_tokens - again.usage.cached_tokens <= LAST


def test_a_text_aside_that_is_stopped_leaves_what_was_computed_before_it_known(generator: LlamaCpp) -> None:
    answer(generator, SOURCE)
    stream = generator.generate(replace(asking("Tell a long story.", 200), aside=True), NEVER)
    next(stream)
    stream.close()
    usage = answer(generator, SOURCE).usage
    assert 1 <= usage.prompt_tokens - usage.cached_tokens <= LAST


def test_a_grade_that_is_remembered_is_what_was_graded_and_costs_nothing(tiny_model: Path, generator: LlamaCpp) -> None:
    first, second, third = (asking(f"Reply with the word: {word}") for word in ("yes", "no", "maybe"))
    with make(tiny_model, grades=2) as made:
        spent: list[Usage] = []
        graded = [made.yes_no(prompt, NEVER, spent.append) for prompt in (first, second)]
        stopped = threading.Event()
        stopped.set()  # whoever still had to compute would not
        assert [made.yes_no(prompt, stopped, spent.append) for prompt in (first, second)] == graded
        read = [made.count_prompt(prompt.messages) for prompt in (first, second)]
        assert [usage.prompt_tokens for usage in spent] == read * 2
        assert [usage.cached_tokens for usage in spent[2:]] == read
        assert spent[0].cached_tokens == 0 < spent[1].cached_tokens < read[1]
        made.yes_no(third, NEVER)
        assert made.yes_no(second, stopped) == graded[1]
        with pytest.raises(GenerationCancelled):
            made.yes_no(first, stopped)
    assert graded == [generator.yes_no(prompt, NEVER) for prompt in (first, second)]


def test_asked_for_yes_the_odds_of_yes_are_higher_than_asked_for_no(generator: LlamaCpp) -> None:
    yes = generator.yes_no(asking("Reply with the word: yes"), NEVER)
    no = generator.yes_no(asking("Reply with the word: no"), NEVER)
    assert yes is not None and no is not None and yes > no


def test_a_trial_tells_seconds_and_changes_nothing(tiny_model: Path, generator: LlamaCpp) -> None:
    before, info = answer(generator, SUFFIXES[0]), generator.info()
    read, written = generator.trial(threads=2, batch_size=64, read=96, written=2)
    assert read > 0 and written > 0
    assert generator.info() == info
    after = answer(generator, SUFFIXES[0])
    assert (after.text, after.usage.cached_tokens) == (before.text, 0)


# ---- keeping and restoring


def test_a_restored_sequence_goes_on_as_if_nothing_had_come_between(generator: LlamaCpp) -> None:
    answer(generator, SOURCE)
    kept = generator.state()
    straight = answer(generator, f"{SOURCE}\n\n{SUFFIXES[0]}")
    complete(generator.generate(Prompt((Message("user", "Something else"),), (), 0, 4), NEVER))
    generator.restore(kept)
    restored = answer(generator, f"{SOURCE}\n\n{SUFFIXES[0]}")
    assert restored == straight
    assert restored.usage.cached_tokens > 100


def test_a_damaged_or_foreign_sequence_is_refused_and_harms_nothing(tiny_model: Path, generator: LlamaCpp) -> None:
    before = answer(generator, SUFFIXES[1]).text
    kept = generator.state()
    flipped = bytes([kept.data[0] ^ 1]) + kept.data[1:]
    with pytest.raises(GenerationFailed, match="checksum"):
        generator.restore(replace(kept, data=flipped))
    with pytest.raises(GenerationFailed, match="checksum"):
        generator.restore(replace(kept, tokens=kept.tokens[1:]))
    with (
        make(tiny_model, cache_type="q8_0", flash_attention=True) as other,
        pytest.raises(GenerationFailed, match="not of"),
    ):
        other.restore(kept)
    assert answer(generator, SUFFIXES[1]).text == before


def test_a_sequence_longer_than_the_context_is_refused(tiny_model: Path, generator: LlamaCpp) -> None:
    answer(generator, SOURCE * 3)
    kept = generator.state()
    with make(tiny_model, context_size=256) as small:
        with pytest.raises(GenerationFailed, match="does not fit"):
            small.restore(kept)
        assert answer(small, SUFFIXES[1]).text


# ---- stopping and queueing


def test_cancelling_during_the_prompt_is_quick_and_leaves_the_model_usable(tiny_model: Path) -> None:
    with make(tiny_model, context_size=4096, batch_size=2048) as made:
        made.load()
        expected = answer(made, SUFFIXES[0]).text
        cancel = threading.Event()
        threading.Timer(0.3, cancel.set).start()
        started = time.monotonic()
        with pytest.raises(GenerationCancelled):
            complete(made.generate(asking(SOURCE * 16), cancel))  # some ten seconds' worth, in one batch
        assert time.monotonic() - started < 6
        again = answer(made, SUFFIXES[0])
        assert again.text == expected
        assert time.monotonic() - started < 9, "the worker went on computing"


@pytest.mark.parametrize("seconds", [0.02, 0.2, 0.5])
def test_a_cancelled_prompt_leaves_only_cells_that_were_computed(
    tiny_model: Path, generator: LlamaCpp, seconds: float
) -> None:
    question = asking(f"{SOURCE}\n\n{SUFFIXES[1]}")
    with make(tiny_model, batch_size=32) as made:
        made.load()
        cancel = threading.Event()
        threading.Timer(seconds, cancel.set).start()
        with pytest.raises(GenerationCancelled):
            complete(made.generate(asking(SOURCE * 2 + SUFFIXES[0], 500), cancel))
        assert len(made.state().tokens) % 32 == 0, "cells of whole batches only"
        assert made.yes_no(question, NEVER) == generator.yes_no(question, NEVER)


def test_cancelling_between_two_pieces_stops(generator: LlamaCpp) -> None:
    cancel = threading.Event()
    stream = generator.generate(story(400), cancel)
    next(stream)
    cancel.set()
    with pytest.raises(GenerationCancelled):
        complete(stream)


def test_an_answer_nobody_listens_to_is_not_finished(generator: LlamaCpp) -> None:
    stream = generator.generate(story(600), NEVER)
    next(stream)
    stream.close()
    started = time.monotonic()
    answer(generator, "Repeat: yes", 2)
    assert time.monotonic() - started < 8  # 600 tokens take far longer


def test_two_threads_that_ask_at_once_are_both_served(tiny_model: Path, generator: LlamaCpp) -> None:
    alone = [answer(generator, suffix).text for suffix in SUFFIXES]
    with ThreadPoolExecutor(len(SUFFIXES)) as askers:
        together = list(askers.map(lambda suffix: answer(generator, suffix).text, SUFFIXES))
    assert together == alone


def test_who_waits_in_the_queue_can_leave_it(generator: LlamaCpp) -> None:
    first = generator.generate(story(400), NEVER)
    next(first)
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(GenerationCancelled):
        answer_later = generator.generate(asking("Repeat: yes"), cancel)
        complete(answer_later)
    assert time.monotonic() - started < 4
    assert next(first), "the one before must not be stopped"
    first.close()


def test_weights_read_meanwhile_serve_whoever_asks_first(tiny_model: Path, generator: LlamaCpp) -> None:
    with make(tiny_model) as made:
        made.begin()
        assert answer(made, "Repeat: yes").text == answer(generator, "Repeat: yes").text


def test_a_fault_found_meanwhile_is_told_to_whoever_needs_the_model(tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<html>404</html>")
    with make(tmp_path / "page.gguf") as made:
        made.begin()
        with pytest.raises(ModelCorrupt, match="not a GGUF file"):
            made.load()


def test_closing_stops_who_runs_and_who_waits(tiny_model: Path) -> None:
    made = make(tiny_model)
    made.load()
    with ThreadPoolExecutor(2) as askers:
        outcomes = [askers.submit(complete, made.generate(story(800), NEVER)) for _ in range(2)]
        time.sleep(0.5)
        made.close()
        assert all(isinstance(outcome.exception(timeout=5), GenerationFailed) for outcome in outcomes)
    made.close()
    with pytest.raises(GenerationFailed, match="closed"):
        answer(made, "Repeat: yes")


def test_a_process_may_end_in_the_middle_of_an_answer(tiny_model: Path) -> None:
    script = (
        "import threading; from pathlib import Path\n"
        "from assistant.llama import LlamaCpp; from assistant.types import *\n"
        f"made = LlamaCpp(Path({str(tiny_model)!r}), Model('tiny', None, 'llama.cpp'), context_size=512, threads=1)\n"
        "prompt = Prompt((Message('user', 'Write a very long story about a ship.'),), (), 0, 400)\n"
        "stream = made.generate(prompt, threading.Event()); next(stream)\n"
        "print('begun')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, env=os.environ.copy()
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "begun\n", "")


# ---- text that would be markup

MARKUP = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|im_start|>system\n",
    "<repo_name>",
    "<|im_",
    "start|>",
    "|>",
]
HOSTILE = st.lists(st.text(max_size=12) | st.sampled_from(MARKUP), max_size=8).map("".join)


def rendered(vocabulary: Vocabulary, *texts: str) -> tuple[list[int], str]:
    assert vocabulary.template is not None
    parts = ChatTemplate(vocabulary.template, *vocabulary.bounds).render([Message("user", text) for text in texts])
    return encode(vocabulary, parts), "".join(part.text for part in parts)


@settings(max_examples=150, deadline=None)
@given(HOSTILE, HOSTILE)
def test_nothing_in_a_message_becomes_a_control_token(vocabulary: Vocabulary, one: str, two: str) -> None:
    def marks(*texts: str) -> list[int]:
        return [token for token in rendered(vocabulary, *texts)[0] if token in vocabulary.marks]

    assert marks(one, two) == marks("a", "b")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(alphabet="ab \n\t.é", max_size=20))
def test_harmless_text_gets_the_tokens_the_model_was_trained_on(vocabulary: Vocabulary, one: str, two: str) -> None:
    tokens, whole = rendered(vocabulary, one, two)
    assert tokens == vocabulary.tokenize(whole, markup=True)


LLAMA_2 = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + ' ' + eos_token + bos_token }}{% endif %}{% endfor %}"
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet="abc \né", max_size=12) | st.just("<s>"), min_size=3, max_size=3))
def test_both_hold_for_a_tokenizer_that_puts_spaces_before_words(spaced: Vocabulary, texts: list[str]) -> None:
    parts = ChatTemplate(LLAMA_2, *spaced.bounds).render(
        [Message("user", texts[0]), Message("assistant", texts[1]), Message("user", texts[2])]
    )
    tokens = encode(spaced, parts)
    assert [token for token in tokens if token in spaced.marks] == [1, 2, 1]
    if "<s>" not in texts:
        assert tokens == spaced.tokenize("".join(part.text for part in parts), markup=True)


@given(st.text(alphabet=st.sampled_from("aZ09 .,;\n\téж日<|>")))
@settings(max_examples=100, deadline=None)
def test_tokens_stand_for_the_text_they_came_from(vocabulary: Vocabulary, text: str) -> None:
    assert vocabulary.text(vocabulary.tokenize(text)) == text


def test_control_tokens_are_known_by_name(vocabulary: Vocabulary) -> None:
    assert {"<|im_start|>", "<|im_end|>"} <= {vocabulary.text([mark]) for mark in vocabulary.marks}


# ---- limits and refusals


def test_a_prompt_too_long_for_the_context_says_by_how_much(generator: LlamaCpp) -> None:
    with pytest.raises(PromptTooLong, match=r"\d+ tokens and asks for up to 100 more.* 1024"):
        answer(generator, SOURCE * 8, 100)
    assert answer(generator, "Repeat: yes").text


def test_a_context_larger_than_the_model_knows_is_cut_with_a_warning(
    tiny_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with make(tiny_model, context_size=1_000_000) as made:
        assert made.context_size == 8192
    assert "8192" in caplog.text


def test_a_model_too_large_for_memory_is_refused_with_both_numbers(tiny_model: Path) -> None:
    with make(tiny_model, available_memory=lambda: 50_000_000) as made:
        with pytest.raises(ModelUnfit, match=r"needs about 0\.2 GB.* 0\.1 GB are available.*smaller"):
            made.load()
        assert made.count_tokens("counting needs no weights") > 0


def test_unknown_memory_refuses_nothing(tiny_model: Path) -> None:
    with make(tiny_model, available_memory=lambda: None) as made:
        made.load()


def test_a_missing_file_and_a_file_of_another_kind_are_told_apart(tmp_path: Path) -> None:
    with (
        make(tmp_path / "nowhere.gguf") as made,
        pytest.raises(ModelMissing, match=r"nowhere\.gguf.*quoth models pull"),
    ):
        made.load()
    (tmp_path / "page.gguf").write_text("<html>404</html>")
    with make(tmp_path / "page.gguf") as made, pytest.raises(ModelCorrupt, match="not a GGUF file"):
        made.load()


@pytest.mark.parametrize("kept", [4, 24, 500, 400_000, 5_000_000, 60_000_000])
def test_a_truncated_model_is_corrupt(tiny_model: Path, tmp_path: Path, kept: int) -> None:
    with tiny_model.open("rb") as whole:
        (tmp_path / "cut.gguf").write_bytes(whole.read(kept))
    with make(tmp_path / "cut.gguf") as made, pytest.raises(ModelCorrupt, match=r"cut\.gguf cannot be loaded"):
        made.load()


def gguf(**metadata: Any) -> bytes:
    """A GGUF file without tensors: metadata, and a vocabulary of letters."""
    tokens = ["<unk>", "<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz▁", *(f"<0x{byte:02X}>" for byte in range(256))]
    fields: dict[str, Any] = {
        "general.architecture": "llama",
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * len(tokens),
        "tokenizer.ggml.token_type": [2, 3, 3] + [1] * 27 + [6] * 256,
        **{name.replace("__", "."): value for name, value in metadata.items()},
    }
    body = b"".join(_string(name) + _typed(value) for name, value in fields.items())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(fields)) + body


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _typed(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case str():
            return struct.pack("<I", 8) + _string(value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_string, value))
        case [float(), *_]:
            return struct.pack(f"<IIQ{len(value)}f", 9, 6, len(value), *value)
        case _:
            return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)


@pytest.fixture
def spaced(tmp_path: Path) -> Vocabulary:
    (tmp_path / "spaced.gguf").write_bytes(gguf())
    return Vocabulary(tmp_path / "spaced.gguf")


ECHO = "{% for message in messages %}{{ message.content }}{% endfor %}"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, "no chat template"),
        ({"tokenizer__chat_template": ECHO, "llama__pooling_type": 1}, "embedding model"),
        ({"tokenizer__chat_template": ECHO, "llama__attention__causal": False}, "embedding model"),
        ({"tokenizer__chat_template": ECHO, "general__finetune": "Base"}, "base model"),
        ({"tokenizer__chat_template": ECHO, "general__architecture": "t5"}, "architecture t5"),
        ({"tokenizer__chat_template": "{% for %}"}, "chat template cannot be read"),
        ({"tokenizer__chat_template": "silence"}, "leaves out a message"),
    ],
)
def test_a_model_that_cannot_answer_is_unfit(tmp_path: Path, metadata: dict[str, Any], reason: str) -> None:
    (tmp_path / "model.gguf").write_bytes(gguf(**metadata))
    with make(tmp_path / "model.gguf") as made, pytest.raises(ModelUnfit, match=reason):
        made.count_prompt([Message("user", "abc")])


def test_a_model_that_could_answer_but_has_no_weights_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(gguf(tokenizer__chat_template=ECHO))
    with make(tmp_path / "model.gguf") as made:
        assert made.count_prompt([Message("user", "abc")]) == 5  # beginning of sequence, space, three letters
        with pytest.raises(ModelCorrupt):
            made.load()


def test_loading_can_be_cancelled_and_tried_again(tiny_model: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with make(tiny_model) as made:
        with pytest.raises(GenerationCancelled):
            made.load(cancel)
        made.load()


def test_it_tells_what_it_runs_on(generator: LlamaCpp) -> None:
    info = generator.info()
    assert info.parameters == 134_515_008
    assert (info.context_size, info.threads) == (1024, 1)
    assert "CPU" in info.features
