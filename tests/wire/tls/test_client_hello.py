"""Hellos that we build are read back; fingerprints are those that their makers publish."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.tls import framing
from iotscan.wire.tls.client_hello import ClientHello, is_grease, read_client_hello, read_ssl2_hello
from iotscan.wire.tls.fingerprints import ja3, ja4
from iotscan.wire.tls.framing import Malformed, extension, vector
from iotscan.wire.tls.hello import Offer, client_hello, hello_body
from iotscan.wire.tls.listening import MessageStream, RecordStream, begins_tls, goes_on_in_tls
from iotscan.wire.tls.sslv2 import client_hello as ssl2_hello

CHROME = ClientHello(
    legacy_version=0x0303,
    versions=(0x0A0A, 0x0304, 0x0303),
    suites=(
        *(0x0A0A, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030),
        *(0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035),
    ),
    extensions=(
        *(0x1A1A, 0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D),
        *(0x0005, 0x0023, 0x0012, 0x002B, 0xFF01, 0x000B, 0x000A, 0x0015),
    ),
    server_name=b"example.com",
    alpn=(b"h2", b"http/1.1"),
    signatures=(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
)
"""The example of FoxIO's description of JA4."""


def test_ja4_of_its_description() -> None:
    assert ja4(CHROME) == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    assert ja4(CHROME, "quic").startswith("q13d1516h2_")


def test_ja4_where_there_is_little() -> None:
    bare = ClientHello(legacy_version=0x0301)
    assert ja4(bare) == "t10i000000_000000000000_000000000000"
    assert ja4(ClientHello(legacy_version=0xFEFD), "dtls").startswith("dd2i0000")


def test_ja4_of_protocols_that_are_no_words() -> None:
    ends = {b"\xab": "ab", b"\xab\xcd": "ad", b"0\xab": "3b", b"h": "hh", b"http/1.1": "h1", b"": "00"}
    for name, expected in ends.items():
        assert ja4(ClientHello(legacy_version=0x0303, alpn=(name,)))[8:10] == expected


def test_ja3_of_its_description() -> None:
    suites = (47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4)
    full = ClientHello(
        legacy_version=769, suites=suites, extensions=(0, 10, 11), groups=(23, 24, 25), point_formats=(0,)
    )
    assert ja3(full) == "ada70206e40642a3e4461f35503241d5"
    short = ClientHello(legacy_version=769, suites=(4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99))
    assert ja3(short) == "de350869b8c85de67a350c8d186f11e6"


def test_a_hello_of_ours_is_read_back() -> None:
    offer = Offer(versions=("TLSv1.3", "TLSv1.2"), suites=(0x1301, 0xC02B), server_name="gw.example", alpn=("mqtt",))
    hello = read_client_hello(hello_body(offer, bytes(64)))
    assert (hello.server_name, hello.alpn, hello.suites) == (b"gw.example", (b"mqtt",), (0x1301, 0xC02B))
    assert hello.offered_versions == ("TLSv1.3", "TLSv1.2")
    assert (hello.groups, hello.signatures) == (offer.groups, offer.signatures)
    assert (hello.psk_modes, hello.session_id) == ((1,), bytes(32))


def test_an_older_one_names_its_newest_version() -> None:
    hello = read_client_hello(hello_body(Offer(versions=("TLSv1.0",), suites=(47,)), bytes(64)))
    assert hello.offered_versions == ("TLSv1.0",)


def test_one_over_datagrams() -> None:
    body = hello_body(Offer(versions=("DTLSv1.2",), suites=(0xC0A8,)), bytes(64), cookie=b"abc")
    hello = read_client_hello(body, is_dtls=True)
    assert (hello.cookie, hello.offered_versions) == (b"abc", ("DTLSv1.2",))
    for is_dtls in (False,):
        try:
            read_client_hello(body, is_dtls=is_dtls)
        except Malformed:
            continue
        raise AssertionError("read as TLS")


def test_identities_of_tls_13() -> None:
    listed = vector(2, vector(2, b"sensor-17") + bytes(4) + vector(2, b"ticket") + b"\0\1\2\3")
    block = extension(41, listed + vector(2, vector(1, bytes(32))))
    body = b"\3\3" + bytes(32) + b"\0" + vector(2, b"\x13\x01") + vector(1, b"\0") + vector(2, block)
    identities = read_client_hello(body).identities
    assert [(one.identity, one.is_external) for one in identities] == [(b"sensor-17", True), (b"ticket", False)]


def test_a_damaged_extension_hides_no_other() -> None:
    block = extension(framing.SERVER_NAME, b"\xff\xff") + extension(framing.ALPN, vector(2, vector(1, b"h2")))
    body = b"\3\3" + bytes(32) + b"\0" + vector(2, b"\x13\x01") + vector(1, b"\0") + vector(2, block)
    hello = read_client_hello(body)
    assert (hello.server_name, hello.alpn) == (b"", (b"h2",))


def test_the_form_of_ssl_2() -> None:
    hello = read_ssl2_hello(ssl2_hello((0x010080, 0x0700C0)))
    assert hello is not None
    assert (hello.offered_versions, hello.suites) == (("SSLv2",), (0x010080, 0x0700C0))
    assert read_ssl2_hello(ssl2_hello((0x010080,))[:-1]) is None
    assert read_ssl2_hello(b"\x80\x2e\x01GET / HTTP/1.1 and so on, until it is long enough") is None


def test_grease() -> None:
    assert all(is_grease(code) for code in (0x0A0A, 0x1A1A, 0xFAFA))
    assert not any(is_grease(code) for code in (0x0A1A, 0x1301, 0xC02B, 0xFAFB))


def test_records_are_told_as_they_come() -> None:
    stream, messages = RecordStream(), MessageStream()
    data = client_hello(Offer(versions=("TLSv1.2",), suites=(47,)), random=bytes(64)) + b"\x17\3\3\0\5abcde"
    chunks = [chunk for at in range(len(data)) for chunk in stream.feed(data[at : at + 1])]
    found = [m for chunk in chunks if chunk.kind == framing.HANDSHAKE for m in messages.add(chunk.body)]
    assert [kind for kind, _ in found] == [framing.CLIENT_HELLO]
    assert [(c.kind, c.length, c.ends) for c in chunks[-2:]] == [(23, 5, False), (23, 5, True)]
    assert begins_tls(data)


def test_one_header_is_not_enough_to_be_the_middle_of_it() -> None:
    assert goes_on_in_tls(b"\x17\3\3\0\5abcde\x17\3\3\0\x20xyz")
    assert goes_on_in_tls(b"\x17\3\3\x10\0" + bytes(50))
    assert not goes_on_in_tls(b"\x17\3\3\0\5abcdefghijklmno")
    assert not goes_on_in_tls(b"\x16\3\3\0\5abcde")


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    for is_dtls in (False, True):
        for body in (data, b"\3\3" + bytes(32) + data, b"\xfe\xfd" + bytes(32) + data):
            try:
                hello = read_client_hello(body, is_dtls=is_dtls)
            except Malformed:
                continue
            assert len(ja3(hello)) == 32
            assert len(ja4(hello).split("_")) == 3
    read_ssl2_hello(data)
    begins_tls(data)
    goes_on_in_tls(data)
    with contextlib.suppress(Malformed):
        list(RecordStream().feed(data))
