"""What a boot loader counts, and what it starts when the count is out."""

from typing import Literal

import msgspec

Loader = Literal["u-boot", "grub", "barebox", "systemd-boot"]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of an image: ``holds`` is None where it does not tell. ``path`` is shown already."""

    holds: bool | None
    detail: str
    path: str = ""
    line: int = 0


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """One boot loader. ``counter``: a start is counted before it is tried, and the count is kept. ``alternative``:
    something else is started when it is out. ``redundant``: where the count is kept, there are two copies.
    """

    loader: Loader
    counter: Said
    alternative: Said
    redundant: Said
    is_own: bool = False
    """It is U-Boot's own count (``bootlimit``), of which an updater with variables of its own knows nothing."""


def unseen(loader: Loader, what: str) -> Counting:
    """A boot loader of which the image holds nothing."""
    said = Said(holds=None, detail=what)
    return Counting(loader=loader, counter=said, alternative=said, redundant=said)
