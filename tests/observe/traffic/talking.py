"""Conversations as a reader of frames would report them, made by hand."""

from iotscan.model.facts import NameQuestion
from iotscan.observe.traffic.conversation import Conversation, Endpoint, Item, Told
from iotscan.observe.traffic.ledger import Ledger
from iotscan.wire.frames import Sighting

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
DEVICE, OTHER, ROUTER = "00:40:8c:00:07:01", "00:40:8c:00:07:02", "00:40:8c:00:07:fe"


def conversation(  # what a test wants to be otherwise
    source: str,
    target: str,
    *,
    mac: str = DEVICE,
    to_mac: str = ROUTER,
    port: int = 443,
    protocol: str = "tls",
    at: float = 0.0,
    up: int = 100,
    down: int = 200,
    name: str = "",
    transport: str = "tcp",
) -> Conversation:
    began = START + round(at * SECOND)
    return Conversation(
        transport=transport,  # type: ignore[arg-type]
        client=Endpoint(mac=mac, address=source, port=40_000),
        server=Endpoint(mac=to_mac, address=target, port=port),
        first=began,
        last=began + SECOND,
        packets=6,
        bytes_up=up,
        bytes_down=down,
        protocol=protocol,
        protection="encrypted" if protocol in ("tls", "dtls", "quic") else "cleartext",
        server_name=name,
        named_by="sni" if name else "",
    )


def hear(ledger: Ledger, said: Conversation, *items: Item, secrets: tuple[str, ...] = ()) -> None:
    """A conversation from start to end: its frames, what was understood of it, its end."""
    ledger.frame(said.first, said.client.mac or said.client.address, 60)
    if said.bytes_down:
        ledger.frame(said.last, said.server.mac or said.server.address, 60)
    for item in items:
        ledger.told(Told(conversation=said, at=said.first, item=item, secrets=secrets))
    ledger.ended(said)


def arp(ledger: Ledger, mac: str, address: str) -> None:
    ledger.frame(START, mac, 42)
    ledger.sighted(START, Sighting(kind="arp", mac=mac, own_mac=mac, source=address))


def asks(ledger: Ledger, source: str, name: str, *answers: str, mac: str = DEVICE) -> None:
    said = conversation(source, "192.168.1.1", mac=mac, port=53, protocol="dns", transport="udp")
    hear(ledger, said, NameQuestion(name=name, kind="A", answers=answers))
