"""Which of two versions of a distribution's packages is the newer: each distribution orders them its own way.

A module has one function that makes of a version what Python compares. They are ours, as they are short: the library
that knows them all takes 0.15 s to import, and python-debian knows Debian's alone.
"""

from collections.abc import Callable
from typing import Any

Key = tuple[Any, ...]
"""What stands for a version: those of one distribution compare as the distribution says."""
Order = Callable[[str], Key]
"""Raises :class:`NotComparable`."""
LONGEST = 200
"""Characters: no version has more, and long numbers take long to read."""


class NotComparable(ValueError):
    """A text that is no version of this kind: nobody can say what is older."""
