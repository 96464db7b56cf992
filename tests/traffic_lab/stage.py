"""Where a scene is played: machines on one wire, "far" ones among them, and a capture of all they say."""

from pathlib import Path

from tests.lan.network import Lan, Machine
from tests.traffic_lab import recording

LOCAL = "10.77.0"
FAR = "203.0.113"
"""Addresses that stand for the internet: on the same wire, and on no network of the devices."""


class Stage:
    """One scene's machines and its capture. Machines are called ``near`` (a device) and ``far`` (a server)."""

    def __init__(self, lan: Lan, capture: Path) -> None:
        self.lan, self.capture = lan, capture

    @property
    def folder(self) -> Path:
        """Where the scene may put files: certificates, configurations."""
        return self.lan.folder

    def near(self, name: str, number: int, mac: str = "") -> Machine:
        """A device: 10.77.0.NUMBER, MAC 02:77:00:00:00:NUMBER (hex) where none is given."""
        return self._machine(name, f"{LOCAL}.{number}", mac or f"02:77:00:00:00:{number:02x}", f"{FAR}.0/24")

    def far(self, name: str, number: int) -> Machine:
        """A server beyond the network: 203.0.113.NUMBER, MAC 02:77:00:00:01:NUMBER."""
        return self._machine(name, f"{FAR}.{number}", f"02:77:00:00:01:{number:02x}", f"{LOCAL}.0/24")

    def _machine(self, name: str, address: str, mac: str, beyond: str) -> Machine:
        machine = self.lan.join(name, address, mac=mac, routes=(beyond,))
        recording.plain_frames(machine)
        return machine
