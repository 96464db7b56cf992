"""A request and its answer, and all that is understood of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from iotscan.model.facts import HttpExchange
from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.authorization import find_in_soap, find_issued_session, find_logins
from iotscan.observe.traffic.content.download import Body, Fetched, contact_of, judge_body, judge_part
from iotscan.observe.traffic.content.fields import Field, first_file, of_json, of_multipart, of_query
from iotscan.observe.traffic.content.finding import Finding, Where
from iotscan.observe.traffic.content.kept import Kept
from iotscan.observe.traffic.content.personal import find_personal
from iotscan.observe.traffic.content.secrets import find_bare_tokens, find_blocks, find_secrets
from iotscan.observe.traffic.content.update_systems import about_update
from iotscan.observe.traffic.conversation import Item
from iotscan.wire.http_stream import Head, Part
from iotscan.wire.http_target import Target, read_host, read_target
from iotscan.wire.secret_forms.opaque import masked

Understood = tuple[Item, tuple[str, ...]]
"""A thing, and what of it is secret."""
_MEDIA: Final = ("image/", "video/", "audio/")
_FORM: Final = "application/x-www-form-urlencoded"
_FORM_IN_PARTS: Final = "multipart/form-data"
_GRPC: Final = "application/grpc"
_GRPC_REFUSED: Final = ("7", "16")
"""PERMISSION_DENIED and UNAUTHENTICATED."""
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Carried:
    """One message: its head, and the beginning of its body."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.media = _text(head, "content-type", 80).partition(";")[0].strip().lower()
        self.body = Kept(is_media=self.media.startswith(_MEDIA))
        self.coding = head.first("content-encoding")
        self.is_whole = False

    def add(self, part: Part) -> None:
        """Some of its body."""
        if part.missing:
            self.body.skip(part.missing)
        if part.data:
            self.body.add(part.data)

    @property
    def text(self) -> bytes:
        """The first bytes of the body, as they were before they were packed."""
        return self.body.text(self.coding)


class Asked(Carried):
    """A request; ``at`` is when it began."""

    def __init__(self, head: Head, at: int) -> None:
        super().__init__(head)
        self.at = at
        self.target: Target = read_target(head.target)
        self.host = read_host(head.first("host")) or self.target.host
        self.agent = _text(head, "user-agent", 120)
        self.is_answered = False


class Answered(Carried):
    """An answer, and what it answers where that is known."""

    def __init__(self, head: Head, asked: Asked | None) -> None:
        super().__init__(head)
        self.asked = asked

    @property
    def size(self) -> int | None:
        """How long its body is; None where nobody said and its end was not seen."""
        stated = self.head.first("content-length")
        if stated.isascii() and stated.isdigit() and len(stated) < 16 and not self.head.first("transfer-encoding"):
            return int(stated)
        return self.body.size if self.is_whole else None

    @property
    def clock(self) -> int:
        """The time that the server told, in nanoseconds since 1970; 0 where a cache or a portal may have told it.

        RFC 9110 section 6.6.1: when the answer was made. RFC 9111 section 5.1: a cache adds how old it is.
        """
        if self.head.status != _OK or self.head.first("age"):
            return 0
        try:
            told = parsedate_to_datetime(self.head.first("date")[:64])
        except (ValueError, TypeError, IndexError, OverflowError):
            return 0
        return max(0, int((told.replace(tzinfo=UTC) - _EPOCH).total_seconds())) * 1_000_000_000

    @property
    def is_taken(self) -> bool:
        """It answers what was asked: no error, no way to somewhere else, no page for people as portals have it."""
        status = self.head.status
        return (200 <= status < 300 or status == _NOT_MODIFIED) and self.media != "text/html"

    @property
    def is_partial(self) -> bool:
        """Its body is a piece of something, of which the beginning is missing."""
        return self.head.status == 206 and not self.head.first("content-range").lower().startswith("bytes 0-")


def understand(asked: Asked | None, answered: Answered | None, at: int) -> Iterator[Understood]:
    """All that an exchange says. Of what was not seen there is None; ``at`` is when the answer ended."""
    body = _body(answered)
    yield _exchange(asked, answered, body), ()
    for finding in _found(asked, answered, at):
        yield finding.item, finding.secrets
    contacts = (_contact(asked, answered, body), _upload(asked, answered)) if asked is not None else ()
    for contact in contacts:
        if contact is not None:
            yield contact, ()


def _exchange(asked: Asked | None, answered: Answered | None, body: Body) -> HttpExchange:
    return HttpExchange(
        host=asked.host if asked else "",
        method=safe_text(asked.head.method, 20) if asked else "",
        path=asked.target.shown if asked else "",
        user_agent=asked.agent if asked else "",
        server=_text(answered.head, "server", 120) if answered else "",
        status=answered.head.status if answered else 0,
        content_type=answered.media if answered else "",
        body=body.form,
        # The length of a page changes from one look to the next, which is of one kind all the same.
        body_bytes=answered.body.size if answered and body.is_file else 0,
    )


def _body(answered: Answered | None) -> Body:
    if answered is None or answered.is_partial:
        return Body()
    return judge_body(answered.body, answered.size, answered.coding)


def _found(asked: Asked | None, answered: Answered | None, at: int) -> Iterator[Finding]:
    of = asked.target.shown if asked else ""
    if asked is not None:
        yield from _in_request(asked, _was_accepted(answered))
    if answered is not None:
        where = Where(at=at, protocol="http", place="answer", of=of, is_answer=True)
        yield from find_issued_session(answered.head, where)
        if answered.head.status < 400 and not answered.media.startswith(_MEDIA):
            text = answered.text
            yield from find_secrets(of_json(text), where)
            yield from find_blocks(text, where)


def _was_accepted(answered: Answered | None) -> bool | None:
    """Whether the server took what stood in the header: a page for *who are you* means that it did not.

    gRPC answers 200 and says in a field of its own how it went, mostly behind the body (gRPC over HTTP2, Responses).
    """
    status = answered.head.status if answered else 0
    if status in (401, 403, 407):
        return False
    if answered is not None and answered.media.startswith(_GRPC):
        return False if answered.head.first("grpc-status") in _GRPC_REFUSED else None
    return True if 200 <= status < 400 else None


def _in_request(asked: Asked, accepted: bool | None) -> Iterator[Finding]:
    of = asked.target.shown
    yield from find_logins(asked.head, Where(at=asked.at, protocol="http", place="header", of=of, accepted=accepted))
    query = Where(at=asked.at, protocol="http", place="query", of=of)
    fields = of_query(asked.target.query)
    yield from find_secrets(fields, query)
    yield from find_personal(fields, query)
    if not asked.body.head:
        return
    text = asked.text
    is_form = asked.media in (_FORM, _FORM_IN_PARTS) or (not asked.media and b"=" in text[:64])
    body = Where(at=asked.at, protocol="http", place="form" if is_form else "body", of=of)
    fields = _fields(asked, text, is_form=is_form)
    yield from find_secrets(fields, body)
    yield from find_personal(fields, body)
    yield from find_in_soap(text, body)
    yield from find_blocks(text, body)
    if not fields:
        yield from find_bare_tokens(text.decode("latin-1"), body)


def _fields(asked: Asked, text: bytes, *, is_form: bool) -> tuple[Field, ...]:
    if asked.media == _FORM_IN_PARTS:
        return of_multipart(asked.head.first("content-type")[:512], text)
    return of_query(text.decode("utf-8", "replace")) if is_form else of_json(text)


def _contact(asked: Asked, answered: Answered | None, body: Body) -> Item | None:
    about = about_update(asked.target.path, asked.head.first("user-agent"), lambda: _words(asked, answered))
    if asked.head.method not in ("GET", "POST") or (answered is not None and answered.head.status >= 400):
        # What is not there is asked for all the same; what comes instead is no firmware.
        body = Body()
        about = about if about is not None and about.kind in ("poll", "manifest") else None
    size = (answered.size or answered.body.size) if answered else 0
    fetched = Fetched(protocol="http", host=asked.host, path=asked.target.shown, size=size)
    return contact_of(fetched, about, body, is_answered=answered is not None and answered.is_taken)


def _upload(asked: Asked, answered: Answered | None) -> Item | None:
    """A firmware that the client sends, by its first bytes alone: a path is called so of whatever is sent there."""
    is_form = asked.media == _FORM_IN_PARTS
    if asked.head.method not in ("PUT", "POST") or not asked.body.head:
        return None
    size = asked.body.size
    if is_form:
        body = judge_part(first_file(asked.head.first("content-type")[:512], asked.body.head))
    else:
        body = judge_body(asked.body, size if asked.is_whole else None, asked.coding)
    if body.about is None or body.about.kind != "firmware":
        return None
    fetched = Fetched(protocol="http", is_brought=True, host=asked.host, path=asked.target.shown, size=size)
    return contact_of(fetched, None, body, is_answered=answered is not None and answered.head.status < 400)


def _words(asked: Asked, answered: Answered | None) -> bytes:
    """What says of itself which system of updates it is: the kind of login, and what is wanted and sent."""
    scheme, _, secret = asked.head.first("authorization").partition(" ")
    fields = (f"{scheme} " if secret else "", asked.head.first("accept"), answered.media if answered else "")
    bodies = (asked.text, answered.text if answered else b"")
    return b"\n".join((*(field[:256].encode("latin-1", "replace") for field in fields), *bodies))


def _text(head: Head, name: str, limit: int) -> str:
    return safe_text(masked(head.first(name)[:2048]).encode("latin-1", "replace"), limit)
