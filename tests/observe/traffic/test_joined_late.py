"""A capture that begins in the middle of a conversation: what it does not show is nobody's service, and no greeting."""

import io

import msgspec
import pytest

from iotscan.model.facts import Exposure, OtherTalk
from iotscan.observe.traffic.conversation import Chooser, Piece
from iotscan.observe.traffic.following import Following
from iotscan.observe.traffic.ledger import Ledger
from iotscan.observe.traffic.readers import all_choosers, ftp, mail, rtsp, syslog, telnet
from tests.observe.traffic.speaking import AT, Said, conversation, items, play
from tests.wire.capture.making import ACK, PSH, SERVER, SYN, ethernet, ipv4, pcap, tcp, udp

DEVICE = "192.168.1.5"
_MAC, _ROUTER = bytes.fromhex("00408c000701"), bytes.fromhex("00408c0007fe")
TLS_DATA = b"\x17\x03\x03\x00\x20" + bytes(range(32))
BANNER = b"SSH-2.0-dropbear_2022.83\r\n"
TIME_ASKED, TIME_TOLD = b"\x23" + bytes(39) + b"\1" * 8, b"\x24\2" + bytes(22) + b"\1" * 8 + bytes(16)
"""NTP of a client and of a server, which names the time that it was asked at."""


def frame(
    data: bytes, ports: tuple[int, int], *, is_sent: bool, flags: int = PSH | ACK, over: str = "tcp", number: int = 500
) -> bytes:
    """What the device sends, or is sent, between its port and the server's."""
    ends, macs = (DEVICE, SERVER), (_MAC, _ROUTER)
    if not is_sent:
        ends, macs, ports = ends[::-1], macs[::-1], ports[::-1]
    if over == "tcp":
        said = tcp(data, number=number, flags=flags, ports=ports, ends=ends)
    else:
        said = udp(data, ports=ports, ends=ends)
    return ethernet(ipv4(said, ends=ends, protocol=6 if over == "tcp" else 17), macs=macs)


def services(*frames: bytes) -> list[str]:
    ledger = Ledger()
    following = Following(ledger, all_choosers())
    following.read(io.BytesIO(pcap(*frames)), "late", lambda _: None)
    following.close()
    ledger.settle()
    return [service.name for device in ledger.devices() for service in device.services]


@pytest.mark.parametrize("data", [TLS_DATA, b"\0\1\2\3nothing that anybody knows", BANNER])
@pytest.mark.parametrize("port", [20_000, 8443])
def test_a_port_of_chance_is_no_service(data: bytes, port: int) -> None:
    """The device may have begun it from that port; a SYN of the other end shows that it did not."""
    middle = [frame(data, (port, 40_000), is_sent=True), frame(data, (port, 40_000), is_sent=False)]
    assert services(*middle) == []
    asked = frame(b"", (port, 40_000), is_sent=False, flags=SYN, number=499)
    taken = frame(b"", (port, 40_000), is_sent=True, flags=SYN | ACK, number=499)
    assert services(asked, taken, *middle) == [f"tcp/{port}"]


def test_what_is_said_shows_who_the_server_is() -> None:
    answer = b"HTTP/1.1 200 OK\r\nServer: thttpd\r\nContent-Length: 0\r\n\r\n"
    assert services(frame(answer, (8080, 40_000), is_sent=True)) == ["tcp/8080"]


def test_an_answer_of_ntp_makes_no_server_of_who_asked() -> None:
    """Both at 123, as old clients have it, and the question came before the capture."""
    told = frame(TIME_TOLD, (123, 123), is_sent=False, over="udp")
    asked = frame(TIME_ASKED, (123, 123), is_sent=True, over="udp")
    assert services(told, asked) == []


@pytest.mark.parametrize("begins", [True, False])
def test_a_late_answer_of_pop3_is_no_greeting(begins: bool) -> None:
    talk = msgspec.structs.replace(conversation(port=110), is_accepted=begins)
    (said,) = items(play(mail.CHOOSE, talk, [("<", b"+OK Logged in.\r\n"), (">", b"STAT\r\n")]), OtherTalk)
    assert said.words == (("+OK Logged in.",) if begins else ())


def test_what_comes_behind_a_hole_is_no_greeting() -> None:
    late = Piece(AT, False, b"+OK lost\r\n+OK Logged in.\r\n", gap=30)
    assert items(play(mail.CHOOSE, conversation(port=110), [late]), OtherTalk)[0].words == ()


def test_a_password_is_not_told_for_a_name_where_frames_are_out_of_order() -> None:
    said: list[Said | Piece] = [
        (">", b"root\r\0"),
        ("<", b"\xff\xfd\x01cam login: "),
        (">", b"S3cret-9\r\0"),
        ("<", b"root\r\nPassword: "),
    ]
    told = play(telnet.CHOOSE, conversation(port=23), said)
    assert "S3cret" not in repr([t.item for t in told])


def test_a_name_is_not_told_for_a_password_where_frames_are_out_of_order() -> None:
    said: list[Said | Piece] = [
        ("<", b"\xff\xfd\x01cam login: root\r\nPassword: "),
        (">", b"root\r\0"),
        (">", b"S3cret-9\r\0"),
        ("<", b"\r\nLogin incorrect\r\n"),
    ]
    assert not items(play(telnet.CHOOSE, conversation(port=23), said), Exposure)


def test_a_password_of_ftp_may_be_of_nobody_where_the_name_is_missing() -> None:
    said: list[Said] = [("<", b"220 go on\r\n"), (">", b"PASS guest@example.com\r\n"), ("<", b"230 in\r\n")]
    assert not items(play(ftp.CHOOSE, conversation(port=21), said), Exposure)


def test_the_end_of_a_film_is_not_told_of_whether_its_beginning_was_lost_or_not() -> None:
    said: list[Said] = [(">", b"TEARDOWN rtsp://cam/1 RTSP/1.0\r\nCSeq: 7\r\n\r\n")]
    assert items(play(rtsp.CHOOSE, conversation(port=554), said), OtherTalk)[0].words == ()


def test_half_a_message_of_syslog_is_not_read_in_the_old_form() -> None:
    cut = Piece(AT, True, b"<14>1 2026-11-27T07", is_cut=True)
    assert items(play(syslog.CHOOSE, conversation("udp", 514), [cut]), OtherTalk)[0].words == ()


@pytest.mark.parametrize(
    ("chooser", "port", "greeting", "asked", "clear"),
    [
        (mail.CHOOSE, 587, b"220 mx\r\n", b"EHLO dev\r\n", b"MAIL FROM:<a@b.example>\r\n"),
        (mail.CHOOSE, 110, b"+OK hi\r\n", b"CAPA\r\n", b"USER ann\r\n"),
        (mail.CHOOSE, 143, b"* OK hi\r\n", b"a1 CAPABILITY\r\n", b"a2 LOGIN ann x\r\n"),
        (ftp.CHOOSE, 21, b"220 hi\r\n", b"AUTH TLS\r\n", b"USER ann\r\n"),
    ],
)
def test_a_capture_that_ends_before_tls_may_begin_shows_nothing_in_clear(
    chooser: Chooser, port: int, greeting: bytes, asked: bytes, clear: bytes
) -> None:
    talk, other = conversation(port=port), conversation(port=port)
    play(chooser, talk, [("<", greeting), (">", asked)])
    assert talk.protection == "unknown"
    play(chooser, other, [("<", greeting), (">", asked), (">", clear)])
    assert other.protection == "cleartext"
