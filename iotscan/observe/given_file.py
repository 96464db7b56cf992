"""A file with CRLs or OCSP responses that the user gave. Apart from what reads it: that takes a library to load."""

from typing import Literal

import msgspec


class GivenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the user: ``name`` is what a report calls it."""

    kind: Literal["crl", "ocsp"]
    name: str
    path: str
