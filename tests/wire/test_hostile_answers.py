"""What answers of a hostile link are made of: bombs, counts that lie, pointers in circles, lists without end."""

import pytest

from iotscan.wire import bacnet, core_links, knx, mdns, netbios, nmap_xml, ssdp, ws_discovery
from iotscan.wire.frames import read_frame
from iotscan.wire.plain_xml import DEPTH_LIMIT, ELEMENT_LIMIT, Refused, read_xml

TOKEN = b"abcd"
BODY = "<device><friendlyName>{}</friendlyName></device>"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha" * 50}">' for n in range(10))
BOMBS = {
    "laughs": f"<!DOCTYPE x [{LAUGHS}]>" + BODY.format("&a9;"),
    "quadratic": f'<!DOCTYPE x [<!ENTITY a "{"x" * 50_000}">]>' + BODY.format("&a;" * 50_000),
    "parameter": '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://192.0.2.9/x"> %a;]>' + BODY.format("x"),
    "external": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + BODY.format("&a;"),
    "undeclared": BODY.format("&a;"),
    "circle": '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>' + BODY.format("&a;"),
    "deep": "<a>" * (DEPTH_LIMIT + 1) + "</a>" * (DEPTH_LIMIT + 1),
    "wide": "<a>" + "<b/>" * ELEMENT_LIMIT + "</a>",
    "attributes": "<a " + " ".join(f'b{n}="c"' for n in range(5000)) + ' b0="c"/>',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", BOMBS)
def test_xml_that_no_device_needs_is_refused_by_every_reader(name: str, encoding: str) -> None:
    document = BOMBS[name].encode(encoding)
    with pytest.raises(Refused):
        read_xml(document, lambda *_: None)
    assert ssdp.read_description(document) == ()
    assert ws_discovery.read_matches(document) is None
    with pytest.raises(nmap_xml.NotNmap):
        nmap_xml.read_nmap(document)


@pytest.mark.parametrize("said", ["utf-7", "idna", "rot13", "hex", "no-such", "utf-16", "\u00e4"])
def test_an_encoding_that_is_none_is_no_answer(said: str) -> None:
    document = f'<?xml version="1.0" encoding="{said}"?>{BODY.format("A")}'.encode()
    assert [c.value for c in ssdp.read_description(document)] in ([], ["A"])
    assert ws_discovery.read_matches(document) is None


def links(payload: bytes, options: bytes = b"\xc1\x28") -> bytes:
    return bytes([0x54, 0x45, 0, 1]) + TOKEN + options + b"\xff" + payload


def test_of_64_kb_of_links_a_few_are_told() -> None:
    claims = core_links.read_links(links(b",".join(b"</r%d>" % n for n in range(8000))), TOKEN)
    assert claims is not None
    assert len(claims) == core_links.LINKS_LIMIT


def test_a_block_of_a_list_without_end_is_read_and_no_other_asked_for() -> None:
    """Block2 (RFC 7959 §2.2) says that there is more; nobody asks for it."""
    claims = core_links.read_links(links(b"</a>,</b", b"\xc1\x28\xb1\x0e"), TOKEN)
    assert [c.value for c in claims or ()] == ["/a"]


def test_a_quote_or_a_target_that_never_ends_is_one_link_or_none() -> None:
    for payload in (b'</a>;rt="' + b"x," * 4000, b"<" * 8000, b"</a" + b"," * 8000, b'"' * 8000):
        assert len(core_links.read_links(links(payload), TOKEN) or ()) <= 1


@pytest.mark.parametrize("count", [0, 1, 2, 255])
def test_a_count_of_names_that_lies_gives_those_that_are_there(count: int) -> None:
    names = b"OFFICE         \0\x04\0"
    head = b"\0\7\x84\0\0\0\0\1\0\0\0\0" + b"\x20CK" + b"A" * 30 + b"\0" + b"\0\x21\0\1" + bytes(4) + b"\xff\xff"
    claims = netbios.read_node_status(head + bytes([count]) + names, 7)
    assert [c.value for c in claims or () if c.what == "hostname"] == (["OFFICE"] if count else [])


@pytest.mark.parametrize(
    "packet",
    [
        b"\0\0\x84\0\0\0\xff\xff\0\0\0\0" + b"\xc0\x0c\0\x0c\0\1\0\0\0\x78\0\2\xc0\x0c" * 200,
        b"\0\0\x84\0\0\0\0\2\0\0\0\0\xc0\x0e\xc0\x0c\0\x0c\0\1\0\0\0\x78\0\2\xc0\x0e",
        b"\0\0\x84\0\0\0\0\1\0\0\0\0" + b"\x3f" + b"a" * 63 + b"\x3f",
        b"\0\0\x84\0\0\0\0\1\0\0\0\0\0\0\x10\0\1\0\0\0\x78\xff\xff",
    ],
    ids=["itself", "each other", "cut", "length"],
)
def test_names_in_circles_end_in_nothing(packet: bytes) -> None:
    assert mdns.read_claims(packet, "10.0.0.5") == ()


def test_lengths_of_building_automation_that_lie_are_no_answer() -> None:
    search = b"\x06\x10\x02\x02\0\x4c\x08\x01\x0a\0\0\5\x0e\x57"
    assert knx.read_response(search + bytes(4)) is None
    endless = knx.read_response(b"\x06\x10\x02\x02\0\x12\x08\x01\x0a\0\0\5\x0e\x57" + b"\0\1\0\1")
    assert endless is not None
    assert endless.claims() == ()
    assert bacnet.read_answer(bytes.fromhex("810b00090128ffffff")) is None
    assert bacnet.read_answer(bytes.fromhex("810b00080120ffff")) is None


HERE6, ALL6 = bytes.fromhex("fe80" + "00" * 13 + "05"), bytes.fromhex("ff02" + "00" * 13 + "01")
HEADS = {
    "icmp6": b"\x86\xdd\x60\0\0\0\0\0\x3a\xff" + HERE6 + ALL6,
    "udp6": b"\x86\xdd\x60\0\0\0\0\0\x11\xff" + HERE6 + ALL6,
    "ipv4": b"\x08\0\x45\0\0\0\0\0\0\0\x40\x11\0\0\x0a\0\0\5\xff\xff\xff\xff",
    "arp": b"\x08\x06\0\1\x08\0\6\4",
    "cdp": b"\0\x08\xaa\xaa\3\0\0\x0c\x20\0",
    "lldp": b"\x88\xcc",
}


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("rest", [b"", b"\x88", b"\x88" + bytes(3), b"\x86" + bytes(40), bytes(60), b"\xff" * 60])
def test_a_header_that_announces_nothing_or_too_much_is_read_or_no_frame(kind: str, rest: bytes) -> None:
    frame = b"\xff" * 6 + b"\0\x40\x8c\0\0\5" + HEADS[kind] + rest
    for length in (0, 1, 8, 0xFFFF):
        at = {"icmp6": 18, "udp6": 18, "ipv4": 16}.get(kind, 12)
        said = read_frame(frame[:at] + length.to_bytes(2, "big") + frame[at + 2 :])
        assert said is None or said.mac == "00:40:8c:00:00:05"
