"""Facts of a device and of the image that it runs which contradict each other, and which no one check asks. Pure."""

from collections.abc import Iterable, Iterator

from iotscan.assess.keyring import spki_digest
from iotscan.model.device import Device
from iotscan.model.facts import Accounts, DefaultLogin, Disagreement, PrivateKeys, RunsImage, SshServer
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
