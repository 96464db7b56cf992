"""Personal data in the fields of a message: addresses of mail, positions, names of wireless networks."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from iotscan.observe.traffic.content.fields import Field
from iotscan.observe.traffic.content.finding import Finding, Where, exposure

_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,18}")
_LATITUDE: Final = frozenset(("lat", "latitude", "gpslat", "gpslatitude"))
_LONGITUDE: Final = frozenset(("lon", "lng", "long", "longitude", "gpslon", "gpslng", "gpslongitude"))
_NETWORKS: Final = frozenset(("ssid", "wifissid", "wlanssid", "apssid", "stassid", "staessid", "essid"))
_PLACE: Final = re.compile(r"-?[0-9]{1,3}\.[0-9]{3,}")
"""Three decimals are about 100 metres; less is a region, or somebody's default."""


def find_personal(fields: Sequence[Field], where: Where) -> Iterator[Finding]:
    """One of each kind: the whole value is an address, two numbers are a position, a name is that of a network."""
    of = f" in the {where.place} of {where.of}" if where.of else f" in the {where.place}"
    values = {re.sub(r"[^a-z]", "", name.lower()): value for name, value in reversed(fields)}
    mail = next((value for _, value in fields if _MAIL.fullmatch(value)), "")
    if mail:
        yield exposure(where, "personal", f"an address of mail{of}", mail)
    latitude = next((v for n, v in values.items() if n in _LATITUDE and _is_within(v, 90)), "")
    longitude = next((v for n, v in values.items() if n in _LONGITUDE and _is_within(v, 180)), "")
    if latitude and longitude:
        yield exposure(where, "personal", f"a position{of}", latitude, longitude)
    network = next((v for n, v in values.items() if n in _NETWORKS and 0 < len(v) <= 32), "")
    if network:
        yield exposure(where, "personal", f"the name of a wireless network{of}", network)


def _is_within(value: str, most: int) -> bool:
    return _PLACE.fullmatch(value) is not None and abs(float(value)) <= most and float(value) != 0
