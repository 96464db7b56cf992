"""Where the practice network stands: its addresses and the ports it uses instead of the well-known ones."""

from pathlib import Path

import msgspec
import yaml

PREFIX = "127.77.0"
"""The first three bytes of every practice address."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """``tcp`` maps a well-known port to the one in use, ``udp`` the name of a protocol (``snmp``) to its port."""

    tcp: dict[int, int]
    udp: dict[str, int]


def load_ports() -> Ports:
    """The port map of ``ports.yaml``."""
    return msgspec.convert(yaml.safe_load(Path(__file__).with_name("ports.yaml").read_text("utf-8")), Ports)
