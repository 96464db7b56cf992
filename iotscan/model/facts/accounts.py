"""Who can log in to what an image installs: accounts, and the password files of its services."""

from datetime import datetime
from typing import ClassVar

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

NO_LOGIN = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown", "null"})
"""Programs in the last field of passwd(5) that end at once."""

_DAY = 86_400


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A name with the kind of password hash it has; never the hash itself."""

    path: str
    line: int
    name: str
    uid: int = -1
    store: str = "system"
    """Whose account: ``system`` (passwd(5)), ``group``, ``htpasswd``, ``htdigest``, ``mosquitto``, ``rpcd``,
    ``busybox-httpd``."""
    shell: str = ""
    """The login program; empty where the file names none, which means /bin/sh for a system account."""
    scheme: str
    """``locked``, ``empty``, ``plain``, ``des``, ``md5``, ``sha512``, ``yescrypt``, ``other`` …"""
    rounds: int = 0
    """How often the hash is repeated (2^cost of bcrypt, N of scrypt); 0 where the scheme fixes it or none is said."""
    default_password: Answer[bool]
    """The hash is of a well-known default password; unanswered where it could not be tested."""
    tried: int = 0
    """How many well-known passwords were compared with the hash."""
    expires: int = -1
    """The day (since 1970-01-01) from which the account is disabled (shadow(5)); -1 where there is none."""
    must_change: bool = False
    """shadow(5) demands a new password at the next login (last change on day 0)."""

    @property
    def has_shell(self) -> bool:
        """False where a login would end at once."""
        return self.store == "system" and self.shell.rpartition("/")[2] not in NO_LOGIN

    def is_disabled(self, at: datetime) -> bool:
        """True where shadow(5) says that the account has expired by then."""
        return 0 <= self.expires * _DAY <= at.timestamp()


class Accounts(Fact, frozen=True, kw_only=True, tag="accounts"):
    """The account files of a root file system, and the password files that its services are configured with."""

    per: ClassVar[Ownership] = "image"

    accounts: tuple[Account, ...]
    enforces_ageing: bool = False
    """PAM or login of the shadow suite is there, which holds people to ``must_change`` and ``expires``."""
