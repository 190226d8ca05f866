"""A model's own chat template: messages → what is markup and what is somebody's text.

Knows Jinja and the conventions of published templates. Knows no tokens and no model; reads no file and no clock. The
template itself comes out of a model file, so it runs in a sandbox; messages never pass through it. It is rendered over
placeholders, and the rendering is cut at them: text can therefore not pose as markup, whatever it contains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, NoReturn

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

    tags: ClassVar[set[str]] = {"generation"}

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _to_json(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _unfit(what: str) -> ModelUnfit:
    return ModelUnfit(f"The model's chat template {what}. Choose another build of the model, or another model.")
