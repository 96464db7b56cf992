"""What Yeelight's lamps tell all on a link (Yeelight WiFi Light Inter-Operation Specification, §3.1)."""

from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text
from iotscan.wire.ssdp import read_headers

GROUP, PORT = "239.255.255.250", 1982
_FIELDS: Final = {b"model": "model", b"fw_ver": "firmware", b"id": "serial"}


def read_notify(packet: bytes) -> tuple[Claim, ...] | None:
    """What a lamp says of itself; None for anything else. Never raises."""
    if not packet.startswith(b"NOTIFY "):
        return None
    headers = read_headers(packet)
    if not headers.get(b"location", b"").startswith(b"yeelight://"):
        return None
    said = ((what, safe_text(headers.get(field, b""), 60)) for field, what in _FIELDS.items())
    claims = [Claim(what=what, value=value, how="yeelight") for what, value in said if value]
    return (Claim(what="manufacturer", value="Yeelight", how="yeelight"), *claims)
