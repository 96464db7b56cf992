"""Servers that say little, or something else."""

import socket
import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from iotscan.model.facts import Ssh1, SshServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.wire.ssh.kexinit import KexInit, kexinit
from iotscan.wire.ssh.packets import packet
from tests.observe.network.daemons import free_port, serving, tool
from tests.observe.network.ssh_probe.asking import HASTY, ask, miss, seen, seen_at
from tests.observe.network.ssh_probe.daemons import dropbear, openssh
from tests.observe.network.ssh_probe.scripted import Script, Server

OFFER = KexInit(
    kex=("curve25519-sha256",),
    host_key_algorithms=("ssh-rsa",),
    ciphers_in=("aes128-ctr",),
    ciphers=("aes128-ctr",),
    macs_in=("hmac-sha2-256",),
    macs=("hmac-sha2-256",),
    compression_in=("none",),
    compression=("none",),
)
HELLO = b"SSH-2.0-odd\r\n" + packet(kexinit(OFFER, b"c" * 16))


def test_server_that_stops_after_kexinit_has_unknown_host_keys() -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(HELLO)
        while guest.recv(4096):
            pass

    with serving(talk) as port:
        fact = seen(port, pace=HASTY)
    assert fact.kex == ("curve25519-sha256",)
    assert fact.host_keys.reason is Reason.TIMEOUT
    assert fact.login_methods.reason is Reason.UNREADABLE
    assert fact.unread_keys == ("RSA",)


def test_server_that_garbles_the_key_exchange_has_unknown_host_keys() -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(HELLO)
        guest.recv(4096)
        guest.sendall(b"\x00" * 600)

    with serving(talk) as port:
        fact = seen(port)
    assert fact.host_keys.reason is Reason.UNREADABLE


def test_protocol_1_has_no_lists() -> None:
    with serving(lambda guest: guest.sendall(b"SSH-1.5-1.2.27\r\n")) as port:
        fact = seen(port)
    assert (fact.protocol, fact.software, fact.kex) == ("1.5", "1.2.27", ())
    assert not fact.host_keys.is_answered
    assert not fact.groups.is_answered
    assert fact.ssh1 is None


def test_silence_is_a_timeout() -> None:
    with serving(lambda guest: guest.recv(1) and None) as port:
        assert miss(port, pace=HASTY) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


def test_garbage_after_the_version_is_unreadable() -> None:
    with serving(lambda guest: guest.sendall(b"SSH-2.0-x\r\n" + b"\xff" * 4096)) as port:
        assert miss(port) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_endless_lines_are_cut_off() -> None:
    def talk(guest: socket.socket) -> None:
        while True:
            guest.sendall(b"come in, we are open\r\n" * 100)

    with serving(talk) as port:
        assert miss(port) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_a_port_that_closed_meanwhile_is_not_absent() -> None:
    assert miss(free_port()) == (AttemptStatus.UNREADABLE, Reason.UNREACHABLE)


def test_terminal_escapes_in_the_version_are_made_safe() -> None:
    with serving(lambda guest: guest.sendall(b"hi \x1b[2J\r\nSSH-1.5-\x1b]0;owned\x07\xe2\x80\xae\r\n")) as port:
        heard, _ = ask(port)
    assert heard.excerpt.isprintable()
    (fact,) = heard.facts
    assert isinstance(fact, SshServer)
    assert fact.software.isprintable()
    assert fact.greeting[0].startswith("hi ")
    assert fact.greeting[0].isprintable()


def version_1_keys() -> bytes:
    """SMSG_PUBLIC_KEY of a server with a host key of 1024 bits and a server key of 768, 3DES and passwords."""

    def number(bits: int) -> bytes:
        return struct.pack(">H", bits) + (1 << bits - 1 | 1).to_bytes((bits + 7) // 8, "big")

    keys = b"".join(struct.pack(">I", bits) + number(6) + number(bits) for bits in (768, 1024))
    data = b"\2" + b"c" * 8 + keys + struct.pack(">III", 0, 1 << 3, 1 << 3)
    checked = bytes(8 - (len(data) + 4) % 8) + data
    crc = zlib.crc32(checked, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return struct.pack(">I", len(data) + 4) + checked + struct.pack(">I", crc)


SHOWN = Ssh1(host_key_bits=1024, server_key_bits=768, ciphers=("3des",), logins=("password",))


def test_keys_of_protocol_1() -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"SSH-1.5-OpenSSH_2.1\r\n")
        if guest.recv(4096).startswith(b"SSH-1.5-"):
            guest.sendall(version_1_keys())

    with serving(talk) as port:
        fact, cost = seen_at(port)
    assert fact.ssh1 == SHOWN
    assert cost.connections == 1


def test_a_server_of_both_protocols_shows_both() -> None:
    """It goes on in the protocol of its guest."""
    server = Server(Script(line=b"SSH-1.99-script"))

    def talk(guest: socket.socket) -> None:
        guest.sendall(b"SSH-1.99-script\r\n")
        begin = guest.recv(8, socket.MSG_PEEK)
        if begin.startswith(b"SSH-1.5-"):
            guest.sendall(version_1_keys())
        elif begin:
            server(guest, greets=False)

    with serving(talk) as port:
        fact = seen(port)
    assert fact.protocol == "1.99"
    assert [key.sha256 for key in fact.host_keys.value] == [server.sha256]
    assert fact.ssh1 == SHOWN


def test_a_server_that_only_says_that_it_knows_both() -> None:
    with serving(Server(Script(line=b"SSH-1.99-script"))) as port:
        fact = seen(port, pace=HASTY)
    assert fact.protocol == "1.99"
    assert fact.host_keys.is_answered
    assert fact.ssh1 is None


def test_dropbear_whose_five_places_for_strangers_are_taken(tmp_path: Path) -> None:
    with dropbear(tmp_path, "ed25519") as port, ExitStack() as guests:
        for _ in range(5):
            guest = guests.enter_context(socket.create_connection(("127.0.0.1", port)))
            assert guest.recv(4).startswith(b"SSH-")
        assert miss(port) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


@contextmanager
def greeted(port: int) -> Iterator[None]:
    """A guest that is let in, once whoever looked whether the server is there has left."""
    while True:
        with socket.create_connection(("127.0.0.1", port)) as guest:
            if guest.recv(4).startswith(b"SSH-"):
                yield
                return


def test_openssh_that_has_its_guest(tmp_path: Path) -> None:
    keygen = tool("ssh-keygen", "openssh-client")
    subprocess.run([keygen, "-q", "-N", "", "-t", "ed25519", "-f", tmp_path / "ed25519"], check=True)
    with openssh(tmp_path, tmp_path, "MaxStartups=1") as port, greeted(port):
        assert miss(port) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)
