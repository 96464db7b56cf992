"""HTTP Basic and Digest: what ``GET`` of one page answers without, and with, credentials."""

import secrets
from typing import Final

import h11
import msgspec

from iotscan.data.credential_records import Pair
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.credentials.reaction import Reaction, Sign, is_stranger, speaks_of_lockout
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import Door, speaks_tls
from iotscan.wire.authenticate import AuthChallenge, basic, choose, digest, read_challenges

_CAP = 64 * 1024
_BODY_CAP = 16 * 1024
_LOCK_STATUS: Final = frozenset({423, 429})


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: status, the challenges, where it redirects to, and the beginning of the body."""

    status: int
    challenges: tuple[AuthChallenge, ...] = ()
    location: str = ""
    body: bytes = b""


class HttpLogin:
    """The login that one page of a web server asks for."""

    protocol: Final = "http"
    sole_account: Final = ""

    def __init__(self, door: Door, path: str = "/") -> None:
        self._door = door
        self._path = path
        self._challenge: AuthChallenge | None = None
        self._nonce = ""
        self._uses = 0
        self._is_strangers_403 = False

    async def offer(self, pair: Pair | None) -> Reaction:
        """GET the page. Raises DialError."""
        reply = await self._get("" if pair is None else self._authorization(pair))
        self._challenge = choose(reply.challenges) or self._challenge
        if pair is None:
            return await self._look(reply)
        self._is_strangers_403 |= reply.status == 403 and is_stranger(pair)
        reaction = _judge(reply)
        if reaction.sign is Sign.REFUSED and reply.status == 403 and not self._is_strangers_403:
            # RFC 9110, section 15.5.4: of who is known but may not; or we are shut out by now.
            return Reaction(sign=Sign.UNCLEAR, detail="it answered 403, and a made-up user 401")
        return reaction

    async def _look(self, reply: Reply) -> Reaction:
        """What the page asks of a stranger. One redirect to another page of the same service is gone along with."""
        if 300 <= reply.status < 400 and (page := self._own_page(reply.location)):
            self._path = page
            reply = await self._get("")
            self._challenge = choose(reply.challenges)
        if reply.status in _LOCK_STATUS:
            return Reaction(sign=Sign.LOCKED, detail=f"it answers {reply.status} before anything was tried")
        if reply.status == 401:
            if self._challenge is not None:
                return Reaction(sign=Sign.REFUSED)
            return Reaction(sign=Sign.UNSUITED, detail="only HTTP Basic and Digest are tried")
        if 200 <= reply.status < 300:
            return Reaction(sign=Sign.NO_LOGIN, detail="asks for no login on the page we know of this product")
        return Reaction(sign=Sign.UNSUITED, detail=f"the page answers {reply.status}: it asks for no login we can try")

    def _own_page(self, location: str) -> str:
        """The path of a redirect that stays on this very service, empty for any other."""
        scheme = "https" if speaks_tls(self._door.service) else "http"
        own = f"{scheme}://{self._authority()}"
        path = location.removeprefix(own) if location.startswith(f"{own}/") else location
        is_page = path.startswith("/") and not path.startswith("//") and path.isascii()
        return path if is_page and path.isprintable() and " " not in path and path != self._path else ""

    def _authority(self) -> str:
        host = self._door.server_name or self._door.address.partition("%")[0]  # as in the Host field
        return f"[{host}]:{self._door.port}" if ":" in host else f"{host}:{self._door.port}"

    def _authorization(self, pair: Pair) -> str:
        challenge = self._challenge
        if challenge is None:
            raise PeerClosed("it withdrew its challenge")
        if challenge.scheme == "basic":
            return basic(pair.user, pair.password.reveal())
        nonce = challenge.parameters["nonce"]
        self._uses = self._uses + 1 if nonce == self._nonce else 1
        self._nonce = nonce
        return digest(
            challenge,
            pair.user,
            pair.password.reveal(),
            path=self._path,
            cnonce=secrets.token_hex(8),
            count=self._uses,
        )

    async def _get(self, authorization: str) -> Reply:
        headers = [("Host", self._authority()), ("User-Agent", "iotscan"), ("Connection", "close")]
        headers += [("Accept-Encoding", "identity")]
        if authorization:
            headers.append(("Authorization", authorization))
        async with self._door.plain_or_tls(cap=_CAP) as connection:
            return await _exchange(connection, h11.Request(method="GET", target=self._path, headers=headers))


async def _exchange(connection: Connection, request: h11.Request) -> Reply:
    """Send one request and read its answer, the body up to a cap. Raises DialError."""
    client = h11.Connection(h11.CLIENT)
    try:
        await connection.send((client.send(request) or b"") + (client.send(h11.EndOfMessage()) or b""))
        head: h11.Response | None = None
        body = b""
        while len(body) < _BODY_CAP:
            match event := client.next_event():
                case h11.NEED_DATA:
                    piece = await connection.receive()
                    if not piece and head is None:
                        break
                    client.receive_data(piece)
                case h11.Response():
                    head = event
                case h11.Data():
                    body += bytes(event.data)
                case h11.EndOfMessage() | h11.ConnectionClosed():
                    break
    except h11.ProtocolError as error:
        raise DialError("its answer is no HTTP that can be read") from error
    if head is None:
        raise PeerClosed("it closed the connection without an answer")
    return _reply(head, body)


def _reply(head: h11.Response, body: bytes) -> Reply:
    fields = [(name, value.decode("utf-8", "replace")) for name, value in head.headers]
    challenges = [c for name, value in fields if name == b"www-authenticate" for c in read_challenges(value)]
    location = next((value for name, value in fields if name == b"location"), "")
    return Reply(status=head.status_code, challenges=tuple(challenges), location=location, body=body[:_BODY_CAP])


def _judge(reply: Reply) -> Reaction:
    """What an answer to credentials says of them."""
    locked = speaks_of_lockout(reply.body.decode("utf-8", "replace"))
    if reply.status in _LOCK_STATUS:
        return Reaction(sign=Sign.LOCKED, detail=f"it answered {reply.status}")
    if reply.status in (401, 403, 503) and locked:
        return Reaction(sign=Sign.LOCKED, detail=f"it answered {reply.status} with words of a lock-out")
    if reply.status in (401, 403):
        stale = any(c.parameters.get("stale", "").lower() == "true" for c in reply.challenges)
        return Reaction(sign=Sign.UNCLEAR, detail="its nonce had expired") if stale else Reaction(sign=Sign.REFUSED)
    if 200 <= reply.status < 300 and not locked:
        return Reaction(sign=Sign.ACCEPTED)
    return Reaction(sign=Sign.UNCLEAR, detail=f"it answered {reply.status}, neither a page nor a refusal")
