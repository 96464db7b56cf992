"""What the parts of reading traffic share: one conversation, its pieces in order, who reads them, who is told.

Frames become packets, packets become conversations (:class:`Conversation`), a conversation's payload in the order in
which it was said (:class:`Piece`) goes to one :class:`Reader` of its protocol, and what that understands
(:class:`Told`) goes to the ledger, which keeps it with both ends. A million conversations are normal: everything in
here is bounded, and a reader that has heard enough says so, from when on its payload is only counted.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from iotscan.model.facts import (
    CoapExchange,
    Exposure,
    HttpExchange,
    Lwm2mContact,
    MqttSession,
    NameQuestion,
    OtherTalk,
    TimeQuestion,
    TlsSession,
    TokenUse,
    UpdateContact,
)
from iotscan.model.facts.traffic import Protection
from iotscan.wire.frames import Sighting

Item = (
    TlsSession
    | HttpExchange
    | MqttSession
    | CoapExchange
    | Lwm2mContact
    | NameQuestion
    | TimeQuestion
    | OtherTalk
    | Exposure
    | TokenUse
    | UpdateContact
)
"""What a reader can understand of a conversation."""


class Endpoint(msgspec.Struct, frozen=True):
    """One end: its MAC on the link where the frame was caught (of a router, where it is behind one), address, port."""

    mac: str
    address: str
    port: int


class Conversation(msgspec.Struct, kw_only=True, eq=False):
    """A TCP connection or the datagrams between two ports. Times are nanoseconds since 1970, UTC.

    ``client`` is who began: who sent the SYN, or the first datagram; where the beginning was missed, who has the port
    that no server has.
    """

    transport: Literal["tcp", "udp"]
    client: Endpoint
    server: Endpoint
    vlan: int = 0
    first: int
    last: int
    has_beginning: bool = True
    """Its first packet was seen: what a reader is told is all that was said, but for gaps."""
    is_accepted: bool = True
    """The server's SYN was seen: what comes first of the server is the first that it said."""
    has_roles: bool = False
    """What was said shows which of the two is the server; set by the reader that recognised it."""
    is_transfer: bool = False
    """Its ports were agreed on for one file: it is nobody's service."""
    packets: int = 0
    bytes_up: int = 0
    """Payload from the client to the server; of TCP each byte once, however often it was sent."""
    bytes_down: int = 0
    bytes_missed: int = 0
    """Payload that whoever reads it did not get: lost, beyond the snaplen, or damaged."""
    protocol: str = "unknown"
    """Set by the reader that recognised it."""
    protection: Protection = "unknown"
    server_name: str = ""
    """What the client called the server in it (SNI, Host), set by a reader."""
    named_by: Literal["", "sni", "http host", "address"] = ""
    """``address``: the client calls it by its address, which is no name."""

    @property
    def server_is_known(self) -> bool:
        """False where it was guessed by the ports which of the two is the server."""
        return not self.is_transfer and (self.has_roles or self._has_opening)

    @property
    def _has_opening(self) -> bool:
        return self.has_beginning and self.transport == "tcp"


class Piece(msgspec.Struct, frozen=True):
    """Payload of one direction, in the order of the stream; a whole datagram for UDP.

    ``gap`` counts bytes that are missing before it: lost, beyond the snaplen, or out of order for too long.
    ``is_cut`` says that the datagram goes on beyond what was captured. ``is_doubtful``: its checksum is wrong, and not
    for being left to the network card; nothing may be proved by it.
    """

    at: int
    is_upward: bool
    data: bytes
    gap: int = 0
    is_cut: bool = False
    is_doubtful: bool = False


class Told(msgspec.Struct, frozen=True):
    """What a reader understood, when. ``secrets`` are hidden from whatever is kept of the devices, and kept nowhere.

    ``clock`` is the time that the server told then, in nanoseconds since 1970; 0 where it told none.
    """

    conversation: Conversation
    at: int
    item: Item
    secrets: tuple[str, ...] = ()
    clock: int = 0


Tell = Callable[[Told], None]


class Reader(Protocol):
    """Reads one conversation in one protocol. Never raises, whatever is said."""

    @property
    def wants_more(self) -> bool:
        """False once it has heard enough: nothing more is put in order for it, only counted."""

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""

    def end(self, at: int) -> None:
        """The conversation is over, or is not followed any longer: tell what is still open."""


class Chooser(Protocol):
    """Says whether it reads a conversation that begins like this, and then makes the reader of it; None otherwise.

    Asked in the order of ``readers.CHOOSERS`` with the first piece of a conversation, and with the first of the other
    direction where that one was not enough. By content first, by port where the content says nothing.
    """

    def __call__(self, conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
        """The reader of a conversation, or None."""


class Listener(Protocol):
    """Whom the conversations are reported to: the ledger of one capture."""

    def frame(self, at: int, source: str, length: int, count: int = 1) -> None:
        """Frames of a source MAC, or else of a source address: its first at once, later ones ``count`` together.

        ``at`` is when the last of them was caught, ``length`` what all of them took on the wire.
        """

    def sighted(self, at: int, seen: Sighting) -> None:
        """ARP, neighbour discovery, LLDP, CDP, and datagrams to broadcast, multicast and DHCP: who is there."""

    def told(self, said: Told) -> None:
        """Something was understood."""

    def ended(self, conversation: Conversation) -> None:
        """A conversation is over: its counts are final."""
