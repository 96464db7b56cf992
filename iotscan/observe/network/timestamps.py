"""Signed certificate timestamps that a server sends beside its certificate (RFC 6962 section 3.3.1).

Only those need them whose certificate comes from a public CA and has none in itself, which is rare: then one hello
more asks, in the newest version that shows the answer in the clear. OpenSSL as the worker has it does not ask for them.
"""

from collections.abc import Awaitable, Callable

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.certificate import CertificateChain
from iotscan.model.facts.tls import TlsEndpoint
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard
from iotscan.wire.tls.flight import Flight
from iotscan.wire.tls.framing import SIGNED_CERTIFICATE_TIMESTAMP
from iotscan.wire.tls.hello import Offer, client_hello
from iotscan.wire.tls.suites import offer

_IN_THE_CLEAR = ("TLSv1.2", "TLSv1.1", "TLSv1.0")
Hear = Callable[[Door, bytes], Awaitable[Flight]]


async def with_timestamps(door: Door, heard: Heard, endpoint: TlsEndpoint | None, hear: Hear) -> Heard:
    """The same, with the chain that needs them told how many timestamps came. Costs nothing where none are needed."""
    facts = [f for f in heard.facts if isinstance(f, CertificateChain) and _needs_some(f)]
    if not facts:
        return heard
    told = await _asked(door, endpoint, hear)
    known = tuple(msgspec.structs.replace(f, handshake_scts=told) if f in facts else f for f in heard.facts)
    return msgspec.structs.replace(heard, facts=known)


def _needs_some(chain: CertificateChain) -> bool:
    said = chain.certificates[0].extensions if chain.certificates else None
    return "Mozilla" in chain.trusted_by and said is not None and not said.embedded_scts


async def _asked(door: Door, endpoint: TlsEndpoint | None, hear: Hear) -> Answer[int]:
    accepted = endpoint.accepted_versions if endpoint else _IN_THE_CLEAR
    version = next((v for v in _IN_THE_CLEAR if v in accepted), "")
    if not version:
        return Answer.missing(Reason.NOT_OBSERVABLE, "TLS 1.3 encrypts what comes beside a certificate")
    suites = offer(version, lambda suite: suite.needs_certificate)
    extras = (SIGNED_CERTIFICATE_TIMESTAMP,)
    asked = Offer(versions=(version,), suites=suites, server_name=door.server_name, extras=extras)
    try:
        answer = (await hear(door, client_hello(asked))).answer
    except DialError as error:
        return Answer.missing(error.reason or Reason.UNREADABLE, safe_text(str(error)))
    if answer is None or not answer.is_hello:
        return Answer.missing(Reason.UNREADABLE, "it did not answer the hello that asks for timestamps")
    return Answer.of(answer.timestamps)
