"""The hostile devices of one network: how each misbehaves."""

import gzip
import itertools
import multiprocessing
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection

from iotscan.wire.tls.answer import HELLO_RETRY
from tests.hostile.serving import (
    ALL,
    ANY,
    MQTT,
    SECURE,
    SSH,
    TELNET,
    WEB,
    Device,
    Talk,
    device,
    drip,
    endless,
    http,
    reset,
    reset_after,
    silence,
    web,
)

Misbehaviour = Callable[[Device], None]
HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(128 * 1024 * 1024), mtime=0)
WORDS = b"<title>Welcome</title><p>Login successful. Password accepted, session open, uid=0(root) # signature ok</p>"
LOGIN = b"<form action=/login method=post><input name=user><input type=password name=password></form>"
TRICKS = "\x1b]52;c;YQ==\x07\x1b[31m[/bold]{0.__class__}\u202e\u2066" + "x" * 3000
UPLOAD = b"<form action=/upload method=post enctype=multipart/form-data><input type=file name=photo></form>"
RECORD = b"\x16\x03\x03"
ALERT = b"\x15\x03\x03\x00\x02"


def on(talk: Talk, *ports: int) -> Misbehaviour:
    """The same on all of ``ports``, or wherever a device of ours may listen."""
    return lambda made: made.tcp(ports or ALL, talk)


def dripping(data: bytes, *ports: int) -> Misbehaviour:
    return lambda made: made.tcp(ports or ALL, drip(made, data))


def answering(data: bytes, *, unasked: bool = False) -> Talk:
    """Wait for a question, answer ``data`` whatever it was, wait for the other to go."""

    def talk(guest: socket.socket) -> None:
        if not unasked:
            guest.recv(4096)
        guest.sendall(data)
        silence(guest)

    return talk


def server_hello(suite: int) -> bytes:
    """A ServerHello of TLS 1.2 that selects ``suite``."""
    body = b"\x03\x03" + bytes(32) + b"\x00" + suite.to_bytes(2, "big") + b"\x00"
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return RECORD + len(message).to_bytes(2, "big") + message


def message(kind: int, body: bytes) -> bytes:
    """One handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def records(data: bytes) -> bytes:
    """Handshake bytes in records of TLS 1.2."""
    pieces = (data[at : at + 2**14] for at in range(0, len(data), 2**14))
    return b"".join(RECORD + len(piece).to_bytes(2, "big") + piece for piece in pieces)


def retry_hello() -> bytes:
    """A HelloRetryRequest of TLS 1.3 that wants a share for x25519, whatever share it was given."""
    extensions = b"\x00\x2b\x00\x02\x03\x04" + b"\x00\x33\x00\x02\x00\x1d"
    body = b"\x03\x03" + HELLO_RETRY + b"\x00\x13\x01\x00" + len(extensions).to_bytes(2, "big") + extensions
    return records(message(2, body))


def huge_chain() -> bytes:
    """A ServerHello, and a Certificate message of 16 MiB that begins like any other."""
    entry = (40_000).to_bytes(3, "big") + bytes(40_000)
    return server_hello(0xC02F) + records(b"\x0b\xff\xff\xff\xff\xff\xfc" + entry * 20)


def cyclic_chain() -> bytes:
    """The same few bytes of certificate, again and again, in a flight that is whole."""
    entries = (b"\x00\x00\x04\x30\x02\x05\x00") * 2000
    chain = len(entries).to_bytes(3, "big") + entries
    return server_hello(0xC02F) + records(message(11, chain) + message(14, b""))


def as_it_likes() -> Talk:
    """A suite that was offered at one time, and at the next a refusal of the same."""
    asked = itertools.count()

    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(ALERT + b"\x02\x28" if next(asked) % 2 else server_hello(0xC02F) + records(message(14, b"")))

    return talk


def kexinit() -> bytes:
    """A KEXINIT whose names are hostile."""
    name = b"\x1b]52;c;YQ==\x07[/bold]{0.__class__}\xe2\x80\xae"
    lists = b"".join(struct.pack(">I", len(name)) + name for _ in range(10))
    payload = b"\x14" + bytes(16) + lists + b"\x00" + bytes(4)
    padding = 8 - (5 + len(payload)) % 8 + 4
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


def busy_after(count: int) -> Talk:
    """A web server that has nothing, and after some requests is too busy to say even that."""
    asked = itertools.count()

    def reply(path: str, head: bytes) -> bytes:
        return http(b"", status="404 Not Found" if next(asked) < count else "429 Too Many Requests")

    return web(reply)


def steering(made: Device) -> None:
    """Everything it says steers terminals and templates."""
    words = TRICKS.encode()
    page = b"<title>" + words + b"</title><form><input type=password name=p></form>"
    challenge = 'WWW-Authenticate: Basic realm="' + TRICKS.replace("\x1b", "").replace("\x07", "") + '"'
    cookie = "Set-Cookie: [/bold]{0.__class__}\u202e=1"
    server = "Server: [/bold]{0.__class__}\u202e" + "s" * 300
    made.tcp([WEB], web(lambda path, head: http(page, challenge, cookie, server, status="401 No")))
    made.tcp([ANY], web(lambda path, head: http(page, "Server: " + TRICKS)))
    made.tcp([SSH], answering(b"SSH-2.0-" + words[:200] + b"\r\n" + kexinit(), unasked=True))
    made.tcp([TELNET], answering(b"\xff\xfd\x01" + words + b"\r\n" + words[:40] + b" login: ", unasked=True))


def telnet_with_border(made: Device) -> None:
    def talk(guest: socket.socket) -> None:
        for piece in (b"\r\n", b"#" * 60 + b"\r\n#", b" Authorised users only ", b"#\r\n" + b"#" * 60, b"\r\n"):
            guest.sendall(piece)
            if made.pause(0.25):
                return
        guest.sendall(b"cam login: ")
        silence(guest)

    made.tcp([TELNET], talk)


PLAIN: dict[str, Misbehaviour] = {
    "tarpit": on(silence),
    "drips-s": dripping(b"S"),
    "drips-ssh": dripping(b"SSH-2.0-OpenSSH_9.6", SSH, ANY),
    "drips-http": dripping(HEAD + b"Server: x", WEB, ANY),
    "drips-tls": dripping(RECORD + b"\x40\x00\x02", SECURE, ANY),
    "ssh-lines": on(endless(b"", b"Welcome to this box\r\n", listen_first=False), SSH, ANY),
    "http-headers": on(endless(HEAD, b"X-Filler: 0123456789\r\n"), WEB, ANY),
    "http-one-header": on(endless(HEAD + b"Server: ", b"a"), WEB, ANY),
    "http-body": on(endless(HEAD + b"Content-Type: text/html\r\n\r\n", b"<p>more"), WEB, ANY),
    "http-continue": on(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), WEB, ANY),
    "gzip-bomb": on(web(lambda path, head: http(BOMB, "Content-Encoding: gzip")), WEB, ANY),
    "tls-garbage": on(answering(RECORD + b"\x00\x50" + bytes(range(80))), SECURE, ANY),
    "alert-flood": on(endless(b"", ALERT + b"\x01\x70"), SECURE, ANY),
    "alert-nonsense": on(endless(b"", ALERT + b"\x07\xee"), SECURE, ANY),
    "suite-never-offered": on(answering(server_hello(0xCAFE)), SECURE, ANY),
    "version-never-offered": on(
        answering(b"\x16\x03\x09" + server_hello(0xC02F)[3:9] + b"\x03\x09" + bytes(36)), SECURE, ANY
    ),
    "compression-never-offered": on(answering(server_hello(0xC02F)[:-1] + b"\x40"), SECURE, ANY),
    "empty-records": on(endless(b"", RECORD + b"\x00\x00"), SECURE, ANY),
    "record-too-long": on(answering(RECORD + b"\x48\x01" + bytes(0x4801)), SECURE, ANY),
    "record-of-no-version": on(answering(b"\x16\x7f\x1c" + server_hello(0xC02F)[3:]), SECURE, ANY),
    "tls-retry-for-ever": on(answering(retry_hello()), SECURE, ANY),
    "tls-handshake-for-ever": on(endless(server_hello(0xC02F), RECORD + b"\x00\x04\x0e\x00\x00\x01"), SECURE, ANY),
    "tls-huge-chain": on(answering(huge_chain()), SECURE, ANY),
    "tls-cyclic-chain": on(answering(cyclic_chain()), SECURE, ANY),
    "tls-hello-and-no-more": on(answering(server_hello(0xC02F)), SECURE, ANY),
    "tls-as-it-likes": on(as_it_likes(), SECURE, ANY),
    "endless-records": on(endless(RECORD + b"\x40\x00\x02\x03\xff\xff", b"\x00"), SECURE, ANY),
    "endless-small-records": on(endless(b"", RECORD + b"\x00\x04\x00\x00\x00\x00"), SECURE, ANY),
    "rst": on(reset),
    "rst-after-a-byte": on(reset_after(b"S")),
    "fin": on(lambda guest: None),
    "garbage": on(answering(bytes(range(128, 200)))),
    "everything-is-200": on(web(lambda path, head: http(WORDS + UPLOAD)), WEB, ANY),
    "login-with-success": on(web(lambda path, head: http(WORDS + LOGIN)), WEB, ANY),
    "busy-after-a-while": on(busy_after(9), WEB),
    "steering": steering,
    "telnet-border": telnet_with_border,
    "mqtt-nonsense": on(answering(b"\x20\x02\x00\x42"), MQTT, ANY),
}


def _serve(told: Connection) -> None:
    """The whole network, until the other end closes."""
    with ExitStack() as stack:
        made = {name: stack.enter_context(device()) for name in PLAIN}
        for name, misbehave in PLAIN.items():
            misbehave(made[name])
        told.send({name: one.address for name, one in made.items()})
        told.poll(None)


@contextmanager
def hostile_network() -> Iterator[dict[str, str]]:
    """All of :data:`PLAIN` in a process of their own, so that none takes time from the scanner: name -> address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.kill()
        process.join()
