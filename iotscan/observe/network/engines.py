"""Two engines, one handshake: what sslyze says of it beside what our own parser read off the same bytes.

A server may answer two connections differently, and nobody is wrong; so the comparison is of one
connection, whose first flight the proxy hands to our parser while sslyze finishes it. Only what our own
hellos said of *every* handshake (a version refused, a group of suites refused) is compared across
connections.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import TlsEndpoint
from iotscan.model.text import safe_text
from iotscan.wire.tls.flight import Flight
from iotscan.wire.tls.suites import SUITES, CipherSuite, suite_name

_BY_NAME = {suite.name: suite for suite in SUITES.values()}


class Shaking(Protocol):
    """One connection of sslyze's, and what our parser heard on it."""

    @property
    def version(self) -> str:
        """The version that sslyze offered."""

    @property
    def flight(self) -> Flight:
        """The server's first flight as we read it."""

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The chain that sslyze read, DER, leaf first."""

    @property
    def is_finished(self) -> bool:
        """True when sslyze finished it."""

    def answer(self, name: str) -> Any:
        """What sslyze said."""


Pair = tuple[str, object, object]
"""A question, our answer, sslyze's."""


def compare(every: Sequence[Shaking], endpoint: TlsEndpoint | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the engines disagree, with both answers, and which questions both answered."""
    pairs = [pair for shaking in every for pair in (*_same_bytes(shaking), *_all_hellos(shaking, endpoint))]
    differing = (
        safe_text(f"{question}: our own hellos say {ours}, sslyze says {theirs}")
        for question, ours, theirs in pairs
        if ours != theirs
    )
    return tuple(dict.fromkeys(differing)), tuple(
        dict.fromkeys(question.partition(" in ")[0] for question, *_ in pairs)
    )


def _same_bytes(shaking: Shaking) -> Iterator[Pair]:
    answer, flight = shaking.flight.answer, shaking.flight
    if not shaking.is_finished or answer is None:
        return
    place = f"in {shaking.version}"
    if answer.kind != "server_hello":
        # A retry names no certificate; and a refusal that sslyze finished all the same is a contradiction.
        if answer.kind == "alert":
            yield f"handshake {place}", "refused", "finished"
        return
    yield f"version {place}", answer.version, shaking.version
    yield f"suite {place}", suite_name(answer.suite), str(shaking.answer("suite"))
    if flight.end != "whole" or answer.version == "TLSv1.3":
        return
    resumed = shaking.answer("resumed")
    if resumed:
        return
    if flight.certificates and shaking.certificates:
        same = flight.certificates[0] == shaking.certificates[0]
        yield f"leaf certificate {place}", "one certificate", "one certificate" if same else "another"
    yield f"client certificate asked {place}", _yes(flight.asks_certificate), _yes(shaking.answer("asks_certificate"))
    yield f"staple {place}", _yes(bool(flight.staple)), _yes(shaking.answer("is_stapled"))


def _all_hellos(shaking: Shaking, endpoint: TlsEndpoint | None) -> Iterator[Pair]:
    """What a refusal of our hellos rules out, and sslyze got."""
    if endpoint is None or not shaking.is_finished:
        return
    version = endpoint.versions.get(shaking.version)
    if version is not None and version.is_answered:
        yield f"{shaking.version} accepted", _yes(version.value), "yes"
    suite = _BY_NAME.get(str(shaking.answer("suite")))
    if suite is None:
        return
    for what, ruled, belongs in _groups(endpoint, suite):
        if belongs and ruled.is_answered:
            yield f"{what} accepted ({suite.name})", _yes(ruled.value), "yes"
    for listed in endpoint.suite_lists:
        if listed.version == shaking.version and listed.is_complete:
            yield f"{suite.name} accepted in {shaking.version}", _yes(suite.code in _codes(listed)), "yes"


def _groups(endpoint: TlsEndpoint, suite: CipherSuite) -> tuple[tuple[str, Answer[bool], bool], ...]:
    return (
        ("forward secrecy", endpoint.forward_secrecy, suite.has_forward_secrecy),
        ("no forward secrecy", endpoint.without_forward_secrecy, suite.lacks_forward_secrecy),
        ("a broken cipher", endpoint.broken_ciphers, suite.is_broken),
        ("a weak cipher", endpoint.weak_ciphers, suite.is_weak),
        ("AEAD", endpoint.aead, suite.is_aead),
        ("CBC", endpoint.cbc, suite.kind == "cbc"),
    )


def _codes(listed: Any) -> set[int]:
    return {suite.code for suite in listed.suites}


def _yes(value: object) -> str:
    return "yes" if value else "no"
