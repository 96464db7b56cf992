"""What protects the root file system and the kernel's modules from being changed."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class RootHash(msgspec.Struct, frozen=True, kw_only=True):
    """A root hash of dm-verity that the boot chain is given. ``is_signed``: it stands inside bytes that are signed."""

    path: str
    line: int = 0
    via: Literal["roothash", "dm-mod.create", "env-file", "veritytab", "vbmeta", "hash-file"]
    value: str
    """Hexadecimal digits: it is public."""
    is_signed: bool


class HashTree(msgspec.Struct, frozen=True, kw_only=True):
    """A hash tree of dm-verity. ``computed`` is the root hash over the data as they are, as hexadecimal digits."""

    path: str
    data: str
    """The file system it was made over, empty where none fits."""
    algorithm: str
    computed: Answer[str]


class RootFileSystem(msgspec.Struct, frozen=True, kw_only=True):
    """A root file system: its format, and whether that format can be written at all.

    Files without their file system (a folder, an archive) do not tell what they will lie in.
    """

    path: str
    format: str
    is_writable: Answer[bool]


class RootIntegrity(Fact, frozen=True, kw_only=True, tag="root-integrity"):
    """What an image shows of the integrity of its root file systems; empty lists are answers too."""

    per: ClassVar[Ownership] = "image"

    roots: tuple[RootFileSystem, ...]
    hashes: tuple[RootHash, ...]
    trees: tuple[HashTree, ...]
    ima_appraise: tuple[str, ...] = ()
    """The values of ``ima_appraise=`` on the command lines."""
    is_appraisal_signed: bool = False
    """``ima_appraise=enforce`` stands on a command line inside bytes that are signed."""
    ima_policies: tuple[str, ...] = ()
    """Policy files with a rule that appraises."""
    ima_signed_files: int = 0
    """Files with a signature in ``security.ima``."""
    composefs_signed: tuple[str, ...] = ()
    """Files that demand a signed composefs (``prepare-root.conf``)."""


class KernelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel's configuration: the options that a question is put to (``CONFIG_MODULE_SIG_FORCE``: ``y``)."""

    path: str
    options: dict[str, str]


class KernelConfigs(Fact, frozen=True, kw_only=True, tag="kernel-configs"):
    """The kernel configurations of an image; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    configs: tuple[KernelConfig, ...]


class KernelModules(Fact, frozen=True, kw_only=True, tag="kernel-modules"):
    """The kernel modules of an image, at least one: how many are signed, and examples of those that are not."""

    per: ClassVar[Ownership] = "image"

    count: int
    signed: int
    unsigned: tuple[str, ...] = ()
    """Paths of the first few."""
    broken: tuple[str, ...] = ()
    """Paths of modules whose trailer makes no sense."""
    unread: int = 0
    unread_reason: str = ""
    digests: tuple[str, ...] = ()
    """Digest algorithms of the signatures."""
