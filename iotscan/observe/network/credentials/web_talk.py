"""A visit to a web site with cookies: pages asked for one after the other, on one connection while the server keeps it.

It goes nowhere but to the address, port and scheme that it began at.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

import h11
import msgspec

from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes.web import origin

BODY_CAP: Final = 256 * 1024
_CAP: Final = 2 * 1024 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303})
_STEPS: Final = 3
"""Redirects in a row that are gone along with."""
_COOKIES: Final = 32


class WebPage(msgspec.Struct, frozen=True, kw_only=True):
    """What one request was answered with; ``path`` is where, and ``onward`` where it redirects on this site."""

    path: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    onward: str = ""

    @property
    def text(self) -> str:
        """Its body as text, raw."""
        return self.body.decode("utf-8", "replace")

    def fields(self, name: str) -> tuple[str, ...]:
        """All values of a header field."""
        return tuple(value for key, value in self.headers if key == name)


class WebTalk:
    """One visit, as an asynchronous context. Every method raises DialError."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.site = origin(door)
        self._cookies: dict[str, str] = {}
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._client = h11.Connection(h11.CLIENT)

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    async def get(self, path: str) -> WebPage:
        """A page, and up to three redirects further."""
        page = await self._request("GET", path)
        for _ in range(_STEPS):
            if not page.onward:
                break
            page = await self._request("GET", page.onward)
        return page

    async def post(self, path: str, fields: Sequence[tuple[str, str]], *, sent_from: str) -> WebPage:
        """Send a form, and go along with nothing yet. It is never sent twice: it goes on a connection of its own."""
        await self._leave()
        here = f"{self.site.scheme}://{self.site.authority}"
        more = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", here), ("Referer", here + sent_from)]
        return await self._request("POST", path, body=urlencode(fields).encode(), more=more)

    async def _request(
        self, method: str, path: str, *, body: bytes = b"", more: Sequence[tuple[str, str]] = ()
    ) -> WebPage:
        headers = [("Host", self.site.authority), ("User-Agent", "iotscan"), ("Accept", "text/html,*/*")]
        headers += [("Accept-Encoding", "identity"), *more]
        if self._cookies:
            headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self._cookies.items())))
        if method == "POST":
            headers.append(("Content-Length", str(len(body))))
        told = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
        request = h11.Request(method=method, target=path, headers=told)
        is_reused = self._connection is not None
        try:
            return await self._exchange(request, body, path)
        except PeerClosed:
            if not is_reused:
                raise
            # A server may drop a connection it promised to keep.
            await self._leave()
            return await self._exchange(request, body, path)

    async def _exchange(self, request: h11.Request, body: bytes, path: str) -> WebPage:
        connection = await self._connected()
        try:
            sent = (self._client.send(request) or b"") + (
                self._client.send(h11.Data(data=body)) or b"" if body else b""
            )
            await connection.send(sent + (self._client.send(h11.EndOfMessage()) or b""))
            head, read, is_whole = await self._read(connection)
        except h11.ProtocolError as error:
            raise DialError("its answer is no HTTP that can be read") from error
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers)
        page = WebPage(path=path, status=head.status_code, headers=headers, body=read)
        self._keep_cookies(page)
        if is_whole and (self._client.our_state, self._client.their_state) == (h11.DONE, h11.DONE):
            self._client.start_next_cycle()
        else:
            await self._leave()
        target = next(iter(page.fields("location")), "") if page.status in _REDIRECTS else ""
        return msgspec.structs.replace(page, onward=self.site.resolve(target, path) or "") if target else page

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._client = h11.Connection(h11.CLIENT)
            self._connection = await self._stack.enter_async_context(self._door.plain_or_tls(cap=_CAP))
        return self._connection

    async def _read(self, connection: Connection) -> tuple[h11.Response, bytes, bool]:
        """Head, body up to a cap, and whether that was all of it."""
        head: h11.Response | None = None
        body = b""
        while len(body) < BODY_CAP:
            match event := self._client.next_event():
                case h11.NEED_DATA:
                    piece = await connection.receive(16 * 1024)
                    if not piece and head is None:
                        break
                    self._client.receive_data(piece)
                case h11.Response():
                    head = event
                case h11.Data():
                    body += bytes(event.data)
                case h11.EndOfMessage():
                    if head is not None:
                        return head, body, True
                case h11.ConnectionClosed() | h11.PAUSED:
                    break
        if head is None:
            raise PeerClosed("it closed the connection without an answer")
        return head, body[:BODY_CAP], False

    async def _leave(self) -> None:
        self._connection = None
        await self._stack.aclose()

    def _keep_cookies(self, page: WebPage) -> None:
        """RFC 6265 as far as one site and one visit need it: the last value of each, gone when it is taken back."""
        for field in page.fields("set-cookie"):
            pair, *attributes = field[:4096].split(";")
            name, equals, value = (part.strip() for part in pair.partition("="))
            is_over = any(a.strip().lower() in ("max-age=0", "max-age=-1") for a in attributes)
            if not equals or not name:
                continue
            if is_over or not value:
                self._cookies.pop(name, None)
            elif len(self._cookies) < _COOKIES or name in self._cookies:
                self._cookies[name] = value
