"""Servers that an image talks to by its own files, and how it checks who they are."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership

BackendKind = Literal["broker", "iot-platform", "update", "time", "log", "web"]


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """One server that a configuration, script or program of the image names, where it was met first."""

    host: str
    scheme: str = ""
    """``https``, ``mqtts`` …; empty where only a name stands there."""
    port: int = 0
    kind: BackendKind
    path: str
    line: int = 0
    """0 in a program."""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A setting by which a client trusts less than the whole trust store."""

    path: str
    line: int
    setting: str
    value: str
    authorities: tuple[str, ...] = ()
    """SHA-256 (hex) of the certificates in the file that ``value`` names, where it is in the image; the first 16."""
    subjects: tuple[str, ...] = ()
    """Whom they are of, in the same order."""


class Backends(Fact, frozen=True, kw_only=True, tag="backends"):
    """Every server that the image names by itself; comments, documentation and libraries do not count."""

    per: ClassVar[Ownership] = "image"

    backends: tuple[Backend, ...]
    pins: tuple[Pin, ...] = ()
    files_searched: int
    is_cut_off: bool = False


class VerificationSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a client is told not to check the certificate of its server."""

    path: str
    line: int
    client: str
    """``curl``, ``wget``, ``python``, ``setting`` …"""
    setting: str
    """The words that say it, made safe."""
    in_documentation: bool = False


class VerificationSwitches(Fact, frozen=True, kw_only=True, tag="verification-switches"):
    """Every place where checking is switched off."""

    per: ClassVar[Ownership] = "image"

    switches: tuple[VerificationSwitch, ...]
    files_searched: int
