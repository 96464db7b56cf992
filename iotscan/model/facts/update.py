"""Update endpoints that a device serves, and whether what they offer is signed."""

from typing import Literal

import msgspec

from iotscan.model.facts.fact import Fact

Signature = Literal["none", "embedded", "detached", "unknown"]


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest or firmware image that was found, read up to a cap and looked at by structure.

    ``signature`` says whether one is *there*; ``detail`` says what was looked for and that it was not
    verified (no key). ``unknown`` when the format, or the cap, does not let us tell.
    """

    path: str
    role: Literal["manifest", "image"]
    format: str
    signature: Signature
    detail: str = ""
    bytes_read: int = 0
    is_truncated: bool = False


class UploadForm(msgspec.Struct, frozen=True, kw_only=True):
    """A page that offers a file upload without asking who you are."""

    path: str
    action: str = ""


class UpdateServer(Fact, frozen=True, kw_only=True, tag="update-server"):
    """Update manifests, images and upload pages under one web server."""

    tls: bool
    artefacts: tuple[Artefact, ...] = ()
    open_uploads: tuple[UploadForm, ...] = ()
    paths_asked: int = 0
    paths_unread: int = 0
    """How many of the addresses gave no answer that tells what stands there."""
