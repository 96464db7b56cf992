"""A constrained node that knows TLS 1.2 with a pre-shared key and nothing else.

It is scripted: it selects a suite as a real node would and ends the handshake where the client must
prove that it knows the key, for nobody does.
"""

from iotscan.lab.place import Hearing, Place, Speaking
from iotscan.wire.tls.server import ClientHello, alert, read_client_hello, server_hello, server_hello_done

SUITES = (0xC0A8, 0x00A8)
"""TLS_PSK_WITH_AES_128_CCM_8 (RFC 6655), TLS_PSK_WITH_AES_128_GCM_SHA256 (RFC 5487)."""
HELLO_LIMIT = 16 * 1024
FATAL = 2
UNEXPECTED_MESSAGE, HANDSHAKE_FAILURE, PROTOCOL_VERSION, UNKNOWN_PSK_IDENTITY = 10, 40, 70, 115
EXTENDED_MASTER_SECRET, RENEGOTIATION_INFO, RENEGOTIATION_SCSV = 23, 0xFF01, 0x00FF


def answer(hello: ClientHello) -> tuple[bytes, bool]:
    """The node's flight to a ClientHello, and whether it goes on from there."""
    if "TLSv1.2" not in hello.versions:
        return alert(FATAL, PROTOCOL_VERSION), False
    suite = next((s for s in SUITES if s in hello.suites), None)
    if suite is None:
        return alert(FATAL, HANDSHAKE_FAILURE), False
    # A server may answer only what was offered (RFC 5246 section 7.4.1.4).
    selected = server_hello(
        version="TLSv1.2",
        suite=suite,
        extended_master_secret=EXTENDED_MASTER_SECRET in hello.extensions,
        secure_renegotiation=RENEGOTIATION_INFO in hello.extensions or RENEGOTIATION_SCSV in hello.suites,
    )
    return selected + server_hello_done(), True


async def converse(reader: Hearing, writer: Speaking) -> None:
    """Answer one ClientHello; refuse whatever key the client then claims to know."""
    heard = b""
    while (hello := read_client_hello(heard)) is None:
        piece = await reader.read(4096)
        if not piece:
            return
        heard += piece
        if len(heard) > HELLO_LIMIT or heard[0] != 22:
            writer.write(alert(FATAL, UNEXPECTED_MESSAGE))
            return
    flight, goes_on = answer(hello)
    writer.write(flight)
    await writer.drain()
    if goes_on and await reader.read(4096):
        writer.write(alert(FATAL, UNKNOWN_PSK_IDENTITY))


async def settle(place: Place) -> None:
    """Listen where MQTT over TLS would be."""
    await place.listen(8883, converse)
