"""What a reader is: one format, recognised by its first bytes, opened as a tree or as parts.

A format that is made of files, not of bytes (an OCI layout, be it a folder or a tar), is a :class:`Layout`.
"""

from collections.abc import Callable

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.tree import Tree

HEAD = 4096
"""Bytes from which a format is recognised. One whose mark lies elsewhere reads the blob itself."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A blob inside another: a partition, an image of a FIT, the unpacked stream.

    ``name`` is what a person calls it (``p2``, ``kernel-1``, ``unpacked``), safe and short; ``label`` what the image
    calls it (a GPT name), as it stands there. ``sealed`` says why nobody could read it without a key that the image
    need not hold (``LUKS2``): such a part is no gap. ``problem`` is what is wrong with it before anybody opened it.
    """

    name: str
    blob: Blob | None = None
    tree: Tree | None = None
    """In place of a blob: files that have no bytes of their own, as the layers of a container image put together."""
    label: str = ""
    known_as: str = ""
    """What its container says that it is (``kernel``): bytes of it that nobody recognises are code, and no gap."""
    sealed: str = ""
    problem: str = ""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader found: files, parts, or both (neither for something that is only recognised, as a kernel).

    ``problem`` says what could not be read of it although the rest could.
    """

    tree: Tree | None = None
    parts: tuple[Part, ...] = ()
    problem: str = ""
    is_sealed: bool = False
    """True where all of it needs a key (a LUKS header): no gap, but nothing of it was seen."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Reads one format.

    ``recognises`` gets the first :data:`HEAD` bytes and the blob; it never raises and answers True only for what
    *claims* to be this format: a damaged or unsupported one too, as ``opens`` says what is wrong with it by raising
    :class:`Unreadable`. ``opens`` gets the blob and the image's budget. ``searches`` is True where the mark may stand
    anywhere in the blob, so that all of it is read for it.
    """

    name: str
    recognises: Callable[[bytes, Blob], bool]
    opens: Callable[[Blob, Budget], Contents]
    searches: bool = False


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Reads one format that is a set of files: recognised by their names. Otherwise as a :class:`Reader`."""

    name: str
    recognises: Callable[[Tree], bool]
    opens: Callable[[Tree, Budget], Contents]
