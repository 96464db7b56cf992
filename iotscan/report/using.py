"""What a device was seen to do in traffic: handshakes, updates, names, time, what of it is in the clear. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from iotscan.model.device import Device
from iotscan.model.facts import AnyFact, ProtocolUse, TlsUse, TrafficProfile, UpdateUse
from iotscan.model.facts.protocol_use import NameQuestion, TimeQuestion
from iotscan.model.facts.traffic import Talk
from iotscan.model.facts.update_use import UpdateContact
from iotscan.model.run import Run
from iotscan.report.handshakes import client_rows, hello_rows, peer_of, server_rows
from iotscan.report.rating import size_of
from iotscan.report.use_rows import ClearRow, NamesRow, TimeRow, UpdateRow, Uses
from iotscan.report.words import clean, counted

_VALIDATION: Final = "server-certificate-validation"
_SIGNATURES: Final = {"none": "none seen", "present": "seen, not tried", "unknown": "not known"}
_KINDS: Final = {"firmware": 0, "package": 1, "manifest": 2, "poll": 3}
"""What is fetched before what is only asked for."""
_NAMING: Final = frozenset(("name", "hostname"))


def uses(run: Run) -> dict[str, Uses]:
    """Of each device that was seen in traffic."""
    facts: dict[str, list[AnyFact]] = defaultdict(list)
    for observation in run.observations:
        if isinstance(observation.fact, TrafficProfile | TlsUse | ProtocolUse | UpdateUse):
            facts[observation.subject.device].append(observation.fact)
    careless: dict[str, set[str]] = defaultdict(set)
    for result in run.results:
        if result.check == _VALIDATION and result.is_finding:
            careless[result.subject.device].add(result.part)
    devices = {device.id: device for device in run.devices}
    return {owner: _uses(devices.get(owner), told, frozenset(careless[owner])) for owner, told in facts.items()}


def _uses(device: Device | None, facts: list[AnyFact], careless: frozenset[str]) -> Uses:
    profiles = [fact for fact in facts if isinstance(fact, TrafficProfile)]
    sessions = [session for fact in facts if isinstance(fact, TlsUse) for session in fact.sessions]
    said = [fact for fact in facts if isinstance(fact, ProtocolUse)]
    contacts = [c for fact in facts if isinstance(fact, UpdateUse) for c in fact.contacts]
    return Uses(
        called=tuple(_called(device)) if device else (),
        hellos=hello_rows(sessions),
        clients=client_rows(sessions, careless),
        servers=server_rows(sessions),
        updates=tuple(_updates(contacts)),
        names=tuple(_names(question for fact in said for question in fact.names)),
        time=tuple(_time(question for fact in said for question in fact.time)),
        clear=tuple(_clear(profiles)),
        is_cut_off=any(getattr(fact, "is_cut_off", False) for fact in facts),
    )


def _called(device: Device) -> Iterator[str]:
    told: dict[str, set[str]] = defaultdict(set)
    for claim in device.claims:
        if claim.what in _NAMING:
            told[clean(claim.value, 60)].add(clean(claim.how, 30))
    yield from (f"{name} ({', '.join(sorted(told[name]))})" for name in sorted(told))


def _updates(contacts: Iterable[UpdateContact]) -> Iterator[UpdateRow]:
    mine = [contact for contact in contacts if contact.role == "client" or contact.direction == "to-server"]
    for contact in sorted(mine, key=lambda c: (_KINDS[c.kind], part_in(c), c.path, c.format, c.size, c.count)):
        yield _update(contact)


def part_in(contact: UpdateContact) -> str:
    """The host of a contact, as the device called it, else as its peer is called."""
    return contact.host or contact.peer.label


def _update(contact: UpdateContact) -> UpdateRow:
    protection = "encrypted" if contact.is_encrypted else "in the clear"
    details = [
        _way(contact),
        contact.kind,
        contact.system,
        contact.format,
        size_of(contact.size) if contact.size else "",
    ]
    # A topic, and a path of FTP or TFTP, may begin with no slash.
    between = "" if contact.path.startswith("/") else " "
    path = contact.path or f"on {contact.transport}/{contact.port}"
    return UpdateRow(
        where=clean(f"{part_in(contact)}{between}{path}", 200),
        what=clean(", ".join(dict.fromkeys(word for word in details if word)), 100),
        often=_often(contact),
        carried=clean(f"{contact.protocol or contact.transport} {protection}", 60),
        is_encrypted=contact.is_encrypted,
        signature=_SIGNATURES[contact.signature],
        told_by=clean(contact.how, 60),
    )


def _way(contact: UpdateContact) -> str:
    """Empty for what it fetches, or asks for."""
    if contact.direction == "to-client":
        return ""
    return "sent away" if contact.role == "client" else "brought to it"


def _often(contact: UpdateContact) -> str:
    seconds = contact.period.known
    every = f", every {_span(seconds)}" if seconds is not None else ""
    # What is encrypted shows no answer.
    vain = "" if contact.is_answered or contact.is_encrypted else "; the answer was an error or not seen"
    return f"{'once' if contact.count == 1 else counted(contact.count, 'time')}{every}{vain}"


def _span(seconds: int) -> str:
    for name, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size or seconds == size:
            return counted(round(seconds / size), name)
    return counted(seconds, "second")


def _names(questions: Iterable[NameQuestion]) -> Iterator[NamesRow]:
    groups: dict[tuple[str, str, str], list[NameQuestion]] = defaultdict(list)
    for question in questions:
        if question.role == "client":
            over = f"{'mdns' if question.port == 5353 else 'dns'} on {clean(question.transport, 5)}/{question.port}"
            groups[peer_of(question), over, _protection(question)].append(question)
    for (server, over, protection), several in sorted(groups.items()):
        names = tuple(sorted({clean(q.name, 120) for q in several} - {""}))
        count = sum(q.count for q in several)
        yield NamesRow(server=server, over=over, protection=protection, names=names, count=count)


def _protection(question: NameQuestion) -> str:
    if question.is_encrypted:
        return "encrypted"
    return "in the clear, with DNSSEC asked for" if question.asks_dnssec else "in the clear"


def _time(questions: Iterable[TimeQuestion]) -> Iterator[TimeRow]:
    rows = [
        TimeRow(
            server=peer_of(q),
            what=f"NTP version {q.version}{f', stratum {q.stratum}' if q.stratum else ''}" if q.version else "NTP",
            authentication="without authentication" if q.authentication == "none" else f"with {q.authentication}",
            count=q.count,
        )
        for q in questions
        if q.role == "client"
    ]
    yield from sorted(rows, key=lambda row: (row.server, row.authentication, row.what, row.count))


def _clear(profiles: Iterable[TrafficProfile]) -> Iterator[ClearRow]:
    """What makes up the cleartext, with what of it no line tells."""
    every = list(profiles)
    total = sum(p.encrypted_bytes + p.cleartext_bytes + p.unknown_bytes for p in every)
    groups: dict[str, int] = defaultdict(int)
    for talk in (talk for profile in every for talk in profile.talks if talk.protection == "cleartext"):
        groups[_talk(talk)] += talk.bytes_sent + talk.bytes_received
    rest = sum(p.cleartext_bytes for p in every) - sum(groups.values())
    found = sorted(((what, size) for what, size in groups.items() if size), key=lambda pair: (-pair[1], pair[0]))
    found += [("not listed one by one", rest)] if rest > 0 else []
    yield from (ClearRow(what=what, bytes=size, share=percent(size, max(total, size))) for what, size in found)


def _talk(talk: Talk) -> str:
    end = f"to {talk.peer.label}" if talk.role == "client" else "as a server"
    return clean(f"{talk.protocol} {end} on {talk.transport}/{talk.port}", 160)


def percent(part: int, whole: int) -> str:
    """A share that rounds neither to nothing where there is some, nor to all where there is more."""
    share = 100 * part / whole if whole else 0.0
    if part and share < 1:
        return "under 1%"
    return f"{min(round(share), 99) if part < whole else 100}%"
