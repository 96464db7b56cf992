"""Secrets that stand in the files of an image: where and of what kind, never what they are."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.exposure import Token
from iotscan.model.facts.fact import Fact, Ownership

SecretGroup = Literal["service-token", "bearer-token", "password", "wifi", "vpn", "community"]
"""What a secret opens: an account of a service, whatever a signed token is for, a login, a radio network, a tunnel,
an SNMP agent."""


class EmbeddedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """One secret as it stands in a file."""

    path: str
    line: int
    group: SecretGroup
    form: str
    """What it was recognised by: ``aws-access-key``, ``mqtt``, ``url`` …"""
    name: str = ""
    """What the file calls it: ``remote_password``."""
    length: int
    """Characters."""
    sha256_prefix: str = ""
    """First 8 hex digits of its SHA-256, only where nobody could guess it from them."""
    in_documentation: bool = False
    """It lies where documentation, examples and tests lie."""
    token: Token | None = None
    """What a JWT says of itself."""


class EmbeddedSecrets(Fact, frozen=True, kw_only=True, tag="embedded-secrets"):
    """All secrets found in the text files of an image, and how many files were looked at."""

    per: ClassVar[Ownership] = "image"

    secrets: tuple[EmbeddedSecret, ...]
    files_searched: int
    is_cut_off: bool = False
    """More were found than are listed."""
