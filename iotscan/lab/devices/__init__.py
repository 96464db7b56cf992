"""The practice devices: one file a kind, each with a function that lets it settle at its place."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from iotscan.lab.devices import (
    coap_sensor,
    hardened_gateway,
    ip_camera,
    legacy_gateway,
    open_broker,
    psk_node,
    sensor_hub,
    smart_plug,
    ssh_box,
    tarpit,
    tv_box,
)
from iotscan.lab.place import Place

Settle = Callable[[Place], Awaitable[None]]

DEVICES: Mapping[int, Settle] = MappingProxyType(
    {
        10: ip_camera.settle,
        11: legacy_gateway.settle,
        12: hardened_gateway.settle,
        13: smart_plug.settle,
        14: smart_plug.settle,
        15: open_broker.settle,
        16: psk_node.settle,
        17: sensor_hub.settle,
        18: tarpit.settle,
        19: ssh_box.settle_old,
        20: ssh_box.settle_new,
        21: tv_box.settle,
        22: coap_sensor.settle,
    }
)
"""The last byte of a device's address, and the device."""
MAINTAINED: Mapping[int, str] = MappingProxyType(
    {
        12: "has a new TLS key with its new certificate",
        14: "has a TLS key of its own, no more that of all plugs",
        17: "takes no firmware from a browser any more",
    }
)
"""The devices that somebody looks after on the day of maintenance, and what becomes of each."""
