"""Where the images of a scan take their updates from: which ports that adds, and what of it was not asked.

Nothing here widens a scan. A port is added at an address that the scope allows, for the one that an image names; what
lies outside is named in the run, and nothing is ever sent there. Names are not looked up.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from iotscan.model.device import Image, Service
from iotscan.model.facts import AnyFact, Backends, UpdateServer, UpdateSystems, kind_of
from iotscan.model.observation import Attempt, Observation
from iotscan.model.run import Notice
from iotscan.model.scope import Fence
from iotscan.model.subject import Subject
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network import ports
from iotscan.observe.network.places import PORTS as SCHEMES
from iotscan.observe.network.places import UpdatePlace, read_place
from iotscan.scan.request import Plan

PORTS = 4
"""Ports that images add at one address."""
_MOST = 512
_TOLD = 8
_PROBE = "scan/1"


class NamedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What an image says of where it updates from. ``place`` is None where it cannot be asked, and ``why`` says so."""

    url: str
    where: Subject
    place: UpdatePlace | None = None
    why: str = ""


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    system: str = ""
    url: str
    path: str
    line: int
    index: str = ""


class Unasked(msgspec.Struct, frozen=True, kw_only=True):
    """Why a place was not asked."""

    status: AttemptStatus
    reason: Reason
    why: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan knows of one address: its services, its ports, whether it was asked all that was wanted of it."""

    services: tuple[Service, ...] = ()
    asked: frozenset[int] = frozenset()
    """Ports that were knocked on."""
    closed: frozenset[int] = frozenset()
    is_done: bool = True


def places_of(images: Iterable[Image], observations: Iterable[Observation]) -> tuple[NamedPlace, ...]:
    """Every server that the update systems and scripts of the images name, each once for its line."""
    names = {image.id: image.name or image.id for image in images}
    listed = [o for o in observations if o.subject.image in names]
    found: dict[NamedPlace, None] = {}
    known: set[tuple[str, str, int]] = set()
    # What is configured goes before what only stands somewhere: of that a server is told once.
    for sources, is_sure in ((_configured, True), (_mentioned, False)):
        for observation in listed:
            owner = observation.subject.image
            for source in sources(observation.fact):
                read = read_place(source.url, source.system, names[owner], source.index)
                server = (owner, read.host, read.port) if isinstance(read, UpdatePlace) else (owner, source.url, 0)
                if read and (is_sure or server not in known):
                    known.add(server)
                    found[_named(Subject(image=owner, path=source.path, line=source.line), source.url, read)] = None
    return tuple(found)[:_MOST]


def _named(where: Subject, url: str, read: UpdatePlace | str) -> NamedPlace:
    if isinstance(read, UpdatePlace):
        return NamedPlace(url=url, where=where, place=read)
    return NamedPlace(url=url, where=where, why=read)


def _configured(fact: AnyFact) -> Iterator[_Source]:
    """The sources of update systems, and what home-made updates fetch."""
    if not isinstance(fact, UpdateSystems):
        return
    for system in fact.systems:
        for s in system.sources:
            yield _Source(system=system.system, url=s.url, path=s.path, line=s.line, index=s.index)
    for script in fact.scripts:
        yield _Source(url=script.fetches, path=script.path, line=script.line)


def _mentioned(fact: AnyFact) -> Iterator[_Source]:
    """Servers for updates that a file or program names: their address is known, and no path on them."""
    for backend in fact.backends if isinstance(fact, Backends) else ():
        if backend.kind == "update" and backend.scheme in ("", *SCHEMES) and (backend.scheme or backend.port):
            host = f"[{backend.host}]" if ":" in backend.host else backend.host
            port = f":{backend.port}" if backend.port else ""
            scheme = f"{backend.scheme}:" if backend.scheme else ""
            yield _Source(url=f"{scheme}//{host}{port}/", path=backend.path, line=backend.line)


def more_ports(places: Iterable[NamedPlace], fence: Fence, plan: Plan) -> dict[str, tuple[int, ...]]:
    """The ports that are asked besides those of the plan, by address: the scope allows them, and they harm nobody."""
    if plan.only_these_ports:
        return {}
    usual = frozenset(plan.tcp)
    added: dict[str, dict[int, None]] = defaultdict(dict)
    for named in places:
        address = named.place.address if named.place is not None else None
        if named.place is None or address is None or named.place.port in usual | ports.OWN_WORDS_ONLY:
            continue
        if fence.allows(address, named.place.port):
            added[str(address)][named.place.port] = None
    return {address: tuple(wanted)[:PORTS] for address, wanted in added.items()}


def attempts_of(
    places: Iterable[NamedPlace], fence: Fence, seen: Callable[[UpdatePlace], Iterable[Seen]], cut: Reason | None
) -> tuple[Attempt, ...]:
    """What was not asked of an image's places, as gaps of the image: one for each file and cause.

    ``seen`` gives what is known of the addresses that a place means; ``cut`` says why the scan ended early.
    """
    gaps: dict[tuple[str, str, AttemptStatus, Reason, str], list[NamedPlace]] = defaultdict(list)
    for named in places:
        gap = _gap(named, fence, seen, cut)
        if gap is not None:
            gaps[named.where.image, named.where.path, gap.status, gap.reason, gap.why].append(named)
    return tuple(
        Attempt(
            subject=first.where,
            need=kind_of(UpdateServer),
            status=status,
            reason=reason,
            detail=safe_text(f"{first.url}{f' and {more} more' if more else ''}: {why}", 400),
            probe=_PROBE,
        )
        for (_, _, status, reason, why), several in gaps.items()
        for first, more in [(several[0], len({n.url for n in several}) - 1)]
    )


def notices_of(unasked: Sequence[Attempt]) -> tuple[Notice, ...]:
    """The same for the reader of a report, as far as it is short."""
    told = [f"not asked for updates: {attempt.detail}" for attempt in unasked[:_TOLD]]
    if len(unasked) > _TOLD:
        told.append(f"not asked for updates: {len(unasked) - _TOLD} more places that images name")
    return tuple(Notice(about="images", text=text) for text in told)


def _gap(
    named: NamedPlace, fence: Fence, seen: Callable[[UpdatePlace], Iterable[Seen]], cut: Reason | None
) -> Unasked | None:
    """Why a place was not asked; None where it was."""
    place = named.place
    if place is None:
        return _not_tried(Reason.NOT_OBSERVABLE, named.why)
    refusal = fence.refusal(place.address, place.port) if place.address is not None else ""
    if refusal:
        return _refused(f"{place.host} {refusal}")
    meant = list(seen(place))
    if not meant and place.address is None:
        return _refused(f"no device of this scan is known by the name {place.host}, and no name is looked up")
    if any(s for each in meant for s in each.services if _is_it(s, place)):
        return None
    if cut is not None and not all(each.is_done for each in meant):
        return _not_tried(cut, "the scan ended before it was asked")
    return _not_there(place, meant)


def _not_there(place: UpdatePlace, meant: list[Seen]) -> Unasked:
    if not meant:
        return _not_tried(Reason.UNREACHABLE, f"nobody answered at {place.host}")
    spoken = next((s.protocol for m in meant for s in m.services if (s.transport, s.port) == ("tcp", place.port)), "")
    if spoken:
        wanted = place.scheme or "HTTP"
        return _not_tried(Reason.NOT_OBSERVABLE, f"port {place.port} speaks {spoken} there, not {wanted}")
    if any(place.port in each.closed for each in meant):
        return _not_tried(Reason.UNREACHABLE, f"port {place.port} is closed there")
    if place.port in ports.OWN_WORDS_ONLY:
        return _not_tried(Reason.NOT_OBSERVABLE, f"port {place.port} is not asked: it belongs to fragile devices")
    if not any(place.port in each.asked for each in meant):
        return _not_tried(Reason.OUT_OF_SCOPE, f"port {place.port} is none of those that this scan asks there")
    return _not_tried(Reason.TIMEOUT, f"port {place.port} did not answer there")


def _is_it(service: Service, place: UpdatePlace) -> bool:
    schemes = (place.scheme,) if place.scheme else tuple(SCHEMES)
    return (service.transport, service.port) == ("tcp", place.port) and service.protocol in schemes


def _refused(why: str) -> Unasked:
    return Unasked(status=AttemptStatus.REFUSED_BY_SCOPE, reason=Reason.OUT_OF_SCOPE, why=why)


def _not_tried(reason: Reason, why: str) -> Unasked:
    return Unasked(status=AttemptStatus.NOT_TRIED, reason=reason, why=why)
