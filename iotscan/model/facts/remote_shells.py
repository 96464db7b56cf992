"""Ways into a device that no account guards, in what an image starts."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class RemoteShell(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the start that gives a shell away.

    ``kind``: ``open`` listens and asks nobody, ``reverse`` calls out and hands over a shell, ``knock`` opens a door
    after a secret knock (knockd), ``hidden`` runs a file whose name is hidden (begins with a dot).
    """

    path: str
    line: int = 0
    kind: Literal["open", "reverse", "knock", "hidden"]
    program: str
    shown: str
    """The command, made safe."""


class RemoteShells(Fact, frozen=True, kw_only=True, tag="remote-shells"):
    """What one root file system starts that gives a shell to the network."""

    per: ClassVar[Ownership] = "image"

    start: Answer[str]
    """The init system; unanswered where it is not known, and then more may be started than was seen."""
    shells: tuple[RemoteShell, ...] = ()
    commands: int = 0
    """How many commands of the start were looked at."""
