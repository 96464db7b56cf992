"""Multicast DNS: one question for everything, and answers read as claims (RFC 6762, RFC 6763)."""

from zeroconf import DNSIncoming, DNSOutgoing, DNSPointer, DNSQuestion, DNSService, DNSText
from zeroconf.const import _CLASS_IN, _FLAGS_QR_QUERY, _TYPE_PTR

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

GROUP, PORT = "224.0.0.251", 5353
SERVICES = (
    "_services._dns-sd._udp.local.",
    "_http._tcp.local.",
    "_https._tcp.local.",
    "_mqtt._tcp.local.",
    "_secure-mqtt._tcp.local.",
    "_ssh._tcp.local.",
    "_hap._tcp.local.",
    "_matter._tcp.local.",
    "_matterc._udp.local.",
    "_esphomelib._tcp.local.",
    "_arduino._tcp.local.",
    "_ipp._tcp.local.",
    "_printer._tcp.local.",
    "_googlecast._tcp.local.",
    "_airplay._tcp.local.",
    "_axis-video._tcp.local.",
    "_rtsp._tcp.local.",
    "_device-info._tcp.local.",
    "_workstation._tcp.local.",
)
_MODEL_KEYS = {"model": "model", "md": "model", "ty": "model", "am": "model"}
_TEXT_KEYS = {
    **_MODEL_KEYS,
    "manufacturer": "manufacturer",
    "usb_mfg": "manufacturer",
    "fw": "firmware",
    "version": "firmware",
    "serial": "serial",
    "serialnumber": "serial",
}
_ARDUINO = "._arduino._tcp.local."
"""Of ArduinoOTA, whose TXT record says whether an upload takes a password (ArduinoOTA.cpp, ESPmDNS enableArduino)."""
OTA_CLAIM = "ota-authentication"
"""What such a claim is of: ``yes`` or ``no``."""
_CLAIM_LIMIT = 64


def query() -> bytes:
    """One packet that asks for all :data:`SERVICES`."""
    message = DNSOutgoing(_FLAGS_QR_QUERY, multicast=True)
    for name in SERVICES:
        message.add_question(DNSQuestion(name, _TYPE_PTR, _CLASS_IN))
    return bytes(message.packets()[0])


def read_claims(packet: bytes) -> tuple[Claim, ...]:
    """What an answer says of its sender, at most 64 claims; empty for anything that is no mDNS answer."""
    message = DNSIncoming(packet)
    if not message.valid or not message.is_response():
        return ()
    claims: dict[Claim, None] = {}
    for record in message.answers():
        for claim in _claims_of(record):
            claims[claim] = None
    return tuple(claims)[:_CLAIM_LIMIT]


def _claims_of(record: object) -> tuple[Claim, ...]:
    if isinstance(record, DNSPointer):
        if record.name.startswith("_services._dns-sd."):
            return (Claim(what="service", value=safe_text(record.alias.removesuffix(".local.")), how="mdns"),)
        instance = record.alias.removesuffix("." + record.name)
        kind = safe_text(record.name.removesuffix(".local."))
        return (Claim(what="name", value=safe_text(instance), how=f"mdns {kind}"),) if instance != record.alias else ()
    if isinstance(record, DNSService):
        host = record.server.removesuffix(".").removesuffix(".local")
        return (Claim(what="hostname", value=safe_text(host), how="mdns SRV"),)
    if isinstance(record, DNSText):
        return _text_claims(record)
    return ()


def _text_claims(record: DNSText) -> tuple[Claim, ...]:
    claims = []
    rest = record.text
    while rest:
        size = rest[0]
        entry, rest = rest[1 : 1 + size], rest[1 + size :]
        key, found, value = entry.partition(b"=")
        what = _TEXT_KEYS.get(key.decode("ascii", "replace").lower())
        if key == b"auth_upload" and value in (b"yes", b"no") and record.name.endswith(_ARDUINO):
            claims.append(Claim(what=OTA_CLAIM, value=value.decode(), how="mdns _arduino._tcp TXT"))
        if found and value and what:
            claims.append(Claim(what=what, value=safe_text(value), how="mdns TXT"))
    return tuple(claims)
