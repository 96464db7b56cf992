"""What a check is told of the device it looks at: its names, by its own word."""

from collections.abc import Iterable
from typing import Final

from iotscan.assess.check import Target
from iotscan.assess.evidence import Owner
from iotscan.model.device import Device
from iotscan.model.facts import CertificateChain, Claim
from iotscan.model.observation import Observation
from iotscan.model.subject import Subject

_NAME_SERVICES: Final = ("mdns", "llmnr", "netbios", "dhcp")
"""Who tells other hosts a name. What a neighbour of a switch reads (LLDP, CDP) is no host that one can reach."""
_TOLD: Final = ("hostname", "full-name")


def target_of(owner: Owner, home: Subject, used: Iterable[Observation] = ()) -> Target:
    """The target that stands for one place of a device or image, asked about with what was observed there."""
    if not isinstance(owner, Device):
        return Target(subject=home, label=owner.name or owner.id)
    names = (c.value for c in owner.claims if c.what in ("name", "model", "manufacturer"))
    hosts = (name for claim in owner.claims for name in _host_names(claim))
    return Target(
        subject=home,
        label=owner.label,
        names=tuple(dict.fromkeys(names)),
        server_name=next((o.fact.server_name for o in used if isinstance(o.fact, CertificateChain)), ""),
        host_names=tuple(dict.fromkeys(hosts)),
    )


def _host_names(claim: Claim) -> tuple[str, ...]:
    by = claim.how.partition(" ")[0]
    if claim.what not in _TOLD or by not in _NAME_SERVICES:
        return ()
    # Multicast DNS knows it with .local, a search list or NetBIOS without.
    return (claim.value, f"{claim.value}.local") if by == "mdns" and "." not in claim.value else (claim.value,)
