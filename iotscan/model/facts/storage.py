"""Where an image keeps what changes, and what encrypts it."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership

KeyKind = Literal["file", "prompt", "random", "tpm2", "pkcs11", "fido2", "clevis", "keyring", "unknown"]


class Volume(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A partition or file system of an image.

    ``role`` is ``root``, ``data`` for what can be written beside it, ``sealed`` for what takes a key, ``boot``,
    ``swap``, ``other``. ``encryption`` is ``luks1``, ``luks2``, ``bitlocker``, ``fscrypt`` (the file system can
    encrypt) or empty.
    """

    path: str
    format: str
    role: Literal["root", "data", "sealed", "boot", "swap", "other"]
    label: str = ""
    encryption: str = ""
    tokens: tuple[str, ...] = ()
    """Types of the tokens in a LUKS2 header: what but a passphrase opens it."""
    slots: int = 0
    cipher: str = ""


class Storage(Fact, frozen=True, kw_only=True, tag="storage"):
    """The partitions and file systems of a whole image; ``is_disk`` where it has partitions at all."""

    per: ClassVar[Ownership] = "image"

    volumes: tuple[Volume, ...]
    is_disk: bool
    not_read: tuple[str, ...] = ()


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A file system that one root is told to mount: a line of fstab(5), a unit of systemd.mount(5)."""

    path: str
    line: int = 0
    source: str
    point: str
    type: str
    options: tuple[str, ...]


class Mounts(Fact, frozen=True, kw_only=True, tag="mounts"):
    """What one root file system is told to mount; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    mounts: tuple[Mount, ...]


class DiskUnlock(msgspec.Struct, frozen=True, kw_only=True):
    """Something that opens an encrypted volume at start: a line of crypttab(5), a command in a script.

    ``key_in_image`` says that the key file stands in the image; ``key_mode`` are its permission bits.
    """

    path: str
    line: int = 0
    name: str
    source: str = ""
    key: KeyKind
    key_path: str = ""
    key_in_image: bool = False
    key_mode: int = 0


class DiskUnlocks(Fact, frozen=True, kw_only=True, tag="disk-unlocks"):
    """How one root file system opens encrypted volumes; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    unlocks: tuple[DiskUnlock, ...]


class KeyStoreUse(msgspec.Struct, frozen=True, kw_only=True):
    """A line of configuration that has a key in hardware used. Nothing of the line but its kind is kept."""

    path: str
    line: int
    store: str


class KeyStores(Fact, frozen=True, kw_only=True, tag="key-stores"):
    """Libraries for hardware key stores (TPM 2.0, PKCS#11, OP-TEE, secure elements) in one root, and who uses them."""

    per: ClassVar[Ownership] = "image"

    libraries: tuple[str, ...]
    uses: tuple[KeyStoreUse, ...]
