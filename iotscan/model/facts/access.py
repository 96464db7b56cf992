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


class AllowedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command of a rule."""

    program: str
    """``ALL``, a path, a pattern of paths (``/usr/bin/*``), a folder (``/usr/bin/``), ``sudoedit``, an action."""
    arguments: Literal["any", "none", "fixed", "pattern"] = "any"
    """How far the rule holds what may stand behind it; an action with more conditions is ``fixed``."""
    changed_by: tuple[str, ...] = ()
    """Those whom the rule is for and who may put another program in its place, by the owners and modes of the image."""


class PrivilegeRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that lets somebody do what only another may: sudoers(5), doas.conf(5), polkit(8)."""

    path: str
    line: int
    system: Literal["sudo", "doas", "polkit"]
    who: str
    """``admin``, ``%wheel``, ``ALL``; empty where a rule of polkit does not say."""
    accounts: tuple[str, ...] = ()
    """Accounts of the image that it holds for, root's own and those for whom a later rule holds left out."""
    logins: tuple[str, ...] = ()
    """Those of them with a login shell."""
    services: tuple[str, ...] = ()
    """Those of them that a service on the network runs as."""
    is_for_everyone: bool = False
    """It is for whoever has an account."""
    becomes: str = "root"
    becomes_root: bool = True
    commands: tuple[str, ...] = ()
    """``ALL``, or programs without their arguments; actions of polkit."""
    asks_password: bool = True
    is_for_all: bool = False
    """The rule is for every command or action."""
    allowed: tuple[AllowedCommand, ...] = ()
    """The commands again, with how far their arguments are held."""
    runs_others: bool = True
    """False where sudo keeps the command from starting others (NOEXEC)."""
    unsettled: str = ""
    """What no file of the image settles: whether the device is of that name, who is in a netgroup."""


class PrivilegeRules(Fact, frozen=True, kw_only=True, tag="privilege-rules"):
    """Who may become whom in one root file system, root's own rule left out."""

    per: ClassVar[Ownership] = "image"

    rules: tuple[PrivilegeRule, ...]
    programs: tuple[str, ...] = ()
    """What is installed that reads such rules: ``sudo``, ``doas``, ``pkexec``, ``polkitd``."""
    not_understood: tuple[str, ...] = ()
    """``path:line`` of lines that could not be read as a rule, and what else was left out."""
