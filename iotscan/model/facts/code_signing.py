"""Signatures of what runs: programs that IMA appraises, kernel modules. Each file bears its own."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership
from iotscan.model.facts.signing import Scheme

CodeKind = Literal["program", "module"]


class CodeSignature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The signature of one file, with what it is over. ``value`` and ``over`` (a digest) are base64.

    ``over`` is empty where ``problem`` says why the file or its signature was not read far enough to try it.
    """

    path: str
    kind: CodeKind
    scheme: Scheme = "other"
    digest: str = ""
    value: str = ""
    over: str = ""
    key_hint: str = ""
    """How the signature names its key, hex: four bytes of IMA, the serial number or key identifier of a module."""
    issuer: str = ""
    """Of the certificate that a serial number names: the beginning of the SHA-256 of its DER, hex."""
    damage: str = ""
    """Why it holds with no key: it is no signature, or the file is not what it says."""
    problem: str = ""


class SignedPrograms(Fact, frozen=True, kw_only=True, tag="signed-programs"):
    """The programs and libraries of an image that bear a signature of IMA: at least one, in the order they were met."""

    per: ClassVar[Ownership] = "image"

    files: tuple[CodeSignature, ...]
    left_out: int = 0
    """Signed files beyond those that are kept."""


class SignedModules(Fact, frozen=True, kw_only=True, tag="signed-modules"):
    """The kernel modules of an image that bear a signature: at least one, in the order they were met."""

    per: ClassVar[Ownership] = "image"

    files: tuple[CodeSignature, ...]
    left_out: int = 0
    """Signed files beyond those that are kept."""
