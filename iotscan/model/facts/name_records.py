"""What the DNS says of the name of a server: who may issue for it, and whether anybody can prove the answers."""

from typing import ClassVar

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class CaaRecord(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Who may issue certificates for a name (RFC 8659 section 4)."""

    tag: str
    value: str
    is_critical: bool = False


class TlsaRecord(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Which certificate or key a service shows (RFC 6698 section 2.1). ``data`` is hexadecimal."""

    port: int
    usage: int
    selector: int
    matching: int
    data: str


class NameRecords(Fact, frozen=True, kw_only=True, tag="name-records"):
    """CAA, DNSSEC and TLSA of the name by which a back end was asked, as one resolver told them."""

    per: ClassVar[Ownership] = "device"
    of_back_ends: ClassVar[bool] = True

    name: str
    resolver: str
    """The address that was asked."""
    caa: Answer[tuple[CaaRecord, ...]]
    """Those that hold for the name: its own, or of the nearest domain above it that has any (RFC 8659 section 3)."""
    caa_at: str = ""
    """Whose they are; empty where there are none."""
    is_signed: Answer[bool]
    """Signatures (RRSIG) come with the addresses of the name."""
    is_delegated: Answer[bool]
    """The zone above vouches for the keys of the name's zone (DS, RFC 4034 section 5)."""
    is_validated: Answer[bool]
    """The resolver says that it verified the answer (the AD bit, RFC 6840 section 5.8). Its own word."""
    tlsa: Answer[tuple[TlsaRecord, ...]]
    """Of the services that were asked for."""
