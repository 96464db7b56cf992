"""Update endpoints that a device serves, and whether what they offer is signed."""

from typing import Literal

import msgspec

from iotscan.model.facts.fact import Fact
from iotscan.model.facts.signing import SignedArtefact

Signature = Literal["none", "embedded", "detached", "unknown"]


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest, a firmware image or a feed of packages that was found, read up to a cap.

    ``signature`` says by structure whether one is *there*; ``detail`` says what was looked for. ``unknown`` when the
    format, or the cap, does not let us tell. ``signed`` is what a key can be tried on, where the format is read at all;
    of one that was fetched in pieces it says so in its ``problem``.
    """

    path: str
    role: Literal["manifest", "image", "feed"]
    format: str
    signature: Signature
    detail: str = ""
    bytes_read: int = 0
    is_truncated: bool = False
    signed: SignedArtefact | None = None
    elsewhere: tuple[str, ...] = ()
    """Other origins (``http://host:port``) from which what it names is to be fetched: named, never asked."""
    named_by: tuple[str, ...] = ()
    """The images that take their updates from there, by their names."""


class UploadForm(msgspec.Struct, frozen=True, kw_only=True):
    """A page that offers a file upload without asking who you are.

    ``installer`` is the updater whose own page it is: the file goes straight into it.
    """

    path: str
    action: str = ""
    installer: str = ""


class UpdateServer(Fact, frozen=True, kw_only=True, tag="update-server"):
    """Update manifests, images and upload pages under one web server."""

    tls: bool
    artefacts: tuple[Artefact, ...] = ()
    open_uploads: tuple[UploadForm, ...] = ()
    paths_asked: int = 0
    paths_unread: int = 0
    """How many of the addresses gave no answer that tells what stands there."""
