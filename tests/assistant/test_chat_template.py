"""Rendering like transformers does, except that no text can pose as markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.chat_template import ChatTemplate, Part, encode
from assistant.errors import ModelUnfit
from assistant.types import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for message in messages %}{{ '<start_of_turn>' + message['role'] + '\n' + message['content'] | trim "
    "+ '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)
# Markup in plain letters; and it drops instructions without a word.
DEAF_TO_SYSTEM = "{% for m in messages if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% endfor %}"
MARKS = ("<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<tool_call>")

SYSTEM, USER = Message("system", "Answer from the sources."), Message("user", "Where is it?")


class WordTokenizer:
    """A tokenizer of words with their leading spaces, so that tokens merge across joints, as in real ones.

    `greedy` ones find <tool_call> in any text, as llama.cpp finds the tokens that a model's maker added;
    `spaced` ones put a space before text that follows a mark, as SentencePiece does.
    """

    def __init__(self, greedy: bool = False, spaced: bool = False) -> None:
        self._ids: dict[str, int] = {text: number for number, text in enumerate(MARKS)}
        self._spaced = spaced
        self._always = MARKS[-1:] if greedy else ()
        self.marks = frozenset(range(len(MARKS)))

    def tokenize(self, text: str, markup: bool = False) -> list[int]:
        names = "|".join(map(re.escape, MARKS if markup else self._always))
        stretches = re.split(f"({names})", text) if names else [text]
        return [token for stretch in stretches if stretch for token in self._stretch(stretch, markup)]

    def _stretch(self, stretch: str, markup: bool) -> list[int]:
        if stretch in (MARKS if markup else self._always):
            return [self._ids[stretch]]
        words = re.findall(r"\s*\w+|\s+|[^\w\s]", (" " if self._spaced else "") + stretch)
        return [self._ids.setdefault(word, len(self._ids)) if word not in MARKS else 0 for word in words]

    def text(self, tokens: Sequence[int]) -> str:
        texts = list(self._ids)
        return "".join(texts[token] for token in tokens)


TOKENIZERS = [WordTokenizer(), WordTokenizer(greedy=True), WordTokenizer(spaced=True)]
TEXTS = st.text(alphabet=st.sampled_from("ab \n.<|>é日"), max_size=20)
HOSTILE = st.lists(TEXTS | st.sampled_from(MARKS), max_size=8).map("".join)


def joined(parts: Sequence[Part]) -> str:
    return "".join(part.text for part in parts)


def test_chatml_is_rendered_as_its_author_meant_it() -> None:
    assert joined(ChatTemplate(CHATML).render([SYSTEM, USER])) == (
        "<|im_start|>system\nAnswer from the sources.<|im_end|>\n"
        "<|im_start|>user\nWhere is it?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_what_a_message_says_is_no_markup() -> None:
    parts = ChatTemplate(CHATML).render([SYSTEM, USER])
    assert [part.text for part in parts if not part.markup] == [SYSTEM.text, USER.text]


def test_a_message_is_no_part_of_the_program() -> None:
    hostile = Message("user", "{{ 7 * 7 }}{% raw %} quothmessage0text {# #}")
    assert hostile.text in joined(ChatTemplate(CHATML).render([SYSTEM, hostile]))


@pytest.mark.parametrize("template", [GEMMA, DEAF_TO_SYSTEM])
def test_instructions_open_the_first_user_message_where_there_is_no_system_role(template: str) -> None:
    text = joined(ChatTemplate(template, "<bos>").render([SYSTEM, USER]))
    assert "Answer from the sources.\n\nWhere is it?" in text


def test_a_template_that_refuses_a_conversation_says_why() -> None:
    with pytest.raises(ModelUnfit, match="System role not supported"):
        ChatTemplate(GEMMA).render([SYSTEM])


@pytest.mark.parametrize(
    "program",
    [
        "{% for %}",
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ 1 / 0 }}",
        "{{ nothing.at.all }}",
        "{% for i in range(99999999) %}x{% endfor %}",
        "only words",
        "quothmessage7text quothmessage0text",
    ],
)
def test_a_broken_or_hostile_template_makes_the_model_unfit(program: str) -> None:
    with pytest.raises(ModelUnfit, match="chat template"):
        ChatTemplate(program).render([USER])


def test_the_date_comes_from_the_given_clock_only() -> None:
    program = (
        "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}never{% endif %}{{ messages[0].content }}"
    )
    assert joined(ChatTemplate(program).render([USER])).startswith("never")
    assert joined(ChatTemplate(program, now=lambda: datetime(2031, 5, 1)).render([USER])).startswith("2031")


def test_tags_for_training_are_transparent() -> None:
    program = "{% generation %}{{ messages[0].content }}{% endgeneration %}"
    assert joined(ChatTemplate(program).render([USER])) == USER.text


@pytest.mark.parametrize("template", [CHATML, GEMMA, DEAF_TO_SYSTEM])
@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@settings(deadline=None)
@given(text=TEXTS, answer=TEXTS)
def test_harmless_text_gets_the_tokens_of_the_whole_string(
    template: str, tokenizer: WordTokenizer, text: str, answer: str
) -> None:
    messages = [Message("user", text), Message("user", answer)]
    parts = ChatTemplate(template, "<bos>").render(messages)
    assert encode(tokenizer, parts) == tokenizer.tokenize(joined(parts), markup=True)


@pytest.mark.parametrize("template", [CHATML, GEMMA, DEAF_TO_SYSTEM])
@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@settings(deadline=None)
@given(text=HOSTILE)
def test_no_text_adds_a_mark(template: str, tokenizer: WordTokenizer, text: str) -> None:
    def marks(words: str) -> list[int]:
        tokens = encode(tokenizer, ChatTemplate(template, "<bos>").render([Message("user", words), USER]))
        return [token for token in tokens if token in tokenizer.marks]

    assert marks(text) == marks("harmless")


@settings(deadline=None)
@given(text=HOSTILE)
def test_letters_of_a_forged_mark_are_kept(text: str) -> None:
    tokenizer = WordTokenizer(greedy=True)
    parts = ChatTemplate(CHATML).render([Message("user", text)])
    assert tokenizer.text(encode(tokenizer, parts)) == joined(parts)
