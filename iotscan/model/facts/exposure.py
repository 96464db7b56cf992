"""Secrets, tokens and personal data that were seen in the clear in traffic: what kind and where, never themselves."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership
from iotscan.model.facts.traffic import Use

ExposedKind = Literal["password", "token", "session", "community", "private-key", "personal", "digest"]
"""``session``: a cookie of a login. ``digest``: a password's hash that can be tried offline, or a challenge answered.
``personal``: e-mail addresses, positions, names of networks."""


class Exposure(Use, frozen=True, kw_only=True):
    """Something secret or personal in the clear."""

    kind: ExposedKind
    protocol: str = ""
    """``http``, ``mqtt``, ``ftp`` …"""
    what: str = ""
    """In words, without the secret: ``HTTP Basic password of user admin``, ``access_token in the query of /api``."""
    account: str = ""
    """Who logs in by telnet; safe text, empty where that was not heard, and for other protocols."""
    place: str = ""
    """``header``, ``query``, ``body``, ``CONNECT`` …"""
    accepted: bool | None = None
    """Whether the other side took it; None where that was not seen."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says of itself. Never the token; ``digest`` are the first 12 hex digits of its SHA-256."""

    format: Literal["jwt", "opaque"] = "opaque"
    algorithm: str = ""
    """``none``, ``HS256``, ``RS256`` …"""
    issuer: str = ""
    audience: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    has_expiry: bool = False
    lifetime: Answer[int]
    """Seconds from ``iat`` or ``nbf`` to ``exp``; from when it was seen where neither stands in it."""
    is_life_open: bool = False
    """Neither stands in it: it lives as long at least, by the clock of whoever captured."""
    expires: datetime | None = None
    """Its end, where it names one."""
    is_encrypted: bool = False
    """A JWE: whether it has an end, who issued it and for whom is known to those with the key only."""
    is_unsigned: bool = False
    """A JWT that anybody could have written: its algorithm is ``none`` (RFC 7519 section 6)."""
    is_bound: bool = False
    """Bound to a key of its sender: ``cnf`` (RFC 7800), DPoP, mutual TLS."""
    guessed_key: str = ""
    """Which key of the built-in list signs it (by what it is, not the key); empty where none does."""
    digest: str = ""


class TokenUse(Use, frozen=True, kw_only=True):
    """A token that was seen in traffic."""

    token: Token
    scheme: str = ""
    """``Bearer``, ``DPoP``, ``access_token``, ``api key`` …"""
    place: str = ""
    """``header``, ``query``, ``body``, ``answer`` (as it was issued), ``mqtt password`` …"""
    is_issued: bool = False
    """Seen as it came from a token endpoint."""


class Exposures(Fact, frozen=True, kw_only=True, tag="exposures"):
    """All that a device sent, or was sent, in the clear and should not have been."""

    per: ClassVar[Ownership] = "traffic"

    exposures: tuple[Exposure, ...] = ()
    tokens: tuple[TokenUse, ...] = ()
    is_cut_off: bool = False
