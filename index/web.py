"""One web page as a source, fetched only when a person gives its address.

Knows HTTP and which machines may be asked; reads no HTML. The address comes from a person, a redirect from a stranger:
neither may lead to a machine that only this one can reach. So every host is looked up here, must have public addresses
alone, and the very address that was checked is the one that is asked. Proxies of the environment are not used.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from index.errors import SourceUnreadable
from index.sources import as_read
from index.types import Absence, RawPage, Root, SkippedSource

_REDIRECTS = 5
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_TIMEOUT = httpx.Timeout(10.0)
_TOTAL_SECONDS = 60.0
_ADDRESS_CHARACTERS = 2_000
_KINDS = frozenset(
    {"text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/x-markdown", "application/pdf"}
)
_HEADERS = {"User-Agent": "Quoth (a person's own reader)", "Accept": ", ".join(sorted(_KINDS))}

Lookup = Callable[[str, int], Sequence[str]]
Allowed = Callable[[str], bool]


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether anybody on the internet could ask this address: no loopback, no private network, no wrapped one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class WebPage:
    """The page at one address."""

    def __init__(
        self,
        address: str,
        max_bytes: int,
        clock: Callable[[], float],
        look_up: Lookup = look_up,
        allowed: Allowed = is_public,
    ) -> None:
        self._address = address.strip()
        self._max_bytes = max_bytes
        self._clock = clock
        self._look_up = look_up
        self._allowed = allowed
        self._read: RawPage | None = None

    def uris(self) -> Iterator[str | SkippedSource]:
        try:
            _checked(self._address)
        except SourceUnreadable as error:
            yield SkippedSource(self._address[:_ADDRESS_CHARACTERS] or "the address", str(error))
        else:
            yield self._address

    def revision(self, uri: str) -> str:
        return self._page(uri).revision

    def read(self, uri: str) -> RawPage:
        return self._page(uri)

    def absence(self, uri: str) -> Absence:
        return "foreign"

    def roots(self) -> tuple[Root, ...]:
        """A page is fetched when somebody asks for it, and at no other time."""
        return ()

    def _page(self, uri: str) -> RawPage:
        if self._read is None:
            with httpx.Client(trust_env=False, timeout=_TIMEOUT, headers=_HEADERS) as client:
                self._read = self._fetched(client, uri)
        return self._read

    def _fetched(self, client: httpx.Client, uri: str) -> RawPage:
        address, latest = uri, self._clock() + _TOTAL_SECONDS
        for _ in range(_REDIRECTS + 1):
            try:
                with self._asked(client, address) as response:
                    if response.status_code not in _REDIRECTING:
                        return self._taken(response, uri, latest)
                    address = urljoin(address, response.headers.get("location", ""))
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                raise SourceUnreadable(f"cannot be fetched: {error or type(error).__name__}; try again") from error
        raise SourceUnreadable(f"leads on more than {_REDIRECTS} times; give the last address")

    def _asked(self, client: httpx.Client, address: str) -> _Stream:
        """A request to the very machine that was checked, in the name that was asked for."""
        host, port = _checked(address)
        found = self._look_up(host, port)
        if not found or not all(map(self._allowed, found)):
            raise SourceUnreadable(f"is at {host}, a machine of a private network, and only public ones are asked")
        url = httpx.URL(address)
        request = client.build_request("GET", url.copy_with(host=found[0]), headers={"Host": url.netloc.decode()})
        request.extensions["sni_hostname"] = host
        return _Stream(client, request)

    def _taken(self, response: httpx.Response, uri: str, latest: float) -> RawPage:
        if response.status_code != 200:
            raise SourceUnreadable(f"is not to be had: the site answered {response.status_code}; check the address")
        kind = response.headers.get("content-type", "text/html")
        if kind.partition(";")[0].strip().lower() not in _KINDS:
            raise SourceUnreadable(f"is of the kind {kind[:80]!r}; what can be read: {', '.join(sorted(_KINDS))}")
        body = bytearray()
        for piece in response.iter_bytes(65_536):
            body += piece
            if len(body) > self._max_bytes:
                raise SourceUnreadable(f"is longer than the {self._max_bytes / 2**20:.1f} MiB read at once")
            if self._clock() > latest:
                raise SourceUnreadable(f"had not come after {_TOTAL_SECONDS:.0f} seconds; try again")
        return RawPage(uri, bytes(body), kind, as_read(hashlib.sha256(body).hexdigest()[:16], kind), _name(uri))


class _Stream:
    """An answer that is read as it comes and closed at the end."""

    def __init__(self, client: httpx.Client, request: httpx.Request) -> None:
        self._client, self._request = client, request

    def __enter__(self) -> httpx.Response:
        self._response = self._client.send(self._request, stream=True)
        return self._response

    def __exit__(self, *_: object) -> None:
        self._response.close()


def _checked(address: str) -> tuple[str, int]:
    """Host and port of an address that may be asked. Raises SourceUnreadable."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        host = host.encode("idna").decode() if not host.isascii() else host
    except (ValueError, UnicodeError) as error:
        raise SourceUnreadable(f"is no web address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host.strip(".") or len(address) > _ADDRESS_CHARACTERS:
        raise SourceUnreadable("is no web address; give one that begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise SourceUnreadable("holds a user name or a password; give the address without them")
    if any(character.isspace() or not character.isprintable() for character in address):
        raise SourceUnreadable("holds blanks or signs that no address has; copy it again")
    return host, port


def _name(address: str) -> str:
    parts = urlsplit(address)
    return PurePosixPath(unquote(parts.path)).name or parts.hostname or address
