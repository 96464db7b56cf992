"""What a watch tells, one event after the other. Schema ``iotscan/watch@1``: additive changes only."""

from typing import Literal

import msgspec

from iotscan.model.comparison import Shift

SCHEMA = "iotscan/watch@1"
What = Literal["began", "present", "appeared", "back", "changed", "not_seen", "round", "ended"]


class WatchEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a watch has to say; of a device, or of a round.

    ``present`` was there in the first round, ``appeared`` came later, ``not_seen`` was looked for in several rounds
    by every way that had found it, and not seen since ``since``; ``back`` is one of those that answers again.
    ``changed`` says in ``shifts`` what differs. ``id`` is the device's own within the watch, whatever its address.
    """

    event: What
    at: str
    """UTC, ISO 8601."""
    round: int = 0
    run: str = ""
    """The run that saw it: its folder holds the evidence."""
    id: str = ""
    label: str = ""
    addresses: tuple[str, ...] = ()
    mac: str = ""
    vendor: str = ""
    kind: str = ""
    services: tuple[str, ...] = ()
    since: str = ""
    shifts: tuple[Shift, ...] = ()
    devices: int = 0
    """Of a round: how many answered."""
    away: int = 0
    """Of a round: how many are not seen any more."""
    note: str = ""
    """Why the round says nothing of who was silent, or why the watch ended."""
    schema: str = ""
    """Said once, by the first event."""
    targets: tuple[str, ...] = ()
    every: float = 0.0
    """Seconds between rounds, said by the first event."""
