"""From pieces of evidence to one value with a confidence: independent sources add up, contradictions are kept.

A weight is the share of cases in which such evidence is right, as an honest guess: it orders sources, no more. A
device's own statement outweighs a web server's banner, which outweighs the prefix of a MAC address.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from iotscan.model.identification import Clue, Trait
from iotscan.model.vocabulary import Confidence

STATED: Final = 0.85
"""A field made for the purpose: UPnP manufacturer, model of a TXT record."""
MAC_PREFIX: Final = 0.3
"""Who made the network interface is often not who made the device."""
WEIGHTS: Final = {
    "snmp.sys_description": 0.8,
    "snmp.sys_object_id": 0.7,
    "mdns.device-info.txt": 0.8,
    "stated.model": 0.8,
    "device.type": 0.7,
    "hap.category": 0.8,
    "matter.device_type": 0.8,
    "http_header.wwwauth": 0.6,
    "telnet_banners": 0.6,
    "dhcp_vendor_class": 0.55,
    "html_title": 0.55,
    "mdns.service": 0.55,
}
"""By the kind of words; what is not named weighs :data:`BANNER`."""
BANNER: Final = 0.5
_CERTAIN, _FIRM, _RIVAL = 0.93, 0.6, 0.4
LOWER: Final = {
    Confidence.CERTAIN: Confidence.FIRM,
    Confidence.FIRM: Confidence.TENTATIVE,
    Confidence.TENTATIVE: Confidence.TENTATIVE,
}
"""A step down: for what is contradicted, and for all that a host says which may be no device at all."""
_CLUES: Final = 5
"""Pieces of evidence that are kept of one value."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One value for one trait, by whom (``family``), how heavy, and the clue for it."""

    value: str
    weight: float
    family: str
    clue: Clue


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence for one value, however it is spelt."""

    evidence: tuple[Evidence, ...]

    @property
    def weight(self) -> float:
        """Of all families together, each counted once by its heaviest piece."""
        left = 1.0
        for share in self.families.values():
            left *= 1.0 - share
        return 1.0 - left

    @property
    def families(self) -> dict[str, float]:
        """Each source and its heaviest piece."""
        shares: dict[str, float] = {}
        for piece in self.evidence:
            shares[piece.family] = max(shares.get(piece.family, 0.0), piece.weight)
        return shares

    @property
    def strongest(self) -> Evidence:
        """The piece that speaks for all: the heaviest, of equals the longest."""
        return max(self.evidence, key=lambda e: (e.weight, len(e.value), e.value))


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """The value that won, and the values that contradict it, strongest first."""

    trait: Trait | None = None
    rivals: tuple[Evidence, ...] = ()


def settle(evidence: Iterable[Evidence], fold: Callable[[str], str], *, exact: bool = False) -> Settled:
    """The best supported value. ``fold`` gives values that mean the same one spelling.

    Unless ``exact``, a value that begins with another says the same and more.
    """
    groups = sorted(_groups(evidence, fold, exact), key=lambda g: (-round(g.weight, 6), g.strongest.value))
    if not groups:
        return Settled()
    best, *others = groups
    rivals = tuple(g.strongest for g in others if g.weight >= _RIVAL)
    confidence = _confidence(best)
    pieces = sorted(best.evidence, key=lambda e: (-e.weight, e.clue))
    clues = tuple(dict.fromkeys(e.clue for e in pieces))[:_CLUES]
    trait = Trait(
        value=best.strongest.value,
        confidence=LOWER[confidence] if rivals else confidence,
        clues=clues,
    )
    return Settled(trait=trait, rivals=rivals)


def _confidence(group: Group) -> Confidence:
    families = group.families
    if group.weight >= _CERTAIN and len(families) > 1 and max(families.values()) >= _HEAVY:
        return Confidence.CERTAIN
    return Confidence.FIRM if group.weight >= _FIRM else Confidence.TENTATIVE


_HEAVY: Final = 0.8
"""What one source of several has to weigh before they are certain together: banners alone never are."""


def _groups(evidence: Iterable[Evidence], fold: Callable[[str], str], exact: bool) -> list[Group]:
    """Values that say the same, the shortest spellings first: each joins the first that it begins with."""
    heads: dict[str, list[Evidence]] = {}
    for piece in sorted(evidence, key=lambda e: (len(fold(e.value)), fold(e.value), e.clue)):
        folded = fold(piece.value)
        head = folded if exact else next((h for h in heads if h and folded.startswith(h)), folded)
        heads.setdefault(head, []).append(piece)
    return [Group(evidence=tuple(pieces)) for head, pieces in heads.items() if head]
