"""RTSP: DESCRIBE without and with credentials, by Basic or Digest (RFC 2326, section 14; RFC 7616).

No stream is set up.
"""

import secrets
from typing import Final

from iotscan.data.credential_records import Pair
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.credentials.reaction import Reaction, Sign, is_stranger, speaks_of_lockout
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import Door, speaks_tls
from iotscan.wire import rtsp
from iotscan.wire.authenticate import AuthChallenge, basic, choose, digest, read_challenges
from iotscan.wire.http import Origin

_ANSWER_CAP: Final = rtsp.HEAD_CAP + rtsp.BODY_CAP
_CAP: Final = 4 * _ANSWER_CAP
_LOCK_STATUS: Final = frozenset({423, 429})


class RtspLogin:
    """The login of an RTSP server for one path, as it was found asking."""

    protocol: Final = "rtsp"
    sole_account: Final = ""

    def __init__(self, door: Door, path: str = "/") -> None:
        self._door = door
        self.path = path
        self._is_strangers_403 = False
        scheme = "rtsps" if speaks_tls(door.service) else "rtsp"
        own = Origin(scheme=scheme, host=door.address, port=door.port, name=door.server_name)
        self._url = f"{scheme}://{own.authority}{path}"

    async def offer(self, pair: Pair | None) -> Reaction:
        """One connection: what it asks for, and the answer to that. Raises DialError."""
        async with self._door.plain_or_tls(cap=_CAP) as connection:
            bare = await self._describe(connection, 1)
            if pair is None:
                return _look(bare)
            challenge = choose(_challenges(bare))
            if bare.status != 401 or challenge is None:
                return Reaction(sign=Sign.UNCLEAR, detail=f"it answers {bare.status} without credentials this time")
            if not bare.is_last:
                answer = await self._describe(connection, 2, self._authorization(challenge, pair))
                return self._judged(answer, pair)
        async with self._door.plain_or_tls(cap=_CAP) as connection:
            answer = await self._describe(connection, 2, self._authorization(challenge, pair))
            return self._judged(answer, pair)

    def _judged(self, answer: rtsp.RtspResponse, pair: Pair) -> Reaction:
        self._is_strangers_403 |= answer.status == 403 and is_stranger(pair)
        reaction = _judge(answer, is_stranger=is_stranger(pair))
        if reaction.sign is Sign.REFUSED and answer.status == 403 and not self._is_strangers_403:
            # Of who is known but may not; or we are shut out by now.
            return Reaction(sign=Sign.UNCLEAR, detail="it answered 403, and a made-up user 401")
        return reaction

    def _authorization(self, challenge: AuthChallenge, pair: Pair) -> str:
        password = pair.password.reveal()
        if challenge.scheme == "basic":
            return basic(pair.user, password)
        cnonce = secrets.token_hex(8)
        return digest(challenge, pair.user, password, path=self._url, cnonce=cnonce, method="DESCRIBE")

    async def _describe(self, connection: Connection, number: int, authorization: str = "") -> rtsp.RtspResponse:
        await connection.send(rtsp.request("DESCRIBE", self._url, number, authorization=authorization))
        data = await connection.receive_while(lambda got: not rtsp.is_whole(got), _ANSWER_CAP)
        if not data:
            raise PeerClosed("it closed the connection without an answer")
        reply = rtsp.read_response(data, number)
        if reply is None:
            raise DialError("its answer to DESCRIBE is not in RTSP")
        return reply


def _challenges(reply: rtsp.RtspResponse) -> list[AuthChallenge]:
    return [c for field in reply.fields("www-authenticate") for c in read_challenges(field)]


def _look(bare: rtsp.RtspResponse) -> Reaction:
    """What a stranger is answered."""
    if bare.status in _LOCK_STATUS:
        return Reaction(sign=Sign.LOCKED, detail=f"it answers {bare.status} before anything was tried")
    if bare.status == 401:
        if choose(_challenges(bare)):
            return Reaction(sign=Sign.REFUSED)
        return Reaction(sign=Sign.UNSUITED, detail="only RTSP Basic and Digest are tried")
    if bare.status == 200:
        return Reaction(sign=Sign.ACCEPTED)
    return Reaction(sign=Sign.NO_LOGIN, detail=f"the path answers {bare.status} to anybody: a login is not asked there")


def _judge(reply: rtsp.RtspResponse, *, is_stranger: bool) -> Reaction:
    """What an answer to credentials says of them."""
    locked = speaks_of_lockout(reply.body.decode("utf-8", "replace"))
    if reply.status in _LOCK_STATUS or (locked and reply.status in (401, 403, 503)):
        return Reaction(sign=Sign.LOCKED, detail=f"it answered {reply.status}")
    if reply.status in (401, 403):
        stale = any(c.parameters.get("stale", "").lower() == "true" for c in _challenges(reply))
        return Reaction(sign=Sign.UNCLEAR, detail="its nonce had expired") if stale else Reaction(sign=Sign.REFUSED)
    if reply.status == 200:
        return Reaction(sign=Sign.ACCEPTED)
    if reply.status == 404 and not is_stranger:
        # Whoever is not let in is answered 401 on this path: it says now that there is no stream, not that he may not.
        return Reaction(sign=Sign.ACCEPTED, by_contrast=True)
    return Reaction(sign=Sign.UNCLEAR, detail=f"it answered {reply.status}, neither a description nor a refusal")
