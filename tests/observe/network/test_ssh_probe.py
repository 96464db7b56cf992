import hashlib
import socket
import struct
import subprocess
from pathlib import Path

import anyio
import asyncssh

from iotscan.model.facts import SshServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.ssh import PROBE
from tests.observe.network.daemons import accepts, door, free_port, running, serving, tool


def ask(port: int) -> Heard:
    return anyio.run(PROBE.ask, door(port, "ssh"))


def seen(port: int) -> SshServer:
    heard = ask(port)
    assert heard.missed == ()
    (fact,) = heard.facts
    assert isinstance(fact, SshServer)
    return fact


def test_dropbear_with_two_host_keys(tmp_path: Path) -> None:
    dropbear, keygen = tool("dropbear", "dropbear-bin"), tool("dropbearkey", "dropbear-bin")
    blobs = set()
    for kind in ("rsa", "ed25519"):
        shown = subprocess.run([keygen, "-t", kind, "-f", str(tmp_path / kind)], capture_output=True, check=True)
        line = next(x for x in shown.stdout.decode().splitlines() if x.startswith(("ssh-", "ecdsa-")))
        blobs.add(hashlib.sha256(asyncssh.import_public_key(line).public_data).hexdigest())
    port = free_port()
    command = [dropbear, "-F", "-E", "-p", f"127.0.0.1:{port}", "-P", str(tmp_path / "pid")]
    command += ["-r", str(tmp_path / "rsa"), "-r", str(tmp_path / "ed25519")]
    with running(command, lambda: accepts(port), cwd=tmp_path):
        fact = seen(port)
    assert fact.protocol == "2.0"
    assert fact.software.startswith("dropbear_")
    assert "curve25519-sha256" in fact.kex
    assert "aes128-ctr" in fact.ciphers
    assert fact.macs
    assert {key.sha256 for key in fact.host_keys.value} == blobs
    assert {(key.algorithm, key.bits) for key in fact.host_keys.value} == {("ssh-rsa", 2048), ("ssh-ed25519", 0)}


def test_dropbear_that_offers_a_key_it_lacks(tmp_path: Path) -> None:
    dropbear, keygen = tool("dropbear", "dropbear-bin"), tool("dropbearkey", "dropbear-bin")
    subprocess.run([keygen, "-t", "ed25519", "-f", str(tmp_path / "key")], capture_output=True, check=True)
    port = free_port()
    command = [
        dropbear,
        "-F",
        "-E",
        "-p",
        f"127.0.0.1:{port}",
        "-P",
        str(tmp_path / "pid"),
        "-r",
        str(tmp_path / "key"),
    ]
    with running(command, lambda: accepts(port), cwd=tmp_path):
        fact = seen(port)
    assert [key.algorithm for key in fact.host_keys.value] == ["ssh-ed25519"]
    assert fact.unread_keys == (("RSA",) if "rsa-sha2-256" in fact.host_key_algorithms else ())


def test_openssh_that_offers_nothing_current(tmp_path: Path) -> None:
    sshd, keygen = tool("sshd", "openssh-server"), tool("ssh-keygen", "openssh-client")
    Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run([keygen, "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(tmp_path / "key")], check=True)
    port = free_port()
    options = [
        "ListenAddress=127.0.0.1",
        "KexAlgorithms=diffie-hellman-group1-sha1",
        "Ciphers=3des-cbc",
        "PidFile=none",
    ]
    options += ["MACs=hmac-md5", "HostKeyAlgorithms=ssh-rsa"]
    command = [sshd, "-D", "-e", "-p", str(port), "-f", "/dev/null", "-h", str(tmp_path / "key")]
    with running([*command, *(f"-o{o}" for o in options)], lambda: accepts(port), cwd=tmp_path):
        fact = seen(port)
    assert (fact.ciphers, fact.macs, fact.host_key_algorithms) == (("3des-cbc",), ("hmac-md5",), ("ssh-rsa",))
    assert fact.has_strict_kex
    assert [(key.algorithm, key.bits) for key in fact.host_keys.value] == [("ssh-rsa", 2048)]


def kexinit(host_key: str) -> bytes:
    lists = ["curve25519-sha256", host_key, *["aes128-ctr"] * 2, *["hmac-sha2-256"] * 2, *["none"] * 2, "", ""]
    fields = b"".join(struct.pack(">I", len(names)) + names.encode() for names in lists)
    payload = bytes([20]) + b"c" * 16 + fields + b"\x00" * 5
    padding = 8 - (len(payload) + 5) % 8 + 4
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + b"\x00" * padding


def test_server_that_stops_after_kexinit_has_unknown_host_keys() -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"SSH-2.0-odd\r\n" + kexinit("ssh-rsa"))
        while guest.recv(4096):
            pass

    with serving(talk) as port:
        fact = seen(port)
    assert fact.kex == ("curve25519-sha256",)
    assert not fact.host_keys.is_answered
    assert fact.host_keys.reason is Reason.TIMEOUT


def test_server_that_garbles_the_key_exchange_has_unknown_host_keys() -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"SSH-2.0-odd\r\n" + kexinit("ssh-rsa"))
        guest.recv(4096)
        guest.sendall(b"\x00" * 600)

    with serving(talk) as port:
        fact = seen(port)
    assert not fact.host_keys.is_answered
    assert fact.host_keys.reason is Reason.UNREADABLE


def test_protocol_1_has_no_lists() -> None:
    with serving(lambda guest: guest.sendall(b"SSH-1.5-1.2.27\r\n")) as port:
        fact = seen(port)
    assert (fact.protocol, fact.software, fact.kex) == ("1.5", "1.2.27", ())
    assert not fact.host_keys.is_answered


def miss(port: int) -> tuple[AttemptStatus, Reason | None]:
    heard = ask(port)
    assert heard.facts == ()
    (gap,) = heard.missed
    assert gap.need == "ssh-server"
    return gap.status, gap.reason


def test_silence_is_a_timeout() -> None:
    with serving(lambda guest: guest.recv(1) and None) as port:
        assert miss(port) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


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
    with serving(lambda guest: guest.sendall(b"SSH-1.5-\x1b]0;owned\x07\xe2\x80\xae\r\n")) as port:
        heard = ask(port)
    assert heard.excerpt.isprintable()
    assert all(isinstance(f, SshServer) and f.software.isprintable() for f in heard.facts)
