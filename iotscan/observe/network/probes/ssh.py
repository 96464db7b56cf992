"""What an SSH server offers before anybody logs in, and which host keys it holds (RFC 4253)."""

import hashlib
from typing import Final

import asyncssh

from iotscan.model.answer import Answer
from iotscan.model.facts import HostKey, SshServer, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.wire import ssh

_LINES_CAP = 16 * 1024
_KEYS_ASKED: Final = 3
_FAMILIES: Final = (
    ("RSA", ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")),
    ("ECDSA", ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")),
    ("Ed25519", ("ssh-ed25519",)),
    ("DSA", ("ssh-dss",)),
)
LEGACY_ALGORITHMS: Final = {"kex_algs": "*", "encryption_algs": "*", "mac_algs": "*"}
"""Options of asyncssh that let it talk to servers which offer nothing current."""


async def ask_ssh(door: Door) -> Heard:
    """One conversation up to KEXINIT; then one key exchange for each type of host key, up to three."""
    try:
        async with door.tcp() as connection:
            opening = await _read_opening(connection)
    except DialError as error:
        return Heard(missed=(missed(SshServer, error),))
    if isinstance(opening, str):
        unreadable = Missed(
            need=kind_of(SshServer), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=opening
        )
        return Heard(missed=(unreadable,))
    said, offer = opening
    protocol, software = safe_text(said.protocol, 16), safe_text(said.software)
    host_keys, unread = await _read_host_keys(door, offer.host_key_algorithms)
    fact = SshServer(
        protocol=protocol,
        software=software,
        kex=_names(offer.kex),
        host_key_algorithms=_names(offer.host_key_algorithms),
        ciphers=_names(offer.ciphers),
        macs=_names(offer.macs),
        host_keys=host_keys,
        unread_keys=unread,
    )
    return Heard(facts=(fact,), excerpt=f"SSH-{protocol}-{software}")


async def _read_opening(connection: Connection) -> tuple[ssh.Identification, ssh.KexInit] | str:
    """Identification and KEXINIT, or what is wrong with them. Protocol 1 has no KEXINIT: all its lists are empty."""
    data = await connection.receive_while(lambda got: ssh.read_identification(got) is None, _LINES_CAP)
    said = ssh.read_identification(data)
    if said is None:
        return "it sent no SSH identification line"
    if said.protocol not in (b"2.0", b"1.99"):
        return said, ssh.KexInit(kex=(), host_key_algorithms=(), ciphers=(), macs=())
    await connection.send(ssh.IDENTIFICATION)
    data = data[said.end :]
    while (whole := ssh.whole_length(data)) is not None and len(data) < whole:
        piece = await connection.receive(whole - len(data))
        if not piece:
            return "it closed the connection before its KEXINIT"
        data += piece
    offer = ssh.read_kexinit(data)
    return "its first packet is no KEXINIT" if offer is None else (said, offer)


def _names(algorithms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(safe_text(name, 100) for name in algorithms)


async def _read_host_keys(door: Door, offered: tuple[str, ...]) -> tuple[Answer[tuple[HostKey, ...]], tuple[str, ...]]:
    """The host keys that were shown, and the kinds that were offered and not shown.

    dropbear offers RSA without holding such a key, and hangs up on whoever asks for it.
    """
    wanted = [(family, [name for name in names if name in offered]) for family, names in _FAMILIES]
    keys: list[HostKey] = []
    unread: dict[str, Answer[tuple[HostKey, ...]]] = {}
    for family, names in [entry for entry in wanted if entry[1]][:_KEYS_ASKED]:
        try:
            async with door.socket() as raw:
                keys.append(await _read_host_key(raw, names))
        except DialError as error:
            return Answer.missing(error.reason or Reason.UNREACHABLE, f"{family} key: {error}"), ()
        except (asyncssh.Error, OSError, ValueError) as error:
            unread[family] = Answer.missing(Reason.UNREADABLE, f"{family} key: {safe_text(str(error))}")
    if keys:
        return Answer.of(tuple(sorted(keys))), tuple(unread)
    none = Answer[tuple[HostKey, ...]].missing(
        Reason.NOT_OBSERVABLE, "no type of host key that we can ask for is offered"
    )
    return next(iter(unread.values()), none), ()


async def _read_host_key(raw: object, algorithms: list[str]) -> HostKey:
    options = asyncssh.SSHClientConnectionOptions(agent_path=None, client_keys=None, config=None, **LEGACY_ALGORITHMS)
    key = await asyncssh.get_server_host_key(
        sock=raw, server_host_key_algs=algorithms, config=None, options=options, kex_algs="*"
    )
    if key is None:
        raise ValueError("the key exchange ended without a host key")
    blob = key.public_data
    return HostKey(
        algorithm=safe_text(key.get_algorithm()), bits=ssh.key_bits(blob), sha256=hashlib.sha256(blob).hexdigest()
    )


PROBE = Probe(name="ssh", version=1, speaks=frozenset({"ssh"}), gives=(SshServer,), ask=ask_ssh, shows=True)
