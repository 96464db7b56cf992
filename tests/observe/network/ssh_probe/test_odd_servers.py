"""Servers that say little, or something else."""

import socket

from iotscan.model.facts import SshServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.wire.ssh.kexinit import KexInit, kexinit
from iotscan.wire.ssh.packets import packet
from tests.observe.network.daemons import free_port, serving
from tests.observe.network.ssh_probe.asking import HASTY, ask, miss, seen

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
