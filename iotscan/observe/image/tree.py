"""One read-only tree for whatever an image comes as: paths to metadata and lazily read bytes.

Nothing is written to the host, mounted or executed. Links resolve inside the tree only.
"""

from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec

Kind = Literal["file", "folder", "link", "other"]
LINK_HOPS = 40
ENTRY_LIMIT = 500_000
DEPTH_LIMIT = 128


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One name in an image. ``path`` begins with ``/``, ``mode`` are the permission bits, ``target`` a link's text."""

    path: str
    kind: Kind
    size: int = 0
    mode: int = 0
    target: str = ""


class Unreadable(Exception):
    """A file of the image that cannot be read: the message says why, not what is in it."""


class Tree(Protocol):
    """What every reader offers."""

    @property
    def source(self) -> str:
        """Where the image was given, as the user wrote it."""

    @property
    def format(self) -> str:
        """``folder``, ``tar`` …"""

    def find(self, path: str) -> Entry | None:
        """The entry at ``path`` after following links inside the tree; None when there is none."""

    def walk(self) -> Iterator[Entry]:
        """Every entry once, in the order of its path, links not followed. Raises Unreadable at a limit."""

    def children(self, path: str) -> tuple[Entry, ...]:
        """The entries directly in a folder, sorted; empty when it is none. Raises Unreadable."""

    def read(self, path: str, limit: int) -> bytes:
        """The first ``limit`` bytes of a regular file, links followed. Raises Unreadable."""
