"""The server's side over datagrams: what a client's hello offers, and the messages a scripted responder answers with.

Source: RFC 6347 section 4.2.1 (HelloVerifyRequest), RFC 9147 section 5.
"""

from collections.abc import Iterable, Sequence

from iotscan.wire.tls import framing
from iotscan.wire.tls.dtls import Assembly, fragments, read_fragments, read_records, record
from iotscan.wire.tls.framing import Malformed, vector
from iotscan.wire.tls.server import ClientHello, certificate_body, parse_client_hello

COOKIE_VERSION = 0xFEFF
"""server_version of a HelloVerifyRequest: DTLS 1.0 whatever is negotiated later (RFC 6347 section 4.2.1)."""


def read_client_datagrams(datagrams: Iterable[bytes]) -> ClientHello | None:
    """The ClientHello in some datagrams of one exchange; None where it is not complete or is none. Never raises."""
    hellos: dict[int, Assembly] = {}
    try:
        for piece in (p for d in datagrams for r in read_records(d) for p in read_fragments(r.body) if r.epoch == 0):
            if piece.kind != framing.CLIENT_HELLO:
                continue
            message = hellos.setdefault(piece.sequence, Assembly(piece.kind, piece.length))
            message.add(piece)
        whole = [body for _, hello in sorted(hellos.items()) if (body := hello.whole) is not None]
        return parse_client_hello(whole[-1]) if whole else None
    except Malformed:
        return None


def hello_verify_request(cookie: bytes, *, sequence: int = 0) -> bytes:
    """A datagram that wants ``cookie`` back before anything else."""
    body = COOKIE_VERSION.to_bytes(2, "big") + vector(1, cookie)
    (piece,) = fragments(framing.HELLO_VERIFY_REQUEST, body, sequence=0, size=len(body))
    return record(framing.HANDSHAKE, piece, sequence=sequence, version=COOKIE_VERSION)


def certificate_message(chain: Sequence[bytes]) -> tuple[int, bytes]:
    """A Certificate message up to DTLS 1.2 with DER certificates, leaf first, for :func:`flight`."""
    return framing.CERTIFICATE, certificate_body(chain)


def flight(messages: Iterable[tuple[int, bytes]], *, size: int = 1000, first: int = 1) -> list[bytes]:
    """Messages (type, body) as datagrams, each with one fragment of at most ``size`` bytes.

    ``first`` is the number of the first message: 1 behind a HelloVerifyRequest, 0 without.
    """
    numbered = enumerate(messages, first)
    pieces = [piece for i, (kind, body) in numbered for piece in fragments(kind, body, sequence=i, size=size)]
    return [record(framing.HANDSHAKE, piece, sequence=first + i) for i, piece in enumerate(pieces)]
