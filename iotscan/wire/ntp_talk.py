"""NTP as a listener hears it: who asks and answers, how it is authenticated (RFC 5905 §7.3, RFC 7822, RFC 8915)."""

from typing import Final, Literal

import msgspec

_SIZE: Final = 48
_MODES: Final = {1: "symmetric active", 2: "symmetric passive", 3: "client", 4: "server", 5: "broadcast"}
_NTS: Final = frozenset({0x0104, 0x0204, 0x0304, 0x0404})
"""Unique identifier, cookie, placeholder of one, authenticator (IANA, NTP Extension Field Types)."""
_KEY_SIZES: Final = frozenset({20, 24, 36})
"""A key's number with MD5, SHA-1 or SHA-256."""
_FIELDS: Final = 32
_ERA_SECONDS, _HALF_ERA, _TO_1970 = 1 << 32, 1 << 31, 2_208_988_800
_BEST, _WORST = 1, 9
"""Strata of who has the time from somewhere else: 10 is what servers call their own unset clock by custom."""
_OWN_CLOCKS: Final = (b"LOCL", b"\x7f\x7f\x01")
"""How the name of a source begins that is the server's own clock (RFC 5905 figure 12; address of ntpd's driver)."""
Authentication = Literal["none", "symmetric key", "nts"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message; ``token`` is the time of sending of a client, ``origin`` what a server sends back of that."""

    version: int
    mode: str
    stratum: int
    authentication: Authentication
    origin: bytes
    sent: bytes
    told: int = 0
    """What time a server says it is, in nanoseconds since 1970; 0 where it does not know from anybody else."""


def read_message(data: bytes) -> Message | None:
    """The message that a datagram is; None for control messages and anything else. Never raises."""
    if len(data) < _SIZE:
        return None
    version, mode = data[0] >> 3 & 7, _MODES.get(data[0] & 7)
    if mode is None or not 1 <= version <= 4:
        return None
    authentication = _authentication(data[_SIZE:])
    if authentication is None:
        return None
    return Message(
        version=version,
        mode=mode,
        stratum=data[1],
        authentication=authentication,
        origin=data[24:32],
        sent=data[40:48],
        told=_told(data) if mode == "server" else 0,
    )


def _told(data: bytes) -> int:
    """The time of sending of who is synchronised to another clock than his own (RFC 5905 section 6 and 7.3)."""
    is_set = data[0] >> 6 != 3 and _BEST <= data[1] <= _WORST and not data[12:16].startswith(_OWN_CLOCKS)
    seconds, fraction = int.from_bytes(data[40:44], "big"), int.from_bytes(data[44:48], "big")
    if not is_set or not seconds:
        return 0
    # The second era begins in 2036.
    since_1900 = seconds + (_ERA_SECONDS if seconds < _HALF_ERA else 0)
    return (since_1900 - _TO_1970) * 1_000_000_000 + (fraction * 1_000_000_000 >> 32)


def _authentication(rest: bytes) -> Authentication | None:
    """What stands behind the header: extension fields, and a digest under a key; None for what is neither."""
    fields: set[int] = set()
    for _ in range(_FIELDS):
        if len(rest) in _KEY_SIZES and not _is_field(rest):
            return "nts" if fields & _NTS else "symmetric key"
        if len(rest) < 4:
            break
        size = int.from_bytes(rest[2:4], "big")
        if len(rest) == 4 and not any(rest):  # a crypto-NAK: its key was not known
            return "none"
        if size < 4 or size % 4 or size > len(rest):
            return None
        fields.add(int.from_bytes(rest[:2], "big"))
        rest = rest[size:]
    if rest:
        return None
    return "nts" if {0x0104, 0x0404} <= fields else "none"


def _is_field(rest: bytes) -> bool:
    return int.from_bytes(rest[:2], "big") in _NTS and int.from_bytes(rest[2:4], "big") <= len(rest)
