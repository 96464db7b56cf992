"""Facts of a device and of the image that it runs which contradict each other, and which no one check asks. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from iotscan.assess.keyring import spki_digest
from iotscan.model.device import Device
from iotscan.model.facts import (
    Account,
    Accounts,
    DefaultLogin,
    DeviceIdentities,
    Disagreement,
    Exposures,
    LoginGuards,
    PrivateKeys,
    RunsImage,
    SshServer,
    TlsSession,
    TlsUse,
)
from iotscan.model.facts.vantages import Conflict
from iotscan.model.observation import Observation
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Severity, Vantage

_OF_SYSTEM = ("ssh", "telnet", "ftp")
"""Protocols whose accounts are those of the system."""
_HOST_KEYS = ("/ssh/ssh_host_", "/dropbear/")


def host_keys(device: Device, fact: RunsImage, observations: Iterable[Observation]) -> Iterator[Disagreement]:
    """Where the image holds SSH host keys, and the device shows none of them."""
    held = {}
    for observation in observations:
        if observation.subject.image == fact.image and isinstance(observation.fact, PrivateKeys):
            for key in observation.fact.keys:
                if key.public_sha256 and not key.in_documentation and any(part in key.path for part in _HOST_KEYS):
                    held[key.public_sha256] = key.path
    for observation in observations:
        server = observation.fact
        if not held or observation.subject.device != device.id or not isinstance(server, SshServer):
            continue
        shown = [key for key in server.host_keys.known or () if key.spki]
        # Of a kind of key that it did not show nothing is known.
        if shown and not server.unread_keys and not {spki_digest(key.spki) for key in shown} & held.keys():
            yield Disagreement(
                conflict="mended",
                check="",
                title="The device shows the host key that its image holds",
                one=Vantage.CONFIGURED,
                one_place=min(held.values()),
                one_says="this SSH host key is in the image",
                other=Vantage.OBSERVED,
                other_place=observation.subject.service,
                other_says="its SSH server shows no host key of the image",
            )


def accounts(device: Device, fact: RunsImage, observations: Iterable[Observation]) -> Iterator[Disagreement]:
    """Where a device takes a published password, and its image has no such account or another password."""
    listed = [o.fact for o in observations if o.subject.image == fact.image and isinstance(o.fact, Accounts)]
    for observation in observations if listed else ():
        login = observation.fact
        if observation.subject.device != device.id or not isinstance(login, DefaultLogin):
            continue
        if login.outcome != "accepted" or login.protocol not in _OF_SYSTEM or not login.account:
            continue
        own = [a for file in listed for a in file.accounts if a.name == login.account and a.store == "system"]
        if any(a.scheme != "locked" and a.default_password.known is not False for a in own):
            continue
        name = safe_text(login.account, 40)
        says = f"the password of {name} is locked, or none that is published" if own else f"there is no account {name}"
        yield Disagreement(
            conflict="configured",
            check="",
            title="The device takes the passwords that its image has",
            one=Vantage.CONFIGURED,
            one_place=own[0].path if own else "/etc/passwd",
            one_says=says,
            other=Vantage.OBSERVED,
            other_place=observation.subject.service,
            other_says=f"a published password of {name} is accepted",
            severity=Severity.CRITICAL,
        )


def logins(device: Device, fact: RunsImage, observations: Sequence[Observation]) -> Iterator[Disagreement]:
    """Where somebody logs in by telnet as an account that the image does not have, or has locked.

    Only where the image starts a telnet server: those that it knows ask login(1), and that the accounts of the system.
    """
    of_image = [o.fact for o in observations if o.subject.image == fact.image]
    listed = [a for said in of_image if isinstance(said, Accounts) for a in said.accounts if a.store == "system"]
    guards = [said for said in of_image if isinstance(said, LoginGuards)]
    if not listed or not any(service.name == "telnetd" for said in guards for service in said.services):
        return
    for observation in observations:
        if observation.subject.device != device.id or not isinstance(observation.fact, Exposures):
            continue
        for name, port in sorted(_logged_in(observation.fact)):
            own = [a for a in listed if a.name == name]
            if any(a.scheme != "locked" for a in own):
                continue
            yield Disagreement(
                conflict="configured",
                check="",
                title="Who logs in to the device has an account in its image",
                one=Vantage.CONFIGURED,
                one_place=own[0].path if own else _first(listed).path,
                one_says=f"the password of {name} is locked" if own else f"there is no account {name}",
                other=Vantage.IN_USE,
                other_place=f"tcp/{port}",
                other_says=f"somebody logs in as {name} by telnet",
                severity=Severity.HIGH,
            )


def _logged_in(seen: Exposures) -> set[tuple[str, int]]:
    """Whom the device let in by telnet, and where. A name that is hidden is none."""
    return {
        (safe_text(e.account, 40), e.port)
        for e in seen.exposures
        if e.role == "server" and e.protocol == "telnet" and e.accepted and e.account and "*" not in e.account
    }


def _first(accounts: Sequence[Account]) -> Account:
    return min(accounts, key=lambda a: (a.path, a.line))


def client_certificates(device: Device, fact: RunsImage, observations: Sequence[Observation]) -> Iterator[Disagreement]:
    """Where a client shows a key that its image holds although it configures none of it, or another than it holds.

    Each server by itself: a device may have several clients, and which of them the image configures is not told.
    """
    of_image = [o.fact for o in observations if o.subject.image == fact.image]
    configured = [i for said in of_image if isinstance(said, DeviceIdentities) for i in said.identities]
    keys = [k for said in of_image if isinstance(said, PrivateKeys) for k in said.keys]
    held = {key.public_sha256: key.path for key in keys if key.public_sha256}
    own = [identity for identity in configured if not identity.is_claim]
    if not own:
        return
    from_file = {i.key for i in own if i.kept == "file"} & set(held.values())
    for server, shown in sorted(_shown(device, observations).items()):
        paths = sorted({held[session_key] for session_key in shown if session_key in held})
        if paths and all(i.kept != "file" for i in own):
            says = "the clients that it configures have keys that are not in it"
            other = f"it shows {server} a certificate of the key {paths[0]} of the image"
            yield _of_certificates("configured", own[0].path, says, server, other, Severity.HIGH)
        # Of a key that cannot be read, nobody knows whose certificate it is.
        elif not paths and from_file and all(key.public_sha256 for key in keys):
            says = f"a client is configured with the key {min(from_file)} of the image"
            other = f"it shows {server} a certificate of a key that is not in the image"
            yield _of_certificates("mended", own[0].path, says, server, other, Severity.INFO)


def _shown(device: Device, observations: Iterable[Observation]) -> dict[str, set[str]]:
    """The keys (SHA-256, hex) of the certificates that it shows each server, and that are not refused."""
    found: dict[str, set[str]] = {}
    for observation in observations:
        if observation.subject.device == device.id and isinstance(observation.fact, TlsUse):
            for session in filter(_is_own, observation.fact.sessions):
                if session.client_certificate:
                    found.setdefault(session.peer.label, set()).add(session.client_certificate.spki_sha256)
    return found


def _is_own(session: TlsSession) -> bool:
    return session.role == "client" and session.ending != "refused-by-server"


def _of_certificates(
    conflict: Conflict, place: str, says: str, server: str, other: str, severity: Severity
) -> Disagreement:
    return Disagreement(
        conflict=conflict,
        check="",
        title="A client shows the certificate that its image configures",
        one=Vantage.CONFIGURED,
        one_place=place,
        one_says=says,
        other=Vantage.IN_USE,
        other_place=server,
        other_says=other,
        severity=severity,
    )
