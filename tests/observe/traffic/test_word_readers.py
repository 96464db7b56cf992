"""FTP, TFTP, telnet, SNMP, mail, RTSP, AMQP, syslog, Modbus in the clear; tunnels."""

import base64

import msgspec
import pytest

from iotscan.model.facts import Exposure, OtherTalk, UpdateContact
from iotscan.observe.traffic.conversation import Conversation, Endpoint, Piece
from iotscan.observe.traffic.readers import amqp, ftp, mail, modbus, rtsp, snmp, syslog, telnet, tftp, tunnel
from iotscan.wire.amqp_login import start_ok
from iotscan.wire.snmp import get_request
from tests.observe.traffic.speaking import AT, Said, conversation, cut, items, play

UIMAGE = b"\x27\x05\x19\x56" + b"\1" * 2000


def lines(*said: str) -> list[Said]:
    return [(line[0], f"{line[2:]}\r\n".encode()) for line in said]


def to(
    address: str, port: int, transport: str = "tcp", client: tuple[str, int] = ("10.77.0.21", 40001)
) -> Conversation:
    made = conversation(transport, port)
    return msgspec.structs.replace(
        made,
        first=AT + 1_000_000_000,
        client=Endpoint("02:00:00:00:00:01", *client),
        server=Endpoint("02:00:00:00:00:02", address, port),
    )


@pytest.mark.parametrize(("reply", "accepted"), [("230 in", True), ("530 no", False), ("331 more", None)])
def test_ftp_login(reply: str, accepted: bool | None) -> None:
    said = lines("< 220 vsFTPd 3", "> USER bob", "< 331 go", "> PASS S3cret-x", f"< {reply}", "> RETR a.txt")
    told = play(ftp.CHOOSE, conversation(port=21), cut(said, 5))
    assert [(e.kind, e.what, e.accepted) for e in items(told, Exposure)] == [
        ("password", "FTP password of bob", accepted)
    ]
    assert items(told, OtherTalk) == [OtherTalk(protocol="ftp", words=("vsFTPd 3", "user bob", "RETR a.txt"))]


def test_ftp_of_nobody_is_no_login() -> None:
    said = lines("< 220 x", "> USER anonymous", "< 331 go", "> PASS me@example.org", "< 230 in")
    assert not items(play(ftp.CHOOSE, conversation(port=21), said), Exposure)


@pytest.mark.parametrize("is_brought", [False, True])
@pytest.mark.parametrize("is_active", [False, True])
def test_a_firmware_by_ftp(is_active: bool, is_brought: bool) -> None:
    opening = (
        ("> PORT 10,77,0,21,200,10", "< 200 ok") if is_active else ("> PASV", "< 227 Entering (203,0,113,80,200,10).")
    )
    play(
        ftp.CHOOSE,
        conversation(port=21),
        lines("< 220 x", *opening, f"> {'STOR' if is_brought else 'RETR'} fw.img", "< 150 here"),
    )
    data = to("10.77.0.21", 51210, client=("203.0.113.80", 20)) if is_active else to("203.0.113.80", 51210)
    told = play(ftp.CHOOSE, data, [(">" if is_active != is_brought else "<", UIMAGE)])
    (update,) = items(told, UpdateContact)
    assert (update.kind, update.protocol, update.path, update.format, update.size) == (
        "firmware",
        "ftp",
        "fw.img",
        "uimage",
        2004,
    )
    assert update.direction == ("to-server" if is_brought else "to-client")
    assert told[0].conversation.client.address == "10.77.0.21"
    assert not play(ftp.CHOOSE, data, [("<", UIMAGE)])  # it was announced once


@pytest.mark.parametrize("is_brought", [False, True])
def test_a_firmware_by_tftp(is_brought: bool) -> None:
    asked = to("203.0.113.80", 69, "udp", client=("10.77.0.21", 50555))
    told = play(tftp.CHOOSE, asked, [(">", (b"\0\2" if is_brought else b"\0\1") + b"boot/fw.img\0octet\0")])
    word = "write" if is_brought else "read"
    assert [t.item for t in told] == [OtherTalk(protocol="tftp", words=(f"{word} boot/fw.img",))]
    data = to("10.77.0.21", 50555, "udp", client=("203.0.113.80", 33333))
    blocks = [UIMAGE[at : at + 512] for at in range(0, len(UIMAGE), 512)]
    said: list[Said] = []
    for number, block in enumerate(blocks, 1):
        said += [(">", b"\0\3" + number.to_bytes(2, "big") + block), ("<", b"\0\4" + number.to_bytes(2, "big"))]
    said = [said[0], said[0], *said[1:]]
    if is_brought:
        said = [(">", b"\0\4\0\0"), *(("<" if way == ">" else ">", block) for way, block in said)]
    told = play(tftp.CHOOSE, data, said)
    (update,) = items(told, UpdateContact)
    assert (update.protocol, update.path, update.format, update.size) == ("tftp", "boot/fw.img", "uimage", 2004)
    assert update.direction == ("to-server" if is_brought else "to-client")
    assert told[0].conversation.client.address == "10.77.0.21"


@pytest.mark.parametrize(
    ("reply", "accepted"), [(b"\r\n/ # ", True), (b"\r\nLogin incorrect\r\nlogin: ", False), (b"", None)]
)
@pytest.mark.parametrize("by_letter", [False, True])
def test_telnet(reply: bytes, accepted: bool | None, by_letter: bool) -> None:
    typed = b"S3cretx\x7f-9\r\0"
    said: list[Said | Piece] = [
        ("<", b"\xff\xfd\x01\xff\xfb\x01cam login: "),
        (">", b"root\r\0"),
        ("<", b"root\r\nPassword: "),
        *([(">", typed[at : at + 1]) for at in range(len(typed))] if by_letter else [(">", typed)]),
        ("<", reply),
        (">", b"echo not-a-password\r\0"),
    ]
    told = play(telnet.CHOOSE, conversation(port=23), [s for s in said if s[1]])  # type: ignore[index]
    (found,) = items(told, Exposure)
    assert (found.what, found.account, found.accepted) == ("telnet password of root", "root", accepted)
    assert {s for t in told for s in t.secrets} == {"S3cret-9"}
    assert items(told, OtherTalk)[0].words[0] == "user root"


def test_telnet_with_a_hole_tells_no_login() -> None:
    said: list[Said | Piece] = [("<", b"login: "), (">", b"root\r\n"), ("<", b"Password: ")]
    said.append(Piece(AT + 9, True, b"word\r\n", gap=4))
    assert not items(play(telnet.CHOOSE, conversation(port=23), said), Exposure)


def test_snmp_communities() -> None:
    asked = get_request("Xk9-hidden", 7, version="2c")
    answered = asked.replace(b"\xa0", b"\xa2", 1)
    told = play(snmp.CHOOSE, conversation("udp", 161), [(">", asked), ("<", answered), (">", get_request("public", 8))])
    assert [(e.kind, e.what, e.accepted) for e in items(told, Exposure)] == [
        ("community", "SNMP 2c community in a GetRequest", True),
        ("community", 'SNMP 2c community "public" in a GetRequest', None),
    ]
    assert {s for t in told for s in t.secrets} == {"Xk9-hidden"}
    assert items(told, OtherTalk)[0].words == ("version 2c", "GetRequest", "Response")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PLAIN = b64("\0ann\0S3cret-x")


@pytest.mark.parametrize(
    ("port", "said", "expected"),
    [
        (25, ("< 220 mx", "> EHLO dev", "< 250 ok", f"> AUTH PLAIN {PLAIN}", "< 235 ok"),
         ("password", "SMTP password of ann", True)),
        (587, ("< 220 mx", "> AUTH LOGIN", "< 334 x", f"> {b64('ann')}", "< 334 x", f"> {b64('S3cret-x')}", "< 535 no"),
         ("password", "SMTP password of ann", False)),
        (25, ("< 220 mx", "> AUTH CRAM-MD5", "< 334 x", f"> {b64('ann S3cret-x')}", "< 235 ok"),
         ("digest", "SMTP digest of ann", True)),
        (110, ("< +OK hi", "> USER ann", "< +OK", "> PASS S3cret-x", "< -ERR no"),
         ("password", "POP3 password of ann", False)),
        (143, ("< * OK hi", '> a1 LOGIN ann "S3cret-x"', "< a1 OK in"), ("password", "IMAP password of ann", True)),
        (143, ("< * OK hi", f"> a1 AUTHENTICATE PLAIN {PLAIN}", "< a1 NO"),
         ("password", "IMAP password of ann", False)),
    ],
)  # fmt: skip
def test_mail(port: int, said: tuple[str, ...], expected: tuple[str, str, bool]) -> None:
    told = play(mail.CHOOSE, conversation(port=port), cut(lines(*said), 9))
    (found,) = items(told, Exposure)
    assert (found.kind, found.what, found.accepted) == expected
    assert {s for t in told for s in t.secrets} == {"S3cret-x"}
    assert "S3cret" not in repr([t.item for t in told])


def test_rtsp() -> None:
    ask = "DESCRIBE rtsp://ann:S3cret-x@cam.example/live RTSP/1.0\r\nCSeq: 1\r\n"
    credentials = f"Authorization: Basic {b64('ann:S3cret-x')}\r\n"
    said: list[Said] = [
        (">", f"{ask}\r\n".encode()),
        ("<", b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="a", nonce="b"\r\n\r\n'),
        (">", f"{ask.replace('CSeq: 1', 'CSeq: 2')}{credentials}\r\n".encode()),
        ("<", b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 3\r\n\r\nv=0"),
    ]
    told = play(rtsp.CHOOSE, conversation(port=554), said)
    assert items(told, OtherTalk)[0].words == ("DESCRIBE 401 Digest", "DESCRIBE 200")
    (found,) = items(told, Exposure)
    assert (found.kind, found.what, found.accepted) == ("password", "Basic password of ann", True)
    assert "S3cret" not in repr([t.item for t in told])


def test_sip_over_udp() -> None:
    register = (
        b"REGISTER sip:pbx.example SIP/2.0\r\nCSeq: 2 REGISTER\r\n"
        b'Authorization: Digest username="77", realm="pbx", nonce="n", uri="sip:pbx", response="aa11"\r\n\r\n'
    )
    told = play(
        rtsp.CHOOSE, conversation("udp", 5060), [(">", register), ("<", b"SIP/2.0 200 OK\r\nCSeq: 2 REGISTER\r\n\r\n")]
    )
    assert items(told, OtherTalk)[0] == OtherTalk(protocol="sip", words=("REGISTER 200",))
    assert [(e.kind, e.what, e.accepted) for e in items(told, Exposure)] == [
        ("digest", "Digest answer of 77 by MD5", True)
    ]


@pytest.mark.parametrize(
    ("reply", "accepted"),
    [(b"\x00\x0a\x00\x1e" + bytes(8), True), (b"\x00\x0a\x00\x32\x01\x93\x00\x00\x00\x00\x00", False)],
)
def test_amqp(reply: bytes, accepted: bool) -> None:
    framed = b"\x01\0\0" + len(reply).to_bytes(4, "big") + reply + b"\xce"
    said = [(">", b"AMQP\x00\x00\x09\x01"), (">", start_ok("ann", "S3cret-x")), ("<", framed)]
    told = play(amqp.CHOOSE, conversation(port=5672), cut(said, 11))
    assert [(e.what, e.accepted) for e in items(told, Exposure)] == [("AMQP password of ann", accepted)]
    assert items(told, OtherTalk)[0].words == ("0-9-1", "PLAIN", "user ann")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<13>Nov 27 04:00:00 cam sshd[7]: hello", ("BSD", "of sshd")),
        (b"<13>1 2026-11-27T04:00:00Z cam updater 1 - - hello", ("RFC 5424", "of updater")),
    ],
)
def test_syslog(data: bytes, words: tuple[str, ...]) -> None:
    assert [t.item for t in play(syslog.CHOOSE, conversation("udp", 514), [(">", data)])] == [
        OtherTalk(protocol="syslog", words=words)
    ]


def test_modbus() -> None:
    read, write = bytes.fromhex("000100000006010300000001"), bytes.fromhex("000200000006010600010003")
    told = play(modbus.CHOOSE, conversation(port=502), [(">", read + write[:5]), (">", write[5:])])
    assert [t.item for t in told] == [
        OtherTalk(protocol="modbus", words=("Read Holding Registers", "Write Single Register"))
    ]


@pytest.mark.parametrize(
    ("transport", "port", "data", "protocol"),
    [
        ("tcp", 22, b"SSH-2.0-dropbear_2022.83\r\n", "ssh"),
        ("udp", 51820, b"\1\0\0\0" + bytes(144), "wireguard"),
        ("udp", 500, bytes(16) + b"\x21\x20\x22\x08" + bytes(4) + (28).to_bytes(4, "big"), "ike"),
    ],
)
def test_tunnels_are_encrypted(transport: str, port: int, data: bytes, protocol: str) -> None:
    talk = conversation(transport, port)
    assert play(tunnel.CHOOSE, talk, [(">", data)])
    assert (talk.protocol, talk.protection) == (protocol, "encrypted")


AHEAD: list[list[Said]] = [
    # Typed before the prompt was shown: half of it, all of it, or at the prompt before.
    [("<", b"\xff\xfb\1"), (">", b"Zx81spec"), ("<", b"login: "), (">", b"\r\n"), ("<", b"\r\nPassword: ")],
    [("<", b"\xff\xfb\1"), (">", b"root\r\n"), ("<", b"login: "), (">", b"Zx81spec\r\n"), ("<", b"\r\nPassword: ")],
    [("<", b"\xff\xfb\1login: "), (">", b"root\r\n"), ("<", b"Password: "), (">", b"Zx81"), ("<", b"\r\nlogin: "),
     (">", b"spec\r\n")],
]  # fmt: skip


@pytest.mark.parametrize("said", AHEAD)
def test_what_was_typed_before_it_was_asked_for_is_no_name_of_a_user(said: list[Said]) -> None:
    told = play(telnet.choose, conversation(port=23), said)
    assert "Zx81spec" not in repr([each.item for each in told])
    assert "Zx81spec" in [secret for each in told for secret in each.secrets]


def test_a_name_that_is_echoed_letter_by_letter_is_one() -> None:
    typed: list[Said] = [(who, bytes((byte,))) for byte in b"root" for who in "><"]
    said: list[Said] = [("<", b"\xff\xfb\1login: "), *typed, (">", b"\r\n"), ("<", b"\r\nPassword: ")]
    told = play(telnet.choose, conversation(port=23), said)
    assert items(told, OtherTalk)[0].words == ("user root",)


def test_an_empty_name_does_not_make_the_password_one() -> None:
    said: list[Said] = [
        ("<", b"220 x\r\n"), (">", b"AUTH LOGIN\r\n"), ("<", b"334 VXNlcm5hbWU6\r\n"), (">", b"\r\n"),
        ("<", b"334 UGFzc3dvcmQ6\r\n"), (">", b"WngBMXNwZWM=\r\n"), ("<", b"535 no\r\n"),
    ]  # fmt: skip
    told = play(mail.choose, conversation(port=25), said)
    assert [each.what for each in items(told, Exposure)] == ["SMTP password of somebody"]


def test_the_first_word_of_a_message_is_no_program() -> None:
    said = [(">", b"<13>Zx81spec: hello"), (">", b"<13>Nov 27 07:00:00 cam app[1]: hello")]
    told = play(syslog.choose, conversation("udp", 514), said)
    assert items(told, OtherTalk)[0].words == ("BSD", "of app")


def test_a_password_in_an_address_is_not_told() -> None:
    asked = b"DESCRIBE rtsp://u:Zx81?spec@cam/live RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Bearer aaaabbbb\r\n\r\n"
    told = play(rtsp.choose, conversation(port=554), [(">", asked)])
    assert items(told, Exposure)
    assert "Zx81" not in repr([each.item for each in told])
