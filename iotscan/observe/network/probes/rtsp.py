"""Whether an RTSP server describes its stream to anybody (RFC 2326 §10.1, §10.2). Nothing is set up or played.

A path that nobody has is asked first: where that wants a login, every path does; where that is described, any path
is open; where it is not there, 404 on a usual path says nothing of a login.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import Announcement, HttpServer, OpenService, RtspServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.wire import rtsp
from iotscan.wire.http import Origin

_CONVERSATIONS: Final = 3
"""Cameras that close after each answer are still asked for as many paths."""
_PATHS_LIMIT: Final = 5
_ANSWER_CAP: Final = rtsp.HEAD_CAP + rtsp.BODY_CAP
_REQUESTS: Final = 2 + _PATHS_LIMIT
_MAKERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    # The main stream, as the makers say it: Hikvision's ISAPI guide, Dahua's HTTP API, TP-Link's pages on RTSP of Tapo
    # and VIGI, Axis' VAPIX (video streaming), Reolink's and Foscam's help pages, Bosch's note on RTSP.
    ("/Streaming/Channels/101", ("hikvision", "hiwatch", "ezviz", "annke")),
    ("/cam/realmonitor?channel=1&subtype=0", ("dahua", "amcrest", "lorex", "imou")),
    ("/stream1", ("tp-link", "tapo", "vigi", "tenda")),
    ("/axis-media/media.amp", ("axis",)),
    ("/", ()),
    ("/h264Preview_01_main", ("reolink",)),
    ("/videoMain", ("foscam",)),
    ("/rtsp_tunnel", ("bosch",)),
)
"""Paths, the commonest first, each with words of those who use it."""


class _NotRtsp(DialError):
    """The service answered, but not in RTSP that can be read."""


async def ask_rtsp(door: Door) -> Heard:
    """OPTIONS, DESCRIBE of a path that nobody has, and of usual ones until it is clear: on one connection."""
    inquiry = _Inquiry(door)
    error = await inquiry.run()
    fact = inquiry.fact()
    if fact is None or (error is not None and not fact.needs_login.is_answered):
        return Heard(missed=(missed(RtspServer, error) if error else _SILENT,))
    return Heard(facts=(fact,), excerpt=inquiry.excerpt())


_SILENT: Final = Missed(need=kind_of(RtspServer), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE)


class _Inquiry:
    """What has been answered so far, and what is asked next."""

    def __init__(self, door: Door) -> None:
        self._door = door
        scheme = "rtsps" if speaks_tls(door.service) else "rtsp"
        own = Origin(scheme=scheme, host=door.address, port=door.port, name=door.server_name)
        self._base = f"{scheme}://{own.authority}"
        token = sha256(f"iotscan stream {door.address} {door.port}".encode()).hexdigest()[:16]
        self._control = f"/iotscan-{token}"
        self._paths = usual_paths(door)
        self._replies: dict[str, rtsp.RtspResponse] = {}

    async def run(self) -> DialError | None:
        """Ask until it is clear; the error that ended it sooner."""
        for _ in range(_CONVERSATIONS):
            before = len(self._replies)
            try:
                async with self._door.plain_or_tls(cap=_REQUESTS * _ANSWER_CAP) as connection:
                    await self._converse(connection)
            except DialError as error:
                # A camera that closes after an answer is asked the rest on a fresh connection.
                if len(self._replies) == before or not isinstance(error, PeerClosed):
                    return error
            if self._next() is None:
                return None
        return None

    async def _converse(self, connection: Connection) -> None:
        while (path := self._next()) is not None:
            reply = await self._ask(connection, path)
            self._replies[path] = reply
            if reply.is_last:
                return

    async def _ask(self, connection: Connection, path: str) -> rtsp.RtspResponse:
        number = len(self._replies) + 1
        is_first = path == "*"
        url = path if is_first else self._base + path
        await connection.send(rtsp.request("OPTIONS" if is_first else "DESCRIBE", url, number))
        data = await connection.receive_while(lambda got: not rtsp.is_whole(got), _ANSWER_CAP)
        if not data:
            raise PeerClosed("the service closed without an answer")
        reply = rtsp.read_response(data, number)
        if reply is None:
            raise _NotRtsp(f"the answer to {'OPTIONS' if is_first else 'DESCRIBE'} is not in RTSP")
        return reply

    def _next(self) -> str | None:
        return next((path for path in self._wanted() if path not in self._replies), None)

    def _wanted(self) -> Iterator[str]:
        yield "*"
        if not self._describes:
            return
        yield self._control
        for path in self._paths:
            if self._is_settled:
                return
            yield path

    @property
    def _describes(self) -> bool:
        """Whether it may describe a stream: what only takes sound (AirPlay) lists its methods without that."""
        first = self._replies.get("*")
        return first is None or not first.methods or "DESCRIBE" in first.methods

    @property
    def _is_settled(self) -> bool:
        closed = [path for path, reply in self._replies.items() if reply.challenges and path != "*"]
        is_open = any(reply.media for reply in self._replies.values())
        return is_open or (self._control in closed and len(closed) > 1)

    def fact(self) -> RtspServer | None:
        """What the answers come to; None without any."""
        if not self._replies:
            return None
        described = {path: reply for path, reply in self._replies.items() if path != "*"}
        opened = next((path for path, reply in described.items() if reply.media), "")
        # A path that is there tells more than the one that nobody has, asked first.
        asking = next((path for path in reversed(described) if described[path].challenges), "")
        first = next(iter(self._replies.values()))
        control = described.get(self._control)
        return RtspServer(
            tls=speaks_tls(self._door.service),
            server=next((reply.server for reply in self._replies.values() if reply.server), ""),
            methods=first.methods,
            needs_login=Answer.of(not opened) if opened or asking else self._unclear(described),
            path=opened or asking,
            media=described[opened].media if opened else (),
            challenges=described[asking].challenges if asking and not opened else (),
            control=control.status if control else 0,
        )

    def _unclear(self, described: dict[str, rtsp.RtspResponse]) -> Answer[bool]:
        if not described:
            return Answer.missing(Reason.NOT_OBSERVABLE, "it describes no streams (its OPTIONS lists no DESCRIBE)")
        statuses = sorted({reply.status for reply in described.values()})
        if statuses == [404]:
            return Answer.missing(Reason.NOT_OBSERVABLE, "none of the stream paths that were asked is there (404)")
        said = ", ".join(map(str, statuses))
        return Answer.missing(Reason.NOT_OBSERVABLE, f"no path was described and no login asked for (status {said})")

    def excerpt(self) -> str:
        """Each path with the status that it got."""
        return "; ".join(f"{path} {reply.status}" for path, reply in self._replies.items())


def usual_paths(door: Door) -> tuple[str, ...]:
    """The paths to ask, those of the maker that the device names first."""
    said = " ".join(_said(door)).lower()
    own = [path for path, words in _MAKERS if any(word in said for word in words)]
    return tuple(dict.fromkeys((*own, *(path for path, _ in _MAKERS))))[:_PATHS_LIMIT]


def _said(door: Door) -> Iterator[str]:
    for _, fact in door.known:
        match fact:
            case Announcement():
                yield from (claim.value for claim in fact.claims)
            case OpenService():
                yield fact.banner
            case HttpServer():
                yield from (fact.title, fact.server, *(c.realm for c in fact.challenges))


PROBE = Probe(
    name="rtsp", version=1, speaks=frozenset({"rtsp", "rtsps"}), gives=(RtspServer,), ask=ask_rtsp, stage=2, shows=True
)
