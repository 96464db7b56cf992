"""The history of a folder of runs, as it is told and exported. Schema ``iotscan/history@1``.

Times are UTC, ISO 8601, and are those at which runs began.
"""

from typing import Literal

import msgspec

from iotscan.model.material import TrendPoint
from iotscan.model.sighting import KeySighting

SCHEMA = "iotscan/history@1"


class HistoryRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run in numbers. ``folder`` is its name below the place where runs are kept; its files may be gone."""

    run: str
    folder: str
    at: str
    finished: str
    command: str
    status: str
    tool: str
    profile: str
    profile_sha256: str
    as_of: str
    redaction: str
    shown: str
    """The letter of the network, else of the only image, as it is shown; empty where nothing was graded."""
    assessed: int
    total: int
    """Checks that applied, over all devices and images."""
    findings: dict[str, int]
    """By severity, without those that are waived."""
    accepted: int
    """Findings that are waived."""
    devices: int
    images: int


class AddressSpan(msgspec.Struct, frozen=True, kw_only=True):
    """When a device was at an address."""

    address: str
    first_seen: str
    last_seen: str
    runs: int


class MarkSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a device is known by, and the first and last run in which it bore it."""

    kind: str
    value: str
    first_run: str
    last_run: str


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """A device or image in one run: its id there, its letter, and what showed it to be the same as before."""

    run: str
    at: str
    id: str
    label: str
    address: str
    shown: str
    assessed: int
    total: int
    known_by: str = ""


class HistoryDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device or image over all runs. ``id`` is ``RUN/ID``: the first run that saw it, and its id there."""

    id: str
    kind: Literal["device", "image"]
    label: str
    """What the last run calls it."""
    first_seen: str
    last_seen: str
    runs: int
    addresses: tuple[AddressSpan, ...] = ()
    marks: tuple[MarkSpan, ...] = ()
    keys: tuple[KeySighting, ...] = ()
    """As in a run's memory; ``device`` is :attr:`id` here, and nothing tells it to be the same but that."""
    sights: tuple[Sight, ...] = ()


class HistoryFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding over all runs. ``severity`` is that of the last run that has it.

    ``no longer found`` is no proof of a repair: nobody may have looked. ``iotscan diff`` tells.
    """

    fingerprint: str
    check: str
    severity: str
    status: Literal["open", "accepted", "no longer found"]
    first_seen: str
    last_seen: str
    first_run: str
    last_run: str
    runs: int


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    schema: str = SCHEMA
    runs: tuple[HistoryRun, ...] = ()
    devices: tuple[HistoryDevice, ...] = ()
    findings: tuple[HistoryFinding, ...] = ()


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """A service whose key is another than in the run before."""

    owner: str
    """The id of the device in the later run."""
    service: str
    opening: str = ""
    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """Run after run in numbers, oldest first; ``notes`` say what they do not tell."""

    schema: str = "iotscan/trend@1"
    points: tuple[TrendPoint, ...]
    notes: tuple[str, ...] = ()


class RunDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One run, who was in it, and which keys were others than in the run before it."""

    run: HistoryRun
    sights: tuple[Sight, ...]
    previous: str = ""
    rotations: tuple[Rotation, ...] = ()
    at_addresses: tuple[Rotation, ...] = ()
    """Other keys at an address of then, where nothing shows whether the device is the same: rotated, or another."""
