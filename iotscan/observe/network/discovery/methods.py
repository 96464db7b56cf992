"""Every method that asks all on a link, in one list: whoever adds one adds it here and nowhere else."""

from typing import Final

from iotscan.observe.network.discovery.bacnet import BACNET
from iotscan.observe.network.discovery.coap import COAP
from iotscan.observe.network.discovery.hearing import PASSIVE
from iotscan.observe.network.discovery.knx import KNX
from iotscan.observe.network.discovery.mdns import MDNS
from iotscan.observe.network.discovery.method import Method
from iotscan.observe.network.discovery.router import HOW as ROUTER
from iotscan.observe.network.discovery.ssdp import SSDP
from iotscan.observe.network.discovery.ws_discovery import WS_DISCOVERY

METHODS: Final[tuple[Method, ...]] = (MDNS, SSDP, WS_DISCOVERY, COAP, KNX, BACNET)
HEARSAY: Final = frozenset({PASSIVE, ROUTER, *(method.name for method in METHODS)})
"""How an address is found that was only heard of; every other way is an answer to a frame or a connection of ours, or
a message of ARP that bears itself out."""
