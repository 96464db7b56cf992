"""What is true of the LAN of discovery, and how a run is held to it: what is missing and what is invented, in words."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from iotscan.model.device import Device
from iotscan.model.identification import Identity
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence
from iotscan.observe.network.discovery.hearing import PASSIVE

How = Literal["helper", "without"]
"""With the raw helper, or as a user without any privilege."""
_TRAITS = ("vendor", "product", "model", "firmware", "kind")
_SURER = (Confidence.TENTATIVE, Confidence.FIRM, Confidence.CERTAIN)


class TrueTrait(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device is, and how sure that has to be at least."""

    value: str
    at_least: Confidence = Confidence.TENTATIVE


class TrueHost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One device, as it has to be listed, once.

    ``claims`` are all that it says of itself, by what they are of; a ``*`` stands for what differs from one version of
    a daemon to the next. ``helper`` and ``without`` are the ways by which it has to be found, and no others; without
    one it must not be listed. ``helper_only`` are the addresses that nobody finds without the helper.
    """

    host: str
    about: str
    addresses: tuple[str, ...]
    helper_only: tuple[str, ...] = ()
    mac: str
    claims: dict[str, tuple[str, ...]] = {}
    services: dict[str, str] = {}
    without_services: dict[str, str] | None = None
    """Those of a run that asks fewer ports, where they are others."""
    vendor: TrueTrait | None = None
    product: TrueTrait | None = None
    model: TrueTrait | None = None
    firmware: TrueTrait | None = None
    kind: TrueTrait | None = None
    children: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    without_remarks: tuple[str, ...] | None = None
    helper: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    """Ways by which it may be found as well, or not, without the helper."""

    def ways(self, how: How) -> tuple[str, ...]:
        """By which it is found."""
        return self.helper if how == "helper" else self.without

    def places(self, how: How) -> tuple[str, ...]:
        """The addresses that are found."""
        hidden = self.helper_only if how == "without" else ()
        return tuple(a for a in self.addresses if a not in hidden)


class DiscoveryTruth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every device on the LAN, and what a run has to tell of itself, as patterns."""

    schema: str
    told: dict[str, tuple[str, ...]]
    """By ``helper``, ``without`` or ``both``."""
    devices: tuple[TrueHost, ...]


def load_truth() -> DiscoveryTruth:
    """The truth of ``discovery_truth.yaml``."""
    text = Path(__file__).with_name("discovery_truth.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), DiscoveryTruth)


def differences(run: Run, truth: DiscoveryTruth, how: How) -> list[str]:
    """Everything by which a run differs from the truth, missing or invented; empty where it tells the truth."""
    wanted = {true.places(how): true for true in truth.devices if true.ways(how)}
    found: dict[tuple[str, ...], Device] = {}
    told: list[str] = []
    for device in run.devices:
        if device.addresses in found:
            told.append(f"listed twice: {device.addresses}")
        found[device.addresses] = device
    told += [f"{wanted[missed].host} is missing: {missed}" for missed in wanted.keys() - found.keys()]
    told += [f"invented: {invented} {found[invented].label}" for invented in found.keys() - wanted.keys()]
    for places in sorted(wanted.keys() & found.keys()):
        told += (f"{wanted[places].host}: {each}" for each in _of_device(found[places], wanted[places], how))
    patterns = (*truth.told["both"], *truth.told[how])
    told += _against("notice", [n.text for n in run.notices], patterns)
    return told


def _of_device(device: Device, true: TrueHost, how: How) -> Iterator[str]:
    yield from _against("MAC", [device.mac], [true.mac])
    said: dict[str, set[str]] = {}
    for claim in device.claims:
        said.setdefault(claim.what, set()).add(claim.value)
    for what in sorted(said.keys() | true.claims.keys()):
        yield from _against(what, said.get(what, ()), true.claims.get(what, ()))
    services = true.services if how == "helper" or true.without_services is None else true.without_services
    yield from _against("service", [f"{s.name} {s.protocol}" for s in device.services], _pairs(services))
    yield from _of_identity(device.identity, true)
    yield from _against("child", device.children, true.children)
    remarks = true.remarks if how == "helper" or true.without_remarks is None else true.without_remarks
    yield from _against("remark", [r.about for r in device.identity.remarks], remarks)
    yield from _against("contradiction", device.identity.contradictions, ())
    # Whether a device speaks of its own accord in these seconds, nobody can say.
    perhaps = (PASSIVE, *(true.perhaps if how == "without" else ()))
    found_by = [way for way in device.found_by if not any(fnmatchcase(way, each) for each in perhaps)]
    yield from _against("found by", found_by, true.ways(how))


def _of_identity(identity: Identity, true: TrueHost) -> Iterator[str]:
    for what in _TRAITS:
        trait, wanted = getattr(identity, what), getattr(true, what)
        yield from _against(what, [trait.value] if trait else [], [wanted.value] if wanted else [])
        if trait and wanted and _SURER.index(trait.confidence) < _SURER.index(wanted.at_least):
            yield f"{what} is {trait.confidence}, less than {wanted.at_least}"


def _pairs(services: Mapping[str, str]) -> list[str]:
    return [f"{name} {protocol}" for name, protocol in services.items()]


def _against(what: str, found: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """What of ``found`` no pattern stands for, and patterns that stand for nothing."""
    left, told = list(found), []
    for pattern in patterns:
        match = next((text for text in left if fnmatchcase(text, pattern)), None)
        if match is None:
            told.append(f"{what} missing: {pattern}")
        else:
            left.remove(match)
    return [*told, *(f"{what} invented: {text}" for text in left)]
