"""A device that misbehaves, on the ports of any other: ``python -m bench.posture.misbehaving NAME ADDRESS``.

What it does is one of tests/hostile/devices.py; it stands on a machine of its own until it is killed.
"""

import sys
import threading
from collections.abc import Sequence

from tests.hostile.devices import PLAIN
from tests.hostile.serving import ANY, MQTT, SECURE, SSH, TELNET, WEB, Device, Talk

DOZEN = (
    "tarpit",
    "drips-ssh",
    "drips-http",
    "ssh-lines",
    "http-headers",
    "http-body",
    "tls-hello-and-no-more",
    "alert-flood",
    "tls-huge-chain",
    "rst",
    "garbage",
    "everything-is-200",
)
_PORTS = {SSH: 22, TELNET: 23, WEB: 80, SECURE: 443, MQTT: 1883, ANY: 8000}


class Misbehaving(Device):
    """One of them at an address of its own, on the ports that scanners of networks knock on."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def tcp(self, ports: Sequence[int], talk: Talk) -> None:
        """Serve ``talk`` on the real ports."""
        super().tcp([_PORTS[port] for port in ports], talk)


if __name__ == "__main__":
    name, where = sys.argv[1:]
    PLAIN[name](Misbehaving(where))
    threading.Event().wait()
