"""Which words of a status document or a page tell a firmware version, a serial number or a MAC address.

A name alone is nothing: what stands beside it has to look like one. The values are not kept.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iotscan.model.facts.disclosure import DisclosedKind, DisclosedThing
from iotscan.model.text import safe_text

_LOOKED_AT: Final = 64 * 1024
_DEPTH: Final = 4
_MEMBERS: Final = 500
_NAMES: Final[dict[str, DisclosedKind]] = {
    **dict.fromkeys(
        ("fw", "fwver", "fwversion", "fwid", "firmware", "firmwareversion", "swversion", "softwareversion"), "firmware"
    ),
    **dict.fromkeys(("serial", "serialno", "serialnumber", "serialnum"), "serial"),
    **dict.fromkeys(("mac", "macaddress", "macaddr", "wifimac", "ethmac", "lanmac", "wlanmac"), "mac"),
}
"""Names of members, in lower case and without marks."""
_LOOKS: Final[dict[DisclosedKind, re.Pattern[str]]] = {
    "firmware": re.compile(r".{0,40}[0-9]"),
    "serial": re.compile(r"(?=[^1-9]{0,63}[1-9])[A-Za-z0-9/.:_-]{5,64}\Z"),
    "mac": re.compile(r"(?!(?:00[:-]?){6})(?:[0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}\Z"),
}
_TAG: Final = re.compile(rb"<[^<>]{0,2000}>|&nbsp;")
_SPACE: Final = re.compile(rb"\s+")
_SAID: Final[dict[DisclosedKind, re.Pattern[bytes]]] = {
    "firmware": re.compile(rb"(?i)\b(firmware|software)(?: version| ver\.?)? ?[:=]? ?v?[0-9]{1,4}\.[0-9]"),
    "serial": re.compile(rb"(?i)\b(serial)(?: number| no\.?| ?#)? ?[:=] ?(?=[0A-Z-]{0,39}[1-9])[0-9A-Z-]{5,40}"),
    "mac": re.compile(rb"(?i)\b(mac)(?: address| addr\.?)? ?[:=]? ?(?!(?:00[:-]){5})(?:[0-9A-F]{2}[:-]){5}[0-9A-F]{2}"),
}


def told(body: bytes) -> tuple[DisclosedThing, ...]:
    """What a JSON document, or else the text of a page, shows; one thing a kind. Never raises."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _told_by_text(body)
    found: dict[DisclosedKind, DisclosedThing] = {}
    for thing in _members(document, _DEPTH, [_MEMBERS]):
        found.setdefault(thing.kind, thing)
    return tuple(found[kind] for kind in _LOOKS if kind in found)


def _members(value: Any, depth: int, left: list[int]) -> Iterator[DisclosedThing]:
    if depth <= 0:
        return
    if isinstance(value, list):
        for inner in value[:_MEMBERS]:
            yield from _members(inner, depth - 1, left)
    for name, inner in value.items() if isinstance(value, dict) else ():
        left[0] -= 1
        if left[0] < 0:
            return
        kind = _NAMES.get(re.sub(r"[^a-z]", "", name[:40].lower()))
        if kind and isinstance(inner, str) and _LOOKS[kind].match(inner[:200]):
            yield DisclosedThing(kind=kind, word=safe_text(name, 40))
        yield from _members(inner, depth - 1, left)


def _told_by_text(body: bytes) -> tuple[DisclosedThing, ...]:
    text = _SPACE.sub(b" ", _TAG.sub(b" ", body[:_LOOKED_AT]))
    said = ((kind, pattern.search(text)) for kind, pattern in _SAID.items())
    return tuple(DisclosedThing(kind=kind, word=safe_text(m[1], 20)) for kind, m in said if m)
