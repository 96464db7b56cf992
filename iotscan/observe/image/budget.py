"""How much one image may cost: what is beyond is named, and the run says so.

The figures are those of ``reference/hostile-world.md`` §1b row 25.
"""

import time
from collections.abc import Callable
from typing import TypeVar, cast

import msgspec

from iotscan.observe.image.unreadable import Unreadable

T = TypeVar("T")
MIB, GIB = 1 << 20, 1 << 30


class OverBudget(Unreadable):
    """A limit was met: the message says which, so that nobody takes the rest for empty."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one image may cost in all."""

    unpacked: int = 8 * GIB
    """Bytes that decompressing may give, over all parts."""
    ratio: int = 200
    """How many times larger a stream may become, once it gave ``ratio_from`` bytes."""
    ratio_from: int = 64 * MIB
    depth: int = 8
    """How deep images may be nested in one another."""
    parts: int = 10_000
    """Images within the image, and partitions: two that hold one another are doubled with each level."""
    entries: int = 500_000
    """Names, over all file systems."""
    folders: int = 128
    """How deep folders may be nested."""
    path: int = 4096
    """Characters of one path."""
    file: int = GIB
    """Bytes of one file that is searched."""
    memory: int = 256 * MIB
    """What one decompressor may take (xz dictionaries reach 4 GiB)."""
    seconds: float = 600.0


class Budget:
    """What is left for one image. Every reader of the image draws on the same one."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self._unpacked = 0
        self._entries = 0
        self._ends = time.monotonic() + limits.seconds
        self._shared: dict[Callable[[], object], object] = {}

    def unpack(self, taken: int, given: int, more: int) -> None:
        """Allow ``more`` bytes out of a stream of ``taken`` bytes that gave ``given`` so far.

        Raises :class:`Unreadable` for a stream that grows too much, OverBudget where all are too much.
        """
        self.check_time()
        self._unpacked += more
        total = given + more
        if self._unpacked > self.limits.unpacked:
            raise OverBudget(f"it unpacks to more than {self.limits.unpacked // GIB} GiB")
        if total > self.limits.ratio_from and total > self.limits.ratio * max(taken, 1):
            raise Unreadable(f"it unpacks to more than {self.limits.ratio} times its size")

    def entry(self, path: str) -> None:
        """Allow one more name that a reader keeps. Raises OverBudget."""
        self._entries += 1
        self.walked(self._entries, path)

    def walked(self, count: int, path: str) -> None:
        """Allow the ``count``-th name of one walk: each walk has all names to itself. Raises OverBudget."""
        if count % 1024 == 0:
            self.check_time()
        if count > self.limits.entries:
            raise OverBudget(f"more than {self.limits.entries:,} files")
        if len(path) > self.limits.path:
            raise OverBudget(f"a path is longer than {self.limits.path:,} characters")

    def shared(self, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once for all trees of the image: for work that is bounded over all of them."""
        if make not in self._shared:
            self._shared[make] = make()
        return cast(T, self._shared[make])

    @property
    def seconds_left(self) -> float:
        """Until the time is over."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def room_left(self) -> int:
        """Bytes that may still be unpacked."""
        return max(0, self.limits.unpacked - self._unpacked)

    def check_time(self) -> None:
        """Raises OverBudget when the time is over."""
        if time.monotonic() > self._ends:
            raise OverBudget(f"it takes longer than {self.limits.seconds:g} s")
