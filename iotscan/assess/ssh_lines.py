"""Shell lines that show what an SSH server offers before anybody logs in: made of nc, ssh and ssh-keyscan."""

import base64
import shlex
import struct
from collections.abc import Iterable

from iotscan.assess.check import Target
from iotscan.assess.reproduce import listen
from iotscan.assess.ssh_names import SshList, ssh_strength
from iotscan.model.facts import GroupExchange, SshServer

_FAMILIES = {"ssh-dss": "dsa", "ssh-ed25519": "ed25519", "ssh-rsa": "rsa", "rsa-sha2-256": "rsa", "rsa-sha2-512": "rsa"}
_IDENTIFICATION = b"SSH-2.0-iotscan\r\n"
_KEXINIT, _GEX_REQUEST, _GEX_GROUP = 20, 34, 31
_MOST_NAMES = 30
_BOTH_ENDS_OLD = {
    "KexAlgorithms": "+diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "HostKeyAlgorithms": "+ssh-rsa",
    "Ciphers": "+aes128-cbc,3des-cbc",
    "MACs": "+hmac-sha1-96,hmac-md5",
}
"""What OpenSSH of today still knows and no longer offers: devices may have nothing better."""


def list_algorithms(target: Target, names: Iterable[str]) -> str:
    """Print those of ``names`` that the server's KEXINIT has: it crosses the network as text, unencrypted.

    Behind the length of a list one byte that looks like text may stand before its first name.
    """
    said = f"{listen(target, 'SSH-2.0-iotscan')} | tr -c '[:print:]' '\\n' | tr ',' '\\n'"
    wanted = "|".join(name.replace(".", r"\.") for name in names)
    return f"{said} | {shlex.join(('grep', '-axE', f'.?({wanted})'))}"


def show_host_key(target: Target, algorithm: str) -> str:
    """Print size and fingerprint of one kind of host key, as ``ssh-keygen -l`` does."""
    kind = _FAMILIES.get(algorithm.removesuffix("-cert-v01@openssh.com"), "ecdsa")
    ask = shlex.join(("ssh-keyscan", "-T", "4", "-t", kind, "-p", str(target.port), target.host))
    return f"{ask} 2>/dev/null | ssh-keygen -lf -"


def ask_login_methods(target: Target) -> str:
    """Print the ways to log in that a server names: asks for ``none`` (RFC 4252 section 5.2), and gives nothing."""
    return f"{_ssh(target, '-v')} 2>&1 </dev/null | grep -E 'can continue|using .none'"


def show_lists(target: Target, pattern: str) -> str:
    """Print of both ends' lists of algorithms, as ssh tells them, those lines that match (extended regex)."""
    return f"{_ssh(target, '-vv')} 2>&1 </dev/null | {shlex.join(('grep', '-E', pattern))}"


def _ssh(target: Target, aloud: str) -> str:
    options = {
        "PreferredAuthentications": "none",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "ConnectTimeout": "5",
        **_BOTH_ENDS_OLD,
    }
    given = (word for name, value in options.items() for word in ("-o", f"{name}={value}"))
    user = f"nobody@{target.host}"
    return shlex.join(("timeout", "9", "ssh", aloud, "-N", "-F", "/dev/null", *given, "-p", str(target.port), user))


def ask_group(target: Target, server: SshServer, asked: GroupExchange) -> tuple[str, str]:
    """Ask for a group of these sizes and print how large the one is that comes (RFC 4419 section 3); and what it shows.

    Our three messages need nothing of the server's: they go out as bytes.
    """
    said = _IDENTIFICATION + _packet(_kexinit(server)) + _packet(_request(asked))
    octets = asked.bits // 8 + 1
    shows = f"a group of {asked.bits} bits"
    sign = f"{_GEX_GROUP:02x}{octets:08x}" + ("00" if asked.bits % 8 == 0 else "")
    say = f"{shlex.join(('echo', base64.b64encode(said).decode()))} | base64 -d"
    hear = shlex.join(("timeout", "6", "nc", "-w", "3", target.host, str(target.port)))
    return f"{say} | {hear} | od -An -v -tx1 | tr -d ' \\n' | sed -n 's/.*{sign}.*/{shows}/p'", shows


def _request(asked: GroupExchange) -> bytes:
    return bytes([_GEX_REQUEST]) + struct.pack(">III", asked.least, asked.wanted, asked.most)


def _kexinit(server: SshServer) -> bytes:
    """A KEXINIT that can only end in group exchange with this server: of the rest all that it offers itself."""
    exchange = [name for name in server.kex if name.startswith("diffie-hellman-group-exchange-")]
    ciphers, macs = _named("cipher", server.every_cipher), _named("mac", server.every_mac)
    lists = (exchange, _named("host key", server.host_key_algorithms), ciphers, ciphers, macs, macs)
    packed = b"".join(_name_list(names) for names in (*lists, ["none"], ["none"], [], []))
    return bytes([_KEXINIT]) + bytes(16) + packed + bytes(5)


def _named(kind: SshList, names: Iterable[str]) -> list[str]:
    return [name for name in names if ssh_strength(kind, name) != "unknown"][:_MOST_NAMES]


def _name_list(names: Iterable[str]) -> bytes:
    text = ",".join(names).encode("ascii", "replace")
    return struct.pack(">I", len(text)) + text


def _packet(payload: bytes) -> bytes:
    """RFC 4253 section 6, before any cipher: whole blocks of eight with at least four octets of padding."""
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)
