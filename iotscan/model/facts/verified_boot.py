"""Signed boot outside U-Boot: Android Verified Boot and the programs of UEFI."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

EfiProgram = Literal["shim", "grub", "systemd-boot", "uki", "kernel", "other"]


class Vbmeta(msgspec.Struct, frozen=True, kw_only=True):
    """A vbmeta image: who signs which partitions, and whether the device is told to care."""

    path: str
    algorithm: str
    """``NONE``, ``SHA256_RSA4096`` …"""
    hashtree_disabled: bool
    verification_disabled: bool
    rollback_index: int
    public_key_sha256: str = ""
    """Of the key as AVB writes it; empty without one."""
    signature_holds: Answer[bool]
    """The signature fits the key in the image itself; whether the device trusts that key is not in it."""
    partitions: tuple[str, ...] = ()
    chained_keys: tuple[str, ...] = ()
    """SHA-256 of the keys that other partitions are handed to."""


class VerifiedBootMetadata(Fact, frozen=True, kw_only=True, tag="verified-boot-metadata"):
    """The vbmeta images of an image: at least one."""

    per: ClassVar[Ownership] = "image"

    vbmeta: tuple[Vbmeta, ...]


class EfiSignature(msgspec.Struct, frozen=True, kw_only=True):
    """An Authenticode signature. ``holds`` is that of the signer's own certificate over the digest in the message."""

    signer: str
    issuer: str
    certificate_sha256: str
    algorithm: str
    digest_matches: bool
    """The digest that is signed is that of this program."""
    holds: Answer[bool]


class EfiBinary(msgspec.Struct, frozen=True, kw_only=True):
    """A program that UEFI firmware or a loader starts. ``problem`` says why its signatures could not be read."""

    path: str
    program: EfiProgram
    is_default: bool = False
    """It bears the name that firmware starts by itself (``/EFI/BOOT/BOOTX64.EFI``)."""
    signatures: tuple[EfiSignature, ...] = ()
    problem: str = ""


class EfiBinaries(Fact, frozen=True, kw_only=True, tag="efi-binaries"):
    """The programs of UEFI where firmware and loaders take them from: at least one."""

    per: ClassVar[Ownership] = "image"

    binaries: tuple[EfiBinary, ...]
