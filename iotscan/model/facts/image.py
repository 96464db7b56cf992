"""What stands in the root file system of an image."""

from typing import ClassVar

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """A private key in the image: where, what kind, who may read it."""

    path: str
    line: int = 0
    format: str
    """``pkcs8``, ``pkcs1``, ``sec1``, ``openssh``, ``dropbear``, ``pkcs12``, ``jks``, ``openpgp``, ``wireguard`` …"""
    encrypted: bool
    mode: int
    """Permission bits, e.g. 0o600; they say nothing without ``has_permissions``."""
    uid: int = 0
    """Its owner."""
    has_permissions: bool = True
    """False where the file system knows neither owner nor mode."""
    public_sha256: str = ""
    """SHA-256 of the public half (SubjectPublicKeyInfo), empty when it cannot be read."""
    known_leaked: str = ""
    """The record of published keys that has it (``mcuboot-rsa-2048``); empty for a key nobody published."""
    in_documentation: bool = False
    """It lies where documentation, examples and tests lie and no link or configuration uses it, or a library carries
    it for its own tests."""


class PrivateKeys(Fact, frozen=True, kw_only=True, tag="private-keys"):
    """All private keys found in an image, and how many files were looked at."""

    per: ClassVar[Ownership] = "image"

    keys: tuple[KeyFile, ...]
    files_searched: int
