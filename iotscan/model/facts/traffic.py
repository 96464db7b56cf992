"""What a device was seen to do of itself: whom it talks to, over what, how much of it in the clear.

Facts of traffic belong to a device (:attr:`Fact.per` is ``traffic``). What is said of a conversation stands with both
ends of it, so that each :class:`Use` says which of them the device was. They tell of what was seen while somebody
captured, and of nothing else: that a thing was not seen proves no absence.
"""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership

Role = Literal["client", "server"]
NamedBy = Literal["", "sni", "http host", "dns", "certificate", "address"]
"""``address``: the device itself calls it so, whatever names it was told."""
Protection = Literal["encrypted", "cleartext", "unknown"]
"""``unknown``: nothing that we read recognised it. Never counted as either."""


class Peer(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Whom the device talks to. Names are the word of somebody in the capture: of the device, or of a name server."""

    address: str = ""
    name: str = ""
    named_by: NamedBy = ""
    is_local: bool = False
    """On the same network as the device: private, link-local, multicast, or of a network that the user called local.
    Whatever is not is beyond the network: a back end, or a third party."""

    @property
    def label(self) -> str:
        """Its name, else its address."""
        return self.name or self.address


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was seen in conversations with one peer: equal ones are one, with their count and times.

    ``port`` is that of the server, whoever of the two the device was. A reader of a protocol leaves role, peer,
    transport, port, count and times as they are; the ledger of the capture knows them.
    """

    role: Role = "client"
    peer: Peer = Peer()
    transport: str = ""
    """``tcp`` or ``udp``."""
    port: int = 0
    count: int = 1
    first: datetime | None = None
    last: datetime | None = None

    @property
    def is_outbound(self) -> bool:
        """True where the device itself talked to a server beyond its network."""
        return self.role == "client" and not self.peer.is_local


class Talk(Use, frozen=True, kw_only=True):
    """All conversations with one peer over one protocol; ``count`` of them."""

    protocol: str = "unknown"
    """``tls``, ``dtls``, ``quic``, ``http``, ``mqtt``, ``coap``, ``dns`` …"""
    protection: Protection = "unknown"
    bytes_sent: int = 0
    """Payload of TCP and UDP, sent by the device; of TCP each byte once, however often it was sent."""
    bytes_received: int = 0
    bytes_missed: int = 0
    """Of it, what could not be read although somebody reads the protocol: lost, damaged, beyond the snaplen."""


class TrafficProfile(Fact, frozen=True, kw_only=True, tag="traffic-profile"):
    """All that a device was seen to send and receive."""

    per: ClassVar[Ownership] = "traffic"

    first: datetime
    last: datetime
    frames: int = 0
    minutes: int = 0
    """In how many minutes of the clock it was seen at least, of one day at most: a single frame with a wrong time adds
    one, not years."""
    days: int = 0
    """On how many days of UTC it was seen at least; 0 where nobody counted."""
    talks: tuple[Talk, ...] = ()
    """Those with most bytes first."""
    encrypted_bytes: int = 0
    """Payload of conversations that are encrypted, of all of them, listed or not."""
    cleartext_bytes: int = 0
    unknown_bytes: int = 0
    is_cut_off: bool = False
    """More talks were seen than are listed."""

    @property
    def seconds(self) -> float:
        """How long it was seen."""
        return (self.last - self.first).total_seconds()
