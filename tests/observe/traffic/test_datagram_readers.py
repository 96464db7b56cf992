"""CoAP, LwM2M, DNS and NTP in the clear."""

import dns.flags
import dns.message
import dns.rrset
import msgspec
import pytest

from iotscan.model.facts import (
    CoapExchange,
    Exposure,
    Lwm2mContact,
    NameQuestion,
    TimeQuestion,
    UpdateContact,
)
from iotscan.observe.traffic.conversation import Piece
from iotscan.observe.traffic.readers import coap, ntp
from iotscan.observe.traffic.readers import dns as dns_reader
from iotscan.wire import coap_options
from tests.observe.traffic.speaking import AT, Said, conversation, items, play


def talk(
    code: int, number: int, options: list[tuple[int, bytes]] | None = None, payload: bytes = b"", kind: int = 0
) -> bytes:
    body = coap_options.write(options or []) + (b"\xff" + payload if payload else b"")
    return bytes((0x40 | kind << 4 | 1, code)) + number.to_bytes(2, "big") + b"T" + body


def path(*segments: bytes) -> list[tuple[int, bytes]]:
    return [(11, segment) for segment in segments]


UDP = {"transport": "udp", "port": 5683}


def test_a_request_its_copy_and_its_answer() -> None:
    ask = talk(1, 7, path(b"sensors", b"temp"))
    said: list[Said] = [(">", ask), (">", ask), ("<", talk(0x45, 7, [(12, b"\x32")], b'{"t": 1}', kind=2))]
    told = play(coap.CHOOSE, conversation(**UDP), said)  # type: ignore[arg-type]  # fields by name, of several types
    assert [t.item for t in told] == [
        CoapExchange(method="GET", path="/sensors/temp", code="2.05", content_format="application/json")
    ]


def test_registration_update_and_who_asks_back() -> None:
    register = talk(2, 1, [*path(b"rd"), (15, b"ep=urn:dev:1"), (15, b"lt=300"), (15, b"lwm2m=1.1"), (15, b"b=U")])
    said: list[Said] = [
        (">", register),
        ("<", talk(0x41, 1, [(8, b"rd"), (8, b"x1")], kind=2)),
        ("<", talk(1, 9, path(b"3", b"0"))),
        (">", talk(0x45, 9, [], b"x", kind=2)),
        (">", talk(2, 2, [*path(b"rd", b"x1"), (15, b"lt=600")])),
        ("<", talk(0x44, 2, kind=2)),
        (">", talk(4, 3, path(b"rd", b"x1"))),
        ("<", talk(0x42, 3, kind=2)),
    ]
    told = play(coap.CHOOSE, conversation(**UDP), said)  # type: ignore[arg-type]  # fields by name, of several types
    assert items(told, Lwm2mContact) == [
        Lwm2mContact(interface="register", endpoint="urn:dev:1", lifetime=300, version="1.1", binding="U"),
        Lwm2mContact(interface="update", lifetime=600),
        Lwm2mContact(interface="deregister"),
    ]
    (asked_back,) = (t for t in told if isinstance(t.item, CoapExchange) and t.item.path == "/3/0")
    assert asked_back.conversation.client.address == "203.0.113.80"


def test_a_resource_directory_is_no_lwm2m() -> None:
    said: list[Said] = [
        (">", talk(2, 1, [*path(b"rd"), (15, b"ep=node1"), (15, b"lt=300")])),
        ("<", talk(0x41, 1, kind=2)),
    ]
    assert not items(play(coap.CHOOSE, conversation(**UDP), said), Lwm2mContact)  # type: ignore[arg-type]  # fields by name, of several types


def test_keys_of_a_bootstrap_in_the_clear() -> None:
    key = b"0123456789abcdef"
    tlv = bytes((0b11_0_01_000, 5, len(key))) + key
    instance = bytes((0b00_0_01_000, 0, len(tlv))) + tlv
    options = [*path(b"0"), (12, (11542).to_bytes(2, "big"))]
    said: list[Said] = [
        (">", talk(2, 1, [*path(b"bs"), (15, b"ep=urn:dev:1")])),
        ("<", talk(0x44, 1, kind=2)),
        ("<", talk(3, 8, options, instance)),
        (">", talk(0x44, 8, kind=2)),
    ]
    told = play(coap.CHOOSE, conversation(**UDP), said)  # type: ignore[arg-type]  # fields by name, of several types
    assert [c.interface for c in items(told, Lwm2mContact)] == ["bootstrap"]
    (found,) = items(told, Exposure)
    assert (found.kind, found.what) == ("private-key", "secret key of the LwM2M security object /0")
    assert next(t.secrets for t in told if t.item is found) == (key.hex(),)


def test_a_firmware_in_blocks() -> None:
    image = b"\x27\x05\x19\x56" + bytes(60) + b"\1" * 3008
    said: list[Said] = []
    for number in range(3):
        more = number < 2
        block = (number << 4 | more << 3 | 6).to_bytes(1, "big")
        said.append((">", talk(1, number, [*path(b"fw", b"dev.bin"), (23, (number << 4 | 6).to_bytes(1, "big"))])))
        said.append(("<", talk(0x45, number, [(23, block)], image[number * 1024 : number * 1024 + 1024], kind=2)))
    told = play(coap.CHOOSE, conversation(**UDP), said)  # type: ignore[arg-type]  # fields by name, of several types
    (update,) = items(told, UpdateContact)
    assert (update.kind, update.format, update.size, update.protocol) == ("firmware", "uimage", 3072, "coap")
    assert len(items(told, CoapExchange)) == 1


@pytest.mark.parametrize("is_server_of_lwm2m", [True, False])
def test_a_firmware_that_is_brought(is_server_of_lwm2m: bool) -> None:
    """To whoever registered, by the one that it registered with; or by any client."""
    image = b"\x27\x05\x19\x56" + bytes(60) + b"\1" * 900
    asks, answers = ("<", ">") if is_server_of_lwm2m else (">", "<")
    where = path(b"5", b"0", b"0") if is_server_of_lwm2m else path(b"files", b"x")
    said: list[Said] = [
        (asks, talk(3, 7, [*where, (12, b"\x2a"), (27, b"\x06")], image)),
        (answers, talk(0x44, 7, kind=2)),
    ]
    told = play(coap.CHOOSE, conversation(**UDP), said)  # type: ignore[arg-type]  # fields by name, of several types
    (update,) = items(told, UpdateContact)
    assert (update.direction, update.format) == ("to-server", "uimage")
    assert update.system == ("lwm2m" if is_server_of_lwm2m else "")
    device = next(t.conversation.server.address for t in told if t.item is update)
    assert device == ("10.77.0.21" if is_server_of_lwm2m else "203.0.113.80")
    for role in ("client", "server"):
        seen = msgspec.structs.replace(update, role=role)
        assert seen.is_for_device == (is_server_of_lwm2m and role == "server")


def question(name: str = "Cloud.Example", kind: str = "A", *, do: bool = False, number: int = 5) -> dns.message.Message:
    message = dns.message.make_query(name, kind, want_dnssec=do)
    message.id = number
    return message


def reply(asked: dns.message.Message, *addresses: str, ad: bool = False) -> dns.message.Message:
    message = dns.message.make_response(asked)
    if addresses:
        kind = "AAAA" if ":" in addresses[0] else "A"
        message.answer.append(dns.rrset.from_text(str(asked.question[0].name), 60, "IN", "CNAME", "edge.example."))
        message.answer.append(dns.rrset.from_text("edge.example.", 60, "IN", kind, *addresses))
    message.flags |= dns.flags.AD if ad else 0
    return message


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_name_is_asked(transport: str) -> None:
    asked = question(do=True)
    wires = [asked.to_wire(), asked.to_wire(), reply(asked, "203.0.113.7", "203.0.113.5", ad=True).to_wire()]
    if transport == "tcp":
        wires = [len(wire).to_bytes(2, "big") + wire for wire in wires]
    said: list[Said] = [(">", wires[0]), (">", wires[1]), ("<", wires[2])]
    told = play(dns_reader.CHOOSE, conversation(transport, 53), said)
    assert [t.item for t in told] == [
        NameQuestion(
            name="cloud.example", kind="A", answers=("203.0.113.5", "203.0.113.7"), asks_dnssec=True, is_validated=True
        )
    ]


def test_an_answer_to_another_question_is_none() -> None:
    other = reply(question("evil.example"), "203.0.113.66")
    told = play(dns_reader.CHOOSE, conversation("udp", 53), [(">", question().to_wire()), ("<", other.to_wire())])
    assert [t.item for t in told] == [NameQuestion(name="cloud.example", kind="A")]


def test_names_over_tls_are_known_to_be_asked() -> None:
    talk_ = conversation("tcp", 853)
    told: list[object] = []
    assert dns_reader.CHOOSE(talk_, Piece(AT, True, b"\x16\x03\x01\0\5"), told.append) is None
    assert len(told) == 1
    assert talk_.protocol == "unknown"


def time_message(
    mode: int, *, origin: bytes = bytes(8), sent: bytes = b"12345678", stratum: int = 2, more: bytes = b""
) -> bytes:
    return bytes((4 << 3 | mode, stratum)) + bytes(22) + origin + bytes(8) + sent + more


@pytest.mark.parametrize(
    ("more", "authentication"),
    [
        (b"", "none"),
        (b"\0\0\0\1" + b"\7" * 16, "symmetric key"),
        (b"\0\0\0\1" + b"\7" * 20, "symmetric key"),
        (b"\x01\x04\0\x24" + b"\1" * 32 + b"\x04\x04\0\x28" + b"\2" * 36, "nts"),
        (bytes(4), "none"),
    ],
)
def test_time(more: bytes, authentication: str) -> None:
    said: list[Said] = [(">", time_message(3)), ("<", time_message(4, origin=b"12345678", stratum=3, more=more))]
    told = play(ntp.CHOOSE, conversation("udp", 123), said)
    assert [t.item for t in told] == [
        TimeQuestion(version=4, mode="client", authentication=authentication, stratum=3)  # type: ignore[arg-type]  # one of its words, by a parameter
    ]


def test_time_from_somebody_else_is_no_answer() -> None:
    said: list[Said] = [(">", time_message(3)), ("<", time_message(4, origin=b"OTHERONE"))]
    assert [t.item for t in play(ntp.CHOOSE, conversation("udp", 123), said)] == [
        TimeQuestion(version=4, mode="client")
    ]


@pytest.mark.parametrize(
    ("first", "source", "sent", "told"),
    [
        (0x24, b"\xc0\x00\x02\x01", 3_908_988_800, 1_700_000_000),
        (0x24, b"GPS\0", 1, 2_085_978_497),  # a second of the next era
        (0xE4, b"\xc0\x00\x02\x01", 3_908_988_800, 0),  # never set: leap indicator 3
        (0x24, b"LOCL", 3_908_988_800, 0),
        (0x24, b"\x7f\x7f\x01\x00", 3_908_988_800, 0),
        (0x24, b"GPS\0", 0, 0),
    ],
)
def test_the_time_is_told_by_who_has_it_from_another_clock(first: int, source: bytes, sent: int, told: int) -> None:
    head = bytes((first, 2, 6, 0xEC)) + bytes(8) + source + bytes(8) + b"12345678" + bytes(8)
    said: list[Said] = [(">", time_message(3)), ("<", head + sent.to_bytes(4, "big") + bytes(4))]
    assert [t.clock for t in play(ntp.CHOOSE, conversation("udp", 123), said)] == [told * 1_000_000_000]
