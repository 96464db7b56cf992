"""Devices and services, with how we know them."""

import hashlib
from typing import Literal

import msgspec

from iotscan.model.facts.naming import Claim
from iotscan.model.identification import Identity


class Service(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One open port of a device and the protocol it speaks.

    ``protocol`` is one of ``http``, ``https``, ``ssh``, ``telnet``, ``mqtt``, ``mqtts``, ``snmp``, ``ftp``,
    ``smtp``, ``ldap`` …, ``tls`` where nothing inside it was recognised, or ``unknown``; ``how`` says what made
    us say so.
    """

    transport: str
    port: int
    protocol: str = "unknown"
    how: str = ""

    @property
    def name(self) -> str:
        """``tcp/443``."""
        return f"{self.transport}/{self.port}"


class Device(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device: an immutable id, its addresses, what it says of itself, its services.

    ``claims`` keep how each name, model or identifier was learnt. ``vendor`` comes from the MAC prefix
    (with the date of the table in ``vendor_source``) or is empty. ``merged`` holds provisional ids
    that turned out to be this device, with the reason, and ``sightings`` what was known of each before that, so that
    a merge can be undone. ``identity`` is what all of this says it is.
    """

    id: str
    addresses: tuple[str, ...]
    mac: str = ""
    vendor: str = ""
    vendor_source: str = ""
    claims: tuple[Claim, ...] = ()
    services: tuple[Service, ...] = ()
    found_by: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    identity: Identity = Identity()
    link: str = ""
    """The interface of ours on whose link the MAC address was seen; empty where it was not."""
    rivals: tuple[str, ...] = ()
    """Further MAC addresses that answer for the same address: somebody else claims it, too."""
    is_rival: bool = False
    """It holds none of its addresses: it was only seen to answer for them beside their holders."""
    role: Literal["device", "backend"] = "device"
    """``backend``: a server that devices talk to, asked by an explicit grant (``--backend``). All that is found of it
    counts for the element cloud, and it is judged by the policy ``server``."""
    sightings: tuple["Device", ...] = ()
    """Empty where there is but one, the device itself."""

    @property
    def address(self) -> str:
        """The address that probes use: the first."""
        return self.addresses[0]

    def claimed(self, what: str) -> str:
        """The first claim of a kind (``name``, ``model`` …), empty without one."""
        return next((c.value for c in self.claims if c.what == what), "")

    @property
    def children(self) -> tuple[str, ...]:
        """What it, or a protocol in its name, says stands behind it: present, and not asked anything."""
        return tuple(dict.fromkeys(c.value for c in self.claims if c.what == "child"))

    @property
    def label(self) -> str:
        """What a person calls it: its name, else what product it is, else what the network calls it, else address."""
        known = self.claimed("name") or self.identity.title or self.claimed("model")
        return known or self.claimed("hostname") or self.address


class ImagePart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was found in an image: itself, a partition, a file system inside a bundle.

    ``path`` says where (``p2``; empty for the image itself), ``label`` what the image calls it. ``role`` is ``root``,
    ``initramfs``, ``files``, ``container``, ``code``, ``sealed`` (needs a key), ``blank``, ``opaque``.
    """

    format: str
    role: str
    path: str = ""
    label: str = ""
    size: int = 0
    """Bytes; 0 for a folder."""
    problem: str = ""
    """Why it, or some of it, could not be read."""


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An image under test: its id, where it was given, what it says it is."""

    id: str
    source: str
    format: str
    name: str = ""
    files: int = 0
    """How many were searched."""
    parts: tuple[ImagePart, ...] = ()
    """What was opened, in the order in which it was found."""


def provisional_id(address: str) -> str:
    """The id a device gets when an address first answers; it never changes, whatever is learnt later."""
    return f"dev-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
