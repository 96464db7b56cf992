"""What a device is: vendor, product, kind and so on, each with how sure that is and what it was told from."""

from typing import Literal

import msgspec

from iotscan.model.vocabulary import Confidence

Kind = Literal[
    "camera",
    "gateway",
    "hub",
    "printer",
    "nas",
    "plug",
    "sensor",
    "controller",
    "media",
    "phone",
    "unknown",
]
"""The kinds of devices that are told apart; ``gateway`` includes routers and access points."""

Doubt = Literal[
    "randomised-mac",
    "answers-everything",
    "honeypot",
    "several-systems",
    "address-conflict",
    "name-conflict",
    "shared-mac",
    "shared-claim",
    "virtual-router",
    "may-be-same",
]


class Clue(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One piece of evidence: the device's words, where they were read, and by which rule they mean something."""

    words: str
    where: str
    rule: str = ""
    """``FILE: DESCRIPTION`` of a fingerprint rule; empty where the device states the thing itself."""


class Trait(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is known of a device, how surely, and by what."""

    value: str
    confidence: Confidence
    clues: tuple[Clue, ...] = ()


class KindTrait(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What kind of device it is, like a :class:`Trait`; a word of ours, never the device's."""

    value: Kind
    confidence: Confidence
    clues: tuple[Clue, ...] = ()


class Software(msgspec.Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """A program that answers on a device; ``service`` is ``tcp/22``, or empty for what was announced."""

    service: str
    product: str
    vendor: str = ""
    version: str = ""
    clue: Clue
    by: str = ""
    """The program whose opinion this is (``nmap 7.93``); empty where a rule of ours tells it."""

    @property
    def title(self) -> str:
        """``Dropbear 2022.83``."""
        return f"{self.product} {self.version}".strip()


class Remark(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A reason to read what is known of a device with care; it is no finding, and speaks for nothing good."""

    about: Doubt
    text: str


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of what a device is; a trait that nothing tells is None.

    ``firmware`` is a version, ``system`` an operating system. ``contradictions`` are sentences: what one source says
    against what another says.
    """

    vendor: Trait | None = None
    product: Trait | None = None
    model: Trait | None = None
    firmware: Trait | None = None
    kind: KindTrait | None = None
    system: Trait | None = None
    software: tuple[Software, ...] = ()
    contradictions: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def title(self) -> str:
        """``Hikvision DS-2CD2042WD-I``: vendor, product and model, no word twice; empty where all are unknown.

        A vendor alone is no title: it names no product.
        """
        if self.product is None and self.model is None:
            return ""
        title = ""
        for trait in (self.vendor, self.product, self.model):
            if trait is not None and trait.value.lower() not in title.lower():
                # "HP" goes without saying before "HP LaserJet 400".
                repeats = title and trait.value.lower().startswith(title.lower())
                title = trait.value if repeats else f"{title} {trait.value}".strip()
        return title

    @property
    def is_known(self) -> bool:
        """True when anything at all is known."""
        return self != Identity()
