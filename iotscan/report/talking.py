"""What devices were seen to say and to whom: the same rows for every format. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from iotscan.model.capture import Capture
from iotscan.model.facts import TrafficProfile
from iotscan.model.facts.traffic import Talk
from iotscan.model.run import Run
from iotscan.model.vocabulary import Severity
from iotscan.report.content import OwnerRow
from iotscan.report.places import Places, address_order
from iotscan.report.rating import size_of
from iotscan.report.talk_rows import BackendRow, PeerRow, TalkRow, Traffic
from iotscan.report.use_rows import Uses
from iotscan.report.using import percent, uses
from iotscan.report.words import clean, counted

DEVICES: Final = 10
"""Devices of which a terminal tells, the most telling first, before the rest is counted."""
_SECURED: Final = {"encrypted": "encrypted", "cleartext": "in the clear", "unknown": "not recognised"}
_MIXED: Final = "partly encrypted"
_SHORT: Final = 60
"""Seconds under which a device was hardly seen."""


def traffic(run: Run) -> Traffic | None:
    """What was seen of the devices of a run in traffic; None where nothing was."""
    profiles = [(o.subject.device, o.fact) for o in run.observations if isinstance(o.fact, TrafficProfile)]
    if not profiles and not run.captures:
        return None
    places = Places(run)
    addresses = {d.id: clean(d.address, 60) for d in run.devices}
    done = uses(run)
    rows = [
        _device(device, addresses.get(device, ""), places.told_apart(device), profile, done[device])
        for device, profile in profiles
    ]
    return Traffic(
        captures=tuple(map(_capture, run.captures)),
        devices=tuple(sorted(rows, key=lambda row: address_order(row.address))),
        backends=tuple(_backends(rows)),
        clear=_in_the_clear(*(profile for _, profile in profiles)) if profiles else "",
    )


def telling_first(told: Traffic, owners: Iterable[OwnerRow]) -> list[TalkRow]:
    """Its devices: those with the gravest findings first, then those that said most."""
    counts = {row.id: tuple(-row.findings.get(s, 0) for s in Severity) for row in owners}
    none = (0,) * len(Severity)
    return sorted(told.devices, key=lambda row: (counts.get(row.device, none), -(row.sent + row.received)))


def _capture(capture: Capture) -> str:
    when = f", {_moment(capture.first)} to {_moment(capture.last)} UTC" if capture.first else ""
    size = f", {size_of(capture.size)}" if capture.size else ""
    problem = f"; not read to its end: {capture.problem}" if capture.problem else ""
    what = f" ({capture.format})" if capture.format else ""
    return clean(f"{capture.source}{what}: {counted(capture.frames, 'frame')}{size}{when}{problem}", 600)


def _moment(text: str) -> str:
    return text[:19].replace("T", " ")


def _device(device: str, address: str, label: str, profile: TrafficProfile, done: Uses) -> TalkRow:
    return TalkRow(
        device=clean(device, 40),
        label="" if label == address else label,
        address=address,
        seen=_for_how_long(profile),
        sent=sum(t.bytes_sent for t in profile.talks),
        received=sum(t.bytes_received for t in profile.talks),
        clear=_in_the_clear(profile),
        peers=tuple(_peers(profile.talks)),
        is_cut_off=profile.is_cut_off,
        uses=done,
    )


def _for_how_long(profile: TrafficProfile) -> str:
    seconds = round(profile.seconds)
    if seconds < _SHORT:
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _in_the_clear(*profiles: TrafficProfile) -> str:
    """Shares of the payload; what was not recognised counts as neither."""
    clear, unknown = sum(p.cleartext_bytes for p in profiles), sum(p.unknown_bytes for p in profiles)
    total = sum(p.encrypted_bytes for p in profiles) + clear + unknown
    if not total:
        return "no payload"
    said = [f"{percent(clear, total)} in the clear"]
    if unknown:
        said.append(f"{percent(unknown, total)} not recognised")
    return ", ".join(said)


def _peers(talks: Iterable[Talk]) -> Iterator[PeerRow]:
    every = tuple(talks)
    names: dict[str, set[str]] = defaultdict(set)
    for talk in every:
        names[talk.peer.address] |= {talk.peer.name} - {""}
    groups: dict[tuple[bool, str, str, int, bool], list[Talk]] = defaultdict(list)
    for talk in every:
        label = talk.peer.label
        if not (talk.peer.name or talk.bytes_sent or talk.bytes_received) and len(names[talk.peer.address]) == 1:
            # A connection that came to nothing had no time to say whom it was for.
            (label,) = names[talk.peer.address]
        key = (not talk.peer.is_local, label, talk.transport, talk.port, talk.role == "client")
        groups[key].append(talk)
    rows = [_peer(key, several) for key, several in groups.items()]
    yield from sorted(rows, key=lambda r: (not r.is_beyond, -(r.sent + r.received), r.peer, r.over))


def _peer(key: tuple[bool, str, str, int, bool], talks: list[Talk]) -> PeerRow:
    is_beyond, label, transport, port, is_client = key
    known = sorted({clean(t.protocol, 20) for t in talks} - {"unknown"}) or ["unknown"]
    return PeerRow(
        peer=clean(label, 120),
        address=clean(talks[0].peer.address, 60),
        is_beyond=is_beyond,
        is_client=is_client,
        over=f"{'+'.join(known)} on {clean(transport, 5)}/{port}",
        protection=_together(_SECURED[t.protection] for t in talks if t.bytes_sent + t.bytes_received),
        conversations=sum(t.count for t in talks),
        sent=sum(t.bytes_sent for t in talks),
        received=sum(t.bytes_received for t in talks),
    )


def _together(protections: Iterable[str]) -> str:
    found = set(protections)
    if not found - {"no payload"}:
        return "no payload"
    if len(found) == 1:
        return found.pop()
    return _MIXED if "encrypted" in found else "in the clear" if "in the clear" in found else "not recognised"


def _backends(rows: Iterable[TalkRow]) -> list[BackendRow]:
    groups: dict[str, list[tuple[TalkRow, PeerRow]]] = defaultdict(list)
    for row in rows:
        for peer in row.peers:
            if peer.is_beyond and peer.is_client:
                groups[peer.peer].append((row, peer))
    found = [_backend(name, several) for name, several in groups.items()]
    return sorted(found, key=lambda b: (-len(b.devices), -b.bytes, b.name))


def _backend(name: str, talks: list[tuple[TalkRow, PeerRow]]) -> BackendRow:
    return BackendRow(
        name=name,
        addresses=tuple(sorted({peer.address for _, peer in talks}, key=address_order)),
        devices=tuple(dict.fromkeys(row.label or row.address for row, _ in talks)),
        over=tuple(sorted({peer.over for _, peer in talks})),
        protection=_together(peer.protection for _, peer in talks if peer.protection != "no payload"),
        bytes=sum(peer.sent + peer.received for _, peer in talks),
    )
