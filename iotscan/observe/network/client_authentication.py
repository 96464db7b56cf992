"""Whether a server knows its clients by certificates: from handshakes and conversations that were had anyway.

Up to TLS 1.2 a server that insists ends the handshake. In TLS 1.3 our side of it is over before the server has read
that we have no certificate: only what comes after (a ticket, an alert) tells, or the protocol inside.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import (
    AmqpBroker,
    AnyFact,
    ClientAuthentication,
    CoapResources,
    EnrolmentServer,
    HttpServer,
    MqttBroker,
)
from iotscan.model.facts.client_authentication import Guest
from iotscan.model.facts.tls import ClientCertificateRequest, TlsEndpoint
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.certificate_requests import from_one_lines, in_words
from iotscan.observe.network.handshakes import Shaken
from iotscan.observe.network.probe import Door
from iotscan.observe.network.workers.worker import Worker, WorkerError
from iotscan.wire.tls.suites import SUITES

_SECONDS: Final = 10.0
_WANTS_CERTIFICATE: Final = re.compile(r"(?i)\b(ssl|tls|client) certificate\b")
"""What nginx says on a page: the handshake is over then, and HTTP turns the client away."""
_ENDED: Final = re.compile(r"alert ([a-z0-9 ]{3,40})|did not send data back|[Cc]onnection ?[Rr]eset|unexpected eof")


async def judge_clients(
    door: Door, endpoint: TlsEndpoint | None, every: Sequence[Shaken]
) -> ClientAuthentication | None:
    """The fact of one service; None where nobody heard whether it asks. Sends nothing to the device.

    ``every`` are the handshakes that the worker tried, without a certificate.
    """
    requested = _requested(endpoint, every)
    if not requested.is_answered:
        return None
    inside = tuple(fact for name, fact in door.known if name == door.service.name)
    request = _request(endpoint, every) if requested.known else None
    required, how = _required(every, requested)
    guest = _guest(inside)
    if guest and required.known is None:
        required, how = Answer.of(False), "the protocol inside answered somebody without a certificate"
    is_est = any(isinstance(fact, EnrolmentServer) and fact.tls and _has_est(fact) for fact in inside)
    return ClientAuthentication(
        protocol="est" if is_est else door.service.protocol,
        requested=requested,
        required=required,
        how=how,
        # The front page is open to all, and says nothing of who may enrol.
        guest="" if is_est and guest != "certificate" else guest,
        by_key=_is_by_key(endpoint),
        request=request,
        public_authorities=await _public(door, request),
        opening=door.opening,
    )


def _requested(endpoint: TlsEndpoint | None, every: Sequence[Shaken]) -> Answer[bool]:
    asked = [s for s in every if s.is_finished or s.answer("asks_certificate")]
    if any(s.answer("asks_certificate") for s in asked) or (endpoint and endpoint.client_certificate.known):
        return Answer.of(True)
    if asked:
        return Answer.of(False)
    missing = Answer[bool].missing(Reason.NOT_OBSERVABLE, "no handshake was finished")
    return endpoint.client_certificate if endpoint else missing


def _request(endpoint: TlsEndpoint | None, every: Sequence[Shaken]) -> ClientCertificateRequest | None:
    """What it asks for: as read in the clear, where it was; else the names that OpenSSL read."""
    in_clear = next((in_words(s.flight.request) for s in every if s.flight.request is not None), None)
    in_clear = in_clear or (endpoint.certificate_request if endpoint else None)
    named = next((s for s in every if s.answer("asks_certificate")), None)
    return in_clear or (
        from_one_lines(named.answer("authorities"), named.answer("authorities_sent")) if named else None
    )


def _required(every: Sequence[Shaken], requested: Answer[bool]) -> tuple[Answer[bool], str]:
    """Whether TLS goes on without a certificate: one version that does is enough, for a client chooses its version."""
    if requested.known is False:
        return Answer.of(False), "it asks for none"
    told = [said for s in every if s.answer("asks_certificate") for said in _told(s)]
    if told:
        is_required, how = min(told)
        return Answer.of(is_required), how
    return Answer.missing(Reason.NOT_OBSERVABLE, "nothing told what becomes of a client without a certificate"), ""


def _told(shaken: Shaken) -> Iterator[tuple[bool, str]]:
    """Whether one handshake says that a certificate is required, and what of it does; nothing where it is open."""
    if not shaken.is_finished:
        if ended := _ENDED.search(str(shaken.answer("failure") or "")):
            what = f"alert {ended[1]}" if ended[1] else "the connection was ended"
            yield True, safe_text(f"{shaken.version}: {what} in the handshake")
    elif shaken.version != "TLSv1.3":
        yield False, f"{shaken.version}: the handshake was finished"
    else:
        after = str(shaken.answer("after") or "")
        if after.startswith("alert"):
            yield True, safe_text(f"TLSv1.3: {after} after the handshake")
        elif after in ("ticket", "data"):
            yield False, f"TLSv1.3: {'a session ticket' if after == 'ticket' else after} came after the handshake"


def _guest(inside: Iterable[AnyFact]) -> Guest:
    """What the protocol inside did with somebody who had no certificate."""
    for fact in inside:
        if isinstance(fact, MqttBroker) and fact.tls and fact.anonymous.is_answered:
            return "served" if fact.anonymous.known else "login"
        if isinstance(fact, AmqpBroker) and fact.tls and (listed := {*fact.mechanisms, *fact.sasl}):
            is_by_certificate = listed == {"EXTERNAL"}
            return "served" if "ANONYMOUS" in listed else "certificate" if is_by_certificate else "login"
        if isinstance(fact, CoapResources) and fact.is_secured:
            return "login" if fact.code in ("4.01", "4.03") else "served" if fact.code == "2.05" else ""
        if isinstance(fact, HttpServer) and fact.tls:
            if 400 <= fact.status < 500 and _WANTS_CERTIFICATE.search(fact.title):
                return "certificate"
            return "login" if fact.status in (401, 403) or fact.asks_credentials else "served"
    return ""


def _has_est(found: EnrolmentServer) -> bool:
    return any(endpoint.protocol == "est" for endpoint in found.endpoints)


def _is_by_key(endpoint: TlsEndpoint | None) -> bool:
    suites = [SUITES[s.code] for s in endpoint.selected if s.code in SUITES] if endpoint else []
    return bool(suites) and all(suite.is_psk for suite in suites)


async def _public(door: Door, request: ClientCertificateRequest | None) -> Answer[tuple[str, ...]]:
    if request is None or not request.authorities:
        return Answer[tuple[str, ...]].of(())
    worker = door.tools.get("tls_worker")
    if not isinstance(worker, Worker):
        detail = "the TLS worker with Mozilla's roots is not there"
        return Answer[tuple[str, ...]].missing(Reason.MISSING_TOOL, detail)
    job = {"do": "public authorities", "names": list(request.authorities)}
    try:
        said = await worker.call(job, seconds=_SECONDS, waiting=door.line.held_up())
    except WorkerError:
        return Answer[tuple[str, ...]].missing(Reason.UNREADABLE, "the TLS worker did not compare the authorities")
    return Answer[tuple[str, ...]].of(tuple(safe_text(str(name)) for name in said["names"]))
