"""A small web server for practice devices: GET and HEAD of fixed pages, and whatever a device adds."""

from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Callable, Mapping
from http import HTTPStatus

import h11
import msgspec

from iotscan.lab.place import Converse, Hearing, Speaking

HEAD_LIMIT = 16 * 1024
BODY_LIMIT = 64 * 1024
"""Bytes of a request's body that are read, and thrown away; whoever sends more is cut off."""

Headers = tuple[tuple[str, str], ...]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: method, path without the query, header fields by lower-case name."""

    method: str
    path: str
    headers: dict[str, str] = {}

    @property
    def reads(self) -> bool:
        """True for GET and HEAD."""
        return self.method in ("GET", "HEAD")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered. ``type`` is the media type."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: Headers = ()


Site = Callable[[Request], Page]


def html(title: str, body: str, *, status: int = 200, headers: Headers = ()) -> Page:
    """A page with a title; ``body`` is markup."""
    text = f"<!doctype html>\n<html><head><title>{title}</title></head>\n<body>{body}</body></html>\n"
    return Page(status=status, body=text.encode(), headers=headers)


def plain_error(status: HTTPStatus, *, headers: Headers = ()) -> Page:
    """A page that says nothing but its status."""
    title = f"{status.value} {status.phrase}"
    return html(title, f"<h1>{title}</h1>", status=status.value, headers=headers)


NOT_FOUND = plain_error(HTTPStatus.NOT_FOUND)


def pages(known: Mapping[str, Page]) -> Site:
    """A site of fixed pages: 404 for every other path, 405 for every method that would change something."""

    def site(request: Request) -> Page:
        page = known.get(request.path)
        if page is None:
            return NOT_FOUND
        if not request.reads:
            return plain_error(HTTPStatus.METHOD_NOT_ALLOWED, headers=(("Allow", "GET, HEAD"),))
        return page

    return site


def basic_login(request: Request) -> tuple[str, str] | None:
    """The user and password of Basic authentication (RFC 7617), None without a readable pair."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        user, colon, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except (BadBase64, ValueError):
        return None
    return (user, password) if scheme.lower() == "basic" and colon else None


def serve(site: Site, *, server: str) -> Converse:
    """Speak HTTP/1.1 (RFC 9112) with one caller; ``server`` is the Server header."""

    async def converse(reader: Hearing, writer: Speaking) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        try:
            while (request := await _next_request(connection, reader)) is not None:
                page = site(request)
                _answer(connection, writer, page, b"" if request.method == "HEAD" else page.body, server)
                await writer.drain()
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return
                connection.start_next_cycle()
        except h11.RemoteProtocolError as error:
            if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                page = Page(status=error.error_status_hint, headers=(("Connection", "close"),))
                _answer(connection, writer, page, b"", server)
                await writer.drain()

    return converse


async def _next_request(connection: h11.Connection, reader: Hearing) -> Request | None:
    """The next whole request, its body thrown away; None at the end. Raises h11.RemoteProtocolError."""
    request: Request | None = None
    body = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(4096))
        elif isinstance(event, h11.Request):
            request = Request(
                method=event.method.decode("ascii", "replace"),
                path=event.target.decode("latin-1").partition("?")[0],
                headers={k.decode("latin-1"): v.decode("latin-1") for k, v in event.headers},
            )
        elif isinstance(event, h11.Data):
            body += len(event.data)
            if body > BODY_LIMIT:
                raise h11.RemoteProtocolError("a body beyond the limit", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage):
            return request
        else:
            return None


def _answer(connection: h11.Connection, writer: Speaking, page: Page, body: bytes, server: str) -> None:
    headers = [
        ("Server", server),
        ("Content-Type", page.type),
        ("Content-Length", str(len(page.body))),
        *page.headers,
    ]
    response = h11.Response(
        status_code=page.status, headers=headers, reason=HTTPStatus(page.status).phrase.encode("ascii")
    )
    events: tuple[h11.Event, ...] = (response, h11.Data(data=body), h11.EndOfMessage())
    writer.write(b"".join(connection.send(event) or b"" for event in events))
