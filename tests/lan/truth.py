"""What is true of the LAN: the schema of ``iotscan/lab/truth.yaml`` and, besides, what each machine is called."""

from pathlib import Path

import msgspec
import yaml

from iotscan.lab.truth import TrueDevice


class LanDevice(TrueDevice, frozen=True, kw_only=True):
    """One machine: ``host`` names it in our code, ``also_at`` are further addresses of the same interface.

    ``names`` and ``models`` are all the claims of that kind, ``vendor`` comes from ``mac``. ``passes`` are
    checks that have to be answered with a pass (``tls-versions tcp/443``); ``grade`` is set where it must
    be exactly that.
    """

    host: str
    mac: str
    vendor: str = "Axis Communications AB"
    also_at: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    grade: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All its addresses, the first one first."""
        return (self.address, *self.also_at)


class LanTruth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every machine that answers on the network, and none besides."""

    schema: str
    devices: tuple[LanDevice, ...]


def load_truth() -> LanTruth:
    """The truth of ``truth.yaml``."""
    return msgspec.convert(yaml.safe_load(Path(__file__).with_name("truth.yaml").read_text("utf-8")), LanTruth)
