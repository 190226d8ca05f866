"""A Generator behind HTTP: any server of OpenAI's chat completions (llama-server, Ollama, vLLM, LM Studio, OpenAI).

Knows that protocol, and how to ask two kinds of llama.cpp server for token counts. Knows no tokenizer and no template:
the server applies its own, and whether text can pose as markup there is the server's affair. Reads no environment: no
proxy, no certificate and no key but those it is given.

A generation runs in an event loop of its own, because that can drop a connection at any moment: while connecting, while
the server computes in silence, in the middle of a line.
"""

from __future__ import annotations

import json
import logging
import math
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from queue import SimpleQueue
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal

from assistant.errors import GenerationFailed, PromptTooLong, SettingsError
from assistant.generation import NO, YES, Capabilities, Spend, Stream, await_result, follow, log_odds, unaccounted
from assistant.types import Completion, Message, Model, Prompt, Usage

log = logging.getLogger(__name__)

_BYTES_PER_TOKEN = 3
"""A token has about 4 bytes of English, 5 of Russian, 3.5 of Chinese: an estimate by 3 is rather too high."""
_TEMPLATE_TOKENS, _MESSAGE_TOKENS = 32, 8
_CONNECT_SECONDS = 10.0
_REPLY_BYTES = 16 << 20
"""More than that is no answer to a question: the server is broken or means harm."""
_SHOWN_CHARACTERS = 300
_TOP = 20
"""Alternatives to the first token that are asked for; most servers allow no more."""
_LEAST = -100.0
"""The log-probability of what a server calls impossible."""
_COUNTERS = (("tokenize", "content", "tokens"), ("extras/tokenize/count", "input", "count"))
"""Path, field of the request and field of the reply: of llama-server, and of llama-cpp-python's server."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a server turned out to do."""

    log_probabilities: bool
    cached_tokens: bool
    context_size: int | None
    counter: tuple[str, str, str] | None


class Endpoint:
    """A Generator at an address such as `http://127.0.0.1:8080/v1`. Nothing is sent before the first use.

    `context_size` is what the server was started with; if it tells a smaller one, that holds. `timeout_seconds` is the
    longest silence allowed: a slow server computes a prompt for minutes without a word.
    """

    def __init__(
        self,
        url: str,
        model_name: str,
        *,
        context_size: int = 4096,
        api_key: str | None = None,
        timeout_seconds: float = 300.0,
    ) -> None:
        self.model = Model(model_name, None, "endpoint")
        self._base = _base_address(url)
        self._root = self._base.removesuffix("/v1")
        self._wanted_context = context_size
        self._key = api_key
        self._timeout = httpx.Timeout(timeout_seconds, connect=_CONNECT_SECONDS)

    @property
    def capabilities(self) -> Capabilities:
        """What the server offers, asked once. That it stops computing an abandoned prompt, none promises."""
        return Capabilities(self._offer.log_probabilities, self._offer.cached_tokens, cancel_prefill=False)

    @property
    def context_size(self) -> int:
        return min(self._wanted_context, self._offer.context_size or self._wanted_context)

    def count_tokens(self, text: str) -> int:
        """By the server where it counts; else estimated from the length, rather too high."""
        if self._offer.counter and text:
            return self._count(self._offer.counter, text)
        return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)

    def count_prompt(self, messages: Sequence[Message]) -> int:
        """An upper estimate: the server's template is not known."""
        return _TEMPLATE_TOKENS + sum(_MESSAGE_TOKENS + self.count_tokens(message.text) for message in messages)

    def generate(self, prompt: Prompt, cancel: threading.Event) -> Stream:
        if prompt.tokens + prompt.max_tokens > self.context_size:
            raise PromptTooLong(
                f"The prompt has about {prompt.tokens} tokens and asks for up to {prompt.max_tokens} more, but the "
                f"server's context holds {self.context_size}. Ask a shorter question, or start it with a larger one."
            )
        request = self._request(prompt.messages, prompt.max_tokens)
        request |= {"stream": True, "stream_options": {"include_usage": True}}
        pieces: SimpleQueue[str | None] = SimpleQueue()
        with start_blocking_portal() as portal:
            done = portal.start_task_soon(self._stream, request, prompt.tokens, pieces.put)
            done.add_done_callback(lambda _: pieces.put(None))
            return (yield from follow(pieces, done, cancel, lambda: _cancel(done)))

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        if not self._offer.log_probabilities:
            return None
        request = self._request(prompt.messages, 1) | {"logprobs": True, "top_logprobs": _TOP}
        with start_blocking_portal() as portal:
            done = portal.start_task_soon(self._whole, request)
            reply = await_result(done, cancel, lambda: _cancel(done))
        spend(_told_usage(_dig(reply, "usage"), prompt.tokens, 1))
        return _margin(_alternatives(reply))

    def close(self) -> None:
        self._client.close()

    def _request(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        turns = [{"role": message.role, "content": message.text} for message in messages]
        return {"model": self.model.name, "messages": turns, "max_tokens": max_tokens, "temperature": 0.0}

    async def _stream(self, request: dict[str, Any], prompt_tokens: int, emit: Callable[[str], None]) -> Completion:
        """The whole completion; `emit` gets its pieces as they come."""
        reply = _Reply()
        async with self._asked(request) as response:
            async for event in _events(response):
                if piece := reply.take(event):
                    emit(piece)
        return reply.completion(prompt_tokens)

    async def _whole(self, request: dict[str, Any]) -> Any:
        async with self._asked(request) as response:
            return _parsed(await _body(response))

    @asynccontextmanager
    async def _asked(self, request: dict[str, Any]) -> AsyncIterator[httpx.Response]:
        """The reply to a chat request, its status seen to, its body still to come."""
        with _translated(self._base):
            async with (
                httpx.AsyncClient(**self._manner) as client,
                client.stream("POST", f"{self._base}/chat/completions", json=request) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise self._refusal(response.status_code, await _body(response))
                yield response

    @cached_property
    def _manner(self) -> dict[str, Any]:
        """How every request is made. Redirects are not followed: they could carry the key elsewhere."""
        return {
            "headers": {"Authorization": f"Bearer {self._key}"} if self._key else {},
            "timeout": self._timeout,
            "trust_env": False,
            "verify": ssl.create_default_context() if self._base.startswith("https:") else False,
        }

    @cached_property
    def _client(self) -> httpx.Client:
        """For short questions to the server; kept open, since counting asks many of them."""
        return httpx.Client(**self._manner)

    @cached_property
    def _offer(self) -> _Offer:
        request = self._request([Message("user", "Reply yes.")], 1) | {"logprobs": True, "top_logprobs": _TOP}
        with _translated(self._base):
            graded = self._client.post(f"{self._base}/chat/completions", json=request)
            reply = _parsed(graded.content) if graded.is_success else None
            if graded.status_code in {401, 403, 404}:
                raise self._refusal(graded.status_code, graded.content)
            offer = _Offer(
                log_probabilities=bool(_alternatives(reply)),
                cached_tokens=_cached_tokens(_dig(reply, "usage")) is not None,
                context_size=self._told_context(),
                counter=next((counter for counter in _COUNTERS if self._counts(counter)), None),
            )
        log.debug("%s offers %s", self._base, offer)
        return offer

    def _told_context(self) -> int | None:
        """llama-server's own word for its context, where it gives it."""
        reply = self._client.get(f"{self._root}/props")
        told = _dig(_parsed(reply.content), "default_generation_settings", "n_ctx") if reply.is_success else None
        return told if isinstance(told, int) and told > 0 else None

    def _counts(self, counter: tuple[str, str, str]) -> bool:
        try:
            return 1 <= self._count(counter, "one two three") <= 13
        except GenerationFailed:
            return False

    def _count(self, counter: tuple[str, str, str], text: str) -> int:
        path, asked, told = counter
        with _translated(self._base):
            reply = self._client.post(f"{self._root}/{path}", json={asked: text})
            if not reply.is_success:
                raise self._refusal(reply.status_code, reply.content)
        count = _dig(_parsed(reply.content), told)
        if isinstance(count, list):
            return len(count)
        if isinstance(count, int):
            return count
        raise GenerationFailed(f"The server at {self._base} counts no tokens at /{path} any more. Restart Quoth.")

    def _refusal(self, status: int, body: bytes) -> GenerationFailed:
        remedy = {
            401: "Set endpoint_key to a valid key.",
            403: "Set endpoint_key to a key that may use this model.",
            404: f"Check the address, which usually ends in /v1, and the model name {self.model.name!r}.",
            429: "Wait a little and ask again.",
        }.get(status, "Look at the server's log.")
        return GenerationFailed(f"The server at {self._base} refused with status {status}{self._said(body)}. {remedy}")

    def _said(self, body: bytes) -> str:
        """The server's own words, without the key should it repeat it."""
        text = body.decode("utf-8", "replace")
        with suppress(ValueError, RecursionError):
            text = _message(json.loads(text)) or text
        text = " ".join(text.replace(self._key, "***").split() if self._key else text.split())
        return f": {text[:_SHOWN_CHARACTERS]}" if text else ""


class _Reply:
    """What has come of a streamed completion."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._finish: str | None = None
        self._usage: Any = None

    def take(self, event: Any) -> str:
        """The text an event adds, "" for none."""
        if _dig(event, "error") is not None:
            raise GenerationFailed(f"The server broke off: {_message(event) or 'no reason given'}. Look at its log.")
        self._usage = _dig(event, "usage") or self._usage
        self._finish = _dig(event, "choices", 0, "finish_reason") or self._finish
        content = _dig(event, "choices", 0, "delta", "content")
        if not isinstance(content, str) or not content:
            return ""
        self._pieces.append(content.encode("utf-8", "replace").decode())  # JSON can carry halves of characters
        return self._pieces[-1]

    def completion(self, prompt_tokens: int) -> Completion:
        """What the server does not count is estimated: the prompt as the caller did, the text by its pieces."""
        if self._finish is None:
            raise GenerationFailed(
                f"The server ended its answer after {len(self._pieces)} pieces without saying that it is complete. "
                "Ask again; if it stays, look at the server's log."
            )
        usage = _told_usage(self._usage, prompt_tokens, len(self._pieces))
        return Completion("".join(self._pieces), usage, "length" if self._finish == "length" else "end")


def _told_usage(told: Any, prompt_tokens: int, completion_tokens: int) -> Usage:
    """What a server tells of a request's tokens; these counts where it does not."""
    return Usage(
        _whole_number(_dig(told, "prompt_tokens"), prompt_tokens),
        _cached_tokens(told) or 0,
        _whole_number(_dig(told, "completion_tokens"), completion_tokens),
    )


def _base_address(url: str) -> str:
    """The address before `/chat/completions`, without a slash at its end."""
    try:
        address = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise SettingsError(f"generator = {url!r} is no address ({error}). Write http://host:port/v1") from error
    if address.userinfo:
        raise SettingsError("The generator's address holds a user name or password. Put the key in endpoint_key.")
    if address.scheme not in {"http", "https"} or not address.host:
        raise SettingsError(f"generator = {url!r} is no http or https address. Write http://host:port/v1")
    path = address.path.rstrip("/").removesuffix("/chat/completions")
    return str(address.copy_with(path=path or "/v1", query=None, fragment=None))


@contextmanager
def _translated(address: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise GenerationFailed(
            f"The server at {address} kept silent too long ({type(error).__name__}). Look whether it still runs; a "
            "smaller model answers sooner."
        ) from error
    except httpx.ConnectError as error:
        raise GenerationFailed(
            f"Nothing answers at {address} ({error}). Start the server, or correct the setting generator."
        ) from error
    except httpx.HTTPError as error:
        raise GenerationFailed(
            f"The connection to {address} broke off ({error or type(error).__name__}). Ask again; if it stays, look at "
            "the server's log."
        ) from error


async def _events(response: httpx.Response) -> AsyncIterator[Any]:
    """The JSON values of a stream of server-sent events, up to its [DONE] or its end."""
    async for line in _lines(response):
        if not line.startswith(b"data:"):
            continue
        if (data := line[5:].strip()) == b"[DONE]":
            return
        yield _parsed(data)


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    rest, total = b"", 0
    async for block in response.aiter_bytes():
        total += len(block)
        _refuse_flood(total)
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line
    yield rest


async def _body(response: httpx.Response) -> bytes:
    body = b""
    async for block in response.aiter_bytes():
        body += block
        _refuse_flood(len(body))
    return body


def _refuse_flood(size: int) -> None:
    if size > _REPLY_BYTES:
        raise GenerationFailed(f"The server sent more than {_REPLY_BYTES >> 20} MB for one answer. Look at its log.")


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        shown = data[:80].decode("utf-8", "replace")
        raise GenerationFailed(
            f"The server sent {shown!r}, which is no JSON. Check that the address is that of a chat completions server."
        ) from error


def _dig(value: Any, *path: str | int) -> Any:
    """What lies at the path, or None: nothing about a reply's shape can be relied on."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _message(reply: Any) -> str | None:
    said = _dig(reply, "error", "message") or _dig(reply, "error") or _dig(reply, "detail") or _dig(reply, "message")
    return said if isinstance(said, str) else None


def _whole_number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and value >= 0 else default


def _cached_tokens(usage: Any) -> int | None:
    told = _dig(usage, "prompt_tokens_details", "cached_tokens")
    return told if isinstance(told, int) else None


def _alternatives(reply: Any) -> list[tuple[str, float]]:
    """The likeliest first tokens with their log-probabilities; none where the server tells none."""
    listed = _dig(reply, "choices", 0, "logprobs", "content", 0, "top_logprobs")
    pairs = ((_dig(entry, "token"), _dig(entry, "logprob")) for entry in (listed if isinstance(listed, list) else ()))
    return [
        (text, max(float(value), _LEAST))
        for text, value in pairs
        if isinstance(text, str) and isinstance(value, int | float) and not math.isnan(value)
    ]


def _margin(alternatives: Sequence[tuple[str, float]]) -> float | None:
    """Log-odds of yes; what is not listed counts as the least likely that is. None if neither yes nor no is listed."""
    yes = [value for text, value in alternatives if text.strip(" ▁Ġ\n") in YES]
    no = [value for text, value in alternatives if text.strip(" ▁Ġ\n") in NO]
    if not yes and not no:
        return None
    least = min(value for _, value in alternatives)
    return log_odds(yes or [least], no or [least])


def _cancel(done: Future[Any]) -> None:
    done.cancel()
