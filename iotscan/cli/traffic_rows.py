"""What is shown of traffic while it is heard: a line for a device, a line for a finding."""

from collections.abc import Iterator

import msgspec

from iotscan.model.device import Device
from iotscan.model.facts import TrafficProfile
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Severity
from iotscan.report.identity import kind, maker
from iotscan.report.places import Places, address_order
from iotscan.report.words import clean

_PEERS, _LIMIT = 6, 300


class DeviceRow(msgspec.Struct, frozen=True):
    """A device: its address, what it is called or is, whom it talks to, how much of that in the clear."""

    address: str
    name: str
    talks_to: str
    clear: str


class FindingRow(msgspec.Struct, frozen=True):
    """A finding: how bad, where, which check, what it is."""

    severity: Severity
    place: str
    check: str
    summary: str
    fingerprint: str


def device_rows(run: Run) -> Iterator[DeviceRow]:
    """Those that were seen to talk first, who sent most before others; then the rest by address."""
    profiles = {o.subject.device: o.fact for o in run.observations if isinstance(o.fact, TrafficProfile)}

    def order(device: Device) -> tuple[object, ...]:
        profile = profiles.get(device.id)
        return (-_volume(profile) if profile else 1, address_order(device.address))

    for device in sorted(run.devices, key=order):
        profile = profiles.get(device.id)
        name = "" if device.label == device.address else device.label
        what = clean(name or " ".join((maker(device), kind(device.identity))).strip(), 60)
        yield DeviceRow(clean(device.address, 60), what, _peers(profile), _clear(profile))


def finding_rows(run: Run) -> list[FindingRow]:
    """The worst first."""
    places = Places(run)
    found = [result for result in run.results if result.is_finding]
    found.sort(key=lambda result: (-result.severity.rank, result.check, places.place(result.subject)))
    return [_finding_row(result, places) for result in found]


def _finding_row(result: Result, places: Places) -> FindingRow:
    summary = clean(result.summary, _LIMIT)
    return FindingRow(result.severity, places.place(result.subject), result.check, summary, result.fingerprint)


def _volume(profile: TrafficProfile) -> int:
    return profile.encrypted_bytes + profile.cleartext_bytes + profile.unknown_bytes


def _peers(profile: TrafficProfile | None) -> str:
    """Who is beyond the network before who is near: a back end says more than the router."""
    if profile is None:
        return ""
    talks = sorted(profile.talks, key=lambda talk: not talk.is_outbound)
    names = list(dict.fromkeys(talk.peer.label for talk in talks if talk.peer.label))
    more = f" and {len(names) - _PEERS} more" if len(names) > _PEERS else ""
    return clean(", ".join(names[:_PEERS]) + more, _LIMIT)


def _clear(profile: TrafficProfile | None) -> str:
    """The share of its payload that was in the clear; what nobody recognised is not counted as either."""
    known = profile.encrypted_bytes + profile.cleartext_bytes if profile else 0
    if profile is None or not known:
        return ""
    share = profile.cleartext_bytes / known
    return "all" if share == 1 else "none" if share == 0 else "under 1 %" if share < 0.01 else f"{share:.0%}"
