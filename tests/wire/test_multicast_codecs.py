"""mDNS and SSDP: what is asked, and that answers become claims, whatever their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf import DNSAddress, DNSIncoming, DNSOutgoing, DNSPointer, DNSService, DNSText
from zeroconf.const import _CLASS_IN, _FLAGS_AA, _FLAGS_QR_RESPONSE, _TYPE_A, _TYPE_PTR, _TYPE_SRV, _TYPE_TXT

from iotscan.model.facts import Claim
from iotscan.wire import dns_sd, mdns, ssdp


def answer(*records) -> bytes:
    message = DNSOutgoing(_FLAGS_QR_RESPONSE | _FLAGS_AA)
    for record in records:
        message.add_answer_at_time(record, 0)
    return message.packets()[0]


def test_the_query_asks_for_every_service() -> None:
    asked = DNSIncoming(mdns.query())
    assert asked.is_query()
    names = {q.name for q in asked.questions}
    assert names == {f"{kind}.local." for kind in ("_services._dns-sd._udp", *dns_sd.TYPES)}
    assert len(mdns.query()) < 1400


def test_an_answer_becomes_claims() -> None:
    packet = answer(
        DNSPointer("_http._tcp.local.", _TYPE_PTR, _CLASS_IN, 120, "Front door\x1b[31m._http._tcp.local."),
        DNSService("Front door._http._tcp.local.", _TYPE_SRV, _CLASS_IN, 120, 0, 0, 80, "cam-1.local."),
        DNSText("Front door._http._tcp.local.", _TYPE_TXT, _CLASS_IN, 120, b"\x0bmodel=IPC-1\x07other=1\x09serial=77"),
        DNSAddress("cam-1.local.", _TYPE_A, _CLASS_IN, 120, b"\x0a\0\0\1"),
    )
    claims = set(mdns.read_claims(packet))
    assert Claim(what="model", value="IPC-1", how="mdns TXT") in claims
    assert Claim(what="serial", value="77", how="mdns TXT") in claims
    assert Claim(what="hostname", value="cam-1", how="mdns SRV") in claims
    (name,) = (c.value for c in claims if c.what == "name")
    assert name == "Front door\\x1b[31m"


def test_a_query_is_no_answer() -> None:
    assert mdns.read_claims(mdns.query()) == ()


@given(st.one_of(st.binary(max_size=600), st.binary(max_size=300).map(lambda tail: answer()[:12] + tail)))
def test_any_packet_is_read_or_ignored(packet: bytes) -> None:
    for claim in mdns.read_claims(packet):
        assert claim.value.isprintable()


def test_the_search_is_one_request() -> None:
    head, _, body = ssdp.search().partition(b"\r\n\r\n")
    assert head.startswith(b"M-SEARCH * HTTP/1.1\r\n")
    assert b'MAN: "ssdp:discover"' in head
    assert body == b""


def test_an_ssdp_answer() -> None:
    packet = (
        b"HTTP/1.1 200 OK\r\nSERVER: Linux/3.1 UPnP/1.0\x1b[0m\r\nLocation: http://10.0.0.1:80/d.xml\r\n"
        b"USN: uuid:1::upnp:rootdevice\r\n\r\n"
    )
    read = ssdp.read_answer(packet)
    assert read is not None
    assert read.location == "http://10.0.0.1:80/d.xml"
    assert "\x1b" not in read.server


@given(st.binary(max_size=400))
def test_any_datagram_is_an_answer_or_none(packet: bytes) -> None:
    ssdp.read_answer(packet)
    ssdp.read_answer(b"HTTP/1.1 200 OK\r\n" + packet)


DESCRIPTION = b"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device>
 <friendlyName>Living room</friendlyName><manufacturer>Acme</manufacturer><modelName>TV 3</modelName>
 <serialNumber>S1</serialNumber><UDN>uuid:2fac1234-31f8-11b4-a222-08002b34c003</UDN>
 <deviceList><device><friendlyName>Embedded</friendlyName></device></deviceList>
</device></root>"""


def test_a_description_speaks_for_its_root_device() -> None:
    claims = {c.what: c.value for c in ssdp.read_description(DESCRIPTION)}
    assert claims == {
        "name": "Living room",
        "manufacturer": "Acme",
        "model": "TV 3",
        "serial": "S1",
        "uuid": "uuid:2fac1234-31f8-11b4-a222-08002b34c003",
    }


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><device><friendlyName>&a;</friendlyName></device>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><device><friendlyName>&a;</friendlyName></device>',
        b"<a>" * 40 + b"<friendlyName>deep</friendlyName>" + b"</a>" * 40,
        b"<device><friendlyName>torn",
        b"not xml",
        b"",
    ],
)
def test_what_no_description_needs_is_refused(document: bytes) -> None:
    assert ssdp.read_description(document) == ()


@given(st.binary(max_size=400))
def test_any_document_is_read_or_ignored(document: bytes) -> None:
    for claim in ssdp.read_description(b"<device><friendlyName>" + document + b"</friendlyName></device>"):
        assert claim.value.isprintable()
