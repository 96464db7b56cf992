"""Every method that asks all on a link, in one list: whoever adds one adds it here and nowhere else."""

from typing import Final

from iotscan.observe.network.discovery.mdns import MDNS
from iotscan.observe.network.discovery.method import Method
from iotscan.observe.network.discovery.ssdp import SSDP

METHODS: Final[tuple[Method, ...]] = (MDNS, SSDP)
