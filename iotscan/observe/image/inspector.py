"""What an inspector is: one concern, facts read off a tree."""

from collections.abc import Callable

import msgspec

from iotscan.model.facts import Fact
from iotscan.observe.heard import Heard
from iotscan.observe.image.tree import Tree


class Inspector(msgspec.Struct, frozen=True, kw_only=True):
    """Reads one concern of an image. ``inspect`` returns facts, or why there are none; it never raises."""

    name: str
    version: int
    gives: tuple[type[Fact], ...]
    inspect: Callable[[Tree], Heard]

    @property
    def label(self) -> str:
        """``accounts/1``, as observations name it."""
        return f"{self.name}/{self.version}"
