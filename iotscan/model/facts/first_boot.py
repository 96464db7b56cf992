"""What the first start of an image makes for the device alone: keys and passwords."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

MadeFrom = Literal["mac", "serial", "random", "constant", "unknown"]


class KeyMaker(msgspec.Struct, frozen=True, kw_only=True):
    """A command at the start that makes a key, or takes away one so that it is made anew."""

    path: str
    line: int
    tool: str
    """``ssh-keygen``, ``dropbearkey``, ``dropbear -R``, ``openssl``, ``cloud-init`` …"""
    makes: Literal["ssh-host-key", "tls-key"]
    writes: str = ""
    """The file that a TLS key goes to; empty where the command does not say it plainly."""
    removes: bool = False
    """It takes away the key that is there before another is made."""


class PasswordMaker(msgspec.Struct, frozen=True, kw_only=True):
    """A command at the start that sets a password or passphrase; never the text itself."""

    path: str
    line: int
    tool: str
    """``chpasswd``, ``passwd``, ``usermod``, ``htpasswd``, ``uci``, ``cloud-init`` …"""
    account: str = ""
    """Whose, where the line says so."""
    made_from: MadeFrom
    keyed: bool = False
    """A keyed hash (HMAC) or a cipher stands between the source and the password."""


class FirstBoot(Fact, frozen=True, kw_only=True, tag="first-boot"):
    """What runs at the start of a root file system and makes secrets of the device's own.

    Read off scripts as text: nothing proves that a line is reached.
    """

    per: ClassVar[Ownership] = "image"

    start: Answer[str]
    """The init system; unanswered where it is not known, and then what starts is not, either."""
    ssh_servers: tuple[str, ...] = ()
    """The SSH servers that it starts: ``sshd``, ``dropbear``."""
    key_makers: tuple[KeyMaker, ...] = ()
    password_makers: tuple[PasswordMaker, ...] = ()
