"""What a device was seen to do in traffic, as data: a row for each kind of handshake, look, question or talk.

All text in it is one printable line. A row is what was seen; what was not seen is said to be so.
"""

from typing import Literal

import msgspec

Proved = Literal["yes", "no", "unknown"]
"""Whether a client looked at who the server is. ``yes`` holds for the certificate of this row alone."""


class HelloRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a client says of itself before anything is encrypted: by this it is told again elsewhere."""

    ja4: str
    ja3: str
    offers: str
    """Versions, how many suites, ALPN."""
    servers: tuple[str, ...]
    count: int


class HandshakeRow(msgspec.Struct, frozen=True, kw_only=True):
    """Handshakes of TLS, DTLS or QUIC of one kind with one peer."""

    peer: str
    """``api.example (203.0.113.5)``."""
    name: str
    """``api.example``, else its address."""
    over: str
    """``tls on tcp/443``."""
    asked: str
    """By which name (SNI), in words."""
    version: str
    chose: str
    """Of the server: version, suite, group, ALPN."""
    identity: str
    """How the ends showed who they are: certificate and trust, with why its dates were not judged where that is so;
    pre-shared key; or why none of it was seen."""
    proved: Proved
    why: str
    """What ``proved`` rests on; empty where there was nothing to look at."""
    count: int


class UpdateRow(msgspec.Struct, frozen=True, kw_only=True):
    """Looks for updates, or fetches, of one kind."""

    where: str
    what: str
    """``poll (hawkbit)``, ``firmware, uimage, 195 KiB``."""
    often: str
    """``3 times, every hour``, and that no good answer was seen where that is so."""
    carried: str
    """``http in the clear``, ``https, encrypted``."""
    is_encrypted: bool
    signature: str
    """Whether one was seen; never whether it verifies."""
    told_by: str


class NamesRow(msgspec.Struct, frozen=True, kw_only=True):
    """The names that were asked of one server."""

    server: str
    over: str
    protection: str
    names: tuple[str, ...]
    count: int


class TimeRow(msgspec.Struct, frozen=True, kw_only=True):
    """Time asked of one server."""

    server: str
    what: str
    """``NTP version 4, stratum 3``."""
    authentication: str
    count: int


class ClearRow(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what anybody on the way can read."""

    what: str
    """``http to cloud.example on tcp/80``."""
    bytes: int
    share: str
    """Of all payload of the device."""


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """All that one device was seen to do. Writers show the first rows of each and count the rest."""

    called: tuple[str, ...] = ()
    """What it calls itself, with where it said so: ``cam-front (dhcp)``."""
    hellos: tuple[HelloRow, ...] = ()
    clients: tuple[HandshakeRow, ...] = ()
    """Those proved careless first."""
    servers: tuple[HandshakeRow, ...] = ()
    updates: tuple[UpdateRow, ...] = ()
    names: tuple[NamesRow, ...] = ()
    time: tuple[TimeRow, ...] = ()
    clear: tuple[ClearRow, ...] = ()
    """Most bytes first."""
    is_cut_off: bool = False
    """More was seen than the run file lists."""

    @property
    def says_something(self) -> bool:
        """False where there is nothing beyond whom it talked to."""
        return any((self.called, self.clients, self.servers, self.updates, self.names, self.time, self.clear))
