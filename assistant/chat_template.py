"""A model's own chat template: messages → markup and somebody's text → tokens, the two never confused.

Knows Jinja and the conventions of published templates, and tokens through the tokenizer it is given. Knows no back end;
reads no file and no clock. The template comes out of a model file, so it runs in a sandbox; messages never pass through
it: it is rendered over placeholders, and cut at them. Whatever a text contains, it cannot pose as markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn, Protocol

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from assistant.errors import ModelUnfit
from assistant.types import Message

# Letters and digits only: a template may trim, escape or split at punctuation, and must find nothing to do here.
_PLACEHOLDER = "quothmessage{}text"
_PLACEHOLDERS = re.compile(r"quothmessage(\d+)text")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a rendered prompt: the template's own `markup`, or the text of a message."""

    text: str
    markup: bool


class ChatTemplate:
    """Renders messages with `source`, in the way transformers does, ending where the assistant begins to speak.

    `now` is asked only by templates that print the date; without it they print their own default.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "", now: Callable[[], datetime] | None = None) -> None:
        try:
            self._template = _environment(now).from_string(source)
        except jinja2.TemplateError as error:
            raise _unfit(f"cannot be read ({error})") from error
        self._variables = {"bos_token": bos, "eos_token": eos}

    def render(self, messages: Sequence[Message]) -> tuple[Part, ...]:
        """Parts in order. Where the template knows no system message, its text opens the first user message."""
        try:
            return self._render(messages)
        except ModelUnfit:
            if (folded := _fold_system(messages)) == tuple(messages):
                raise
            return self._render(folded)

    def _render(self, messages: Sequence[Message]) -> tuple[Part, ...]:
        pieces = _PLACEHOLDERS.split(self._fill(messages))  # markup at even places, message numbers at odd ones
        shown = {int(number) for number in pieces[1::2]}
        if missing := [m.role for number, m in enumerate(messages) if number not in shown]:
            raise _unfit(f"leaves out a message of the role {missing[0]!r}")
        if len(shown) > len(messages):
            raise _unfit("invents messages")
        parts = (
            Part(messages[int(piece)].text, False) if place % 2 else Part(piece, True)
            for place, piece in enumerate(pieces)
        )
        return tuple(part for part in parts if part.text)

    def _fill(self, messages: Sequence[Message]) -> str:
        turns = [{"role": m.role, "content": _PLACEHOLDER.format(n)} for n, m in enumerate(messages)]
        try:
            return self._template.render(
                messages=turns,
                add_generation_prompt=True,
                enable_thinking=False,
                tools=None,
                documents=None,
                **self._variables,
            )
        except Exception as error:  # the template is a program of the model's author: it may raise anything
            raise _unfit(f"failed ({error})") from error


class Tokenizer(Protocol):
    """What `encode` needs of a model's vocabulary. `marks` are the tokens that mean more than their letters."""

    @property
    def marks(self) -> Set[int]: ...

    def tokenize(self, text: str, markup: bool = False) -> list[int]:
        """Token ids; only in `markup` do names of control tokens become them."""
        ...

    def text(self, tokens: Sequence[int]) -> str: ...


def encode(tokenizer: Tokenizer, parts: Sequence[Part]) -> list[int]:
    """Token ids of a rendered prompt, equal to those of the joined string unless a message names a control token.

    Markup is cut at its control tokens; what plain text of it touches a message is tokenized together with that, since
    tokens merge across the joint.
    """
    tokens: list[int] = []
    plain = ""
    for part in parts:
        before, marks, after = _cut(tokenizer, part.text) if part.markup else (part.text, [], "")
        if marks:
            tokens += _harmless(tokenizer, plain + before) + marks
            plain = after
        else:
            plain += before
    return tokens + _harmless(tokenizer, plain)


def _cut(tokenizer: Tokenizer, markup: str) -> tuple[str, list[int], str]:
    """Plain text before the first control token, the tokens from there to the last one, plain text after."""
    tokens = tokenizer.tokenize(markup, markup=True)
    places = [place for place, token in enumerate(tokens) if token in tokenizer.marks]
    if not places:
        return markup, [], ""
    first, last = places[0], places[-1] + 1
    before, after = tokenizer.text(tokens[:first]), tokenizer.text(tokens[last:])
    # Some tokenizers put a space before a text that has none.
    before = before if markup.startswith(before) else before[1:]
    after = after if markup.endswith(after) else after[1:]
    if markup.startswith(before) and markup.endswith(after):
        return before, tokens[first:last], after
    return "", tokens, ""


def _harmless(tokenizer: Tokenizer, text: str) -> list[int]:
    """Tokens of text in which nothing is markup. Names of control tokens are spelled out, letters kept."""
    tokens = tokenizer.tokenize(text)
    names = {tokenizer.text([token]) for token in tokens if token in tokenizer.marks}
    if not names:
        return tokens
    inside = "|".join(f"(?<={re.escape(name[0])})(?={re.escape(name[1:])})" for name in names if len(name) > 1)
    pieces = re.split(inside, text) if inside else [text]
    spelled = (token for piece in pieces for token in tokenizer.tokenize(piece))
    return [token for token in spelled if token not in tokenizer.marks]


def _fold_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same conversation without a system message (Gemma's template, for one, refuses them)."""
    instructions = "\n\n".join(m.text for m in messages if m.role == "system")
    others = [m for m in messages if m.role != "system"]
    if not instructions or not others or others[0].role != "user":
        return tuple(messages)
    return (replace(others[0], text=f"{instructions}\n\n{others[0].text}"), *others[1:])


def _environment(now: Callable[[], datetime] | None) -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    if now is not None:
        environment.globals["strftime_now"] = lambda form: now().strftime(form)
    return environment


class _GenerationTag(jinja2.ext.Extension):
    """`{% generation %}` marks the assistant's words for training; for us it is transparent."""

    tags = {"generation"}  # noqa: RUF012  (jinja2 declares it so)

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _to_json(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _unfit(what: str) -> ModelUnfit:
    return ModelUnfit(f"The model's chat template {what}. Choose another build of the model, or another model.")
