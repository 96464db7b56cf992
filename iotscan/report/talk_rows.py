"""What a person is told of traffic, as data. All text in it is one printable line."""

import msgspec

from iotscan.report.use_rows import Uses


class PeerRow(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a device talked to, over what; all conversations with one peer on one port."""

    peer: str
    """Its name, else its address."""
    address: str
    is_beyond: bool
    """Not on the network of the devices."""
    is_client: bool
    """The device is the client."""
    over: str
    """``tls on tcp/443``."""
    protection: str
    conversations: int
    sent: int
    received: int


class TalkRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device and what it was seen to say."""

    device: str
    label: str
    address: str
    seen: str
    """For how long, in words."""
    sent: int
    received: int
    clear: str
    """How much of its payload anybody on the way can read, in words."""
    peers: tuple[PeerRow, ...]
    """Servers beyond the network first, each with most bytes first."""
    is_cut_off: bool
    uses: Uses = Uses()
    """What it was seen to do, beyond whom it talked to."""


class BackendRow(msgspec.Struct, frozen=True, kw_only=True):
    """A server beyond the network, and which devices talked to it."""

    name: str
    addresses: tuple[str, ...]
    devices: tuple[str, ...]
    over: tuple[str, ...]
    protection: str
    bytes: int


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    captures: tuple[str, ...]
    """One line each."""
    devices: tuple[TalkRow, ...]
    """By address."""
    backends: tuple[BackendRow, ...]
    """Those that most devices share first."""
    clear: str = ""
    """How much of all payload anybody on the way can read, in words; empty where there is none."""

    @property
    def shared(self) -> int:
        """Back ends that more than one device talked to."""
        return sum(len(row.devices) > 1 for row in self.backends)
