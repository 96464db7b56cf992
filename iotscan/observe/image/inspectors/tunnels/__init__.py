"""The tunnels that an image brings up: OpenVPN, strongSwan, WireGuard."""

from iotscan.model.facts import VpnTunnels
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.configuration.configured import installed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.tunnels import openvpn, strongswan, wireguard
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_GIVES = (VpnTunnels,)


def _inspect(tree: Tree) -> Heard:
    try:
        program = installed(tree, "openvpn", "charon-systemd", "ipsec", "wg-quick")
        problem = startup_of(tree).problem if program else ""
        tunnels = (*openvpn.tunnels(tree), *strongswan.tunnels(tree), *wireguard.tunnels(tree))
    except Unreadable as error:
        return all_missed(_GIVES, AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"tunnels: {error}")
    if problem and not tunnels:
        detail = f"{tree.show(program)} is there, and whether it is started is not known: {problem}"
        return all_missed(_GIVES, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, detail)
    return Heard(facts=(VpnTunnels(tunnels=tunnels),)) if tunnels else Heard()


INSPECTOR = Inspector(name="tunnels", version=1, gives=_GIVES, inspect=_inspect)
