"""Why a fact is missing. Only what was looked for and is not there counts as absent; silence never does."""

from collections.abc import Iterable

import msgspec

from iotscan.assess.evidence import Evidence, Owner, place_of, whole
from iotscan.model.device import Device, Image
from iotscan.model.facts import (
    BacnetDevice,
    CertificateChain,
    CoapResources,
    CoapServer,
    ControllerService,
    DnsServer,
    DtlsServer,
    Fact,
    ModbusDevice,
    NtpServer,
    OpenService,
    PortSweep,
    SnmpAgent,
    SnmpEngine,
    TftpServer,
    TlsEndpoint,
    TrafficProfile,
    kind_of,
)
from iotscan.model.observation import Attempt
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason

UNSWEPT = (
    BacnetDevice,
    CoapResources,
    CoapServer,
    ControllerService,
    DtlsServer,
    ModbusDevice,
    SnmpAgent,
    SnmpEngine,
    NtpServer,
    DnsServer,
    TftpServer,
)
"""Facts over UDP or of fragile equipment: no port sweep shows that they are absent, only their own attempts do."""
_OVER_BOTH = (TlsEndpoint, CertificateChain)
"""Facts of TLS and DTLS alike: where a DTLS server may stand, no port sweep shows that they are absent either."""

_REASONS = {
    AttemptStatus.OBSERVED: Reason.PROBE_ERROR,
    AttemptStatus.TIMED_OUT: Reason.TIMEOUT,
    AttemptStatus.UNREADABLE: Reason.UNREADABLE,
    AttemptStatus.REFUSED_BY_SCOPE: Reason.OUT_OF_SCOPE,
    AttemptStatus.NOT_TRIED: Reason.NOT_OBSERVABLE,
    AttemptStatus.BROKEN: Reason.PROBE_ERROR,
}
_WORDS = {
    AttemptStatus.OBSERVED: "was observed, but the run does not hold it",
    AttemptStatus.TIMED_OUT: "timed out",
    AttemptStatus.UNREADABLE: "was not readable",
    AttemptStatus.REFUSED_BY_SCOPE: "was refused by the scope",
    AttemptStatus.NOT_TRIED: "was not tried",
    AttemptStatus.BROKEN: "broke off in our probe",
}


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that nobody can say is there or not: where, of which kind, and why."""

    subject: Subject
    kind: str
    reason: Reason
    detail: str


def weightiest(gaps: Iterable[Gap]) -> Gap:
    """The gap to name where there are several: an involuntary one first."""
    return min(gaps, key=lambda g: (not g.reason.is_involuntary, g.reason.value, g.kind, g.detail))


def missed(evidence: Evidence, fact: type[Fact], owner: Owner) -> dict[Subject, Gap]:
    """The places of a device or image where a fact was tried for, is not observed, and is not known absent."""
    kind = kind_of(fact)
    seen = {place_of(o.subject) for o in evidence.observed(kind, owner.id)}
    gaps: dict[Subject, list[Gap]] = {}
    for attempt in evidence.tried(kind, owner.id):
        place = place_of(attempt.subject)
        if attempt.status is not AttemptStatus.ABSENT and not (place in seen or _is_fulfilled(attempt, bool(seen))):
            gaps.setdefault(place, []).append(_gap_of(attempt))
    return {place: weightiest(found) for place, found in gaps.items()}


def absent(evidence: Evidence, fact: type[Fact], owner: Owner) -> tuple[Subject, ...]:
    """The places where a fact was looked for and is not, by every attempt."""
    kind = kind_of(fact)
    unclear = {place_of(o.subject) for o in evidence.observed(kind, owner.id)} | set(missed(evidence, fact, owner))
    places = (place_of(a.subject) for a in evidence.tried(kind, owner.id) if a.status is AttemptStatus.ABSENT)
    return tuple(dict.fromkeys(p for p in places if p not in unclear))


def gap_at(evidence: Evidence, fact: type[Fact], owner: Owner, place: Subject) -> Gap | None:
    """Why a fact is not known at one place of a device or image; None when it is not there."""
    kind = kind_of(fact)
    gaps = missed(evidence, fact, owner)
    # A gap on the whole device or image covers each of its places, and the whole is open while one place is.
    covering = [gap for where, gap in gaps.items() if where == place or _is_whole(where) or _is_whole(place)]
    if covering:
        return weightiest(covering)
    if place in absent(evidence, fact, owner):
        return None
    if isinstance(owner, Device) and fact.per == "service" and place.service:
        if _is_identified(evidence, owner, place.address, place.transport, place.port):
            return None
        return Gap(subject=place, kind=kind, reason=Reason.NOT_OBSERVABLE, detail=_unrecognised(place.service))
    return gap_on(evidence, fact, owner)


def gap_on(evidence: Evidence, fact: type[Fact], owner: Owner) -> Gap | None:
    """Why a fact that no place of a device or image shows is not known; None when it is not there.

    Places with a gap of their own (:func:`missed`) are the caller's: this is about the rest.
    """
    kind = kind_of(fact)
    if fact.of_back_ends and not (isinstance(owner, Device) and owner.role == "backend"):
        return None
    own = evidence.observed(kind, owner.id) or absent(evidence, fact, owner)
    if fact.per == "person":
        return None if own else _gap(owner, kind, Reason.NEEDS_ATTESTATION, "only a person can answer this")
    if fact.per == "vantages":
        if own or isinstance(owner, Image):
            return None
        return _gap(owner, kind, Reason.NEEDS_IMAGE, "no second vantage of this device is in the run")
    if fact.per == "traffic":
        return None if own else _gap(owner, kind, Reason.NEEDS_TRAFFIC, "only captured traffic shows this")
    if isinstance(owner, Image):
        return None if own else _gap_of_image(fact, owner)
    if fact.per == "image":
        return _gap(owner, kind, Reason.NEEDS_IMAGE, "only an image shows this")
    if fact.per == "service" and fact not in UNSWEPT:
        return _gap_in_sweep(evidence, kind, owner) or _gap_behind_datagrams(evidence, fact, owner)
    if own and fact.unlooked and not evidence.observed(kind, owner.id):
        # Of the device, and shown by a service: absent where every one of them is known.
        return _gap_in_sweep(evidence, kind, owner)
    if own:
        return None
    return _gap_unswept(evidence, kind, owner) or _gap(
        owner, kind, Reason.NOT_OBSERVABLE, fact.unlooked or f"nothing that was done looks for {kind} here"
    )


def _gap_of_image(fact: type[Fact], image: Image) -> Gap:
    if fact.per == "image":
        detail = f"nothing looked for {kind_of(fact)} in this image"
        return _gap(image, kind_of(fact), Reason.NOT_OBSERVABLE, detail)
    return _gap(image, kind_of(fact), Reason.NEEDS_NETWORK, "only the network shows this")


def _gap_unswept(evidence: Evidence, kind: str, device: Device) -> Gap | None:
    tried = missed(evidence, PortSweep, device)
    if tried:
        # One address of several that was not swept may hold what the others do not.
        gap = weightiest(tried.values())
        return _gap(device, kind, gap.reason, gap.detail)
    if evidence.observed(kind_of(PortSweep), device.id):
        return None
    if evidence.observed(kind_of(TrafficProfile), device.id):
        # Heard and never asked: nothing failed.
        return _gap(device, kind, Reason.NEEDS_NETWORK, "only asking the device shows this: scan it, too")
    return _gap(device, kind, Reason.UNREACHABLE, "the device's ports were not swept")


def _gap_in_sweep(evidence: Evidence, kind: str, device: Device) -> Gap | None:
    """A service that no port shows is absent only if every port answered and every open one is identified."""
    unswept = _gap_unswept(evidence, kind, device)
    if unswept:
        return unswept
    looked = {a.subject.service for a in evidence.tried(kind, device.id) if a.status is AttemptStatus.ABSENT}
    silent = total = unasked = forbidden = 0
    swept = evidence.observed(kind_of(PortSweep), device.id)
    for address, sweep in ((o.subject.address, o.fact) for o in swept if isinstance(o.fact, PortSweep)):
        silent += len(sweep.filtered)
        unasked += len(sweep.unasked)
        forbidden += len(sweep.forbidden)
        total += len(sweep.open) + len(sweep.closed) + len(sweep.filtered) + len(sweep.unasked)
        for port in sorted(sweep.open):
            name = f"tcp/{port}"
            if name not in looked and not _is_identified(evidence, device, address, "tcp", port):
                return _gap_at_unrecognised(evidence, kind, device, Subject(device=device.id, address=address), name)
    if forbidden:
        return _gap(device, kind, Reason.OUT_OF_SCOPE, f"{forbidden} ports were outside the scope, and not asked")
    if unasked:
        return _gap(device, kind, Reason.BUDGET, f"{unasked} of {total} ports are open and were not asked")
    if silent:
        return _gap(device, kind, Reason.TIMEOUT, f"{silent} of {total} ports did not answer")
    return None


def _gap_behind_datagrams(evidence: Evidence, fact: type[Fact], device: Device) -> Gap | None:
    """A silent UDP port may hold what no TCP port shows; where the fact was seen, silence elsewhere spoils nothing."""
    if fact not in _OVER_BOTH or evidence.observed(kind_of(fact), device.id):
        return None
    silent = missed(evidence, DtlsServer, device)
    if not silent:
        return None
    gap = weightiest(silent.values())
    return _gap(device, kind_of(fact), gap.reason, gap.detail)


def _gap_at_unrecognised(evidence: Evidence, kind: str, device: Device, at: Subject, name: str) -> Gap:
    place = msgspec.structs.replace(at, service=name)
    tried = missed(evidence, OpenService, device).get(place)
    if tried:
        return Gap(subject=whole(device), kind=kind, reason=tried.reason, detail=tried.detail)
    return _gap(device, kind, Reason.NOT_OBSERVABLE, _unrecognised(name))


def _is_whole(place: Subject) -> bool:
    return not (place.service or place.path)


def _is_identified(evidence: Evidence, device: Device, address: str, transport: str, port: int) -> bool:
    """True when something says which protocol the port speaks."""
    name = f"{transport}/{port}"
    if any(s.name == name and s.protocol != "unknown" for s in device.services):
        return True
    here = (o.fact for o in evidence.heard(device.id) if (o.subject.address, o.subject.service) == (address, name))
    return any(not isinstance(fact, OpenService) or fact.protocol != "unknown" for fact in here)


def _is_fulfilled(attempt: Attempt, is_seen: bool) -> bool:
    # An attempt on the whole device that brought facts of its services has no place of its own to show them.
    return attempt.status is AttemptStatus.OBSERVED and is_seen


def _gap_of(attempt: Attempt) -> Gap:
    broken = attempt.status is AttemptStatus.BROKEN
    reason = _REASONS[attempt.status] if broken else attempt.reason or _REASONS[attempt.status]
    if reason is Reason.EXCLUDED:
        # The profile of the scan left it out; who asks now did not.
        reason = Reason.NOT_ASKED
    if attempt.subject.image and attempt.status is AttemptStatus.UNREADABLE and attempt.detail:
        # One part of an image that cannot be read is one gap, whatever is looked for in it.
        return Gap(subject=place_of(attempt.subject), kind=attempt.need, reason=reason, detail=attempt.detail)
    where = f" on {attempt.subject.service}" if attempt.subject.service else ""
    said = f": {attempt.detail}" if attempt.detail and not broken else ""
    return Gap(
        subject=place_of(attempt.subject),
        kind=attempt.need,
        reason=reason,
        detail=f"{attempt.need}{where} {_WORDS[attempt.status]}{said}",
    )


def _gap(owner: Owner, kind: str, reason: Reason, detail: str) -> Gap:
    return Gap(subject=whole(owner), kind=kind, reason=reason, detail=detail)


def _unrecognised(service: str) -> str:
    return f"{service} is open and speaks nothing we recognise"
