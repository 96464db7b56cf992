"""What iotscan says of a server, in the words of the comparison."""

from iotscan.assess.ssh_names import SshList, ssh_strength
from iotscan.model.facts import SshServer
from tests.ssh_lab.peers.verdicts import Verdicts

_SMALL = 2048


def verdicts(fact: SshServer) -> Verdicts:
    """Names by their strength; an RSA name is as short as its key, group exchange as its groups."""
    lists: tuple[tuple[SshList, tuple[str, ...]], ...] = (
        ("kex", fact.kex),
        ("host key", fact.host_key_algorithms),
        ("cipher", fact.every_cipher),
        ("mac", fact.every_mac),
    )
    said = {f"{kind} {name}": ssh_strength(kind, name) for kind, names in lists for name in names}
    told: Verdicts = {thing: str(strength) for thing, strength in said.items()}
    rsa = [key.bits for key in fact.host_keys.known or () if key.algorithm == "ssh-rsa"]
    groups = [group.bits for group in fact.groups.known or () if group.bits]
    if rsa:
        told["RSA host key"] = str(rsa[0])
        told |= {t: "short" for t in told if _is_rsa(t) and rsa[0] < _SMALL and told[t] == "fine"}
    if groups:
        told["smallest group"] = str(min(groups))
        told |= {t: "short" for t in told if "group-exchange" in t and min(groups) < _SMALL and told[t] == "fine"}
    return told | {"flaws by version": "none told"}


def _is_rsa(thing: str) -> bool:
    return thing.startswith(("host key ssh-rsa", "host key rsa-sha2-"))
