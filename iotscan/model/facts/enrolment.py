"""Servers that hand out certificates to devices."""

from typing import Literal

import msgspec

from iotscan.model.facts.fact import Fact

EnrolmentProtocol = Literal["est", "brski", "cmp", "scep", "acme", "est-coaps"]


class EnrolmentEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One place at which a certificate can be asked for. Nothing was enrolled. All text is safe text."""

    protocol: EnrolmentProtocol
    path: str
    proof: Literal["content", "refusal", "listed"]
    """``content``: it answered a GET as only such a server does. ``refusal``: it refused GET (405 and the like) at the
    registered address, where addresses that nobody has are not found. ``listed``: in a list of CoAP resources."""
    asks_login: bool = False
    """It answered 401 or 403 to somebody without credentials."""
    authorities: tuple[str, ...] = ()
    """SHA-256 of the CA certificates that it gives away, lower-case hex."""
    capabilities: tuple[str, ...] = ()
    """Of SCEP: ``SHA-256``, ``AES``, ``POSTPKIOperation`` …"""
    cleartext: tuple[str, ...] = ()
    """Resources of an ACME directory that lead to http."""


class EnrolmentServer(Fact, frozen=True, kw_only=True, tag="enrolment-server"):
    """The ways in which one service hands out certificates: EST, BRSKI, CMP, SCEP, ACME."""

    tls: bool
    endpoints: tuple[EnrolmentEndpoint, ...]
