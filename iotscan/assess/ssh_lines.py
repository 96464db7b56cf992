"""Shell lines that show what an SSH server offers before anybody logs in: made of nc, ssh and ssh-keyscan."""

import base64
import shlex
from collections.abc import Iterable

from iotscan.assess.check import Target
from iotscan.assess.reproduce import listen
from iotscan.assess.ssh_names import SshList, ssh_strength
from iotscan.model.facts import GroupExchange, SshServer
from iotscan.wire.ssh.exchange import Bounds, group_request
from iotscan.wire.ssh.kexinit import KexInit, kexinit
from iotscan.wire.ssh.packets import packet

_FAMILIES = {"ssh-rsa": "rsa-sha2-512,rsa-sha2-256,ssh-rsa"}
_SCANNED = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa", "rsa-sha2-256": "rsa", "rsa-sha2-512": "rsa"}
_KEPT = 'UserKnownHostsFile="$f"'
_IDENTIFICATION = b"SSH-2.0-iotscan\r\n"
_GEX_GROUP = 31
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
    """Print size and fingerprint of one kind of host key, as ``ssh-keygen -l`` does.

    ssh-keyscan would do with one that speaks today's key exchange; ssh can be told to speak older ones.
    """
    kind = _FAMILIES.get(algorithm, algorithm)
    ask = _ssh(target, "-q", HostKeyAlgorithms=kind, UserKnownHostsFile="$f").replace("'UserKnownHostsFile=$f'", _KEPT)
    return f'f=$(mktemp); {ask} 2>/dev/null </dev/null; ssh-keygen -lf "$f"; rm "$f"'


def hash_host_key(target: Target, algorithm: str) -> str:
    """Print the SHA-256 of one kind of host key, in hex as facts have it."""
    kind = "dsa" if algorithm == "ssh-dss" else _SCANNED.get(algorithm, "ecdsa")
    ask = shlex.join(("ssh-keyscan", "-T", "4", "-t", kind, "-p", str(target.port), target.host))
    return f"{ask} 2>/dev/null | awk '!/^#/ {{print $3}}' | base64 -d | sha256sum"


def show_host_certificate(target: Target, algorithm: str) -> str:
    """Print what a host certificate says, as ``ssh-keygen -L`` does."""
    kind = _SCANNED.get(algorithm.removesuffix("-cert-v01@openssh.com"), "ecdsa")
    ask = shlex.join(("ssh-keyscan", "-c", "-T", "4", "-t", kind, "-p", str(target.port), target.host))
    return f"{ask} 2>/dev/null | ssh-keygen -L -f -"


def ask_login_methods(target: Target) -> str:
    """Print the ways to log in that a server names: asks for ``none`` (RFC 4252 section 5.2), and gives nothing."""
    return f"{_ssh(target, '-v')} 2>&1 </dev/null | grep -E 'can continue|using .none'"


def show_lists(target: Target, pattern: str) -> str:
    """Print of both ends' lists of algorithms, as ssh tells them, those lines that match (extended regex)."""
    return f"{_ssh(target, '-vv')} 2>&1 </dev/null | {shlex.join(('grep', '-E', pattern))}"


def _ssh(target: Target, aloud: str, **more: str) -> str:
    options = {
        "PreferredAuthentications": "none",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "ConnectTimeout": "8",
        **_BOTH_ENDS_OLD,
        **more,
    }
    given = (word for name, value in options.items() for word in ("-o", f"{name}={value}"))
    user = f"nobody@{target.host}"
    return shlex.join(("timeout", "9", "ssh", aloud, "-N", "-F", "/dev/null", *given, "-p", str(target.port), user))


def ask_group(target: Target, server: SshServer, asked: GroupExchange) -> tuple[str, str]:
    """Ask for a group of these sizes and print how large the one is that comes (RFC 4419 section 3); and what it shows.

    Our three messages need nothing of the server's: they go out as bytes.
    """
    bounds = Bounds(least=asked.least, wanted=asked.wanted, most=asked.most)
    said = _IDENTIFICATION + packet(_offer(server)) + packet(group_request(bounds))
    octets = asked.bits // 8 + 1
    shows = f"a group of {asked.bits} bits"
    sign = f"{_GEX_GROUP:02x}{octets:08x}" + ("00" if asked.bits % 8 == 0 else "")
    say = f"{shlex.join(('echo', base64.b64encode(said).decode()))} | base64 -d"
    hear = shlex.join(("timeout", "6", "nc", "-w", "3", target.host, str(target.port)))
    return f"{say} | {hear} | od -An -v -tx1 | tr -d ' \\n' | sed -n 's/.*{sign}.*/{shows}/p'", shows


def _offer(server: SshServer) -> bytes:
    """A KEXINIT that can only end in group exchange with this server: of the rest all that it offers itself."""
    ciphers, macs = _named("cipher", server.every_cipher), _named("mac", server.every_mac)
    offer = KexInit(
        kex=tuple(name for name in server.kex if name.startswith("diffie-hellman-group-exchange-")),
        host_key_algorithms=_named("host key", server.host_key_algorithms),
        ciphers_in=ciphers,
        ciphers=ciphers,
        macs_in=macs,
        macs=macs,
        compression_in=("none",),
        compression=("none",),
    )
    return kexinit(offer, bytes(16))


def _named(kind: SshList, names: Iterable[str]) -> tuple[str, ...]:
    return tuple([name for name in names if ssh_strength(kind, name) != "unknown"][:_MOST_NAMES])
