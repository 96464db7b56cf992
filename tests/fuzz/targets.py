"""What is fed with bytes that a peer or the maker of an image chose.

None of it may raise, hang, or take more than it was given reason to.
"""

from collections.abc import Callable

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.hearing import Hearing
from iotscan.wire.banner import recognise
from iotscan.wire.frames import read_frame
from iotscan.wire.quic import read_versions
from iotscan.wire.ssh import exchange, messages, version_1
from iotscan.wire.ssh.host_keys import is_signed_by, read_host_key
from iotscan.wire.ssh.identification import read_identification
from iotscan.wire.ssh.kexinit import read_kexinit
from iotscan.wire.ssh.packets import read_packet, whole_length
from iotscan.wire.starttls import PROTOCOLS, opening
from iotscan.wire.tls.dtls import DatagramReader
from iotscan.wire.tls.dtls_server import read_client_datagrams
from iotscan.wire.tls.flight import CHAIN_LIMIT, FlightReader, read_flight, read_key_exchange
from iotscan.wire.tls.framing import Malformed
from iotscan.wire.tls.server import read_client_hello
from iotscan.wire.tls.suites import SUITES
from tests.fuzz import image_targets

_CODES = sorted(SUITES)


def tls_stream(data: bytes) -> None:
    """A server's bytes on a stream: the same flight whole and in pieces."""
    whole = read_flight(data)
    assert len(whole.certificates) <= CHAIN_LIMIT
    reader = FlightReader()
    size = 1 + (data[-1] if data else 0)
    for at in range(0, len(data), size):
        if reader.feed(data[at : at + size]):
            break
    reader.closed()
    assert reader.flight == whole


def tls_key_exchange(data: bytes) -> None:
    """The body of a ServerKeyExchange, under any suite and version."""
    suite = _CODES[int.from_bytes(data[:2], "big") % len(_CODES)]
    version = ("TLSv1.0", "TLSv1.2", "DTLSv1.2")[data[2] % 3] if len(data) > 2 else "TLSv1.2"
    try:
        read_key_exchange(data[3:], suite=suite, version=version)
    except Malformed:
        return


def tls_client_hello(data: bytes) -> None:
    """A client's first bytes."""
    read_client_hello(data)


def dtls_datagrams(data: bytes) -> None:
    """A server's datagrams, cut where their first byte says."""
    size = 1 + (data[0] if data else 0) * 4
    pieces = [data[at : at + size] for at in range(1, len(data), size)]
    for cookie in (b"", b"cookie"):
        reader = DatagramReader(answered=cookie)
        for piece in pieces:
            reader.feed(piece)
        reader.closed()
        assert len(reader.flight.certificates) <= CHAIN_LIMIT
    read_client_datagrams(pieces)


def first_words(data: bytes) -> None:
    """Whatever a port says first."""
    recognise(data)


def words_before_tls(data: bytes) -> None:
    """What a server says before TLS, whole and in pieces; the first byte chooses its protocol."""
    protocol = sorted(PROTOCOLS)[data[0] % len(PROTOCOLS)] if data else "ftp"
    whole, pieces = opening(protocol, "box"), opening(protocol, "box")
    whole.begin()
    at_once = whole.feed(data[1:])
    step = pieces.begin()
    for at in range(1, len(data)):
        step = pieces.feed(data[at : at + 1])
    # Said in one breath with more, an agreement is none.
    assert step.ending == at_once.ending or (step.ending, at_once.ending) == ("tls", "unreadable")
    assert whole.closed().ending is not None


def ssh_server(data: bytes) -> None:
    """What a server says before there is a key: its line, then packets that may be any message."""
    said = read_identification(data)
    data = data[said.end :] if said else data
    version_1.read_public_keys(data)
    while (whole := whole_length(data)) is not None and len(data) >= whole > 4:
        payload, data = read_packet(data[:whole]) or b"", data[whole:]
        read_kexinit(payload)
        messages.read_disconnect(payload)
        messages.read_failure(payload)
        messages.read_banner(payload)
        messages.read_signature_algorithms(payload)
        if group := exchange.read_group(payload):
            exchange.share_in(group)
        for number in (exchange.REPLY, exchange.GEX_REPLY):
            if (reply := exchange.read_reply(payload, number=number)) and (shown := read_host_key(reply.host_key)):
                is_signed_by(shown.key, reply.signature, b"told")


def versions_of_quic(data: bytes) -> None:
    """A datagram that may list versions."""
    read_versions(data, b"destined", b"ourselves")


def heard_frames(data: bytes) -> None:
    """Frames that anybody on a link can send, one behind the other, each behind its length."""
    link = Attached(interface="eth0", address="10.0.0.2", network="10.0.0.0/24")
    ear = Hearing((link,), lambda address: address.startswith("10.0.0."))
    while data:
        size = int.from_bytes(data[:2], "big")
        if (seen := read_frame(data[2 : 2 + size])) is not None:
            for _ in ear.take(seen, "eth0"):
                pass
        data = data[2 + size :]
    for _ in ear.settle():
        pass


TARGETS: dict[str, Callable[[bytes], None]] = {
    **image_targets.TARGETS,
    "tls-stream": tls_stream,
    "tls-key-exchange": tls_key_exchange,
    "tls-client-hello": tls_client_hello,
    "dtls-datagrams": dtls_datagrams,
    "first-words": first_words,
    "words-before-tls": words_before_tls,
    "ssh-server": ssh_server,
    "versions-of-quic": versions_of_quic,
    "heard-frames": heard_frames,
}
