"""A sensor that speaks CoAP: in the clear, and in DTLS 1.2 with a plain pre-shared key of the whole fleet.

It is scripted, without any state: the cookie that a client must bring back is a hash of its own hello, and the
handshake ends where the client would have to know the key.
"""

import hmac
import os
from collections.abc import Callable

from iotscan.lab.place import Place
from iotscan.wire.tls import dtls, framing
from iotscan.wire.tls.dtls_server import hello_verify_request, read_client_datagrams
from iotscan.wire.tls.server import ClientHello, server_hello_body
from iotscan.wire.tls.suites import RENEGOTIATION_SCSV

SUITE = 0xC0A8
"""TLS_PSK_WITH_AES_128_CCM_8 (RFC 6655): the one that RFC 7925 asks of constrained nodes with a pre-shared key."""
HINT = b"acme-sensor"
_FATAL, _HANDSHAKE_FAILURE, _PROTOCOL_VERSION = 2, 40, 70
_CONFIRMABLE, _RESET = 0, 3


def answer_coap(datagram: bytes) -> bytes | None:
    """Reset whatever is confirmable: a ping is answered so (RFC 7252 section 4.3), and nothing else is served here."""
    if len(datagram) < 4 or datagram[0] >> 4 != 0b0100 | _CONFIRMABLE:
        return None
    return bytes([0b0100_0000 | _RESET << 4, 0]) + datagram[2:4]


def answer_dtls(secret: bytes) -> Callable[[bytes], bytes | None]:
    """What is answered to a datagram; ``secret`` makes the cookies."""

    def answer(datagram: bytes) -> bytes | None:
        hello = read_client_datagrams([datagram])
        if hello is None:
            return None
        cookie = hmac.digest(secret, repr((hello.version, hello.suites)).encode(), "sha256")[:16]
        if hello.cookie != cookie:
            return hello_verify_request(cookie)
        return _flight(hello)

    return answer


def _flight(hello: ClientHello) -> bytes:
    if "DTLSv1.2" not in hello.versions:
        return dtls.alert(_FATAL, _PROTOCOL_VERSION, sequence=1)
    if SUITE not in hello.suites:
        return dtls.alert(_FATAL, _HANDSHAKE_FAILURE, sequence=1)
    selected = server_hello_body(
        version="DTLSv1.2",
        suite=SUITE,
        extended_master_secret=framing.EXTENDED_MASTER_SECRET in hello.extensions,
        secure_renegotiation=framing.RENEGOTIATION_INFO in hello.extensions or RENEGOTIATION_SCSV in hello.suites,
    )
    messages = (
        (framing.SERVER_HELLO, selected),
        (framing.SERVER_KEY_EXCHANGE, framing.vector(2, HINT)),
        (framing.SERVER_HELLO_DONE, b""),
    )
    pieces = (
        p for i, (kind, body) in enumerate(messages, 1) for p in dtls.fragments(kind, body, sequence=i, size=1000)
    )
    return b"".join(dtls.record(framing.HANDSHAKE, piece, sequence=i) for i, piece in enumerate(pieces, 1))


async def settle(place: Place) -> None:
    """Listen for CoAP and CoAPS."""
    await place.listen_udp("coap", answer_coap)
    await place.listen_udp("coaps", answer_dtls(os.urandom(32)))
