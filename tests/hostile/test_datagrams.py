"""Hostile peers over datagrams, in one scan: bounded, and nothing said of them that they did not show."""

import itertools
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from iotscan.model.facts import TlsEndpoint
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.wire import coap
from iotscan.wire.tls import dtls, framing
from iotscan.wire.tls.dtls_server import certificate_message, flight, hello_verify_request
from iotscan.wire.tls.server import server_hello_body
from tests.hostile.scanning import Claim, device_at, scan
from tests.hostile.serving import EXPECTED, WEB, device, http, web

COAP, COAPS = 15683, 15684
NOT_FOUND = web(lambda path, head: http(b"", status="404 Not Found"))
DONE = (framing.SERVER_HELLO_DONE, b"")
COOKIES, RETRIES = itertools.count(), itertools.count()

Answer = Callable[[bytes], Iterable[bytes]]


HELLO = (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.2", suite=0xC02F))


def said(suite: int = 0xC02F, version: str = "DTLSv1.2") -> list[bytes]:
    hello = (framing.SERVER_HELLO, server_hello_body(version=version, suite=suite))
    return flight([hello, certificate_message([b"leaf"]), DONE], first=0)


def verify(data: bytes) -> list[bytes]:
    return [hello_verify_request(b"%d" % next(COOKIES))]


def retry(data: bytes) -> list[bytes]:
    body = server_hello_body(version="DTLSv1.3", suite=0x1301, retry_cookie=b"%d" % next(RETRIES))
    return flight([(framing.SERVER_HELLO, body)], first=0)


def always(*datagrams: bytes) -> Answer:
    return lambda data: datagrams


def endless(kind: int, length: int) -> Answer:
    """Pieces of messages that never become whole, under ever other numbers."""
    head = bytes([kind]) + length.to_bytes(3, "big")
    pieces = [head + n.to_bytes(2, "big") + bytes(3) + b"\0\0\1x" for n in range(3000)]
    return always(*(dtls.record(framing.HANDSHAKE, piece, sequence=n) for n, piece in enumerate(pieces)))


def contradicting(data: bytes) -> list[bytes]:
    """The end of a hello twice, with two suites; then the whole."""
    kind, body = HELLO
    ends = (
        dtls.fragment(kind, end, sequence=0, offset=30, length=len(end) - 30) for end in (body, body[:-1] + b"\xff")
    )
    return [*(dtls.record(framing.HANDSHAKE, end, sequence=0) for end in ends), *said()]


WRONG_VERSION = b"\x16\x03\x03" + said()[0][3:]
TOO_LONG = b"\x16\xfe\xfd" + bytes(8) + (2**14 + 2049).to_bytes(2, "big") + bytes(20000)
HOSTILE: dict[str, tuple[Answer, set[Claim]]] = {
    "cookie after cookie": (verify, {("dtls-cookie", "pass")}),
    "retry after retry": (retry, {("dtls-cookie", "pass")}),
    "a suite that nobody offered": (always(*said(0xFAFA)), set()),
    "a version of streams": (always(*said(version="TLSv1.2")), set()),
    "records of another version": (always(WRONG_VERSION), set()),
    "records of no length": (always(dtls.record(22, b"", sequence=0), dtls.record(21, b"", sequence=1)), set()),
    "records that are too long": (always(TOO_LONG), set()),
    "endless hellos": (endless(framing.SERVER_HELLO, 2**16), set()),
    "endless huge messages": (endless(framing.CERTIFICATE, 2**24 - 1), set()),
    "warnings without end": (always(*[dtls.alert(1, 112, sequence=1)] * 3000), set()),
    "a flood of nothing": (always(*[b""] * 3000), set()),
    "a flood of noise": (always(*[bytes(8000)] * 100), set()),
    "an echo": (lambda data: [data], set()),
    "contradictions": (contradicting, set()),
    "silence": (lambda data: [], set()),
}


def certain(run: Run, address: str) -> set[Claim]:
    """What the run says for certain of the datagram services of a device, or that there are none."""
    owner = device_at(run, address).id
    of_udp = [r for r in run.results if r.subject.owner == owner and r.subject.service.startswith("udp/")]
    settled = (Outcome.PASS, Outcome.FAIL, Outcome.ERROR, Outcome.NOT_APPLICABLE)
    return {(r.check, r.variant or r.outcome.value) for r in of_udp if r.outcome in settled}


def test_datagrams_of_every_kind(tmp_path: Path) -> None:
    with ExitStack() as stack:
        devices = {name: stack.enter_context(device()) for name in HOSTILE}
        for name, made in devices.items():
            made.tcp([WEB], NOT_FOUND)
            made.datagrams(COAPS, HOSTILE[name][0])
            made.datagrams(COAP, HOSTILE[name][0])
        addresses = [made.address for made in devices.values()]
        run = scan(tmp_path, *addresses, ports=[WEB], expected=EXPECTED, udp={"coap": COAP, "coaps": COAPS})
    found = {name: certain(run, made.address) for name, made in devices.items()}
    assert found == {name: allowed for name, (_, allowed) in HOSTILE.items()}
    for cost in run.costs.values():
        assert cost.datagrams < 100


def test_a_server_in_pieces_backwards_and_twice_is_what_it_is(tmp_path: Path) -> None:
    pieces = flight(
        [(framing.SERVER_HELLO, server_hello_body(version="DTLSv1.2", suite=0xC02F)), DONE], first=0, size=1
    )
    with device() as made:
        made.tcp([WEB], NOT_FOUND)
        made.datagrams(COAPS, lambda data: [piece for piece in reversed(pieces) for _ in range(2)])
        made.udp(COAP, lambda data: coap.reset(int.from_bytes(data[2:4], "big")))
        run = scan(tmp_path, made.address, ports=[WEB], expected=EXPECTED, udp={"coap": COAP, "coaps": COAPS})
        found = certain(run, made.address)
    assert {("dtls-cookie", "no-cookie"), ("coap-encryption", "beside-dtls")} <= found
    (endpoint,) = [o.fact for o in run.observations if isinstance(o.fact, TlsEndpoint)]
    assert endpoint.versions["DTLSv1.2"].known
    # To every hello it says the same, also to those that do not offer it: that proves nothing.
    assert endpoint.versions["DTLSv1.0"].known is None
