"""The page as the server gives it out, over HTTP on loopback, without a browser."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from assistant.errors import SettingsError
from assistant.ui.page import build_page
from assistant.ui.server import FIRST_PORT, Login, serve, serving
from index.errors import IndexDamaged
from tests.assistant.ui.fake_service import BROKEN, EXAMPLES, PARIS, SITUATION, FakeAnswers


class Tab:
    """What a browser's tab does: trigger an event, read the stream of its results."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self.name = url, hashlib.md5(name.encode()).hexdigest()
        self._config = httpx.get(url + "config").json()

    def _event(self, component: str, event: str) -> int:
        ids = [c["id"] for c in self._config["components"] if component in json.dumps(c["props"])]
        return next(
            d["id"] for d in self._config["dependencies"] for t in d["targets"] if t[0] in ids and t[1] == event
        )

    def _after(self, event: int) -> int:
        return next(d["id"] for d in self._config["dependencies"] if d["trigger_after"] == event)

    def trigger(self, fn: int, data: list[Any]) -> list[Any]:
        """The values every message of one event carries, merged into the last state of each output."""
        body = {"data": data, "fn_index": fn, "session_hash": self.name}
        httpx.post(self._url + "gradio_api/queue/join", json=body).raise_for_status()
        values: list[Any] = []
        with httpx.stream(
            "GET", self._url + "gradio_api/queue/data", params={"session_hash": self.name}, timeout=30
        ) as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if message.get("msg") == "process_completed":
                    assert message["success"], message
                    values = message["output"].get("data", [])
                if message.get("msg") == "close_stream":
                    break
        return values

    def ask(self, text: str) -> tuple[list[Any], list[Any]]:
        """What asking changes at once, and the last frame of the answer."""
        submit = self._event('"q-box"', "submit")
        return self.trigger(submit, [text, self.name]), self.trigger(self._after(submit), [self.name])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(FakeAnswers().service(), port=0) as address:
        yield address


def test_a_question_is_answered_through_the_queue(url: str) -> None:
    asked, frame = Tab(url, "tab-a").ask(SITUATION)
    assert asked[0] == "" and SITUATION in asked[3]
    assert "surrounded on several sides" in frame[1] and "q-citation" in frame[1]
    assert frame[2] == "" and "Answer ready" in frame[3]


def test_the_page_goes_on_after_an_error(url: str) -> None:
    tab = Tab(url, "tab-b")
    assert "not enough memory" in tab.ask(BROKEN)[1][1]
    past, live, *_ = tab.ask(PARIS)[1]
    assert "not enough memory" in past and "Not answered by your sources" in live


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_question_is_a_hint_and_nothing_else(url: str, text: str) -> None:
    asked, frame = Tab(url, f"tab-empty-{len(text)}").ask(text)
    assert "Type a question first." in asked[4]
    assert "Type a question first." in frame[3] and "q-exchange" not in frame[0] + frame[1]


def test_two_tabs_have_two_conversations(url: str) -> None:
    Tab(url, "tab-c").ask(SITUATION)
    past, live, *_ = Tab(url, "tab-d").ask(PARIS)[1]
    assert past == "" and "Kurakhove has been" not in live


def test_the_page_carries_its_policy(url: str) -> None:
    policy = httpx.get(url).headers["content-security-policy"]
    assert "default-src 'self'" in policy and "'sha256-" in policy
    assert "content-security-policy" in httpx.get(url + "config").headers


def test_the_page_names_no_other_host_to_load_from(url: str) -> None:
    config = json.dumps(httpx.get(url + "config").json())
    css = httpx.get(url + "theme.css").text
    assert "fonts.g" not in config + css and "@import" not in css
    assert '"analytics_enabled": false' in config


def test_another_name_for_this_machine_is_refused(url: str) -> None:
    """A page of another site whose name is made to resolve to 127.0.0.1 must not reach the index."""
    assert httpx.get(url, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["docs", "openapi.json", "gradio_api/runs", "gradio_api/file=/etc/hostname"])
def test_nothing_else_is_served(url: str, path: str) -> None:
    assert httpx.get(url + path).status_code in {403, 404}


def test_no_endpoint_is_offered_to_programs(url: str) -> None:
    info = httpx.get(url + "gradio_api/info").json()
    assert info["named_endpoints"] == {} and info["unnamed_endpoints"] == {}


def test_a_session_keeps_nothing() -> None:
    blocks = build_page(FakeAnswers().service()).blocks.values()
    assert [block for block in blocks if type(block).__name__ in {"State", "BrowserState"}] == []


def load(url: str) -> list[Any]:
    """What a tab that opens is given."""
    tab = Tab(url, "tab-open")
    event = next(d["id"] for d in tab._config["dependencies"] for t in d["targets"] if t[1] == "load")
    return tab.trigger(event, [tab.name])


def opening(service: Any) -> list[Any]:
    with serving(service, port=0) as url:
        return load(url)


def test_a_newcomer_sees_what_is_indexed_and_examples() -> None:
    welcome, examples, *rest = opening(FakeAnswers().service())
    assert "3 articles indexed" in welcome["value"] and examples["visible"]
    assert [button["value"] for button in rest[:4] if button["visible"]] == list(EXAMPLES)


def test_the_examples_are_those_of_what_is_indexed_when_the_page_is_opened() -> None:
    current = [("What was asked first?",), ("What came later?",)]
    service = replace(FakeAnswers().service(), examples=lambda: current.pop(0))
    with serving(service, port=0) as url:
        shown = [load(url)[2]["value"] for _ in range(2)]
    assert shown == ["What was asked first?", "What came later?"]


def test_an_empty_index_is_said_and_no_example_is_offered() -> None:
    welcome, examples, *_ = opening(FakeAnswers(articles=()).service())
    assert "quoth add PATH" in welcome["value"] and not examples["visible"]


def test_a_damaged_index_is_a_message_on_the_page() -> None:
    def damaged() -> tuple[()]:
        raise IndexDamaged("the index is damaged: <page 7>; run `quoth add --rebuild`")

    welcome, examples, *_ = opening(replace(FakeAnswers().service(), articles=damaged))
    assert "The index is damaged: &lt;page 7&gt;" in welcome["value"] and not examples["visible"]


# ── the address ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_other_machines_are_not_let_in(host: str) -> None:
    with pytest.raises(SettingsError, match="no password"), serving(FakeAnswers().service(), host=host):
        pass


def test_a_taken_port_is_an_error_where_it_was_asked_for() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=f"port {taken} is in use"),
            serving(FakeAnswers().service(), port=taken),
        ):
            pass


def test_a_taken_default_port_gives_way_to_the_next_and_this_is_said() -> None:
    told: list[str] = []
    with socket.socket() as other:
        with suppress(OSError):  # then another program has taken it, which serves as well
            other.bind(("127.0.0.1", FIRST_PORT))
            other.listen()
        serve(
            FakeAnswers().service(), announce=told.append, wait=lambda: told.append(httpx.get(told[1].split()[4]).text)
        )
    assert f"Port {FIRST_PORT} is in use" in told[0]
    assert "Quoth is open at http://127.0.0.1:" in told[1] and f":{FIRST_PORT}/" not in told[1]
    assert "gradio" in told[2] and told[3] == "Closed."


# ── the login ───────────────────────────────────────────────────────────────────────────────────────────────────────

ADA = Login("ada", "correct horse")


def test_with_a_login_nothing_is_told_without_it() -> None:
    with serving(FakeAnswers().service(), port=0, login=ADA) as url, httpx.Client(base_url=url) as browser:
        assert "q-frame" not in browser.get("").text and browser.get("config").status_code == 401
        question = {"data": [SITUATION, "a" * 32], "fn_index": 0, "session_hash": "x"}
        assert browser.post("gradio_api/queue/join", json=question).status_code == 401
        assert browser.post("login", data={"username": "ada", "password": "wrong horse"}).status_code == 400
        assert browser.post("login", data={"username": "ada", "password": ADA.password}).status_code == 200
        assert browser.get("config").status_code == 200


@pytest.mark.parametrize(
    ("user", "password"), [("ada", ""), ("", "correct horse"), ("Ada", "correct horse"), ("ä", "ß")]
)
def test_only_the_right_name_and_password_are_admitted(user: str, password: str) -> None:
    assert not ADA.admits(user, password) and ADA.admits("ada", "correct horse")
    assert "correct" not in repr(ADA)


def test_after_five_wrong_passwords_the_right_one_has_to_wait() -> None:
    with serving(FakeAnswers().service(), port=0, login=ADA) as url, httpx.Client(base_url=url) as browser:
        told = [browser.post("login", data={"username": "ada", "password": f"wrong {n}"}) for n in range(5)]
        assert {answer.json()["detail"] for answer in told} == {"Incorrect credentials."}
        late = browser.post("login", data={"username": "ada", "password": ADA.password})
        assert late.status_code == 400 and late.json()["detail"].startswith("Too many wrong tries. Wait ")
        assert browser.get("config").status_code == 401
        assert "After five wrong tries" in browser.get("").text, "the login page says what holds"


def test_a_short_password_is_refused() -> None:
    with (
        pytest.raises(SettingsError, match="7 characters"),
        serving(FakeAnswers().service(), port=0, login=Login("ada", "short77")),
    ):
        pass


def test_with_a_login_other_machines_may_reach_the_page_and_this_is_said() -> None:
    told: list[str] = []
    serve(FakeAnswers().service(), host="0.0.0.0", port=0, login=ADA, announce=told.append, wait=lambda: None)
    assert "Nothing is encrypted" in told[0] and told[-1] == "Closed."
