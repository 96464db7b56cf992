"""Where the files that ship beside the code are: ``checks``, ``profiles``, ``reports``.

They live at the top of the repository and are copied into ``iotscan/_shipped`` in a wheel. One
resolver knows this; everything else asks it.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


class NotShipped(Exception):
    """A folder that belongs to iotscan is missing: the installation is broken."""


def shipped(folder: str) -> Path:
    """The path of a shipped top-level folder: the installed copy, else the checkout beside the package.

    Raises :class:`NotShipped` with the places that were looked at.
    """
    places = (PACKAGE / "_shipped" / folder, PACKAGE.parent / folder)
    for place in places:
        if place.is_dir():
            return place
    looked = " nor ".join(str(p) for p in places)
    raise NotShipped(f"iotscan's own folder '{folder}' is neither at {looked}: reinstall iotscan")
