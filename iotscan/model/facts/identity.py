"""With what certificates and keys a device shows its servers who it is, by its own files."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class DeviceIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A client that is configured with a certificate of its own; nothing of the key but its place."""

    path: str
    line: int
    client: str
    """``mosquitto bridge``, ``rauc``, ``curl`` …"""
    kept: Literal["file", "absent", "hardware"]
    """Where the key is: a file that the image holds, one that it does not hold, a key store in hardware."""
    key: str
    """The file with the key, links followed; of hardware what says so (``pkcs11:…``, its object and PIN left out)."""
    certificate: str = ""
    is_claim: bool = False
    """The client says itself that it is only to get another with: AWS' fleet provisioning by claim."""


class DeviceIdentities(Fact, frozen=True, kw_only=True, tag="device-identities"):
    """The client certificates that programs of one root file system are configured with; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    identities: tuple[DeviceIdentity, ...]
