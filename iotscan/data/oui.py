"""Who made a network interface, by the first 24 bits of its MAC address.

``oui.tsv.gz`` holds the facts of the IEEE MA-L registry (prefix, organisation), one a line. They were
taken from the registry's text file as of :data:`DATE`; a prefix that was assigned later is unknown.
"""

import gzip
from functools import cache
from importlib.resources import files

DATE = "2024-05-28"
"""The day of the registry copy; shown beside every vendor."""


@cache
def _table() -> dict[str, str]:
    raw = gzip.decompress((files(__package__) / "oui.tsv.gz").read_bytes()).decode()
    return dict(line.split("\t", 1) for line in raw.splitlines())


def is_locally_administered(mac: str) -> bool:
    """True for an address that its owner made up (a randomised MAC, a virtual machine): IEEE 802-2014 §8.2."""
    return bool(int(mac[:2], 16) & 0x02)


def vendor(mac: str) -> str:
    """The organisation a globally administered MAC (``aa:bb:cc:dd:ee:ff``) was assigned to, or empty."""
    if is_locally_administered(mac):
        return ""
    return _table().get(mac.replace(":", "").upper()[:6], "")
