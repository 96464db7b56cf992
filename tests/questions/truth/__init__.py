"""What is true of the machines, a file a topic: ``<topic>.yaml`` beside ``machines/<topic>.py``."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import yaml

from iotscan.lab.truth import OpenQuestion, TrueFinding
from tests.lan.truth import LanDevice

NETWORK = "10.78.0.0/24"
RANGES = {
    "web": range(20, 40),
    "brokers": range(40, 60),
    "constrained": range(60, 80),
    "media": range(80, 100),
    "plant": range(100, 120),
    "logins": range(120, 140),
    "misc": range(140, 200),
}
"""The last numbers of the addresses that a topic's machines take."""


class QuestionDevice(LanDevice, frozen=True, kw_only=True):
    """One machine, as :class:`~tests.lan.truth.LanDevice` says it; ``mac`` may be left out.

    ``with_intrusive`` and ``with_industrial`` are found besides ``findings`` when --intrusive is granted, and when
    the profile lets industrial ports be asked; ``passes_with_default_creds`` are passes of a scan that may log in.
    ``not_assessed_with_default_creds`` are open questions of such a scan alone.
    ``tries`` are the log-in attempts of such a scan, an account, as the machine's own log shows them: a scan without
    the grant makes none. ``not_assessed`` are all the open questions that are nobody's choice (no answer, unreadable);
    those of choice (consent, scope) may be named, too. ``conversations`` and ``packets`` are at most what a device may
    see beyond the port sweep, where it is less than for everybody: 40 and 500.
    """

    mac: str = ""
    with_intrusive: tuple[TrueFinding, ...] = ()
    with_industrial: tuple[TrueFinding, ...] = ()
    passes_with_default_creds: tuple[str, ...] = ()
    not_assessed_with_default_creds: tuple[OpenQuestion, ...] = ()
    tries: Mapping[str, int] = {}
    conversations: int = 40
    packets: int = 500

    @property
    def hardware(self) -> str:
        """Its MAC address: one made of its address, under Axis' number, where the truth gives none."""
        return self.mac or f"00:40:8c:00:02:{int(self.address.rpartition('.')[2]):02x}"


class QuestionTruth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machines of one topic."""

    schema: str
    devices: tuple[QuestionDevice, ...]


def load_topics() -> dict[str, tuple[QuestionDevice, ...]]:
    """The machines of each topic that has a file here."""
    return dict(_topics())


def _topics() -> Iterator[tuple[str, tuple[QuestionDevice, ...]]]:
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        said = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), QuestionTruth)
        assert said.schema == "iotscan/questions-truth@1", path.name
        yield path.stem, said.devices
