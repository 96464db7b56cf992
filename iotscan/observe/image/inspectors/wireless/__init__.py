"""The radio networks of an image: wpa_supplicant, hostapd, OpenWrt, NetworkManager, and zigbee2mqtt's Zigbee.

Networks to join count where the program that joins them is there: a hook, a daemon or a person starts it. A network
that is opened counts where its daemon is started.
"""

from iotscan.model.facts import WirelessNetworks
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.wireless import access_point, client, openwrt, zigbee
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_GIVES = (WirelessNetworks,)


def _inspect(tree: Tree) -> Heard:
    try:
        unknown = access_point.unknown(tree)
        networks = tuple(
            network for source in (client, access_point, openwrt, zigbee) for network in source.networks(tree)
        )
    except Unreadable as error:
        return all_missed(_GIVES, AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"radio networks: {error}")
    if unknown and not networks:
        return all_missed(_GIVES, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, unknown)
    return Heard(facts=(WirelessNetworks(networks=networks),)) if networks else Heard()


INSPECTOR = Inspector(name="wireless", version=1, gives=_GIVES, inspect=_inspect)
