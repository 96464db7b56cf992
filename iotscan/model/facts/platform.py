"""What the software of an image is: its system, its packages, and until when they get updates."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class OperatingSystem(Fact, frozen=True, kw_only=True, tag="operating-system"):
    """What a root file system says it is: os-release(5), OpenWrt's release file, Android's build.prop."""

    per: ClassVar[Ownership] = "image"

    path: str
    id: str
    """In lower case: ``debian``, ``poky``."""
    version: str = ""
    """``VERSION_ID``."""
    name: str = ""
    """For people: ``PRETTY_NAME``."""
    codename: str = ""
    like: tuple[str, ...] = ()
    """The systems it says it is derived from."""
    variant: str = ""
    build: str = ""
    support_end: str = ""
    """``SUPPORT_END``, where its maker states one."""


class Package(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An installed package, as the database at ``database`` states it."""

    name: str
    version: str
    database: str
    architecture: str = ""
    source: str = ""
    """The source package or recipe, where it has another name."""
    source_version: str = ""
    """Its version, where it has another one (dpkg)."""
    licence: str = ""
    purl: str = ""
    """Package URL (ECMA-427)."""
    starts: tuple[str, ...] = ()
    """Services that start at boot and whose program it brought (dpkg, apk)."""


class PackageDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """A package database that was read, and how many packages it lists."""

    path: str
    format: Literal["dpkg", "opkg", "apk", "rpm", "yocto-licences"]
    packages: int


class Packages(Fact, frozen=True, kw_only=True, tag="packages"):
    """What the package databases of one root file system list.

    What pip, npm and the like installed is not in it, nor what was copied in without a package.
    """

    per: ClassVar[Ownership] = "image"

    packages: tuple[Package, ...]
    databases: tuple[PackageDatabase, ...]
    not_read: tuple[str, ...] = ()
    """Databases that are there and could not be read, each with the reason: there may be more packages."""


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """A system, kernel or component, and the last day (``2026-08-31``) of its free public security updates.

    ``maintainer`` is the system that brings this package and mends it by itself, with the last day it does so.
    """

    name: str
    """``Debian``, ``Linux``, ``OpenSSL``."""
    version: str
    kind: Literal["system", "kernel", "component"]
    path: str
    """What says that it is there."""
    ends: Answer[str]
    maintainer: str = ""
    maintained_until: Answer[str] | None = None
    source: str = ""


class SoftwareSupport(Fact, frozen=True, kw_only=True, tag="software-support"):
    """Until when the main software of an image gets updates, by a table of ``table_date``."""

    per: ClassVar[Ownership] = "image"

    table_date: str
    items: tuple[Support, ...]
    not_read: tuple[str, ...] = ()
    """Places that could not be read: there may be more."""
