"""The questions to a link and to a host on it, and their answers, whatever their bytes."""

import socket
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import Claim
from iotscan.wire import bacnet, core_links, dns_sd, knx, llmnr, mdns, netbios, ssdp, ws_discovery
from iotscan.wire.plain_xml import DEPTH_LIMIT, ELEMENT_LIMIT, TEXT_LIMIT, Refused, read_xml

TOKEN = b"\1\2\3\4"
HERE = "192.0.2.7"


def labels(*words: str) -> bytes:
    return b"".join(bytes([len(w.encode())]) + w.encode() for w in words) + b"\0"


def record(owner: bytes, kind: int, data: bytes, ttl: int = 120) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def answer(*records: bytes) -> bytes:
    return b"\0\0\x84\0\0\0" + struct.pack("!H", len(records)) + bytes(4) + b"".join(records)


def texts(*entries: bytes) -> bytes:
    return b"".join(bytes([len(e)]) + e for e in entries)


def service(kind: str, instance: str, host: str, *entries: bytes) -> list[bytes]:
    pieces = kind.split(".")
    own = labels(instance, *pieces, "local")
    return [
        record(labels(*pieces, "local"), 12, own),
        record(own, 33, struct.pack("!HHH", 0, 0, 80) + labels(host, "local")),
        record(own, 16, texts(*entries) or b"\0"),
    ]


def address(host: str, at: str) -> bytes:
    return record(labels(host, "local"), 1, socket.inet_aton(at))


# mDNS


def test_what_another_address_has_is_no_claim_of_the_sender() -> None:
    sender = mdns.Announcer(HERE)
    assert sender.take(answer(*service("_http._tcp", "Own", "own", b"model=A"), address("own", HERE)))
    assert sender.take(answer(*service("_http._tcp", "Other", "other", b"model=B"), address("other", "192.0.2.9")))
    assert {c.value for c in sender.claims(at_the_end=True)} == {"Own", "own", "A", "_http._tcp"}
    assert sender.elsewhere() == (mdns.Elsewhere(instance="Other", kind="_http._tcp", addresses=("192.0.2.9",)),)


def test_what_no_address_bears_out_waits_for_the_end() -> None:
    sender = mdns.Announcer(HERE)
    sender.take(answer(*service("_http._tcp", "Own", "own", b"model=A")))
    assert sender.claims() == ()
    assert ("own.local", 1) in set(sender.questions())
    assert {c.value for c in sender.claims(at_the_end=True)} == {"Own", "own", "A", "_http._tcp"}


def test_an_answer_over_ipv6_need_not_name_it() -> None:
    sender = mdns.Announcer("fe80::1%eth0")
    sender.take(answer(*service("_http._tcp", "Own", "own"), address("own", HERE)))
    assert ("own.local", 28) not in set(sender.questions())
    assert {c.what for c in sender.claims(at_the_end=True)} == {"name", "hostname", "service"}


def test_another_host_is_not_the_sender_though_it_is_known_by_the_other_family_alone() -> None:
    """A border router answers over IPv4 for its wards, which have IPv6 addresses only."""
    sender = mdns.Announcer(HERE)
    ward = record(labels("ward", "local"), 28, bytes.fromhex("fd00" + "00" * 13 + "09"))
    sender.take(answer(*service("_matter._tcp", "1-2", "ward", b"model=W"), ward))
    assert {c.value for c in sender.claims(at_the_end=True)} == {"ward", "W", "_matter._tcp"}
    sender.take(answer(*service("_meshcop._udp", "Border", "router", b"mn=B"), address("router", HERE)))
    assert ("model", "W") not in {(c.what, c.value) for c in sender.claims(at_the_end=True)}
    assert [e.addresses for e in sender.elsewhere()] == [("fd00::9",)]


def test_what_is_missing_is_asked_and_what_is_known_need_not_come_again() -> None:
    sender = mdns.Announcer(HERE)
    kinds = record(labels("_services", "_dns-sd", "_udp", "local"), 12, labels("_acme", "_tcp", "local"))
    sender.take(answer(kinds, service("_http._tcp", "Own", "own")[0]))
    assert list(sender.questions()) == [
        ("_acme._tcp.local", 12),
        ("Own._http._tcp.local", 33),
        ("Own._http._tcp.local", 16),
    ]
    assert set(sender.known()) == {
        ("_services._dns-sd._udp.local", "_acme._tcp.local"),
        ("_http._tcp.local", "Own._http._tcp.local"),
    }
    packet = mdns.query(sender.questions(), sender.known())
    assert packet[4:8] == b"\0\3\0\2"


def test_a_goodbye_says_nothing_of_what_is_here() -> None:
    sender = mdns.Announcer(HERE)
    own = labels("Gone", "_http", "_tcp", "local")
    sender.take(answer(record(labels("_http", "_tcp", "local"), 12, own, ttl=0)))
    assert sender.claims(at_the_end=True) == ()


def test_names_are_the_same_in_any_case() -> None:
    sender = mdns.Announcer(HERE)
    own = labels("Own", "_HTTP", "_tcp", "LOCAL")
    sender.take(answer(record(labels("_http", "_TCP", "local"), 12, own), record(own, 16, texts(b"model=A"))))
    assert {(c.what, c.value, c.how) for c in sender.claims(at_the_end=True)} == {
        ("service", "_http._tcp", "mdns"),
        ("name", "Own", "mdns _http._tcp"),
        ("model", "A", "mdns TXT"),
    }


def test_a_sender_without_end_is_read_to_a_limit() -> None:
    sender = mdns.Announcer(HERE)
    for turn in range(100):
        instances = [labels(f"{turn}-{n}", "_http", "_tcp", "local") for n in range(50)]
        sender.take(answer(*(record(labels("_http", "_tcp", "local"), 12, i) for i in instances)))
    assert sender.records == mdns.RECORD_LIMIT
    assert sender.said_more
    assert len(sender.claims(at_the_end=True)) == mdns.CLAIM_LIMIT
    packet = mdns.query((*mdns.first_questions(), *sender.questions()), sender.known())
    assert len(packet) < 1472
    # Neither what is open nor what is known is crowded out by the usual questions.
    questions, known = struct.unpack("!HH", packet[4:8])
    assert questions > len(dns_sd.TYPES) + 10
    assert known >= 10


def test_names_that_fit_into_no_question_are_not_asked() -> None:
    long = "x" * 64
    packet = mdns.query([(f"{long}._http._tcp.local", 33), ("a..local", 1), ("ok.local", 1)], [(f"{long}.local", "a")])
    assert packet[4:8] == b"\0\1\0\0"


@pytest.mark.parametrize(
    ("kind", "entry", "claim"),
    [
        ("_hap._tcp", b"ci=2", ("child", "HomeKit accessories behind this bridge")),
        ("_matterc._udp", b"DT=14", ("child", "bridged Matter devices behind this bridge")),
        ("_matterc._udp", b"VP=1+2", ("matter-product", "1+2")),
        ("_hue._tcp", b"bridgeid=0017", ("child", "Zigbee devices behind this gateway")),
        ("_googlecast._tcp", b"fn=Den", ("name", "Den")),
        ("_ipp._tcp", b"usb_MFG=Acme", ("manufacturer", "Acme")),
        ("_raop._tcp", b"am=X1", ("model", "X1")),
    ],
)
def test_fields_of_services(kind: str, entry: bytes, claim: tuple[str, str]) -> None:
    said = mdns.read_claims(answer(*service(kind, "A1", "own", entry)))
    assert claim in {(c.what, c.value) for c in said}


def test_audio_is_called_by_what_stands_behind_its_hardware_address() -> None:
    said = mdns.read_claims(answer(*service("_raop._tcp", "00112233@Kitchen", "own")))
    assert ("name", "Kitchen") in {(c.what, c.value) for c in said}


# XML


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://192.0.2.9/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b"<a>" * (DEPTH_LIMIT + 1) + b"</a>" * (DEPTH_LIMIT + 1),
        b"<a>" + b"<b/>" * (ELEMENT_LIMIT + 1) + b"</a>",
        b"<a><b></a>",
        b"",
        b"\xff\xfe<\0a",
        b'<?xml version="1.0" encoding="made-up"?><a/>',
    ],
)
def test_documents_that_no_device_needs(document: bytes) -> None:
    with pytest.raises(Refused):
        read_xml(document, lambda path, text: None)
    assert ssdp.read_description(document) == ()
    assert ws_discovery.read_matches(document) is None


def test_a_long_text_is_cut() -> None:
    told: list[str] = []
    read_xml(b"<a>" + b"x" * 10 * TEXT_LIMIT + b"</a>", lambda path, text: told.append(text))
    assert [len(t) for t in told] == [TEXT_LIMIT]


def test_a_hue_bridge_has_devices_behind_it() -> None:
    document = b"<root><device><modelName>Philips hue bridge 2015</modelName></device></root>"
    assert ("child", "Zigbee devices behind this gateway") in {
        (c.what, c.value) for c in ssdp.read_description(document)
    }


def test_a_search_over_ipv6_names_its_group() -> None:
    assert b"\r\nHOST: [FF02::C]:1900\r\n" in ssdp.search(ssdp.ROOT, is_six=True)


# WS-Discovery


def matches(*inside: str) -> bytes:
    body = "".join(f"<d:ProbeMatch>{i}</d:ProbeMatch>" for i in inside)
    return (
        '<s:Envelope xmlns:s="s" xmlns:a="a" xmlns:d="d"><s:Body>'
        f"<d:ProbeMatches>{body}</d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


def test_probe_matches() -> None:
    scopes = "onvif://www.onvif.org/name/Gate%1B%5B31m onvif://www.onvif.org/hardware/IPC other://x/name/no"
    one = (
        "<a:EndpointReference><a:Address>urn:uuid:1-2</a:Address></a:EndpointReference>"
        f"<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>{scopes}</d:Scopes>"
        "<d:XAddrs>http://192.0.2.7/onvif http://[fe80::1]/onvif http://[/</d:XAddrs>"
    )
    (match,) = ws_discovery.read_matches(matches(one)) or ()
    assert {(c.what, c.value) for c in match.claims()} == {
        ("uuid", "uuid:1-2"),
        ("device-type", "NetworkVideoTransmitter"),
        ("device-type", "Device"),
        ("name", "Gate\\x1b[31m"),
        ("model", "IPC"),
    }
    assert [host for _, host in match.hosts()] == ["192.0.2.7", "fe80::1", ""]


def test_of_very_many_matches_a_few_are_read() -> None:
    assert len(ws_discovery.read_matches(matches(*["<d:Types>a</d:Types>"] * 300)) or ()) == ws_discovery.MATCHES_LIMIT
    assert ws_discovery.read_matches(matches()) == ()
    assert ws_discovery.read_matches(ws_discovery.probe("1")) is None


# CoAP


def core(payload: bytes, token: bytes = TOKEN, code: int = 0x45, options: bytes = b"\xc1\x28") -> bytes:
    return bytes([0x50 | len(token), code, 0, 1]) + token + options + b"\xff" + payload


def test_resources() -> None:
    payload = b'</a,b>;title="x;y,z";rt="temp-c core.s",</c>;obs,<nonsense,</d>;rt=plain'
    assert [c.value for c in core_links.read_links(core(payload), TOKEN) or ()] == ["/a,b (temp-c core.s)", "/c"]
    assert core_links.read_links(core(b"</x>", token=b"9999"), TOKEN) is None
    assert core_links.read_links(core(b"</x>", code=0x84), TOKEN) == ()
    assert core_links.read_links(core(b"</x>", options=b"\xc1\x00"), TOKEN) == ()
    assert core_links.read_links(core_links.request(1, TOKEN), TOKEN) is None
    many = b",".join(b"</%d>" % n for n in range(999))
    assert len(core_links.read_links(core(many), TOKEN) or ()) == core_links.LINKS_LIMIT


# KNX and BACnet


def test_a_knx_search_and_its_answer() -> None:
    assert knx.search("192.0.2.1", 3671).hex() == "06100201000e0801c00002010e57"
    assert knx.read_response(knx.search("192.0.2.1", 3671)) is None
    cut = bytes.fromhex("06100202000e0801c00002070e57")
    assert knx.read_response(cut) == knx.Server(host="192.0.2.7", port=3671)
    assert knx.read_response(cut[:-1]) is None


def test_bacnet_answers() -> None:
    i_am = bytes.fromhex("810b00140100" + "1000c4020003e82204009103210f")
    assert bacnet.read_answer(i_am) == bacnet.Answer(device=1000, vendor=15)
    said = bacnet.Answer(device=1000, vendor=15)
    assert [(c.what, c.value) for c in said.claims(HERE)] == [("bacnet-device", "1000"), ("bacnet-vendor", "15")]
    assert bacnet.read_answer(bacnet.WHO_IS) is None
    assert bacnet.read_answer(bacnet.WHO_IS_ROUTER) is None
    assert bacnet.read_answer(i_am[:-1]) is None


def test_a_bacnet_device_that_another_passed_on_is_behind_that() -> None:
    forwarded = bytes.fromhex("8104001ac0000209bac00100" + "1000c4020003e82204009103210f")
    read = bacnet.read_answer(forwarded)
    assert read is not None
    assert [c.value for c in read.claims(HERE)] == ["BACnet device 1000 on 192.0.2.9"]


# Names of one host


def node_status(number: int, *names: tuple[bytes, int, int], unit: bytes = bytes(6)) -> bytes:
    head = number.to_bytes(2, "big") + b"\x84\0\0\0\0\1\0\0\0\0" + netbios.node_status_query(0)[12:]
    listed = b"".join(n.ljust(15) + bytes([suffix, flags, 0]) for n, suffix, flags in names)
    body = bytes([len(names)]) + listed + unit + bytes(40)
    return head + bytes(4) + len(body).to_bytes(2, "big") + body


def test_node_status() -> None:
    packet = node_status(7, (b"NAS", 0, 4), (b"NAS", 0x20, 4), (b"HOME", 0, 0x84), unit=bytes.fromhex("00408c010203"))
    assert netbios.read_node_status(packet, 7) == (
        Claim(what="hostname", value="NAS", how="netbios node status"),
        Claim(what="workgroup", value="HOME", how="netbios node status"),
        Claim(what="mac", value="00:40:8c:01:02:03", how="netbios node status"),
    )
    assert netbios.read_node_status(packet, 8) is None
    assert netbios.read_node_status(netbios.node_status_query(7), 7) is None
    assert netbios.read_node_status(packet[:60], 7) == ()


def test_a_name_by_llmnr() -> None:
    asked = llmnr.reverse_query(HERE, 9)
    owner = labels("7", "2", "0", "192", "in-addr", "arpa")
    assert asked[2:] == b"\0\x09" + b"\0\0\0\1" + bytes(6) + owner + b"\0\x0c\0\1"
    said = b"\0\x09\x80\0\0\0\0\1\0\0\0\0" + record(owner, 12, labels("OFFICE-PC"))
    whole = len(said).to_bytes(2, "big") + said
    assert llmnr.is_short(whole[:-1])
    assert not llmnr.is_short(whole)
    assert llmnr.read_name(whole, HERE, 9) == (Claim(what="hostname", value="OFFICE-PC", how="llmnr"),)
    assert llmnr.read_name(whole, "192.0.2.8", 9) == ()
    assert llmnr.read_name(whole, HERE, 8) == ()


# Any bytes


def knx_answer(tail: bytes) -> bytes:
    return b"\x06\x10\x02\x02" + (14 + len(tail)).to_bytes(2, "big") + b"\x08\x01\xc0\0\2\7\x0e\x57" + tail


READERS: list[tuple[Callable[[bytes], object], Callable[[bytes], bytes]]] = [
    (lambda b: mdns.read_claims(b, HERE), lambda b: b"\0\0\x84\0\0\0\0\3\0\0\0\0" + b),
    (lambda b: [*dns_sd.text_claims(b, "_hap._tcp")], lambda b: b),
    (ssdp.read_answer, lambda b: b"HTTP/1.1 200 OK\r\nLOCATION: " + b),
    (ssdp.read_description, lambda b: b"<root>" + b),
    (ws_discovery.read_matches, lambda b: b"<ProbeMatches>" + b),
    (lambda b: core_links.read_links(b, TOKEN), lambda b: b"\x54\x45\0\0" + TOKEN + b),
    (lambda b: core_links.read_links(b, TOKEN), core),
    (knx.read_response, knx_answer),
    (bacnet.read_answer, lambda b: b"\x81\x0b" + (4 + len(b)).to_bytes(2, "big") + b),
    (lambda b: netbios.read_node_status(b, 1), lambda b: node_status(1)[:54] + b),
    (lambda b: llmnr.read_name(b, HERE, 9), lambda b: b"\0\0\0\x09\x80\0\0\0\0\1\0\0\0\0" + b),
]


@pytest.mark.parametrize(("read", "dressed"), READERS)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(
    read: Callable[[bytes], object], dressed: Callable[[bytes], bytes], raw: bytes
) -> None:
    for packet in (raw, dressed(raw)):
        said = read(packet)
        for claim in said if isinstance(said, tuple) and said and isinstance(said[0], Claim) else ():
            assert claim.value.isprintable()


def test_a_pointer_to_itself_ends() -> None:
    assert mdns.read_claims(b"\0\0\x84\0\0\0\0\1\0\0\0\0\xc0\x0c\0\x0c\0\1\0\0\0\1\0\2\xc0\x0c") == ()
    chain = b"\0\0\x84\0\0\0\0\1\0\0\0\0" + b"".join((0xC000 | 14 + 2 * n).to_bytes(2, "big") for n in range(4000))
    assert mdns.read_claims(chain) == ()
