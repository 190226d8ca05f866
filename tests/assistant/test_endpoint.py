"""The generator behind HTTP: against a real llama.cpp server, and against one that does all that servers do wrong."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.endpoint import Endpoint
from assistant.errors import GenerationCancelled, GenerationFailed, PromptTooLong, SettingsError
from assistant.generation import complete
from assistant.types import Completion, Message, Model, Prompt, Usage

KEY = "sk-very-secret"
NEVER = threading.Event()


def asking(text: str, max_tokens: int = 12, tokens: int = 30) -> Prompt:
    return Prompt((Message("user", text),), (), tokens, max_tokens)


def answer(endpoint: Endpoint, text: str = "Hello", max_tokens: int = 12) -> Completion:
    return complete(endpoint.generate(asking(text, max_tokens), NEVER))


# ---- a real server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            if httpx.get(
                f"{address}/v1/models", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False
            ).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail("the server does not answer within a minute")


SERVER = """
import runpy
import llama_cpp.llama_cpp as native
usual = native.llama_model_default_params
def unpacked():
    parameters = usual()
    parameters.use_extra_bufts = False
    return parameters
native.llama_model_default_params = unpacked
runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
"""
"""`python -m llama_cpp.server`, packing no weights: built by GCC 12 for a processor with AMX it crashes otherwise."""


@pytest.fixture(scope="module")
def llama_server(tiny_model: Path) -> Iterator[str]:
    """The address of a llama.cpp server on loopback, with the tiny model."""
    pytest.importorskip("sse_starlette", reason="llama-cpp-python's server wants its extra packages")
    pytest.importorskip("starlette_context", reason="llama-cpp-python's server wants its extra packages")
    address = f"http://127.0.0.1:{(port := free_port())}"
    options = {"model": tiny_model, "host": "127.0.0.1", "port": port, "n_ctx": 1024, "n_threads": 1, "api_key": KEY}
    command = [sys.executable, "-c", SERVER]
    command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=os.environ.copy(), **quiet) as server:
        try:
            wait_for(address, server)
            yield address
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def served(llama_server: str) -> Iterator[Endpoint]:
    endpoint = Endpoint(llama_server, "tiny", context_size=1024, api_key=KEY)
    yield endpoint
    endpoint.close()


@pytest.mark.model
class TestAgainstLlamaCpp:
    def test_it_streams_an_answer(self, served: Endpoint) -> None:
        stream = served.generate(asking("Repeat: one two three four five", 30), NEVER)
        first = next(stream)
        said = complete(stream)
        assert said.text.startswith(first) and len(first) < len(said.text)
        assert "one two three four five" in said.text.lower()
        assert said.stop == "end"
        assert answer(served, "Write a very long story about a ship.", 4).stop == "length"

    def test_what_it_offers_is_found_out(self, served: Endpoint) -> None:
        assert served.capabilities.yes_no
        assert not served.capabilities.cached_tokens
        assert not served.capabilities.cancel_prefill

    def test_asked_for_yes_the_odds_of_yes_are_higher_than_asked_for_no(self, served: Endpoint) -> None:
        yes = served.yes_no(asking("Reply with the word: yes"), NEVER)
        no = served.yes_no(asking("Reply with the word: no"), NEVER)
        assert yes is not None and no is not None and yes > no

    def test_the_server_counts_the_tokens(self, served: Endpoint, tiny_model: Path) -> None:
        from assistant.llama import LlamaCpp

        text = "The bakery on Mill Lane opened in 1931."
        with LlamaCpp(tiny_model, Model("tiny", None, "llama.cpp")) as here:
            assert served.count_tokens(text) == here.count_tokens(text)
            messages = (Message("system", text), Message("user", text))
            assert here.count_prompt(messages) <= served.count_prompt(messages) <= here.count_prompt(messages) + 60

    def test_cancelling_during_the_prompt_is_quick_and_leaves_the_server_usable(self, served: Endpoint) -> None:
        cancel = threading.Event()
        threading.Timer(0.3, cancel.set).start()
        started = time.monotonic()
        with pytest.raises(GenerationCancelled):
            complete(served.generate(asking("word " * 900, 50), cancel))
        assert time.monotonic() - started < 4
        assert answer(served, "Repeat: yes").text

    def test_a_wrong_key_is_refused_with_the_remedy(self, llama_server: str) -> None:
        with pytest.raises(GenerationFailed, match=r"401.*endpoint_key") as refused:
            answer(Endpoint(llama_server, "tiny", api_key="sk-wrong"))
        assert "sk-wrong" not in str(refused.value)


# ---- a server that does what it is told

Reply = Callable[[BaseHTTPRequestHandler], None]


def sends(body: bytes | str, status: int = 200, **headers: str) -> Reply:
    def reply(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body.encode() if isinstance(body, str) else body)

    return reply


def event(**fields: Any) -> str:
    return f"data: {json.dumps(fields)}\n\n"


def says(content: Any, finish: Any = None) -> str:
    return event(choices=[{"delta": {"content": content}, "finish_reason": finish}])


DONE = "data: [DONE]\n\n"


class FakeServer:
    """Answers each path as told, 404 otherwise, and remembers what it was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.hung_up = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fake.asked.append((self.path, dict(self.headers), json.loads(body) if body else None))
                streamed = body and json.loads(body).get("stream")
                path = self.path + ("?stream" if streamed and self.path + "?stream" in fake.replies else "")
                try:
                    fake.replies.get(path, sends("{}", 404))(self)
                except OSError:
                    fake.hung_up.set()

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def chat(self, *body: str, status: int = 200, **headers: str) -> None:
        """The reply to a chat request, streamed or not."""
        self.replies["/v1/chat/completions"] = sends("".join(body), status, **headers)

    def stream(self, reply: Reply) -> None:
        """The reply to a streamed chat request only."""
        self.replies["/v1/chat/completions?stream"] = reply

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    server.chat("{}")
    server.stream(sends(says("Hello") + says(" there", "stop") + DONE))
    yield server
    server.close()


@pytest.fixture
def endpoint(fake: FakeServer) -> Endpoint:
    return Endpoint(fake.address, "some-model", api_key=KEY)


def test_the_request_is_what_the_protocol_asks_for(fake: FakeServer, endpoint: Endpoint) -> None:
    messages = (Message("system", "Be brief."), Message("user", "Hi"))
    said = complete(endpoint.generate(Prompt(messages, (), 10, 7), NEVER))
    assert (said.text, said.stop) == ("Hello there", "end")
    path, headers, request = fake.asked[-1]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert request["model"] == "some-model"
    assert request["messages"] == [{"role": m.role, "content": m.text} for m in messages]
    assert (request["max_tokens"], request["temperature"], request["stream"]) == (7, 0.0, True)


def test_the_model_has_no_hash_nobody_can_know_it(endpoint: Endpoint) -> None:
    assert endpoint.model == Model("some-model", None, "endpoint")


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/"])
def test_an_address_may_be_written_in_any_usual_way(fake: FakeServer, path: str) -> None:
    assert answer(Endpoint(fake.address + path, "m")).text == "Hello there"


@pytest.mark.parametrize(
    "address",
    ["ftp://host/v1", "file:///etc/passwd", "http://", "host:8080", "", "http://me:secret@host/v1", "http://[::1"],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(SettingsError, match=r"http://host:port/v1|endpoint_key") as refused:
        Endpoint(address, "m")
    assert "me:secret" not in str(refused.value)


def test_nothing_is_sent_before_the_first_use(fake: FakeServer, endpoint: Endpoint) -> None:
    assert fake.asked == []
    endpoint.close()
    assert fake.asked == []


def test_no_proxy_of_the_environment_sees_the_question(
    fake: FakeServer, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert answer(endpoint).text == "Hello there"


# ---- what it offers


def test_the_usage_a_server_tells_is_reported(fake: FakeServer, endpoint: Endpoint) -> None:
    told = {"prompt_tokens": 50, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 40}}
    fake.stream(sends(says("Hi", "length") + event(choices=[], usage=told) + DONE))
    said = answer(endpoint)
    assert said.usage == Usage(50, 40, 3)
    assert said.stop == "length"


def test_usage_that_is_not_told_is_estimated(endpoint: Endpoint) -> None:
    assert answer(endpoint).usage == Usage(30, 0, 2)


def test_what_a_server_does_not_offer_is_a_stated_capability(fake: FakeServer, endpoint: Endpoint) -> None:
    fake.chat(json.dumps({"error": {"message": "logprobs are not supported"}}), status=400)
    assert not endpoint.capabilities.yes_no
    assert endpoint.yes_no(asking("Is it?"), NEVER) is None
    assert answer(endpoint).text == "Hello there"


def first_tokens(**probabilities: float) -> str:
    listed = [{"token": token, "logprob": value} for token, value in probabilities.items()]
    return json.dumps({"choices": [{"logprobs": {"content": [{"token": "x", "logprob": -1, "top_logprobs": listed}]}}]})


@pytest.mark.parametrize(
    ("listed", "margin"),
    [
        ({"yes": -1.0, "no": -3.0}, 2.0),
        ({"Yes": -1.0, " no": -3.0, "maybe": -0.5}, 2.0),
        ({"▁No": -1.0, "maybe": -6.0}, -5.0),  # yes is not listed: at most as likely as the least that is
        ({"yes": float("-inf"), "no": -1.0}, -99.0),
        ({"yes": float("nan"), "no": -1.0}, 0.0),
        ({"yesterday": -1.0, "now": -2.0}, None),
    ],
)
def test_yes_and_no_are_weighed_among_the_first_tokens(
    fake: FakeServer, endpoint: Endpoint, listed: dict[str, float], margin: float | None
) -> None:
    fake.chat(first_tokens(**listed))
    graded = endpoint.yes_no(asking("Is it?"), NEVER)
    assert graded == (None if margin is None else pytest.approx(margin))


def test_what_a_yes_or_no_cost_is_told_or_estimated(fake: FakeServer, endpoint: Endpoint) -> None:
    spent: list[Usage] = []
    prompt = asking("Is it?")
    fake.chat(first_tokens(yes=-1.0, no=-3.0))
    endpoint.yes_no(prompt, NEVER, spent.append)
    told = json.loads(first_tokens(yes=-1.0, no=-3.0)) | {"usage": {"prompt_tokens": 50, "completion_tokens": 1}}
    fake.chat(json.dumps(told))
    endpoint.yes_no(prompt, NEVER, spent.append)
    assert spent == [Usage(prompt.tokens, 0, 1), Usage(50, 0, 1)]


def test_tokens_are_counted_by_a_server_that_counts(fake: FakeServer, endpoint: Endpoint) -> None:
    fake.replies["/tokenize"] = sends(json.dumps({"tokens": [1, 2, 3, 4]}))
    assert endpoint.count_tokens("whatever it says") == 4
    assert endpoint.count_tokens("") == 0


@pytest.mark.parametrize("text", ["word " * 100, "мир и война " * 40, "平和と戦争" * 50, "😀" * 20])
def test_tokens_that_nobody_counts_are_estimated_from_the_bytes(endpoint: Endpoint, text: str) -> None:
    assert len(text.encode()) / 3 <= endpoint.count_tokens(text) <= len(text.encode()) / 3 + 1
    assert endpoint.count_prompt([Message("user", text)]) > endpoint.count_tokens(text)


def test_the_context_a_server_tells_holds_where_it_is_smaller(fake: FakeServer, endpoint: Endpoint) -> None:
    fake.replies["/props"] = sends(json.dumps({"default_generation_settings": {"n_ctx": 600}}))
    assert endpoint.context_size == 600
    with pytest.raises(PromptTooLong, match=r"about 590 tokens.*600"):
        complete(endpoint.generate(asking("x", max_tokens=20, tokens=590), NEVER))


# ---- what goes wrong


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    address = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(GenerationFailed, match=rf"Nothing answers at {address}.*Start the server"):
        answer(Endpoint(address, "m"))


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "endpoint_key"), (404, "ends in /v1"), (429, "Wait a little"), (500, "server's log")]
)
def test_a_refusal_says_what_the_server_said_and_what_to_do(fake: FakeServer, status: int, remedy: str) -> None:
    fake.stream(sends(json.dumps({"error": {"message": "because of this"}}), status))
    with pytest.raises(GenerationFailed, match=f"{status}: because of this.*{remedy}"):
        answer(Endpoint(fake.address, "m"))


def test_the_key_is_neither_shown_nor_logged(
    fake: FakeServer, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.stream(sends(f"your key {KEY} is bad", 401))
    with pytest.raises(GenerationFailed) as refused:
        answer(endpoint)
    assert KEY not in str(refused.value) and KEY not in repr(endpoint) and KEY not in caplog.text


def test_a_redirect_is_not_followed_with_the_key(fake: FakeServer, endpoint: Endpoint) -> None:
    elsewhere = FakeServer()
    fake.stream(sends("", 307, Location=f"{elsewhere.address}/v1/chat/completions"))
    with pytest.raises(GenerationFailed, match="307"):
        answer(endpoint)
    assert elsewhere.asked == []
    elsewhere.close()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("data: <html>\n\n", "no JSON"),
        (says("half"), "without saying that it is complete"),
        ("", "without saying that it is complete"),
        (says("half") + event(error={"message": "out of memory"}), "out of memory"),
        (says("half") + event(error="slot unavailable"), "slot unavailable"),
        ("data: " + "[" * 100_000 + "\n\n", "no JSON"),
        ("x" * (17 << 20), "more than 16 MB"),
    ],
)
def test_a_stream_that_goes_wrong_is_an_error_with_its_reason(
    fake: FakeServer, endpoint: Endpoint, body: str, reason: str
) -> None:
    fake.stream(sends(body))
    with pytest.raises(GenerationFailed, match=reason):
        answer(endpoint)


def test_a_connection_that_breaks_off_is_an_error(fake: FakeServer, endpoint: Endpoint) -> None:
    fake.stream(sends(says("half"), **{"Content-Length": "9999"}))
    with pytest.raises(GenerationFailed, match="broke off"):
        answer(endpoint)


def test_a_server_that_keeps_silent_is_given_up(fake: FakeServer) -> None:
    fake.stream(lambda to: time.sleep(3))
    with pytest.raises(GenerationFailed, match="kept silent too long"):
        answer(Endpoint(fake.address, "m", timeout_seconds=0.3))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "content", "usage", "error", "finish_reason", "prompt_tokens"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON, max_size=3))
def test_no_shape_of_reply_breaks_more_than_the_answer(fake: FakeServer, values: list[Any]) -> None:
    body = "".join(f"data: {json.dumps(value)}\n\n" for value in values)
    fake.stream(sends(body + says("x", "stop")))
    fake.chat(json.dumps(values))
    try:
        assert answer(Endpoint(fake.address, "m")).text.encode()
    except GenerationFailed as error:
        assert str(error).startswith("The server")


def test_characters_cut_in_two_by_the_network_are_whole(fake: FakeServer, endpoint: Endpoint) -> None:
    whole = (
        'data: {"choices": [{"delta": {"content": "Café 東京"}, "finish_reason": "stop"}]}\r\n\r\n' + DONE
    ).encode()

    def drip(to: BaseHTTPRequestHandler) -> None:
        sends(b"")(to)
        for byte in whole:
            to.wfile.write(bytes([byte]))
            to.wfile.flush()

    fake.stream(drip)
    assert answer(endpoint).text == "Café 東京"


def test_half_a_character_does_not_survive_into_text_that_must_be_stored(fake: FakeServer, endpoint: Endpoint) -> None:
    fake.stream(sends('data: {"choices": [{"delta": {"content": "a\\ud83d"}, "finish_reason": "stop"}]}\n\n'))
    assert answer(endpoint).text == "a?"


# ---- stopping


def trickle(to: BaseHTTPRequestHandler) -> None:
    sends(b"")(to)
    for _ in range(400):
        to.wfile.write(says("more ").encode())
        to.wfile.flush()
        time.sleep(0.02)


def test_an_answer_nobody_listens_to_hangs_up(fake: FakeServer, endpoint: Endpoint) -> None:
    fake.stream(trickle)
    stream = endpoint.generate(asking("Hello"), NEVER)
    assert next(stream) == "more "
    stream.close()
    assert fake.hung_up.wait(5)


@pytest.mark.parametrize("reply", [trickle, lambda to: time.sleep(5)], ids=["between pieces", "before the first word"])
def test_cancelling_hangs_up_at_once(fake: FakeServer, endpoint: Endpoint, reply: Reply) -> None:
    fake.stream(reply)
    assert endpoint.context_size  # what it offers is asked before the clock starts
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(GenerationCancelled):
        complete(endpoint.generate(asking("Hello"), cancel))
    assert time.monotonic() - started < 4


def test_a_grading_can_be_cancelled(fake: FakeServer, endpoint: Endpoint) -> None:
    fake.chat(first_tokens(yes=-1.0))
    assert endpoint.capabilities.yes_no
    fake.replies["/v1/chat/completions"] = lambda to: time.sleep(5)
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(GenerationCancelled):
        endpoint.yes_no(asking("Is it?"), cancel)
    assert time.monotonic() - started < 4


def test_several_threads_may_ask_at_once(fake: FakeServer, endpoint: Endpoint) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(answer(endpoint).text)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert said == ["Hello there"] * 4
