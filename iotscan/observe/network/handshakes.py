"""Finished handshakes with one service: which the worker is asked for, and what they come to.

One connection in the newest version brings certificates, staple, ticket and early data; one resumes it and,
up to TLS 1.2, asks for renegotiation. Where TLS 1.3 is the newest and an older version is accepted, too, a third
asks that one for its ticket and for renegotiation. Each waits for the device's pace before the worker, which all
devices share, is asked.
"""

import base64
from typing import Any

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import TlsEndpoint, TlsHandshake
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.connect_proxy import USER, connect_proxy
from iotscan.observe.network.engines import compare
from iotscan.observe.network.failures import BudgetSpent, DialError
from iotscan.observe.network.opening import PATIENCE as OPENING_SECONDS
from iotscan.observe.network.probe import Door
from iotscan.observe.network.workers.worker import Worker, WorkerError
from iotscan.wire.tls.flight import CHAIN_LIMIT, Flight

_SECONDS = 12.0
"""Of one handshake, ticket and renegotiation included."""
_CAP = 128 * 1024


class Shaken(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection came to: the worker's result, or why there is none, and what our own parser heard."""

    version: str
    said: dict[str, Any] | None = None
    failure: str = ""
    error: DialError | None = None
    flight: Flight = Flight()

    @property
    def is_finished(self) -> bool:
        """True when the handshake went to its end."""
        return self.said is not None and bool(self.said["is_finished"])

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The chain in DER, leaf first."""
        return tuple(base64.b64decode(der) for der in self.said["certificates"][:CHAIN_LIMIT]) if self.said else ()

    @property
    def staple(self) -> bytes:
        """The stapled OCSP response as it came; what our own parser heard of it where the library could not read it."""
        told = self.said.get("staple") if self.said else None
        return base64.b64decode(told) if told else self.flight.staple

    def answer(self, name: str) -> Any:
        """One of the worker's answers; None where it gave none."""
        return self.said.get(name) if self.said else None


async def shake(door: Door, worker: Worker, version: str, *, keep: str = "", resume: str = "") -> Shaken:
    """Finish one handshake with a service. Raises no DialError but NoSocket, where the proxy gets none."""
    await door.line.ready()
    async with connect_proxy(door, cap=_CAP) as proxy:
        job = {
            "do": "finish",
            "version": version,
            "proxy": {"host": "127.0.0.1", "port": proxy.at, "user": USER, "password": proxy.password},
            "host": door.address,
            "port": door.port,
            "server_name": door.server_name,
            "keep": keep,
            "resume": resume,
            "renegotiate": bool(resume) or not keep,
            "opening_seconds": OPENING_SECONDS if door.opening else 0,
        }
        said, failure = None, ""
        try:
            said = await worker.call(job, seconds=_SECONDS, waiting=door.line.held_up())
        except WorkerError as error:
            failure = str(error)
    flight = proxy.heard[-1] if proxy.heard else Flight()
    return Shaken(version=version, said=said, failure=failure, error=proxy.error, flight=flight)


async def look_closer(
    door: Door, worker: Worker, first: Shaken, endpoint: TlsEndpoint | None
) -> tuple[TlsHandshake, tuple[Shaken, ...]]:
    """The fact that a first handshake begins: resumes it, and asks an older version where there is one.

    Also returns every handshake that it took, the first among them.
    """
    every = [first]
    older = _older(first.version, endpoint)
    further = _Further(door, worker, door.share - 1)
    resumed = await _resumed(further, first)
    again = resumed or await _asked_alone(further, first)
    every += [again] if again else []
    if first.is_finished and older:
        every.append(await further.shake(older))
    disagreements, compared = compare(every, endpoint)
    handshake = TlsHandshake(
        version=first.version,
        suite=safe_text(str(first.answer("suite") or "")),
        client_certificate=Answer.of(any(bool(s.answer("asks_certificate")) for s in every)),
        tickets=_tickets(every),
        ticket_lifetime=_lifetime(every),
        resumes=_resumes(first, resumed),
        early_data=_early_data(first),
        client_renegotiation=_renegotiation(every, endpoint),
        disagreements=disagreements,
        compared=compared,
        opening=door.opening,
    )
    return handshake, tuple(every)


def keeping(door: Door) -> str:
    """The name under which the worker keeps a service's session."""
    return f"{door.address} {door.port}"


class _Further:
    """Handshakes after the first, as far as a service's share goes: the first of the next one matters more."""

    def __init__(self, door: Door, worker: Worker, share: int) -> None:
        self._door, self._worker, self._left = door, worker, share

    async def shake(self, version: str, *, is_resumption: bool = False) -> Shaken:
        """As :func:`shake`; with an error of the budget where none is left."""
        if self._left < 1 and self._door.line.left:
            limit = self._door.line.pace.connections
            detail = f"what is left of {limit} connections goes to the other services of the device"
            return Shaken(version=version, error=BudgetSpent(detail))
        self._left -= 1
        return await shake(self._door, self._worker, version, resume=keeping(self._door) if is_resumption else "")


async def _resumed(further: _Further, first: Shaken) -> Shaken | None:
    if not first.is_finished or not first.answer("is_resumable"):
        return None
    return await further.shake(first.version, is_resumption=True)


async def _asked_alone(further: _Further, first: Shaken) -> Shaken | None:
    """A handshake for the question of renegotiation, where there is no session that one could resume."""
    if not first.is_finished or first.version == "TLSv1.3":
        return None
    return await further.shake(first.version)


def _older(version: str, endpoint: TlsEndpoint | None) -> str:
    if version != "TLSv1.3" or endpoint is None:
        return ""
    return next((v for v in ("TLSv1.2", "TLSv1.1", "TLSv1.0") if v in endpoint.accepted_versions), "")


def _is_new_only(endpoint: TlsEndpoint) -> bool:
    """True where every older version is refused for certain: TLS 1.3 has no renegotiation."""
    return endpoint.accepted_versions == ("TLSv1.3",) and all(a.is_answered for a in endpoint.versions.values())


def _lifetime(every: list[Shaken]) -> Answer[int]:
    known = [lifetime for s in every if (lifetime := s.answer("ticket_lifetime")) is not None]
    if known:
        return Answer.of(max(known))
    if not every[0].is_finished:
        return _unfinished(every[0])
    return Answer.missing(Reason.NOT_OBSERVABLE, "no session ticket came that says how long it lives")


def _tickets(every: list[Shaken]) -> Answer[bool]:
    first = every[0]
    if any(s.answer("has_ticket") for s in every):
        return Answer.of(True)
    if not first.is_finished:
        return _unfinished(first)
    if first.version == "TLSv1.3":
        return Answer.missing(Reason.NOT_OBSERVABLE, "no session ticket came")
    return Answer.of(False)


def _resumes(first: Shaken, second: Shaken | None) -> Answer[bool]:
    if not first.is_finished:
        return _unfinished(first)
    if second is None:
        if first.version != "TLSv1.3":
            # Neither a session identifier nor a ticket: there is nothing that a client could come back with.
            return Answer.of(False)
        return Answer.missing(Reason.NOT_OBSERVABLE, "no session ticket came")
    resumed = second.answer("resumed")
    if second.is_finished and isinstance(resumed, bool):
        return Answer.of(resumed)
    return _missing(second)


def _early_data(first: Shaken) -> Answer[int]:
    if not first.is_finished:
        return _unfinished(first)
    if first.version != "TLSv1.3":
        return Answer.of(0)
    allowed = first.answer("early_data")
    if allowed is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, "no session ticket came")
    return Answer.of(int(allowed))


def _renegotiation(every: list[Shaken], endpoint: TlsEndpoint | None) -> Answer[bool]:
    said = next((str(s.answer("renegotiation")) for s in every if s.answer("renegotiation")), "")
    if said in ("accepted", "refused"):
        return Answer.of(said == "accepted")
    if said:
        return Answer.missing(Reason.NOT_OBSERVABLE, safe_text(f"renegotiation was asked for, and {said}"))
    tried = [s for s in every if s.version != "TLSv1.3"]
    if not tried:
        if not every[0].is_finished:
            return _unfinished(every[0])
        if endpoint is not None and _is_new_only(endpoint):
            return Answer.of(False)
        return Answer.missing(Reason.NOT_OBSERVABLE, "no older version was asked, and TLS 1.3 has no renegotiation")
    return _unfinished(tried[-1])


def _unfinished(shaken: Shaken) -> Answer[Any]:
    if shaken.answer("asks_certificate"):
        return Answer.missing(Reason.NOT_OBSERVABLE, "the server finishes no handshake without a client certificate")
    return _missing(shaken)


def _missing(shaken: Shaken) -> Answer[Any]:
    if shaken.error is not None:
        return Answer.missing(shaken.error.reason or Reason.UNREADABLE, safe_text(str(shaken.error)))
    detail = shaken.failure or str(shaken.answer("failure") or "") or "the connection ended before it was asked"
    return Answer.missing(Reason.UNREADABLE, safe_text(f"no handshake was finished ({detail})"))
