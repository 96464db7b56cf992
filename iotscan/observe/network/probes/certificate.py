"""The certificate chain a TLS server sends, and whether it leads to a public root.

One finished handshake by sslyze, in the worker process and through our CONNECT proxy, brings the chain
of any version. Where that fails, a hello of our own reads it off the server's first flight, which is
in the clear up to TLS 1.2.
"""

import base64
from typing import Any

import anyio

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import VERSIONS, CertificateChain, TlsEndpoint
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.chains import Chain, describe
from iotscan.observe.network.connect_proxy import USER, connect_proxy
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import HAVE_TLS, Door, Heard, Missed, Probe, missed
from iotscan.observe.network.workers.worker import Worker, WorkerError
from iotscan.wire.tls.flight import CHAIN_LIMIT, Flight, FlightReader
from iotscan.wire.tls.hello import Offer, client_hello
from iotscan.wire.tls.suites import SUITES, offer

_NEED = "certificate-chain"
_HANDSHAKE_SECONDS = 20.0
_PATIENCE = 5.0
_CAP = 128 * 1024


async def ask(door: Door) -> Heard:
    """Read one service's chain. Never raises a DialError."""
    endpoint = _endpoint(door)
    chain = None if _avoids_certificates(endpoint) else await _by_handshake(door, endpoint)
    if isinstance(chain, Missed):
        return Heard(missed=(chain,))
    if chain is None:
        chain = await _by_hello(door, endpoint)
    if isinstance(chain, Missed):
        return Heard(missed=(chain,))
    return await describe(door, chain)


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


async def _by_handshake(door: Door, endpoint: TlsEndpoint | None) -> Chain | Missed | None:
    """By sslyze; None where our own hello may still do it, a Missed where nothing more may be sent."""
    worker = door.tools.get("tls_worker")
    versions = _accepted(endpoint)[:1] if endpoint else _accepted(None)[:2]
    if not isinstance(worker, Worker) or not versions:
        return None
    result = None
    async with connect_proxy(door, cap=_CAP) as proxy:
        job = {
            "do": "read",
            "proxy": {"host": "127.0.0.1", "port": proxy.at, "user": USER, "password": proxy.password},
            "host": door.address,
            "port": door.port,
            "server_name": door.server_name,
            "versions": versions,
        }
        try:
            result = await worker.call(job, seconds=_HANDSHAKE_SECONDS)
        except WorkerError:
            result = None
    if result is not None:
        return _chain_of(result)
    # A line that is spent or lost refuses our own hello, too: better said once.
    is_final = proxy.error is not None and proxy.error.status is AttemptStatus.NOT_TRIED
    return missed(CertificateChain, proxy.error) if is_final and proxy.error is not None else None


def _chain_of(result: dict[str, Any]) -> Chain:
    return Chain(
        certificates=tuple(base64.b64decode(der) for der in result["certificates"][:CHAIN_LIMIT]),
        engine="sslyze",
        ocsp_stapled=Answer.of(bool(result["is_stapled"])),
        trust=result["trust"],
    )


async def _by_hello(door: Door, endpoint: TlsEndpoint | None) -> Chain | Missed:
    version = next((v for v in _accepted(endpoint) if v != "TLSv1.3"), "")
    if not version:
        detail = "TLS 1.3 encrypts the certificate, and sslyze finished no handshake"
        return Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.MISSING_TOOL, detail=detail)
    suites = offer(version, lambda suite: suite.needs_certificate)
    hello = client_hello(Offer(versions=(version,), suites=suites, server_name=door.server_name))
    try:
        flight = await _first_flight(door, hello)
    except DialError as error:
        return missed(CertificateChain, error)
    if flight.certificates:
        stapled = Answer[bool].missing(Reason.MISSING_TOOL, "only sslyze asks for a stapled OCSP answer")
        return Chain(certificates=flight.certificates, engine="hello", ocsp_stapled=stapled)
    return _why_none(flight, is_expected=not _avoids_certificates(endpoint))


async def _first_flight(door: Door, hello: bytes) -> Flight:
    reader = FlightReader()
    async with door.before_tls(cap=_CAP) as connection:
        with anyio.move_on_after(_PATIENCE):
            try:
                await connection.send(hello)
                while not reader.flight.certificates and not reader.flight.is_over:
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


PROBE = Probe(
    name="certificate",
    version=1,
    speaks=HAVE_TLS,
    gives=(CertificateChain,),
    ask=ask,
    stage=2,
    wants=(TlsEndpoint,),
)
