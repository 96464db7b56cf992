"""Who may change or borrow what in an image, as its file systems record it."""

from typing import ClassVar

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class FileMode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file, folder or device, its mode with setuid, setgid and sticky, and its owners by number."""

    path: str
    mode: int
    uid: int = 0
    gid: int = 0


class FileCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a program may do without being root (capabilities(7)): ``net_bind_service`` …"""

    path: str
    capabilities: tuple[str, ...]


class FilePermissions(Fact, frozen=True, kw_only=True, tag="file-permissions"):
    """What stands out of the modes, owners, capabilities and devices in every file system that keeps them."""

    per: ClassVar[Ownership] = "image"

    entries: int
    """How many files and folders were looked at."""
    setuid: tuple[FileMode, ...] = ()
    """Programs that run as their owner or group, whoever starts them."""
    writable: tuple[FileMode, ...] = ()
    """Files that everybody may write, and folders where everybody may also take away what is another's."""
    writable_count: int = 0
    """How many there are: only so many are listed."""
    capabilities: tuple[FileCapabilities, ...] = ()
    devices: tuple[FileMode, ...] = ()
    """Device nodes outside /dev."""
    unknown_owners: tuple[FileMode, ...] = ()
    """One file of each owner that /etc/passwd beside it does not name."""
    not_kept: tuple[str, ...] = ()
    """File systems that keep no owners and modes."""
    unread: tuple[str, ...] = ()
    """Files whose attributes could not be read, the first few."""


class FileSignatures(Fact, frozen=True, kw_only=True, tag="file-signatures"):
    """What signs single programs: IMA's attribute ``security.ima``, by what it holds.

    ``keys`` are the identifiers of the keys that signed (four bytes). The signatures were not verified: the key is
    the kernel's, which an image need not hold.
    """

    per: ClassVar[Ownership] = "image"

    programs: int
    """Programs whose attributes were read."""
    signed: int
    hashed: int
    """With a hash that nobody signed."""
    unsigned: tuple[str, ...] = ()
    """The first few that have neither."""
    keys: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


class ContainerPolicy(Fact, frozen=True, kw_only=True, tag="container-policy"):
    """What signatures the container engine of one root asks of images: containers-policy.json(5).

    ``default`` is the type of the first requirement that holds where no other does: ``insecureAcceptAnything``,
    ``reject``, ``signedBy``, ``sigstoreSigned``; empty for an engine without such a policy (Docker, containerd).
    ``open_scopes`` are the registries whose own requirement accepts anything.
    """

    per: ClassVar[Ownership] = "image"

    path: str
    engine: str
    default: str = ""
    open_scopes: tuple[str, ...] = ()
