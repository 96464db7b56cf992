"""What a server must say before TLS, protocol by protocol, and what is made of anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.starttls import PROTOCOLS, databases, ldap, opening, xmpp
from iotscan.wire.starttls.opening import LIMIT, Step

MYSQL_BODY = b"\x0a8.0.36\x00" + bytes(4) + b"abcdefgh\x00"
NAMESPACE = b"xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
STREAM = (
    b"<?xml version='1.0'?><stream:stream id='a>b' from='box' version='1.0' xmlns='jabber:client'>"
    b"<stream:features>%b<mechanisms><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
)


def mysql(capabilities: int, *, sequence: int = 0) -> bytes:
    body = MYSQL_BODY + capabilities.to_bytes(2, "little") + b"\x21\x02\x00" + bytes(23)
    return len(body).to_bytes(3, "little") + bytes((sequence,)) + body


def extended(result: int, *, number: int = 1) -> bytes:
    operation = b"\x78\x07\x0a\x01" + bytes((result,)) + b"\x04\x00\x04\x00"
    return bytes((0x30, 3 + len(operation), 2, 1, number)) + operation


def replay(protocol: str, *turns: bytes) -> tuple[bytes, Step]:
    """Everything we said while a server said ``turns``, and the last step."""
    words = opening(protocol, "box")
    step = words.begin()
    said = step.say
    for turn in turns:
        assert step.ending is None, step
        step = words.feed(turn)
        said += step.say
    return said, step


OFFERED = [
    ("ftp", (b"220-Hello\r\n there\r\n220 ready\r\n", b"234 AUTH TLS\r\n"), b"AUTH TLS\r\n"),
    ("ftp", (b"120 soon\r\n220 ready\r\n", b"500 what\r\n", b"334 go\r\n"), b"AUTH TLS\r\nAUTH SSL\r\n"),
    (
        "smtp",
        (b"220 box ESMTP\r\n", b"250-box\r\n250-starttls\r\n250 SIZE\r\n", b"220 go\r\n"),
        b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n",
    ),
    ("smtp", (b"220 box\r\n", b"502 no EHLO here\r\n", b"220 go\r\n"), b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n"),
    (
        "imap",
        (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n", b"* note\r\na2 OK go\r\n"),
        b"a1 CAPABILITY\r\na2 STARTTLS\r\n",
    ),
    ("pop3", (b"+OK hi\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"+OK go\r\n"), b"CAPA\r\nSTLS\r\n"),
    ("pop3", (b"+OK hi\r\n", b"-ERR what\r\n", b"+OK go\r\n"), b"CAPA\r\nSTLS\r\n"),
    ("ldap", (extended(0),), ldap.start_tls_request()),
    (
        "xmpp",
        (STREAM % (b"<starttls " + NAMESPACE + b"><required/></starttls>"), b"<proceed " + NAMESPACE + b"/>"),
        xmpp.stream_header("box") + b"<starttls " + NAMESPACE + b"/>",
    ),
    (
        "xmpp",
        (STREAM % (b"<starttls " + NAMESPACE + b"/>"), b"<proceed " + NAMESPACE + b"></proceed>"),
        xmpp.stream_header("box") + b"<starttls " + NAMESPACE + b"/>",
    ),
    ("postgresql", (b"S",), databases.SSL_REQUEST),
    ("mysql", (mysql(0xFFFF),), databases.ssl_request()),
]
DECLINED = [
    ("ftp", (b"220 ready\r\n", b"530 Please login with USER and PASS.\r\n", b"530 Please login\r\n")),
    ("smtp", (b"220 box\r\n", b"250-box\r\n250 SIZE\r\n", b"500 what\r\n")),
    ("imap", (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1\r\na1 OK\r\n", b"a2 BAD what\r\n")),
    ("imap", (b"* PREAUTH come in\r\n",)),
    ("pop3", (b"+OK hi\r\n", b"+OK\r\nUIDL\r\n.\r\n", b"-ERR what\r\n")),
    ("ldap", (extended(2),)),
    ("ldap", (extended(52),)),
    ("xmpp", (STREAM % b"",)),
    ("xmpp", (b"<stream:stream from='box'>",)),
    ("xmpp", (b"<stream:stream version='1.0'><stream:features/>",)),
    ("postgresql", (b"N",)),
    ("mysql", (mysql(0xF7FF),)),
]
OPEN = [
    ("ftp", (b"421 too many users\r\n",)),
    ("ftp", (b"220 ready\r\n", b"431 not now\r\n")),
    ("ftp", (b"SSH-2.0-dropbear\r\n",)),
    ("smtp", (b"554 go away\r\n",)),
    ("smtp", (b"220 box\r\n", b"550 no such name\r\n")),
    ("smtp", (b"220 box\r\n", b"250 box\r\n", b"454 not now\r\n")),
    ("smtp", (b"220 box\r\n", b"250-box\r\n250 STARTTLS\r\n", b"502 what\r\n")),
    ("imap", (b"* BYE full\r\n",)),
    ("imap", (b"* OK hi\r\n", b"* CAPABILITY STARTTLS\r\na1 OK\r\n", b"a2 NO broken\r\n")),
    ("pop3", (b"-ERR full\r\n",)),
    ("pop3", (b"+OK hi\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"-ERR broken\r\n")),
    ("ldap", (extended(51),)),
    ("ldap", (extended(52, number=0),)),
    ("ldap", (b"HTTP/1.1 400 Bad Request\r\n",)),
    ("xmpp", (b"<stream:stream version='1.0'><stream:error><host-unknown/></stream:error>",)),
    ("xmpp", (STREAM % (b"<starttls " + NAMESPACE + b"/>"), b"<failure " + NAMESPACE + b"/>")),
    ("xmpp", (b"HTTP/1.1 400 Bad Request\r\n\r\n<html>",)),
    ("postgresql", (b"ESFATAL\x00",)),
    ("postgresql", (b"H",)),
    ("mysql", (b"\x18\x00\x00\x00\xff\x6a\x04Host is not allowed ab",)),
    ("mysql", (mysql(0xFFFF, sequence=1),)),
    ("mysql", (b"\x02\x00\x00\x00\x09\x00",)),
]


@pytest.mark.parametrize(("protocol", "turns", "ours"), OFFERED)
def test_a_server_that_offers_tls(protocol: str, turns: tuple[bytes, ...], ours: bytes) -> None:
    said, step = replay(protocol, *turns)
    assert step.ending == "tls", step
    assert said == ours


@pytest.mark.parametrize(("protocol", "turns"), DECLINED)
def test_a_server_that_plainly_offers_none(protocol: str, turns: tuple[bytes, ...]) -> None:
    _, step = replay(protocol, *turns)
    assert step.ending == "declined"
    assert step.detail


@pytest.mark.parametrize(("protocol", "turns"), OPEN)
def test_a_server_that_does_not_let_us_tell(protocol: str, turns: tuple[bytes, ...]) -> None:
    _, step = replay(protocol, *turns)
    assert step.ending == "unreadable"
    assert step.detail


def test_every_protocol_is_tried_in_each_way() -> None:
    for cases in (OFFERED, DECLINED, OPEN):
        assert {case[0] for case in cases} == PROTOCOLS


@pytest.mark.parametrize(("protocol", "turns", "ours"), OFFERED)
def test_however_the_bytes_are_cut_the_end_is_the_same(protocol: str, turns: tuple[bytes, ...], ours: bytes) -> None:
    pieces = [bytes((byte,)) for turn in turns for byte in turn]
    said, step = replay(protocol, *pieces)
    assert (said, step.ending) == (ours, "tls")


@pytest.mark.parametrize(("protocol", "turns", "ours"), OFFERED)
def test_words_after_the_agreement_are_no_tls(protocol: str, turns: tuple[bytes, ...], ours: bytes) -> None:
    _, step = replay(protocol, *turns[:-1], turns[-1] + b"220 injected\r\n")
    assert step.ending == "unreadable"
    assert "in the clear" in step.detail


@pytest.mark.parametrize(("protocol", "turns"), [case[:2] for case in (*OFFERED, *DECLINED)])
def test_a_close_in_the_middle_leaves_it_open(protocol: str, turns: tuple[bytes, ...]) -> None:
    words = opening(protocol, "box")
    words.begin()
    for turn in turns[:-1]:
        words.feed(turn)
    words.feed(turns[-1][:-1])
    assert words.closed().ending == "unreadable"


@pytest.mark.parametrize(("protocol", "turns"), [(p, t) for p, t in DECLINED if p not in ("postgresql", "mysql")])
def test_who_is_declined_says_goodbye(protocol: str, turns: tuple[bytes, ...]) -> None:
    _, step = replay(protocol, *turns)
    assert step.say


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
@given(pieces=st.lists(st.binary(max_size=300), max_size=12))
def test_whatever_comes_the_machine_ends_or_waits(protocol: str, pieces: list[bytes]) -> None:
    words = opening(protocol, "box")
    step = words.begin()
    for piece in pieces:
        step = words.feed(piece)
        assert len(step.say) < 1000
    if step.ending is None:
        step = words.closed()
    assert step.ending in ("tls", "declined", "unreadable")
    assert all(character.isprintable() for character in step.detail)


@pytest.mark.parametrize(
    ("protocol", "flood"),
    [
        ("ftp", b"220-x\r\n"),
        ("ftp", b"120 soon\r\n"),
        ("ftp", b"2"),
        ("smtp", b"220-x\r\n"),
        ("imap", b"* OK x\r\n"),
        ("pop3", b"+OK x\r\n"),
        ("ldap", b"\x30\x84\x00\x00\x3f\xff"),
        ("xmpp", b"<?x?>"),
        ("xmpp", b"<stream:stream version='1.0'><a>"),
        ("xmpp", b"<a b='>>>>"),
        ("mysql", b"\xff\x3f\x00\x00"),
    ],
)
def test_who_says_too_much_is_cut_off(protocol: str, flood: bytes) -> None:
    words = opening(protocol, "box")
    step = words.begin()
    fed = 0
    while step.ending is None:
        step = words.feed(flood * 100)
        fed += len(flood) * 100
        assert fed < 4 * LIMIT
    assert step.ending == "unreadable"


def test_the_domain_is_quoted_for_xmpp() -> None:
    assert b"to='a&lt;b'" in xmpp.stream_header("a<b").replace(b'"', b"'")


@given(st.binary(max_size=200))
def test_recognising_never_raises(data: bytes) -> None:
    databases.read_first_packet(data)
    ldap.is_answer(data)
    xmpp.is_stream(data)


def test_first_words_are_recognised() -> None:
    assert databases.read_first_packet(mysql(0))
    assert databases.read_first_packet(b"\x18\x00\x00\x00\xff\x6a\x04Host is not allowed abc")
    assert not databases.read_first_packet(b"\x02\x00\x00\x00\x0a\x00")
    assert ldap.is_answer(bytes.fromhex("300c02010165070a010004000400"))
    assert not ldap.is_answer(ldap.root_request())
    assert xmpp.is_stream(b"<?xml version='1.0'?><stream:stream id=''>")
    assert not xmpp.is_stream(b"<?xml version='1.0'?><html>")
