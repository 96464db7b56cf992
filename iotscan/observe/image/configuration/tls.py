"""A TLS endpoint of which only a configuration is known: every question that it leaves open says so."""

from collections.abc import Mapping
from typing import Any

from iotscan.model.answer import Answer
from iotscan.model.facts import VERSIONS, TlsEndpoint
from iotscan.observe.image.configuration.configured import unsaid

_STREAM = ("SSLv2", *VERSIONS)
_QUESTIONS = {
    "forward_secrecy": "whether it takes suites with forward secrecy",
    "without_forward_secrecy": "whether it takes suites without forward secrecy",
    "prefers_newest": "whether it prefers TLS 1.3",
    "prefers_forward_secrecy": "whether it prefers forward secrecy",
    "plain_psk": "whether it takes plain PSK suites",
    "psk_forward_secrecy": "whether it takes PSK suites with forward secrecy",
    "broken_ciphers": "whether it takes broken ciphers",
    "weak_ciphers": "whether it takes weak ciphers",
    "aead": "whether it takes AEAD suites",
    "secure_renegotiation": "whether it answers renegotiation_info",
    "extended_master_secret": "whether it answers extended_master_secret",
    "compression": "whether it compresses",
    "server_preference": "whose order of suites counts",
    "cbc": "whether it takes CBC suites",
    "encrypt_then_mac": "whether it answers encrypt_then_mac",
    "short_tag": "whether it takes suites with short tags",
    "longer_tag": "whether it takes suites with long tags",
    "weak_groups": "whether it takes weak curves",
    "dh_bits": "which prime it uses",
    "hybrid_groups": "whether it takes hybrid groups",
    "reuses_shares": "whether it uses a key share again",
    "weak_signature": "whether it signs with SHA-1",
    "chooses_weak_signature": "whether it chooses SHA-1",
    "truncated_hmac": "whether it answers truncated_hmac",
    "heartbeat": "whether it answers heartbeat",
    "session_tickets": "whether it sends tickets",
    "unknown_alpn": "what it does with unknown protocols",
    "fallback_scsv": "whether it knows the fallback signal",
    "client_certificate": "whether it asks for a client certificate",
    "raw_public_key": "whether it sends a raw public key",
    "stapled": "whether it staples OCSP responses",
}


def endpoint(versions: Mapping[str, Answer[bool]], **known: Any) -> TlsEndpoint:
    """The endpoint with these versions and answers; ``known`` are fields of :class:`TlsEndpoint`."""
    answers: dict[str, Any] = {name: unsaid(what) for name, what in _QUESTIONS.items()}
    return TlsEndpoint(versions=dict(versions), **(answers | known))


def only(*accepted: str) -> dict[str, Answer[bool]]:
    """Every version: these are taken, the others refused."""
    return {version: Answer.of(version in accepted) for version in _STREAM}


def between(least: str, most: str) -> dict[str, bool]:
    """Every version: taken from ``least`` to ``most``; an empty word sets no bound. SSLv2 only where it is named."""
    first = _STREAM.index(least) if least in _STREAM else 1
    last = _STREAM.index(most) if most in _STREAM else len(_STREAM) - 1
    return {version: first <= number <= last for number, version in enumerate(_STREAM)}


def unknown_versions(why: str) -> dict[str, Answer[bool]]:
    """Every version left open."""
    return {version: unsaid(why) for version in VERSIONS}
