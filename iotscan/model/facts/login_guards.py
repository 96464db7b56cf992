"""What hinders guessing of passwords, as the configuration of an image says."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class LoginService(msgspec.Struct, frozen=True, kw_only=True):
    """A login over the network that the image starts: ``sshd``, ``dropbear``, ``telnetd``."""

    name: str
    path: str
    line: int = 0
    takes_passwords: bool
    tries: int
    """Per connection; the program's own default where nothing is said; 0 where it does not count."""
    uses_pam: bool = False


class LoginGuard(msgspec.Struct, frozen=True, kw_only=True):
    """What counts failed logins over all connections."""

    path: str
    line: int = 0
    kind: Literal["fail2ban", "sshguard", "pam_faillock", "pam_tally2", "pam_tally", "denyhosts", "penalties", "rate"]
    guards: tuple[str, ...]
    """Services of the image that it covers."""


class LoginGuards(Fact, frozen=True, kw_only=True, tag="login-guards"):
    """The logins over the network of one root file system, and what guards them against guessing."""

    per: ClassVar[Ownership] = "image"

    start: Answer[str]
    """The init system; unanswered where it is not known."""
    services: tuple[LoginService, ...] = ()
    guards: tuple[LoginGuard, ...] = ()
