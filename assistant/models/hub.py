"""The model hub as a source: files over HTTP, each from the byte where it stopped.

Knows the hub's addresses and its ways to fail; uses the network. Writes nothing, checks nothing.

The hub is read with httpx and not with huggingface_hub: where no hub can be reached that library tries for 23 s
(measured, version 2.4) before it gives up, and neither its resume files nor its progress can be shared with pip's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from assistant.models.catalogue import ModelEntry
from assistant.models.source import BLOCK_BYTES, Piece, SourceFailed

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class HubSource:
    """The files of an entry's repository, at its revision."""

    name = "model hub"

    def __init__(
        self,
        endpoint: str = "https://huggingface.co",
        patience_seconds: float = 10,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._patience = patience_seconds
        self._transport = transport

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        import httpx  # here, since it takes 80 ms that only a download should pay

        if entry.hub is None:
            raise SourceFailed("the catalogue knows no repository for it there")
        prefix = f"{self._endpoint}/{entry.hub.repo}/resolve/{entry.hub.revision}/"
        timeout = httpx.Timeout(self._patience, connect=self._patience / 2)
        try:
            with httpx.Client(transport=self._transport, timeout=timeout, follow_redirects=True) as client:
                for path, start in have.items():
                    for data in self._bytes(client, prefix + path, start):
                        yield Piece(path, data)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise SourceFailed(str(error).partition("\n")[0] or type(error).__name__) from error

    def _bytes(self, client: httpx.Client, url: str, start: int) -> Iterator[bytes]:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        request = client.build_request("GET", url, headers=headers)
        response = _within(self._patience, lambda: client.send(request, stream=True))
        with contextlib.closing(response):
            response.raise_for_status()
            skip = 0 if _continues(response, start) else start
            for block in response.iter_bytes(BLOCK_BYTES):
                yield block[skip:]
                skip = max(0, skip - len(block))


def _continues(response: httpx.Response, start: int) -> bool:
    """Whether the server goes on from `start`; one that ignores ranges sends the whole again."""
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _within(seconds: float, call: Callable[[], T]) -> T:
    """`call()`, or TimeoutError.

    A connect time-out counts anew for each of a host's addresses and not at all while its name is looked up; behind
    a silent firewall that is most of a minute.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {seconds:g} s") from error
