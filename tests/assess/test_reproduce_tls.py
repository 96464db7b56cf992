"""What the checks of TLS and DTLS tell people to paste shows their finding where it is true, and only there."""

import base64
import re
import shutil
import socket
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from iotscan.assess.check import Policy, Target, Verdict
from iotscan.assess.hello_lines import say_hello, say_sslv2
from iotscan.assess.parameters import told
from iotscan.assess.reproduce import ask_hello, ask_lacking, ask_suites, ask_tls
from iotscan.model.facts import Suite
from tests.assess.servers import (
    Talk,
    answer_datagrams,
    record,
    s_server,
    serve,
    server_hello,
    server_hello_message,
    shell,
    target,
)
from tests.checks.samples import HERE as SAMPLES
from tests.checks.samples import read_check, read_sample

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None or shutil.which("nc") is None, reason="apt install openssl netcat-openbsd"
)
WEAK = "ALL:eNULL:@SECLEVEL=0"
OLD_DTLS = ("-dtls", "-cipher", WEAK)
PRIME_1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAJR+voS3Q7hiZD2o1KO0/VuUzrOiZUtf6A2tWRlngP7M/gj40w27ImAq
J+wER9x49T58UW0BdB5PLexp6JYM5zYzIqqDb2GZd6eGS5ys4ZQQl78zKfTOzaUu
rF22C7jrkXq6Ps9Nzt+lLrkw1mA0RZaeTKGB212jXEMACP3JIT4HAgEC
-----END DH PARAMETERS-----
"""


def verdict(check_id: str, sample_name: str, about: Target) -> Verdict:
    """What the check says of the facts of one of its samples, seen on ``about``."""
    check = read_check(check_id)
    sample = read_sample(SAMPLES / check_id / f"{sample_name}.yaml")
    given: dict[str, Any] = {check.anchor.parameter: sample.seen[0].fact}
    policy = Policy(kind=sample.policy, values=told(check.info, {}, sample.values))
    extras = {name: about if what == "target" else policy for name, what in check.extras.items()}
    said = check.question(**given, **extras)
    (found,) = [said] if isinstance(said, Verdict) else said
    return found


def shown(check_id: str, sample_name: str, server: AbstractContextManager[Target]) -> bool:
    with server as there:
        found = verdict(check_id, sample_name, there)
        assert found.shows
        return found.shows in shell(found.reproduce)


@pytest.fixture(scope="session")
def files(chain: Path) -> tuple[str, ...]:
    (chain / "dh1024.pem").write_text(PRIME_1024)
    return "-cert", str(chain / "leaf.pem"), "-key", str(chain / "leaf.key")


OPENSSL = [
    # check, sample, options of a server where it is true, options of one where it is not
    ("tls-versions", "fires-dtls-1.0", OLD_DTLS, ("-dtls1_2",)),
    ("tls-modern-versions", "fires-not-preferred", ("-tls1_2",), ()),
    ("tls-modern-versions", "fires-neither-dtls", ("-dtls1", "-cipher", WEAK), ("-dtls1_2",)),
    ("tls-modern-versions", "fires-neither", ("-tls1", "-cipher", WEAK), ("-tls1_2",)),
    (
        "forward-secrecy",
        "fires-constrained-psk",
        ("-dtls1_2", "-psk", "aabb", "-cipher", "kPSK:@SECLEVEL=0"),
        ("-dtls1_2", "-psk", "aabb", "-cipher", "kECDHEPSK:@SECLEVEL=0"),
    ),
    ("tls-authenticated-encryption", "fires-mac-then-encrypt", ("-no_etm",), ()),
    (
        "tls-pre-shared-keys",
        "fires-dtls-with-hint",
        ("-dtls1_2", "-psk", "aabb", "-cipher", "kPSK:@SECLEVEL=0"),
        ("-dtls1_2", "-psk", "aabb", "-cipher", "kECDHEPSK:@SECLEVEL=0"),
    ),
    ("short-authentication-tags", "fires-gateway", ("-tls1_2", "-cipher", "AESCCM8:@SECLEVEL=0"), ("-tls1_2",)),
    (
        "short-authentication-tags",
        "fires-gateway-tls13",
        ("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_3",),
    ),
    (
        "key-exchange-strength",
        "fires-short-prime",
        ("-dhparam", "{chain}/dh1024.pem", "-cipher", "ALL:@SECLEVEL=0"),
        ("-cipher", "ALL:@SECLEVEL=0"),
    ),
    (
        "key-exchange-strength",
        "fires-weak-curve",
        ("-tls1_2", "-groups", "secp192r1:X25519", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_2", "-groups", "P-256:X25519", "-cipher", "ALL:@SECLEVEL=0"),
    ),
    ("handshake-signatures", "fires-chosen", ("-sigalgs", "RSA+SHA1", "-cipher", WEAK), ("-cipher", WEAK)),
    (
        "handshake-signatures",
        "fires-accepted",
        ("-sigalgs", "RSA+SHA256:RSA+SHA1", "-cipher", WEAK),
        ("-sigalgs", "RSA+SHA256", "-cipher", WEAK),
    ),
    ("alpn-confusion", "fires-accepted", ("-alpn", "iotscan-no-such-protocol"), ("-alpn", "http/1.1")),
    ("tls-weak-ciphers", "fires-broken-dtls", ("-dtls1_2", "-psk", "aabb", "-cipher", WEAK), ("-dtls1_2",)),
]


@pytest.mark.parametrize(("check_id", "sample", "true", "false"), OPENSSL, ids=lambda word: str(word)[:40])
def test_a_line_shows_its_finding_and_nothing_else(
    check_id: str, sample: str, true: tuple[str, ...], false: tuple[str, ...], files: tuple[str, ...], chain: Path
):
    assert shown(check_id, sample, s_server(*files, *(word.replace("{chain}", str(chain)) for word in true)))
    assert not shown(check_id, sample, s_server(*files, *false))


def says(*answer: bytes) -> Talk:
    """Hears one flight and answers."""

    def talk(connection: socket.socket) -> None:
        connection.recv(8192)
        connection.sendall(b"".join(answer))
        connection.recv(8192)

    return talk


TRUNCATED = bytes.fromhex("ff0100010000170000000b0002010000040000")
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
SHARE = bytes(range(100, 132))
EXCHANGE = b"\x03\x00\x1d\x20" + SHARE + b"\x04\x01\x00\x04abcd"
KEY_EXCHANGE = b"\x0c" + len(EXCHANGE).to_bytes(3, "big") + EXCHANGE
PRIME = b"\xc5" * 256
BIG_EXCHANGE = b"\x01\x00" + PRIME + b"\x00\x01\x02" + b"\x01\x00" + b"\x05" * 256 + b"\x04\x01\x00\x04abcd"
BIG_KEY_EXCHANGE = b"\x0c" + len(BIG_EXCHANGE).to_bytes(3, "big") + BIG_EXCHANGE
SHARE_13 = bytes.fromhex("002b00020304") + b"\x00\x33\x00\x24\x00\x1d\x00\x20" + SHARE


@pytest.mark.parametrize(
    ("check_id", "sample", "answer"),
    [
        ("tls-versions", "fires-sslv2", b"\x80\x0d\x04\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00"),
        ("tls-protocol-extensions", "fires-truncated-hmac", server_hello(0x0303, 0xC013, extensions=TRUNCATED)),
        ("tls-protocol-extensions", "fires-no-fallback-signal", server_hello(0x0302, 0xC013, session=bytes(32))),
    ],
)
def test_what_no_library_does_any_more_is_shown(check_id: str, sample: str, answer: bytes):
    assert shown(check_id, sample, serve(says(answer)))
    assert not shown(check_id, sample, serve(says(ALERT)))
    assert not shown(check_id, sample, serve(says(server_hello(0x0303, 0xC02F, extensions=TRUNCATED[:-4])[:-8])))


def test_a_server_that_heeds_the_fallback_signal_shows_nothing(files: tuple[str, ...]):
    assert not shown("tls-protocol-extensions", "fires-no-fallback-signal", s_server(*files, "-cipher", WEAK))


@pytest.mark.parametrize(
    ("sample", "flight", "real"),
    [
        ("fires-reused", (0xC02F, b"", KEY_EXCHANGE), ("-tls1_2",)),
        ("fires-reused-prime", (0x009E, b"", BIG_KEY_EXCHANGE), ("-tls1_2", "-cipher", "kDHE")),
        ("fires-reused-tls13", (0x1301, SHARE_13, b""), ("-tls1_3",)),
    ],
)
def test_a_public_value_that_comes_again_is_shown(
    sample: str, flight: tuple[int, bytes, bytes], real: tuple[str, ...], files: tuple[str, ...], chain: Path
):
    suite, extensions, exchange = flight

    def talk(connection: socket.socket) -> None:
        hello = connection.recv(8192)
        session = hello[44 : 44 + hello[43]]
        connection.sendall(record(0x0303, server_hello_message(0x0303, suite, 0, session, extensions)))
        if exchange:
            connection.sendall(record(0x0303, certificate(chain)) + record(0x0303, exchange))
        connection.recv(8192)

    assert shown("key-share-reuse", sample, serve(talk))
    assert not shown("key-share-reuse", sample, s_server(*files, *real))


def certificate(chain: Path) -> bytes:
    pem = re.sub("-----.*?-----", "", (chain / "leaf.pem").read_text(), flags=re.DOTALL)
    der = base64.b64decode(pem)
    listed = len(der).to_bytes(3, "big") + der
    body = len(listed).to_bytes(3, "big") + listed
    return b"\x0b" + len(body).to_bytes(3, "big") + body


def test_two_answers_are_both_printed(files: tuple[str, ...]):
    turns = iter(range(1000))
    other = server_hello(0x0303, 0xC02F)

    def talk(connection: socket.socket) -> None:
        connection.recv(8192)
        connection.sendall(ALERT if next(turns) % 2 else other)

    with serve(talk) as there:
        found = verdict("tls-consistency", "fires-contradictory", there)
        printed = shell(found.reproduce).splitlines()
    assert len(printed) > 1


def datagram(message: bytes) -> bytes:
    length = (len(message) - 4).to_bytes(3, "big")
    framed = message[:4] + bytes(5) + length + message[4:]
    return b"\x16\xfe\xfd" + bytes(8) + len(framed).to_bytes(2, "big") + framed


def test_a_short_tag_of_dtls_13_shows_before_the_cookie():
    short = datagram(server_hello_message(0xFEFD, 0x1305, 0, b"", SHARE_13[:6]))
    other = datagram(server_hello_message(0xFEFD, 0x1301, 0, b"", SHARE_13[:6]))
    assert shown("short-authentication-tags", "fires-dtls-1.3", answer_datagrams(short))
    assert not shown("short-authentication-tags", "fires-dtls-1.3", answer_datagrams(other))


def smtp(answer: bytes) -> Talk:
    """A mail server that goes over to TLS and answers one hello."""

    def talk(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        connection.sendall(b"220 mail ESMTP\r\n")
        for line in lines:
            if line.upper().startswith(b"EHLO"):
                connection.sendall(b"250-mail\r\n250 STARTTLS\r\n")
            elif line.upper().startswith(b"STARTTLS"):
                connection.sendall(b"220 go on\r\n")
                connection.recv(8192)
                connection.sendall(answer)
                connection.recv(8192)
                return

    return talk


def test_a_mail_server_is_brought_to_tls_first():
    suite = Suite(version="TLSv1.2", code=0x009C, name="TLS_RSA_WITH_AES_128_GCM_SHA256")
    old = Suite(version="SSLv3", code=0x0005, name="TLS_RSA_WITH_RC4_128_SHA")
    with serve(smtp(server_hello(0x0303, 0x009C))) as there:
        line, shows = ask_suites(there, [suite], "kRSA", opening="smtp")
        assert "-starttls smtp" in line
        assert shows in shell(line)
    with serve(smtp(server_hello(0x0300, 0x0005))) as there:
        line, shows = ask_suites(there, [old], "RC4", opening="smtp")
        assert shows in shell(line)
        assert shows not in shell(ask_suites(there, [suite], "kRSA", opening="smtp")[0])


def test_where_no_line_can_ask_there_is_none():
    assert say_hello(target(25), "SSLv3", 5, opening="xmpp") == ""
    assert say_hello(target(5684, "udp"), "DTLSv1.2", 10) == ""
    assert say_sslv2(target(389), opening="ldap") == ""


def test_a_question_to_a_udp_service_is_one_of_dtls():
    there = target(5684, "udp")
    assert " -dtls1_2 " in ask_tls(there, "-tls1_2", show="x")
    assert " -dtls " in ask_tls(there, show="x")
    assert "-no_tls1_3" not in ask_hello(there, "-no_tls1_3")[0]


def test_an_extension_that_lacks_is_shown_over_udp(files: tuple[str, ...]):
    options = ("-no_tls1_3", "-cipher", "ALL:!AESGCM:!AESCCM:!CHACHA20:!ARIAGCM:!AESCCM8")
    for wanted, more in ((True, ("-no_etm",)), (False, ())):
        with s_server(*files, "-dtls1_2", *more) as there:
            line, shows = ask_lacking(there, "encrypt-then-mac", *options)
            assert (shows in shell(line)) is wanted
