"""What an interview with an SSH server amounts to."""

import base64
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import GroupExchange, HostCertificate, HostKey, Ssh1, SshServer
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probes.ssh.interview import Said
from iotscan.observe.network.probes.ssh.plan import SMALLEST
from iotscan.wire.ssh import host_keys
from iotscan.wire.ssh.spki import spki_of

_MOST_LINES: Final = 20
_MOST_NAMES: Final = 20
_LONGEST_NAME: Final = 100


def conclude(said: Said) -> SshServer:
    """The fact, with what was not answered and why."""
    offer = said.offer
    proved = [shown.host_key for shown in said.shown if shown.is_proved]
    unproved = [shown.host_key for shown in said.shown if not shown.is_proved]
    certificates = {_certificate(key, key.certificate) for key in proved if key.certificate}
    return SshServer(
        protocol=safe_text(said.who.protocol, 16),
        software=safe_text(said.who.software),
        kex=_names(offer.kex),
        host_key_algorithms=_names(offer.host_key_algorithms),
        ciphers=_names(offer.ciphers),
        macs=_names(offer.macs),
        ciphers_in=_names(offer.ciphers_in),
        macs_in=_names(offer.macs_in),
        compression=_names(offer.compression),
        compression_in=_names(offer.compression_in),
        host_keys=_host_keys(said, proved),
        unread_keys=_unread(said, unproved),
        unproved_keys=tuple(sorted({_host_key(key) for key in unproved})),
        host_certificates=tuple(sorted(certificates)),
        groups=_groups(said),
        login_methods=_login_methods(said),
        admits_strangers=said.methods is not None and said.methods.lets_in,
        signature_algorithms=_names(said.signature_algorithms[:_MOST_NAMES]),
        greeting=tuple(safe_text(line) for line in said.who.before[:_MOST_LINES]),
        banner=safe_text(said.banner),
        ssh1=_ssh1(said),
    )


def _names(algorithms: tuple[str, ...]) -> tuple[str, ...]:
    """Names are printable US-ASCII by their codec: nothing is left to be made safe, and there are very many."""
    return tuple(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…" for name in algorithms)


def _host_key(shown: host_keys.HostKeyBlob) -> HostKey:
    spki = base64.b64encode(spki_of(shown.key)).decode()
    return HostKey(algorithm=shown.key.algorithm, bits=shown.key.bits, sha256=shown.key.sha256, spki=spki)


def _certificate(shown: host_keys.HostKeyBlob, said: host_keys.Certificate) -> HostCertificate:
    return HostCertificate(
        algorithm=safe_text(said.algorithm, _LONGEST_NAME),
        sha256=shown.key.sha256,
        authority=said.authority.algorithm,
        authority_sha256=said.authority.sha256,
        is_signed=said.is_signed,
        kind="user" if said.kind == 1 else "host",
        principals=tuple(safe_text(name, _LONGEST_NAME) for name in said.principals[:_MOST_NAMES]),
        valid_from=said.valid_from,
        valid_until=None if said.valid_until == host_keys.FOREVER else said.valid_until,
    )


def _unread(said: Said, unproved: list[host_keys.HostKeyBlob]) -> tuple[str, ...]:
    """Kinds of key that the server has by its own words and that are not known by now."""
    kinds = (*said.unshown, *said.plan.families, *(key.key.algorithm for key in unproved))
    return tuple(dict.fromkeys((*kinds, *_names(said.plan.unknown))))


def _host_keys(said: Said, proved: list[host_keys.HostKeyBlob]) -> Answer[tuple[HostKey, ...]]:
    if proved:
        return Answer.of(tuple(sorted({_host_key(key) for key in proved})))
    if said.shown:
        return Answer.missing(Reason.UNREADABLE, "it did not prove that it holds the host key that it showed")
    for family, (reason, detail) in said.unshown.items():
        return Answer.missing(reason, f"{family} key: {detail}")
    if said.stopped:
        return Answer.missing(*said.stopped)
    if said.who.speaks_2 and not said.plan.has_exchange:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it offers no key exchange that we can do")
    return Answer.missing(Reason.NOT_OBSERVABLE, "no type of host key that we can ask for is offered")


def _groups(said: Said) -> Answer[tuple[GroupExchange, ...]]:
    """What is known once the smallest was asked for; what goes wrong with another leaves a small one standing."""
    if not said.plan.has_groups:
        if said.who.speaks_2:
            return Answer.of(())
        return Answer.missing(Reason.NOT_OBSERVABLE, "it does not speak SSH 2")
    is_small = any(0 < group.bits < 2048 for group in said.groups)
    why = said.no_groups or (said.stopped if SMALLEST in said.plan.bounds else None)
    if why and not is_small:
        return Answer.missing(*why)
    return Answer.of(tuple(said.groups))


def _login_methods(said: Said) -> Answer[tuple[str, ...]]:
    if said.methods is None:
        return Answer.missing(*said.no_methods)
    return Answer.of(_names(said.methods.names[:_MOST_NAMES]))


def _ssh1(said: Said) -> Ssh1 | None:
    if said.ssh1 is None:
        return None
    return Ssh1(
        host_key_bits=said.ssh1.host_key_bits,
        server_key_bits=said.ssh1.server_key_bits,
        ciphers=said.ssh1.ciphers,
        logins=said.ssh1.logins,
    )
