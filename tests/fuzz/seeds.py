"""Where the fuzzers begin: what real peers say, made by our own server's side."""

from iotscan.wire.ssh import exchange, fields, messages, primes
from iotscan.wire.ssh.kexinit import KexInit, kexinit
from iotscan.wire.ssh.packets import packet
from iotscan.wire.starttls import PROTOCOLS
from iotscan.wire.tls import framing
from iotscan.wire.tls.dtls import SHORT_OFFER, hello_datagrams
from iotscan.wire.tls.dtls_server import certificate_message, flight, hello_verify_request
from iotscan.wire.tls.hello import EXTRAS, NOISE, Offer, client_hello
from iotscan.wire.tls.server import alert, certificate, server_hello, server_hello_body, server_hello_done
from iotscan.wire.tls.suites import offer
from tests.fuzz import image_seeds
from tests.wire import broadcasts

_FLIGHT = server_hello(version="TLSv1.2", suite=0xC02F) + certificate([b"leaf", b"root" * 99]) + server_hello_done()
_HELLO = client_hello(
    Offer(
        versions=("TLSv1.3", "TLSv1.2"), suites=offer("TLSv1.2"), extras=EXTRAS, alpn=("h2",), server_name="a.example"
    ),
    random=bytes(NOISE),
)
_MESSAGES = [
    (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.2", suite=0xC02F)),
    certificate_message([b"leaf", b"root" * 99]),
    (framing.SERVER_HELLO_DONE, b""),
]
_EC = b"\xc0\x2f\x01" + b"\x03\x00\x1d\x20" + bytes(32) + b"\x04\x03\x00\x02ab"
_DH = b"\x00\x9e\x01" + b"\x00\x02\xff\xff\x00\x01\x02\x00\x02\x12\x34\x04\x01\x00\x02ab"
_PSK = b"\x00\xa8\x01" + b"\x00\x04hint"

_SSH_OFFER = KexInit(kex=("a",), host_key_algorithms=("b", "c"), ciphers=("d",), macs=("e",))
_SSH_KEYS = (
    (b"ssh-ed25519", (bytes(32),)),
    (b"ssh-rsa", (b"\1\0\1", b"\x7f" * 128)),
    (b"ssh-dss", (b"\x7f" * 128,) * 4),
    (b"ecdsa-sha2-nistp256", (b"nistp256", b"\4" + bytes(64))),
    (b"sk-ssh-ed25519@openssh.com", (bytes(32), b"ssh:")),
    (b"ssh-ed25519-cert-v01@openssh.com", (b"nonce", bytes(32), bytes(8), b"\0\0\0\2", b"id")),
)


def _ssh_replies(name: bytes, values: tuple[bytes, ...]) -> bytes:
    blob = fields.string(name) + b"".join(map(fields.string, values))
    signature = fields.string(fields.string(name) + fields.string(bytes(64)))
    return packet(bytes([exchange.REPLY]) + fields.string(blob) + fields.string(bytes(32)) + signature)


SEEDS: dict[str, tuple[bytes, ...]] = {
    **image_seeds.SEEDS,
    "tls-stream": (
        _FLIGHT,
        alert(2, 40),
        alert(1, 112) + _FLIGHT,
        server_hello(version="TLSv1.3", suite=0x1301),
        server_hello(version="SSLv3", suite=0x0005),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ),
    "tls-key-exchange": (_EC, _DH, _PSK),
    "tls-client-hello": (_HELLO, client_hello(Offer(versions=("SSLv3",), suites=offer("SSLv3")), random=bytes(NOISE))),
    "dtls-datagrams": (
        *(b"\xff" + datagram for datagram in flight(_MESSAGES)),
        b"\xff" + hello_verify_request(b"cookie"),
        b"\x10" + b"".join(flight(_MESSAGES, size=40)),
        b"\xff" + hello_datagrams(SHORT_OFFER, bytes(NOISE))[0],
    ),
    "first-words": (
        b"220 ready FTP\r\n",
        b"SSH-2.0-x\r\n",
        b"\xff\xfd\x18login: ",
        b"* OK IMAP4rev1\r\n",
        alert(2, 70),
    ),
    "ssh-server": (
        b"hi\r\nSSH-2.0-x\r\n" + packet(kexinit(_SSH_OFFER, bytes(16))) + packet(messages.disconnect("bye")),
        packet(bytes([exchange.GEX_GROUP]) + fields.mpint(primes.prime(1024)) + fields.mpint(2)),
        packet(messages.failure(("publickey",))) + packet(bytes([messages.EXT_INFO]) + bytes(12)),
        b"".join(_ssh_replies(name, values) for name, values in _SSH_KEYS),
    ),
    "words-before-tls": tuple(
        bytes((sorted(PROTOCOLS).index(protocol),)) + said
        for protocol, said in (
            ("ftp", b"220-a\r\n220 b\r\n234 go\r\n"),
            ("ftp", b"220 b\r\n530 no\r\n530 no\r\n"),
            ("smtp", b"220 b\r\n250-b\r\n250 STARTTLS\r\n220 go\r\n"),
            ("imap", b"* OK b\r\n* CAPABILITY STARTTLS\r\na1 OK\r\na2 OK\r\n"),
            ("pop3", b"+OK b\r\n+OK\r\nSTLS\r\n.\r\n-ERR no\r\n"),
            ("ldap", bytes.fromhex("300c02010178070a010004000400")),
            ("xmpp", b"<?xml?><stream:stream version='1.0'><stream:features><starttls/></stream:features><proceed/>"),
            ("postgresql", b"N"),
            ("mysql", b"\x1a\x00\x00\x00\x0a8.0\x00" + bytes(12) + b"\x00\xff\xff\x21\x02\x00\x00"),
        )
    ),
    "versions-of-quic": (
        b"\xc3" + bytes(4) + b"\x09ourselves\x08destined" + bytes.fromhex("000000016b3343cf2a4a6a8a"),
    ),
    "heard-frames": tuple(len(frame).to_bytes(2, "big") + frame for frame in broadcasts.FRAMES),
}
