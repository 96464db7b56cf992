"""How an image is updated: by which systems, and what each of them does and does not see to."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

System = Literal[
    "rauc", "swupdate", "mender", "ostree", "opkg", "apk", "apt", "dnf", "sysupgrade", "hawkbit", "aktualizr", "tuf",
    "balena", "greengrass", "snap", "docker", "podman", "fwupd", "systemd-sysupdate", "u-boot", "barebox",
    "systemd-boot", "grub", "android", "script", "other",
]  # fmt: skip
Component = Literal["bootloader", "kernel", "rootfs", "packages", "containers", "configuration", "firmware"]
TraitName = Literal[
    "verifies",
    "encrypted-transport",
    "authenticated-server",
    "automatic",
    "slots",
    "boot-counter",
    "fallback-target",
    "health-check",
    "redundant-environment",
    "atomic-write",
    "refuses-older",
    "compatibility",
]


class UpdateTrait(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an update system sees to, or not.

    ``verifies``: nothing unsigned is installed. ``encrypted-transport``, ``authenticated-server``: of every source.
    ``automatic``: it looks for updates by itself, within ``detail``'s period. Of going back: ``slots`` (a second
    place to install to), ``boot-counter`` (a start that fails is counted), ``fallback-target`` (the other slot is
    started when the count is out), ``health-check`` (something that looks at the system, not only reaching a target,
    says that the start was good). ``redundant-environment``: the counter survives a cut while it is written.
    ``atomic-write``: an interrupted installation leaves the old system whole. ``refuses-older``: an older signed
    artefact is not installed. ``compatibility``: an artefact for other hardware is not installed.

    ``holds`` is unanswered where the image does not tell; a trait that makes no sense for a system is left out.
    """

    name: TraitName
    holds: Answer[bool]
    detail: str = ""
    path: str = ""
    """The file that says so; empty where it is one that is missing."""
    line: int = 0


class UpdateSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where updates come from: a URL without user and password, safe text."""

    url: str
    path: str
    line: int = 0
    encrypted: bool
    verifies: Answer[bool]
    """A signature is demanded of what comes from here."""
    detail: str = ""


class UpdateSystem(msgspec.Struct, frozen=True, kw_only=True):
    """One update system as the image configures it."""

    system: System
    path: str
    """Its configuration; its program where it has none."""
    line: int = 0
    runs: Answer[bool]
    """Something starts it, or a person or script calls it."""
    components: tuple[Component, ...]
    """What it replaces."""
    sources: tuple[UpdateSource, ...] = ()
    traits: tuple[UpdateTrait, ...] = ()
    detail: str = ""

    def trait(self, name: TraitName) -> UpdateTrait | None:
        """What is known of one trait; None where it makes no sense for this system or nobody looked."""
        return next((t for t in self.traits if t.name == name), None)


class HomemadeUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A script that fetches something and writes it over the system (``wget … | dd of=/dev/mmcblk0p2``)."""

    path: str
    line: int
    fetches: str
    """The address, without user and password; safe text, cut."""
    writes: str
    """What it writes with: ``dd``, ``flashcp``, ``sysupgrade``, ``sh`` …"""
    encrypted: bool
    checks: Literal["signature", "digest", "nothing"]
    """What the script looks at before it writes: a digest from the same server protects from no attacker."""


class UpdateSystems(Fact, frozen=True, kw_only=True, tag="update-systems"):
    """Every update system, package feed and home-made updater of a root file system; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    systems: tuple[UpdateSystem, ...]
    scripts: tuple[HomemadeUpdate, ...] = ()
    unread: tuple[str, ...] = ()
    """Configurations that are there and could not be read, each with its reason."""
