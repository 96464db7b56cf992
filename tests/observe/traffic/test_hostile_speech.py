# ruff: noqa: E501  # messages as they stand on a wire
"""Whatever is said: no reader raises, keeps much, or tells of what was changed under its hands a secret in the open."""

import random
import sys
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.observe.traffic.content import kept
from iotscan.observe.traffic.conversation import Piece, Told
from iotscan.observe.traffic.readers import all_choosers, telnet
from iotscan.wire.http_stream import HEAD_CAP, Messages
from iotscan.wire.mqtt import connect_message
from iotscan.wire.snmp import get_request
from tests.observe.traffic.speaking import AT, Said, conversation, play

OURS = (
    "http",
    "mqtt",
    "coap",
    "dns",
    "ntp",
    "snmp",
    "telnet",
    "ftp",
    "tftp",
    "mail",
    "rtsp",
    "amqp",
    "syslog",
    "modbus",
)
PORTS = (21, 23, 25, 53, 69, 80, 110, 123, 143, 161, 502, 514, 554, 853, 1883, 5060, 5672, 5683)
SEEDS: Sequence[list[Said]] = (
    [
        (">", b"POST /a?x=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YTpi\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n0\r\n\r\n"),
        ("<", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n\x1f\x8b\x08" + bytes(17)),
    ],
    [(">", connect_message("d", user="u", password="p" * 9, version=5)), ("<", b"\x20\x03\0\0\0"), (">", b"\x30\x05\0\1a\0b")],
    [(">", b"\x44\x02\0\1abcd\xb2rd\x45ep=ab\xff{}"), ("<", b"\x64\x41\0\1abcd\x82rd")],
    [(">", b"\0\5\1\0\0\1\0\0\0\0\0\1\3abc\2de\0\0\1\0\1\0\0\x29\x10\0\0\0\x80\0\0\0"), ("<", b"\0\5\x81\x80\0\1\0\1\0\0\0\0\3abc\2de\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\1\0\4abcd")],
    [(">", b"\x23" + bytes(47) + b"\x01\x04\0\x24" + bytes(32)), ("<", b"\x24" + bytes(47))],
    [(">", get_request("public", 1)), (">", b"0>\2\1\3")],
    [("<", b"\xff\xfb\1login: "), (">", b"root\r\n"), ("<", b"Password: "), (">", b"x\r\n"), ("<", b"# ")],
    [("<", b"220 x\r\n"), (">", b"USER a\r\nPASS b\r\nPASV\r\nAUTH PLAIN AGEAYg==\r\n"), ("<", b"227 (1,2,3,4,5,6)\r\n")],
    [(">", b"DESCRIBE rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n"), ("<", b"RTSP/1.0 401 no\r\nCSeq: 1\r\n\r\n")],
    [(">", b"AMQP\0\0\x09\1\1\0\0\0\0\0\x08\0\x0a\0\x0b\0\0\0\0\xce"), ("<", b"\1\0\0\0\0\0\4\0\x0a\0\x1e\xce")],
    [
        (">", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\x0e\1\5\0\0\0\1\x82\x84\x86\x41\1h\x40\1a\1b\x40\1a\1b\xbe"),
        ("<", b"\0\0\0\4\0\0\0\0\0\0\0\1\1\4\0\0\0\1\x88\0\0\2\0\1\0\0\0\1{}"),
    ],
    [(">", b"<13>1 - - app - -"), (">", b"\0\1\0\0\0\6\1\3\0\0\0\1")],
)  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(4)):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(4):
            case 0 if changed:
                changed[place % len(changed)] = rng.randrange(256)
            case 1:
                del changed[place:]
            case 2:
                changed[place:place] = rng.randbytes(rng.randrange(9))
            case _:
                changed[place:place] = changed[: rng.randrange(40)]
    return bytes(changed)


@pytest.mark.parametrize("seed", range(40))
def test_changed_words_crash_nobody(seed: int) -> None:
    rng = random.Random(seed)
    choosers = all_choosers()
    for said in SEEDS:
        for _ in range(12):
            pieces: list[Piece] = []
            for who, data in said:
                piece = mutated(data, rng)
                gap = rng.choice((0, 0, 0, 7))
                pieces.append(Piece(AT, who == ">", piece, gap=gap, is_doubtful=rng.random() < 0.1))
            for transport in ("tcp", "udp"):
                for choose in choosers:
                    talk = conversation(transport, rng.choice(PORTS), has_beginning=rng.random() < 0.7)
                    play(choose, talk, pieces)


@given(st.lists(st.tuples(st.sampled_from("<>"), st.binary(max_size=60)), max_size=6), st.sampled_from(PORTS))
@settings(max_examples=150, deadline=None)
def test_noise_crashes_nobody_and_is_no_secret(said: list[Said], port: int) -> None:
    for transport in ("tcp", "udp"):
        for choose in all_choosers():
            for told in play(choose, conversation(transport, port), said):
                assert isinstance(told, Told)


def test_a_head_without_an_end_is_not_kept() -> None:
    messages = Messages()
    list(messages.read(b"GET / HTTP/1.1\r\n"))
    for _ in range(200):
        list(messages.read(b"X: " + b"a" * 997 + b"\r\n"))
    assert messages.is_lost
    assert sys.getsizeof(messages._held) < 2 * HEAD_CAP


def test_long_files_have_few_places() -> None:
    several = [kept.Kept() for _ in range(300)]
    for one in several:
        for _ in range(40):
            one.add(b"\x27\x05\x19\x56" + b"\1" * 16380)
    held = sum(len(one.head) for one in several)
    assert held <= 128 * (256 << 10) + 300 * (32 << 10)
    for one in several:
        one.close()
    assert kept._taken == 0


def test_a_name_that_is_never_shown_as_one_is_not_looked_for_in_all_that_was_said_again_and_again() -> None:
    begun = [("<", b"login: "), (">", b"x"), ("<", b"..."), (">", b"\r")]
    echoes = [("<", letter) for _ in range(3000) for letter in (b"x", b"\r")]
    before = time.process_time()
    play(telnet.CHOOSE, conversation(port=23), begun + echoes)
    assert time.process_time() - before < 20
