"""What holds of back ends alone: servers that devices talk to, asked by a grant (``--backend``).

All that is found of one counts for the element cloud, whatever a check asks of a device, and is judged by the policy
for servers. What only an image, a capture or a person shows of a device is no question about a server.
"""

from typing import Final

import msgspec

from iotscan.assess.check import Check, Policy
from iotscan.assess.evidence import Owner
from iotscan.assess.gaps import Gap
from iotscan.model.device import Device
from iotscan.model.facts import DefaultLogin, Fact
from iotscan.model.vocabulary import Element, Reason, Severity

_OF_DEVICES: Final = (Reason.NEEDS_IMAGE, Reason.NEEDS_TRAFFIC, Reason.NEEDS_ATTESTATION)
NOT_OF_SERVERS: Final = "asked of devices, and no question about a server that they talk to"


def is_back_end(owner: Owner) -> bool:
    """True for a server that devices talk to; false for devices and images."""
    return isinstance(owner, Device) and owner.role == "backend"


def element_of(check: Check, owner: Owner) -> Element:
    """The element for which a result counts."""
    return Element.CLOUD if is_back_end(owner) else check.info.element


def severity_of(check: Check, owner: Owner) -> Severity:
    """The highest severity that a check may fail with on an owner."""
    return check.info.severity_of_servers if is_back_end(owner) else check.info.severity


def policy_for(policy: Policy, owner: Owner) -> Policy:
    """The policy by which an owner is judged: that for servers for a back end, whatever the profile says of devices."""
    return msgspec.structs.replace(policy, kind="server") if is_back_end(owner) else policy


def is_no_question(gap: Gap, fact: type[Fact], owner: Owner) -> bool:
    """True where what is missing is nothing that a back end could show: it announces nothing on a link, either."""
    is_announced = bool(fact.unlooked) and gap.detail == fact.unlooked
    # No login of a device is tried on a server that others use as well.
    return is_back_end(owner) and (is_announced or gap.reason in _OF_DEVICES or fact is DefaultLogin)


def is_beyond_the_grant(gap: Gap, owner: Owner) -> bool:
    """True for what another port of a back end would show, where one port alone was granted."""
    return is_back_end(owner) and gap.reason is Reason.NOT_ALLOWED
