"""One GET and its response, as bytes and values (RFC 9112, RFC 9110); h11 does the framing.

Bounded in every direction: header bytes, interim responses, body bytes, and what a compressed body may
inflate to, because devices send gzip even where ``identity`` was asked for.
"""

import zlib
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

import h11
import msgspec

from iotscan import __version__
from iotscan.model.facts.http import Challenge, Cookie
from iotscan.model.text import safe_text
from iotscan.wire.authenticate import read_challenges

HEADER_CAP: Final = 32 * 1024
"""Bytes of status line and header fields that are read."""
_INTERIM_CAP = 8
_FIELDS_CAP = 16
_LONGEST_TARGET = 2048
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class BadResponse(Exception):
    """The bytes are no HTTP response, or break its rules before the header section ends."""


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response as it came: names of header fields in lower case, values raw (device text!).

    ``body`` is decoded where the content coding is gzip or deflate; ``is_opaque`` when it is coded in a
    way we do not read; ``is_truncated`` when the cap, the peer or the clock ended it early. ``path`` is
    what was asked for last.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_truncated: bool = False
    is_opaque: bool = False
    path: str = "/"

    def fields(self, name: str) -> tuple[str, ...]:
        """All values of a header field."""
        return tuple(value for key, value in self.headers if key == name)

    def header(self, name: str) -> str:
        """The first value of a header field, empty without one."""
        return next(iter(self.fields(name)), "")

    @property
    def media_type(self) -> str:
        """``text/html``: the Content-Type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def is_html(self) -> bool:
        """True when it is declared as HTML, or not declared and starts like markup."""
        if self.media_type:
            return self.media_type in ("text/html", "application/xhtml+xml")
        return self.body.lstrip()[:1] == b"<"

    @property
    def is_redirect(self) -> bool:
        """True when it sends the client elsewhere."""
        return self.status in _REDIRECTS and bool(self.header("location"))

    def json_object(self) -> dict[str, Any]:
        """The JSON object that the body is; empty for anything else, and for what is not whole. Never raises."""
        if self.is_truncated or self.is_opaque:
            return {}
        try:
            document = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def whole_size(self) -> int | None:
        """How long the whole representation is in bytes, from Content-Range or Content-Length; None when not told."""
        if self.status == 206:
            return _number(self.header("content-range").rpartition("/")[2])
        if self.header("content-encoding"):
            return None
        return len(self.body) if not self.is_truncated else _number(self.header("content-length"))


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service is: scheme, address, port, and the name the user gave for it (or empty)."""

    scheme: str
    host: str
    port: int
    name: str = ""

    @property
    def authority(self) -> str:
        """The Host field: name or address, IPv6 in brackets, the port unless it is the scheme's own."""
        host = self.name or self.host.partition("%")[0]
        host = f"[{host}]" if ":" in host else host
        return host if self.port == _DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def resolve(self, reference: str, base: str = "/") -> str | None:
        """The target on this very origin that ``reference``, found at path ``base``, means; None when elsewhere."""
        try:
            parts = urlsplit(urljoin(f"{self.scheme}://{self.authority}{base}", reference.strip()))
            host, port = (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return None
        own = {self.host.partition("%")[0].lower(), self.name.lower()} - {""}
        if parts.scheme != self.scheme or host not in own or port != self.port:
            return None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = quote(target, safe="/%:@!$&'()*+,;=-._~?")
        return target if len(target) <= _LONGEST_TARGET and target.startswith("/") else None

    def elsewhere(self, reference: str, base: str = "/") -> str:
        """The other origin (``http://host:port``) that ``reference``, found at path ``base``, means; empty for this."""
        try:
            parts = urlsplit(urljoin(f"{self.scheme}://{self.authority}{base}", reference.strip()))
            host, port = (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return ""
        own = {self.host.partition("%")[0].lower(), self.name.lower()} - {""}
        if not host or not parts.scheme or (parts.scheme == self.scheme and host in own and port == self.port):
            return ""
        shown = f"[{host}]" if ":" in host else host
        is_usual = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
        return f"{parts.scheme}://{shown}" if is_usual else f"{parts.scheme}://{shown}:{port}"


class Exchange:
    """One GET: ``request`` are the bytes to send; :meth:`feed` takes what comes back until it is complete."""

    def __init__(self, path: str, *, host: str, body_cap: int, byte_range: str = "", keep_alive: bool = False) -> None:
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_CAP)
        fields = [("Host", host), ("User-Agent", f"iotscan/{__version__}"), ("Accept", "*/*")]
        fields += [("Accept-Encoding", "identity")]
        fields += [("Range", f"bytes={byte_range}")] if byte_range else []
        fields += [("Connection", "keep-alive" if keep_alive else "close")]
        self.request = self._connection.send(h11.Request(method="GET", target=path, headers=fields)) or b""
        self._connection.send(h11.EndOfMessage())
        self.is_complete = False
        self._path = path
        self._cap = body_cap
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._truncated = False
        self._interim = 0

    @property
    def has_head(self) -> bool:
        """True once status and header fields are read."""
        return self._head is not None

    @property
    def is_reusable(self) -> bool:
        """True when the connection may carry another request (RFC 9112 section 9.3): nothing is left on it."""
        states = (self._connection.our_state, self._connection.their_state)
        return states == (h11.DONE, h11.DONE) and self._connection.trailing_data == (b"", False)

    def feed(self, data: bytes) -> None:
        """Take the next bytes, ``b""`` for the end of the stream. Raises BadResponse before the head is complete."""
        if self.is_complete:
            return
        try:
            self._connection.receive_data(data)
            while not self.is_complete:
                event = self._connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    break
                self._take(event)
        except (h11.RemoteProtocolError, ValueError) as error:
            self.cut("no HTTP response" if data else "the service closed without a whole response", error)

    def cut(self, why: str, cause: Exception | None = None) -> None:
        """No more will come: the body is truncated. Raises BadResponse when there is not even a head."""
        if self._head is None:
            raise BadResponse(why) from cause
        self.is_complete = self._truncated = True

    def _take(self, event: object) -> None:
        if isinstance(event, h11.InformationalResponse):
            self._interim += 1
            if self._interim > _INTERIM_CAP:
                raise BadResponse("interim responses without end")
        elif isinstance(event, h11.Response):
            self._head = event
        elif isinstance(event, h11.Data):
            self._body += event.data[: self._cap - len(self._body) + 1]
            if len(self._body) > self._cap:
                del self._body[self._cap :]
                self.cut("the body is too long")
        elif isinstance(event, h11.EndOfMessage):
            self.is_complete = True
        elif isinstance(event, h11.ConnectionClosed):
            self.cut("the service closed without a response")

    def response(self) -> HttpResponse:
        """What was read. Raises BadResponse when there is no head."""
        if self._head is None:
            raise BadResponse("no HTTP response")
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in self._head.headers)
        raw = HttpResponse(status=self._head.status_code, headers=headers, is_truncated=self._truncated)
        body = _decode(bytes(self._body), raw.fields("content-encoding"), self._cap)
        return msgspec.structs.replace(
            raw,
            body=body.data,
            is_truncated=self._truncated or body.is_truncated,
            is_opaque=body.is_opaque,
            path=self._path,
        )


class _Decoded(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes
    is_truncated: bool = False
    is_opaque: bool = False


def _decode(body: bytes, encodings: Iterable[str], cap: int) -> _Decoded:
    """Undo one content coding, to at most ``cap`` bytes; several at once stay as they are."""
    names = [n.strip().lower() for field in encodings for n in field.split(",")]
    names = [n for n in names if n not in ("", "identity")]
    if not names or not body:
        return _Decoded(data=body)
    windows = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}.get(names[0], ()) if len(names) == 1 else ()
    for window in windows:
        inflater = zlib.decompressobj(window)
        try:
            data = inflater.decompress(body, cap)
        except zlib.error:
            continue
        return _Decoded(data=data, is_truncated=not inflater.eof)
    return _Decoded(data=body, is_opaque=True)


def parse_response(data: bytes, *, body_cap: int = 256 * 1024) -> HttpResponse:
    """A response to a GET in one piece, the stream ending after ``data``. Raises BadResponse, and nothing else."""
    exchange = Exchange("/", host="device", body_cap=body_cap)
    if data:
        exchange.feed(data)
    exchange.feed(b"")
    return exchange.response()


_SITES = ("lax", "strict", "none")


def read_cookies(fields: Iterable[str]) -> tuple[Cookie, ...]:
    """Names and protections in Set-Cookie field values (RFC 6265 section 5.2); never a value."""
    cookies = []
    for field in list(fields)[:_FIELDS_CAP]:
        pair, *attributes = field[:4096].split(";")
        name, equals, _ = pair.partition("=")
        if not equals or not name.strip():
            continue
        flags = {n.strip().lower(): v.strip().lower() for n, _, v in (a.partition("=") for a in attributes)}
        shown = safe_text(name.strip().encode("latin-1", "replace"), 80)
        site = flags.get("samesite", "")
        cookies.append(
            Cookie(
                name=shown,
                secure="secure" in flags,
                http_only="httponly" in flags,
                same_site=site if site in _SITES else "",
            )
        )
    return tuple(cookies)


def challenges(fields: Iterable[str]) -> tuple[Challenge, ...]:
    """Schemes and realms in WWW-Authenticate field values; several may stand in one."""
    read = [c for field in list(fields)[:_FIELDS_CAP] for c in read_challenges(field)]
    return tuple(
        Challenge(
            scheme=safe_text(c.scheme, 40), realm=safe_text(c.parameters.get("realm", "").encode("latin-1", "replace"))
        )
        for c in read[:_FIELDS_CAP]
    )
