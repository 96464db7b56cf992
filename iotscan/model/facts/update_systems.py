"""How an image is updated: by which systems, and what each of them does and does not see to."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

System = Literal[
    "rauc", "swupdate", "mender", "ostree", "opkg", "apk", "apt", "dnf", "sysupgrade", "hawkbit", "aktualizr", "tuf",
    "balena", "greengrass", "snap", "docker", "podman", "fwupd", "systemd-sysupdate", "android", "script", "other",
]  # fmt: skip
"""Boot loaders are none: what they count and start instead are traits of the system that installs."""
Component = Literal["bootloader", "kernel", "rootfs", "packages", "containers", "configuration", "firmware"]
TraitName = Literal[
    "verifies",
    "key-present",
    "reads-verified",
    "automatic",
    "slots",
    "boot-counter",
    "fallback-target",
    "confirmed",
    "health-check",
    "redundant-environment",
    "atomic-write",
    "durable-write",
    "recovers",
    "refuses-older",
    "compatibility",
]


class UpdateTrait(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an update system sees to, or not.

    ``verifies``: nothing unsigned is installed. ``key-present``: the key that it names is in the image.
    ``reads-verified``: content is checked as it is read, not once before (RAUC: no plain bundles).
    ``automatic``: it looks for updates by itself,
    every ``period`` seconds. Of going back: ``slots`` (a second place to install to), ``boot-counter`` (a start that
    fails is counted), ``fallback-target`` (the other slot is started when the count is out), ``confirmed`` (something
    says that a start was good, so that the count begins anew), ``health-check`` (what says so looked at the system,
    it did not only reach a target). ``redundant-environment``: the counter survives a cut while it is written.
    ``atomic-write``: an interrupted installation leaves the old system whole. ``durable-write``: what was written is on
    the medium before it counts as installed. ``recovers``: an installation that was cut off is told from one that was
    not, and is finished or taken back without anybody's help. ``refuses-older``: an older signed
    artefact is not installed. ``compatibility``: an artefact for other hardware is not installed.

    ``holds`` is unanswered where the image does not tell; a trait that makes no sense for a system is left out.
    """

    name: TraitName
    holds: Answer[bool]
    component: Component | None = None
    """Of which component it is said; None for all that the system replaces."""
    detail: str = ""
    period: int = 0
    """Seconds; 0 where none is known."""
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
    index: str = ""
    """Where below ``url`` the file stands that speaks for it (``dists/stable/InRelease``), where that is configured."""
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
    is_read: bool = True
    """False where only its program was seen: whether it is set up is not known then."""
    detail: str = ""

    @property
    def name(self) -> str:
        """What to call it: its program, where it is none of those that have a name here."""
        return self.path.rpartition("/")[2] if self.system == "other" else self.system

    def trait(self, name: TraitName, component: Component | None = None) -> UpdateTrait | None:
        """What is known of one trait; of several components the first, where none is asked for.

        None where nobody looked or it makes no sense.
        """
        named = [t for t in self.traits if t.name == name]
        if component is not None:
            named = [t for t in named if t.component == component] or [t for t in named if t.component is None]
        return named[0] if named else None

    def holds(self, name: TraitName, component: Component | None = None) -> bool | None:
        """Whether a trait holds; None where that is not known."""
        found = self.trait(name, component)
        return found.holds.known if found is not None else None


class HomemadeUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A script that fetches something and writes it over the system (``wget … | dd of=/dev/mmcblk0p2``)."""

    path: str
    line: int
    """Of what writes."""
    fetches: str
    """The address, without user and password; safe text, cut; empty where the script is told it."""
    writes: str
    """What it writes with: ``dd``, ``flashcp``, ``sysupgrade``, ``sh`` …"""
    encrypted: Answer[bool]
    """Nobody on the way can change it: the address is encrypted, and its certificate is looked at."""
    checks: Literal["signature", "digest", "nothing"]
    """What the script looks at before it writes: a digest from the same server protects from no attacker."""
    detail: str = ""
    runs: Answer[bool]
    """Something starts it, as far as the files of the start tell."""


class UpdateSystems(Fact, frozen=True, kw_only=True, tag="update-systems"):
    """Every update system, package feed and home-made updater of a root file system; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    systems: tuple[UpdateSystem, ...]
    scripts: tuple[HomemadeUpdate, ...] = ()
    in_container: bool = False
    """Of a container image, which is replaced from outside."""
    unread: tuple[str, ...] = ()
    """Configurations that are there and could not be read, each with its reason."""
