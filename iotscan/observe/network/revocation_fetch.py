"""CRLs and OCSP responses fetched from where a certificate says: with the grant ``fetch_revocation``, and in scope.

A certificate is a device's word: it can name any host, port and path. So nothing is looked up or sent without the
grant, nothing outside of the scope, one plain GET a URL and run, by the dialer, to ports where lines of HTTP harm
nobody, for no path that reads like a command; redirects are not followed. The request of OCSP goes into the path
(RFC 6960 appendix A.1), in base64: what a certificate says of itself is then nowhere on the wire as it stands.
"""

import base64
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import anyio
import msgspec

from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network import ports
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.ssdp import may_act
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.names import resolve
from iotscan.wire.http import HEADER_CAP, BadResponse, Exchange, Origin

CAP = 256 * 1024
"""Bytes of a list: the host that serves it is a device of the scan, too, and sees some 500 packets of us at most."""
MOST_URLS = 128
"""URLs that are asked in one run."""
MOST_OF_HOST = 12
"""GETs that one host gets."""
MOST_BYTES_OF_HOST = 2 * CAP
"""Bytes that one host sends: others name what it is asked for, and its own questions need its packets, too."""
LOOKUPS = 32
"""Names that are looked up in one run."""
_LOOKUP_SECONDS = 3.0
_LONGEST = 1024
_WEB_PORT = 80
_FIRST_FREE_PORT = 1024
_TARGET = re.compile(r"[!-~]{1,2048}")


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a URL: ``data``, or ``why`` there is none. ``is_asked`` where anything was sent for it."""

    data: bytes = b""
    why: str = ""
    is_asked: bool = False


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a URL leads: a host by name or address, and what is asked for there."""

    host: str
    port: int
    target: str


class Fetcher:
    """Fetches each URL once for all devices of a scan. ``names`` are host names that the user gave, by address."""

    def __init__(
        self,
        dialer: Dialer,
        names: Mapping[str, str],
        look_up: Callable[[str], Awaitable[tuple[str, ...]]] = resolve,
    ) -> None:
        self._dialer = dialer
        self._look_up = look_up
        self._known: dict[str, Fetched] = {}
        self._turns: dict[str, anyio.Lock] = {}
        self._addresses: dict[str, tuple[str, ...]] = {}
        for address, name in names.items():
            self._addresses[name.lower()] = (*self._addresses.get(name.lower(), ()), address)
        self._lookups = self._sent = 0
        self._asked: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    async def crl(self, url: str) -> Fetched:
        """A CRL. Never raises."""
        return await self._once(url, b"")

    async def ocsp(self, url: str, request: bytes) -> Fetched:
        """The response to a request in DER. Never raises."""
        return await self._once(url, request)

    async def _once(self, url: str, request: bytes) -> Fetched:
        place = place_of(url, request)
        if isinstance(place, str):
            return Fetched(why=place)
        key = f"{place.host} {place.port} {place.target}"
        async with self._turns.setdefault(key, anyio.Lock()):
            if key not in self._known:
                self._known[key] = await self._fetch(place)
            return self._known[key]

    async def _fetch(self, place: Place) -> Fetched:
        if self._sent >= MOST_URLS:
            return Fetched(why=f"{MOST_URLS} URLs of other certificates were fetched before")
        addresses = await self._addresses_of(place.host)
        if addresses is None:
            return Fetched(why=f"{place.host} was not looked up: {LOOKUPS} names of other certificates were before")
        if not addresses:
            return Fetched(why=f"{place.host} has no address")
        address = next((a for a in addresses if self._dialer.allows(a, place.port)), "")
        if not address:
            return Fetched(why=f"{place.host} is not in scope")
        if self._asked[address] >= MOST_OF_HOST:
            return Fetched(why=f"{place.host} was asked {MOST_OF_HOST} times")
        if self._bytes[address] >= MOST_BYTES_OF_HOST:
            return Fetched(why=f"{place.host} sent {MOST_BYTES_OF_HOST >> 10} KiB before")
        self._asked[address] += 1
        self._sent += 1
        try:
            return await self._get(address, place)
        except DialError as error:
            is_asked = error.status not in (AttemptStatus.NOT_TRIED, AttemptStatus.REFUSED_BY_SCOPE)
            return Fetched(why=safe_text(f"{place.host}: {error}"), is_asked=is_asked)
        except BadResponse as error:
            return Fetched(why=safe_text(f"{place.host}: {error}"), is_asked=True)

    async def _get(self, address: str, place: Place) -> Fetched:
        origin = Origin(scheme="http", host=place.host, port=place.port)
        exchange = Exchange(place.target, host=origin.authority, body_cap=CAP)
        line = self._dialer.line(address)
        async with line.tcp(place.port, cap=CAP + HEADER_CAP, is_hearsay=True) as connection:
            await connection.send(exchange.request)
            while not exchange.is_complete:
                piece = await connection.receive()
                self._bytes[address] += len(piece)
                exchange.feed(piece)
        response = exchange.response()
        if response.status != 200:
            return Fetched(why=f"{place.host} answered {response.status}", is_asked=True)
        if response.is_truncated:
            more = f"more than {CAP >> 10} KiB, or cut short"
            return Fetched(why=f"{place.host} sent {more}: fetch it yourself, and give it with --crl", is_asked=True)
        return Fetched(data=response.body, is_asked=True)

    async def _addresses_of(self, host: str) -> tuple[str, ...] | None:
        if host not in self._addresses:
            found = await self._found(host)
            if found is None:
                return None
            self._addresses[host] = found
        return self._addresses[host]

    async def _found(self, host: str) -> tuple[str, ...] | None:
        """The addresses of a host; None where no more names are looked up."""
        try:
            return (str(ip_address(host)),)
        except ValueError:
            pass
        if self._lookups >= LOOKUPS:
            return None
        self._lookups += 1
        with anyio.move_on_after(_LOOKUP_SECONDS):
            return await self._look_up(host)
        return ()


def place_of(url: str, request: bytes = b"") -> Place | str:
    """Where a URL leads, with a request of OCSP in its path; or why nobody is asked."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port or _WEB_PORT
    except ValueError:
        return "no readable URL"
    if parts.scheme != "http" or not host or "@" in parts.netloc or len(url) > _LONGEST:
        return "no plain http URL"
    if not re.fullmatch(r"[a-z0-9.:_-]{1,253}", host):
        return "no readable host name"
    if port in ports.OWN_WORDS_ONLY or _WEB_PORT != port < _FIRST_FREE_PORT:
        return f"port {port} is not asked: lines of HTTP may harm what listens there"
    if may_act(parts.path) or any(may_act(f"/{word}") for word in _words(parts.query)):
        return "its path reads like a command, which a GET may carry out: fetch it yourself, and give it with --crl"
    target = parts.path or "/"
    if request:
        encoded = quote(base64.b64encode(request).decode(), safe="")
        target = f"{target.rstrip('/')}/{encoded}"
    target = quote(target, safe="/%:@!$&'()*+,;=-._~") + (
        f"?{quote(parts.query, safe='/%=&+,;:@-._~')}" * bool(parts.query)
    )
    return Place(host=host, port=port, target=target) if _TARGET.fullmatch(target) else "no readable URL"


def _words(query: str) -> Iterator[str]:
    """Names and values of a query, but the ``cmd=crl`` of EJBCA."""
    return (word for word in re.split(r"[&;=]", query) if word.lower() != "cmd")
