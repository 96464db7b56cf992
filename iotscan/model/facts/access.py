"""Who may come in by a key, and who may become root, as files of an image say."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class AuthorizedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key that logs somebody in (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""

    path: str
    line: int
    user: str
    uid: int = -1
    algorithm: str
    sha256: str
    """SHA-256 of the key blob, hex."""
    options: tuple[str, ...] = ()
    """Names of the options before it: ``command``, ``from``, ``restrict`` … without their values."""
    is_authority: bool = False
    """``cert-authority``: whoever it signs for may log in."""


class AuthorizedKeys(Fact, frozen=True, kw_only=True, tag="authorized-keys"):
    """Every public key by which the image lets somebody in."""

    per: ClassVar[Ownership] = "image"

    keys: tuple[AuthorizedKey, ...]
    damaged: tuple[str, ...] = ()
    """``path:line`` of lines that are no key, and of settings that let in whom no file names (TrustedUserCAKeys)."""


class PrivilegeRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that lets somebody do what only another may: sudoers(5), doas.conf(5), polkit(8)."""

    path: str
    line: int
    system: Literal["sudo", "doas", "polkit"]
    who: str
    """``admin``, ``%wheel``, ``ALL``; empty where a rule of polkit does not say."""
    becomes: str = "root"
    commands: tuple[str, ...] = ()
    """``ALL``, or programs without their arguments; actions of polkit."""
    asks_password: bool = True
    is_for_all: bool = False
    """The rule is for every command or action."""


class PrivilegeRules(Fact, frozen=True, kw_only=True, tag="privilege-rules"):
    """Who may become whom in one root file system, root's own rule left out."""

    per: ClassVar[Ownership] = "image"

    rules: tuple[PrivilegeRule, ...]
    programs: tuple[str, ...] = ()
    """What is installed that reads such rules: ``sudo``, ``doas``, ``pkexec``."""
    not_understood: tuple[str, ...] = ()
    """``path:line`` of lines that could not be read as a rule."""
