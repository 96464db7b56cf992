"""One command that somebody may run as another: what sudoers, doas.conf and polkit come to."""

import re
from typing import Literal

import msgspec

Held = Literal["any", "none", "fixed", "pattern"]
_GLOB = re.compile(r"(?<!\\)[*?\[]")


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """What a line permits, with the accounts of the image that it is for."""

    path: str
    line: int
    system: Literal["sudo", "doas", "polkit"]
    who: str
    people: int
    """A set of :class:`..people.People`."""
    is_for_everyone: bool = False
    becomes: str = "root"
    becomes_root: bool = True
    program: str
    arguments: Held = "any"
    asks_password: bool = True
    runs_others: bool = True
    unsettled: str = ""
    """What the files do not settle: ``only on host gw7``, ``netgroup +admins``."""


def held(arguments: str | None) -> Held:
    """How far sudoers(5) holds the arguments of a command."""
    if arguments is None:
        return "any"
    if arguments == '""':
        return "none"
    if arguments.startswith("^"):
        return "pattern" if re.search(r"(?<!\\)[*+{]", arguments) else "fixed"
    return "pattern" if re.search(r"(?<!\\)\*", arguments) else "fixed"


def is_pattern(program: str) -> bool:
    """True for ``/usr/bin/*`` and for a folder, ``/usr/bin/``."""
    return program.startswith("^") or program.endswith("/") or _GLOB.search(program) is not None
