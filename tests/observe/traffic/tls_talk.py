"""OpenSSL talks to itself in memory, and every byte of both sides becomes a piece of a conversation."""

import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from iotscan.model.facts import TlsSession
from iotscan.observe.traffic.conversation import Conversation, Endpoint, Piece, Told
from iotscan.observe.traffic.given import NOTHING, Given
from iotscan.observe.traffic.readers import all_choosers
from tests.traffic_lab.certificates import Paper

NOW = 1_795_752_000_000_000_000
"""2026-11-27."""
VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


class Talk:
    """One connection: a client that checks nothing unless it is given ``roots``, and a server."""

    def __init__(
        self,
        paper: Paper,
        folder: Path,
        *,
        version: str = "TLSv1.2",
        name: str | None = "cloud.example",
        roots: bytes = b"",
        client: Paper | None = None,
        ciphers: str = "DEFAULT:@SECLEVEL=0",
    ) -> None:
        self.pieces: list[Piece] = []
        self._at = NOW
        here, there = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for context in (here, there):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = VERSIONS[version]
            context.set_ciphers(ciphers)
        there.load_cert_chain(*map(str, paper.write(folder, "server")))
        here.check_hostname, here.verify_mode = False, ssl.CERT_NONE
        if roots:
            here.verify_mode = ssl.CERT_REQUIRED
            here.load_verify_locations(cadata=roots)
        if client is not None:
            here.load_cert_chain(*map(str, client.write(folder, "client")))
            there.verify_mode = ssl.CERT_OPTIONAL
            there.load_verify_locations(cadata=client.behind[0].public_bytes(Encoding.DER))
        self._ends = {side: (ssl.MemoryBIO(), ssl.MemoryBIO()) for side in (True, False)}
        self.client = here.wrap_bio(*self._ends[True], server_hostname=name)
        self.server = there.wrap_bio(*self._ends[False], server_side=True)

    def shake(self) -> "Talk":
        """The handshake, as far as it goes."""
        for _ in range(8):
            for end, is_client in ((self.client, True), (self.server, False)):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError:
                    self._carry(is_upward=is_client)
                    return self
                self._carry(is_upward=is_client)
        return self

    def say(self, words: bytes = b"GET / HTTP/1.1\r\n\r\n", *, of_client: bool = True) -> "Talk":
        """Data of one side."""
        (self.client if of_client else self.server).write(words)
        self._carry(is_upward=of_client)
        return self

    def _carry(self, *, is_upward: bool) -> None:
        data = self._ends[is_upward][1].read()
        if data:
            self._at += 1_000_000
            self.pieces.append(Piece(at=self._at, is_upward=is_upward, data=data))
            self._ends[not is_upward][0].write(data)


def conversation(port: int = 443, transport: str = "tcp", *, has_beginning: bool = True) -> Conversation:
    """Between a device and a server beyond its network."""
    return Conversation(
        transport="tcp" if transport == "tcp" else "udp",
        client=Endpoint(mac="02:77:00:00:00:15", address="10.77.0.21", port=40000),
        server=Endpoint(mac="02:77:00:00:01:50", address="203.0.113.80", port=port),
        first=NOW,
        last=NOW,
        has_beginning=has_beginning,
    )


def heard(
    pieces: Iterable[Piece], *, given: Given = NOTHING, of: Conversation | None = None
) -> tuple[list[Told], Conversation]:
    """What the readers understand of pieces, and the conversation as they left it."""
    told: list[Told] = []
    talk, reader, at = of or conversation(), None, NOW
    for piece in pieces:
        at = piece.at
        if reader is None:
            made = (choose(talk, piece, told.append) for choose in all_choosers(given))
            reader = next((one for one in made if one is not None), None)
        if reader is not None and reader.wants_more:
            reader.take(piece)
    if reader is not None:
        reader.end(at)
    return told, talk


def session(pieces: Iterable[Piece], *, given: Given = NOTHING, of: Conversation | None = None) -> TlsSession:
    """The one session in pieces, whatever else was said."""
    told, _ = heard(pieces, given=given, of=of)
    (found,) = (said.item for said in told if isinstance(said.item, TlsSession))
    return found
