"""Terminals of a device on which the image opens something: serial lines, screens."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """What is started on a terminal.

    ``login``: ``asks`` for name and password, ``automatic`` logs somebody in, ``none`` is a shell at once.
    """

    path: str
    line: int = 0
    terminal: str = ""
    """``ttyS0``; empty for the console the kernel was given, or any."""
    started_by: Literal["inittab", "systemd", "script", "default"]
    """``default``: BusyBox init does so where there is no inittab."""
    program: str
    login: Literal["asks", "automatic", "none"]
    user: str = ""
    """Whom it logs in; ``root`` for a shell at once unless the line says otherwise."""


class Consoles(Fact, frozen=True, kw_only=True, tag="consoles"):
    """Every terminal on which one root file system opens a login or a shell."""

    per: ClassVar[Ownership] = "image"

    start: Answer[str]
    """The init system; unanswered where it is not known."""
    consoles: tuple[Console, ...] = ()
    root_terminals: tuple[str, ...] | None = None
    """The terminals of /etc/securetty; None where there is no such file and root may use all."""
