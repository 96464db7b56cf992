"""MAC addresses: which name one interface for good, which a role that others take over, which stand in an address.

Sources: IEEE 802 §8.2 (U/L and I/G bits), RFC 4291 appendix A (modified EUI-64), RFC 9568 §7.3 (VRRP; CARP takes the
same), Cisco's configuration guides for HSRP, HSRP version 2 and GLBP.
"""

from ipaddress import IPv6Address
from typing import Final

_LOCAL: Final = 0x02
_GROUP: Final = 0x01
_VIRTUAL: Final = (
    ("00:00:5e:00:01:", "VRRP or CARP"),
    ("00:00:5e:00:02:", "VRRP for IPv6"),
    ("00:00:0c:07:ac:", "HSRP"),
    ("00:00:0c:9f:f", "HSRP version 2"),
    ("00:05:73:a0:0", "HSRP for IPv6"),
    *((f"00:07:b4:0{high}:", "GLBP") for high in range(4)),
)


def plain_mac(text: str) -> str:
    """``00:11:22:aa:bb:cc`` for any usual spelling of a MAC address; empty for what is none."""
    digits = text.strip().lower().replace(":", "").replace("-", "").replace(".", "")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        return ""
    return octets.hex(":") if len(octets) == 6 else ""


def is_lasting_mac(mac: str) -> bool:
    """True for a globally administered unicast MAC address of one device: not made up, no group's, no role's."""
    plain = plain_mac(mac)
    return is_of_one_interface(plain) and not int(plain[:2], 16) & _LOCAL


def is_of_one_interface(mac: str) -> bool:
    """True for a unicast MAC address that no role has: made up or not, on one link it is one interface's."""
    plain = plain_mac(mac)
    if not plain or plain == "00:00:00:00:00:00" or int(plain[:2], 16) & _GROUP:
        return False
    return not virtual_role(plain)


def virtual_role(mac: str) -> str:
    """The protocol by which routers hand this MAC address over to one another; empty for any other."""
    plain = plain_mac(mac)
    return next((role for prefix, role in _VIRTUAL if plain.startswith(prefix)), "")


def mac_in(address: str) -> str:
    """The globally administered MAC address of which the interface identifier of an IPv6 address is made, or empty.

    RFC 4291 appendix A: ``ff:fe`` in the middle, and the U/L bit turned over, so that 1 says global.
    """
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return ""
    identifier = parsed.packed[8:]
    if identifier[3:5] != b"\xff\xfe" or not identifier[0] & _LOCAL:
        return ""
    mac = bytes((identifier[0] ^ _LOCAL, *identifier[1:3], *identifier[5:])).hex(":")
    return mac if is_lasting_mac(mac) else ""
