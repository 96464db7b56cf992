"""The certificate chain a TLS server sends, who vouches for it, and what only a finished handshake shows.

A handshake finished by sslyze, in the worker process and through our CONNECT proxy, brings the chain
of any version. Where that fails, a hello of our own reads it off the server's first flight, which is
in the clear up to TLS 1.2.
"""

import anyio
import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import AnyFact, ClientAuthentication, kind_of
from iotscan.model.facts.certificate import CertificateChain, RevocationStatus
from iotscan.model.facts.tls import VERSIONS, TlsEndpoint, TlsHandshake
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.chains import Chain, describe, with_gap_of_revocation
from iotscan.observe.network.client_authentication import judge_clients
from iotscan.observe.network.failures import DialError, NoSocket, NoTls, PeerClosed
from iotscan.observe.network.handshakes import Shaken, keeping, look_closer, shake
from iotscan.observe.network.probe import HAVE_TLS, Door, Heard, Missed, Probe, missed
from iotscan.observe.network.timestamps import with_timestamps
from iotscan.observe.network.workers.worker import Worker
from iotscan.wire.tls import framing
from iotscan.wire.tls.flight import Flight, FlightReader
from iotscan.wire.tls.groups import USUAL, WEAK_CURVES
from iotscan.wire.tls.hello import Offer, client_hello
from iotscan.wire.tls.suites import SUITES, offer

_NEED = "certificate-chain"
_PATIENCE = 5.0
_WRONG_SIGNATURE = "bad signature"
"""What OpenSSL says where a server's signature is not by the key of the certificate that it sent."""
_CAP = 128 * 1024


async def ask(door: Door) -> Heard:
    """Read one service's chain and finish handshakes with it. Never raises a DialError."""
    tried: list[Shaken] = []
    try:
        heard = await _ask(door, tried)
    except (NoTls, NoSocket) as error:
        heard = Heard(missed=(missed(CertificateChain, error), missed(TlsHandshake, error)))
    return await _with_clients(door, with_gap_of_revocation(heard), tried)


async def _with_clients(door: Door, heard: Heard, tried: list[Shaken]) -> Heard:
    """What was heard, and what the same handshakes say of clients' certificates."""
    clients = await judge_clients(door, _endpoint(door), tried)
    if clients is not None:
        return msgspec.structs.replace(heard, facts=(*heard.facts, clients))
    gap = next((m for m in heard.missed if m.need == kind_of(TlsHandshake)), None)
    detail = "no handshake was finished that shows whether it asks for a client certificate"
    open_ = Missed(need="", status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
    why = msgspec.structs.replace(gap or open_, need=kind_of(ClientAuthentication))
    return msgspec.structs.replace(heard, missed=(*heard.missed, why))


async def _ask(door: Door, tried: list[Shaken]) -> Heard:
    """The chain and the handshake; each that the worker was asked for goes to ``tried``."""
    endpoint = _endpoint(door)
    avoids = _avoids_certificates(endpoint)
    worker = door.tools.get("tls_worker")
    # Who answered no hello before may hang: the worker, which all devices share, is spared that.
    hello = await _by_hello(door, None) if endpoint is None else None
    if hello is not None and (gap := _not_there(hello)):
        return msgspec.structs.replace(hello, missed=(*hello.missed, gap))
    first = await _first(door, worker, endpoint) if isinstance(worker, Worker) and not avoids else None
    tried += [first] if first is not None else []
    if first is not None and isinstance(first.error, NoTls):
        raise first.error
    if first is not None and first.error is not None and first.error.status is AttemptStatus.NOT_TRIED:
        # A line that is spent or lost refuses our own hello, too: better said once.
        return Heard(missed=(missed(CertificateChain, first.error), missed(TlsHandshake, first.error)))
    if first is None or not first.certificates:
        heard = hello or await _by_hello(door, endpoint)
    else:
        stapled = Answer.of(bool(first.staple))
        chain = Chain(
            certificates=first.certificates,
            engine="sslyze",
            ocsp_stapled=stapled,
            staple=first.staple,
            is_unproved=_WRONG_SIGNATURE in str(first.answer("failure") or ""),
        )
        heard = await describe(door, chain)
    heard = await with_timestamps(door, heard, endpoint, _first_flight)
    if first is None or not (first.is_finished or first.answer("asks_certificate")) or not isinstance(worker, Worker):
        # Anonymous suites may be all that it selected, and a certificate on a short curve be there all the same.
        gap = _no_handshake(door, first, avoids=avoids and not heard.facts)
        return msgspec.structs.replace(heard, missed=(*heard.missed, gap))
    handshake, tried[:] = await look_closer(door, worker, first, endpoint)
    return msgspec.structs.replace(heard, facts=(*heard.facts, handshake))


def _not_there(hello: Heard) -> Missed | None:
    """The gap of a service that said nothing to a hello of our own, or could not be asked."""
    silent = (m for m in hello.missed if m.status in (AttemptStatus.TIMED_OUT, AttemptStatus.NOT_TRIED))
    gap = next(silent, None)
    return gap and msgspec.structs.replace(gap, need=kind_of(TlsHandshake))


async def _first(door: Door, worker: Worker, endpoint: TlsEndpoint | None) -> Shaken | None:
    """The first handshake that shows a certificate, newest version first; else the last that was tried."""
    shaken = None
    for version in _accepted(endpoint)[:1] if endpoint else _accepted(None)[:2]:
        shaken = await shake(door, worker, version, keep=keeping(door))
        if shaken.certificates or shaken.error is not None:
            break
    return shaken


def _no_handshake(door: Door, first: Shaken | None, *, avoids: bool) -> Missed:
    need = kind_of(TlsHandshake)
    if avoids:
        detail = "without its pre-shared key no handshake with this server can be finished"
        return Missed(need=need, status=AttemptStatus.NOT_TRIED, reason=Reason.NOT_OBSERVABLE, detail=detail)
    if first is None:
        detail = "the TLS worker with sslyze is not there"
        if isinstance(door.tools.get("tls_worker"), Worker):
            detail = "it accepts no version that sslyze can finish a handshake in"
            return Missed(need=need, status=AttemptStatus.NOT_TRIED, reason=Reason.NOT_OBSERVABLE, detail=detail)
        return Missed(need=need, status=AttemptStatus.NOT_TRIED, reason=Reason.MISSING_TOOL, detail=detail)
    if first.error is not None:
        return missed(TlsHandshake, first.error)
    why = first.failure or first.answer("failure")
    detail = safe_text(f"sslyze finished no handshake in {first.version} ({why})")
    return Missed(need=need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)


def _endpoint(door: Door) -> TlsEndpoint | None:
    return next((f for name, f in door.known if name == door.service.name and isinstance(f, TlsEndpoint)), None)


def _accepted(endpoint: TlsEndpoint | None) -> tuple[str, ...]:
    """The versions to try, newest first: the accepted ones, or the likely ones where nothing is known."""
    if endpoint is None:
        return ("TLSv1.3", "TLSv1.2", "TLSv1.0")
    return tuple(v for v in reversed(VERSIONS) if v in endpoint.versions and endpoint.versions[v].known)


def _avoids_certificates(endpoint: TlsEndpoint | None) -> bool:
    """True when every suite the server selected so far does without a certificate."""
    chosen = [SUITES[suite.code] for suite in endpoint.selected if suite.code in SUITES] if endpoint else []
    return bool(chosen) and not any(suite.needs_certificate for suite in chosen)


async def _by_hello(door: Door, endpoint: TlsEndpoint | None) -> Heard:
    version = next((v for v in _accepted(endpoint) if v != "TLSv1.3"), "")
    if not version:
        detail = "TLS 1.3 encrypts the certificate, and sslyze finished no handshake"
        gap = Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.MISSING_TOOL, detail=detail)
        return Heard(missed=(gap,))
    suites = offer(version, lambda suite: suite.needs_certificate)
    # A server shows a certificate on a short curve to those only who offer it.
    groups = (*USUAL, *WEAK_CURVES)
    # Some refuse a hello that holds more than they know: those were asked for a staple before, in vain.
    is_asked = version != "SSLv3" and (endpoint is None or endpoint.stapled.is_answered)
    extras = (framing.STATUS_REQUEST,) if is_asked else ()
    offered = Offer(versions=(version,), suites=suites, groups=groups, server_name=door.server_name, extras=extras)
    hello = client_hello(offered)
    try:
        flight = await _first_flight(door, hello)
    except NoTls:
        raise
    except DialError as error:
        return Heard(missed=(missed(CertificateChain, error),))
    if flight.certificates:
        stapled = _stapled(flight, is_asked=is_asked)
        chain = Chain(certificates=flight.certificates, engine="hello", ocsp_stapled=stapled, staple=flight.staple)
        return await describe(door, chain)
    return Heard(missed=(_why_none(flight, is_expected=not _avoids_certificates(endpoint)),))


def _stapled(flight: Flight, *, is_asked: bool) -> Answer[bool]:
    if flight.staple or (is_asked and _has_chain_and_staple(flight)):
        return Answer.of(bool(flight.staple))
    return Answer.missing(Reason.NOT_OBSERVABLE, "its flight ended before a stapled OCSP answer could have come")


def _has_chain_and_staple(flight: Flight) -> bool:
    """Whether what comes between the certificates and the next message has come: the staple, if there is one."""
    is_past = bool(flight.staple) or flight.exchange is not None or flight.asks_certificate
    return flight.is_over or (bool(flight.certificates) and is_past)


async def _first_flight(door: Door, hello: bytes) -> Flight:
    reader = FlightReader()
    async with door.before_tls(cap=_CAP) as connection:
        with anyio.move_on_after(_PATIENCE):
            try:
                await connection.send(hello)
                while not _has_chain_and_staple(reader.flight):
                    piece = await connection.receive()
                    reader.feed(piece)
                    if not piece:
                        reader.closed()
            except PeerClosed:
                reader.closed()
    return reader.flight


def _why_none(flight: Flight, *, is_expected: bool) -> Missed:
    answer = flight.answer
    is_refused = answer is not None and answer.kind == "alert"
    if not is_expected and (is_refused or (answer is None and flight.is_over)):
        detail = "the server works with pre-shared keys or anonymously, and refuses every suite with a certificate"
        return Missed(need=_NEED, status=AttemptStatus.ABSENT, detail=detail)
    if not flight.is_over:
        detail = "no certificate came within the clock"
        return Missed(need=_NEED, status=AttemptStatus.TIMED_OUT, reason=Reason.TIMEOUT, detail=detail)
    detail = "the server's first flight holds no readable Certificate message"
    return Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)


def _holds_on(fact: AnyFact) -> bool:
    """A staple, and what was said of revocation then, is no answer of today."""
    if isinstance(fact, RevocationStatus):
        return not fact.answers
    return not (isinstance(fact, ClientAuthentication) and fact.requested.known)


PROBE = Probe(
    name="certificate",
    version=3,
    speaks=HAVE_TLS,
    gives=(CertificateChain, TlsHandshake, ClientAuthentication, RevocationStatus),
    ask=ask,
    stage=2,
    wants=(TlsEndpoint,),
    holds_on=_holds_on,
)
