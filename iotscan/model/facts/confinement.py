"""What confines programs beyond file permissions, and what starts a hung device again."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class AccessControl(msgspec.Struct, frozen=True, kw_only=True):
    """One system of mandatory access control that a root file system has files of.

    ``mode`` is what its configuration says, ``policies`` how many policies or profiles are there, ``enabled_by`` what
    loads them at start; the last is empty where nothing that can be read does.
    """

    system: Literal["selinux", "apparmor", "smack"]
    path: str
    line: int = 0
    mode: Literal["enforcing", "permissive", "disabled", ""] = ""
    policies: int = 0
    enabled_by: str = ""


class MandatoryAccess(Fact, frozen=True, kw_only=True, tag="mandatory-access"):
    """Mandatory access control in one root file system; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    systems: tuple[AccessControl, ...]


class Watchdog(msgspec.Struct, frozen=True, kw_only=True):
    """Something that feeds a hardware watchdog from the start of the device on."""

    path: str
    line: int = 0
    fed_by: Literal["systemd", "watchdog", "busybox", "procd", "android"]


class Watchdogs(Fact, frozen=True, kw_only=True, tag="watchdogs"):
    """What feeds the watchdog in one root file system; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    watchdogs: tuple[Watchdog, ...]
