"""Which image of a run a device runs. Pure.

A private key, a certificate or a MAC address of the device in the image says so; a product and version that both name
say so where nothing else does. What fits two images says nothing: no guess is made between them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from iotscan.assess.keyring import spki_digest
from iotscan.assess.versions import system_apart
from iotscan.model.device import Device, Image
from iotscan.model.facts import (
    BootEnvironments,
    CertificateChain,
    OperatingSystem,
    PrivateKeys,
    RunsImage,
    SshServer,
    TlsUse,
)
from iotscan.model.facts.vantages import LinkedBy
from iotscan.model.identity import provisional_ids
from iotscan.model.mac import is_lasting_mac, plain_mac
from iotscan.model.observation import Observation, observe
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Vantage

PROBE = "vantages/1"
_ORDER: tuple[LinkedBy, ...] = ("stated", "mac", "certificate", "key", "version")
_ADDRESS = re.compile(r"eth\d*addr|usbethaddr|wifiaddr")
_SHORTEST = 3
"""Characters of a version that says anything: "1" fits too much."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something by which a device and an image are known to belong together."""

    by: LinkedBy
    value: str
    where: str


def link_images(
    devices: Sequence[Device],
    images: Sequence[Image],
    observations: Sequence[Observation],
    stated: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Observation, ...]:
    """For each device of which an image of the run is known to be what it runs: which, and why.

    ``stated`` is the user's word: device id -> image id.
    """
    if not images:
        return ()
    home = {old: d.id for d in devices for old in (d.id, *provisional_ids(d))}
    word = {home.get(device, device): image for device, image in stated.items()}
    of_devices = _marks_of_devices(observations, home)
    in_images = [o for o in observations if o.subject.image]
    of_images = _marks_of_images(in_images)
    found = []
    for device in devices:
        if device.role == "backend":
            continue
        marks = (*_own_marks(device), *of_devices.get(device.id, ()))
        fact = _stated(word.get(device.id, ""), images) or _linked(device, marks, images, of_images, in_images)
        if fact is not None:
            if apart := system_apart(device, fact.image, in_images):
                fact = msgspec.structs.replace(fact, other_version=apart.said)
            subject = Subject(device=device.id, address=device.address)
            found.append(observe(fact, subject, probe=PROBE, vantage=Vantage.CONFIGURED))
    return tuple(found)


def images_of_devices(linked: Iterable[Observation]) -> dict[str, str]:
    """Device id -> the image that it runs, of what :func:`link_images` found; none that is of another version."""
    return {o.subject.device: o.fact.image for o in linked if isinstance(o.fact, RunsImage) and o.fact.is_this_build}


def _stated(image_id: str, images: Sequence[Image]) -> RunsImage | None:
    image = next((i for i in images if i.id == image_id), None)
    return RunsImage(image=image.id, name=image.name or image.source, by="stated") if image else None


def _linked(
    device: Device,
    marks: Sequence[Mark],
    images: Sequence[Image],
    of_images: Mapping[str, Sequence[Mark]],
    observations: Sequence[Observation],
) -> RunsImage | None:
    """By the surest kind of mark that fits any image, where it fits but one; a less sure kind may tell two apart."""
    left = {image.id: image for image in images}
    told: Mark | None = None
    for by in _ORDER[1:]:
        own = {m.value: m for m in marks if m.by == by}
        fitting: dict[str, Mark] = {}
        for image in left.values():
            theirs = of_images.get(image.id, ()) if by != "version" else _versions(image, observations)
            for mark in theirs:
                if mark.by == by and _fits(by, mark, own, device):
                    mine = own.get(mark.value)
                    where = f"{mark.where} is {mine.where}" if mine else mark.where
                    fitting.setdefault(image.id, msgspec.structs.replace(mark, where=where))
        if not fitting or (by == "version" and told is None and len(fitting) > 1):
            continue
        left = {key: left[key] for key in fitting}
        told = told or next(iter(fitting.values()))
        if len(left) == 1:
            ((image_id, image),) = left.items()
            mark = told if told in fitting.values() else fitting[image_id]
            return RunsImage(image=image_id, name=image.name or image.source, by=mark.by, detail=mark.where)
    return None


def _fits(by: LinkedBy, mark: Mark, own: Mapping[str, Mark], device: Device) -> bool:
    if by != "version":
        return mark.value in own
    product, _, version = mark.value.partition("\n")
    firmware = {c.value.strip().lower() for c in device.claims if c.what == "firmware"}
    called = " ".join(c.value for c in device.claims if c.what in ("name", "model", "manufacturer")).lower()
    return version in firmware and any(word in called for word in product.split())


def _own_marks(device: Device) -> Iterator[Mark]:
    if device.mac and not device.rivals:
        yield Mark(by="mac", value=plain_mac(device.mac), where="its MAC address")


def _marks_of_devices(observations: Iterable[Observation], home: Mapping[str, str]) -> Mapping[str, list[Mark]]:
    found: dict[str, list[Mark]] = defaultdict(list)
    for observation in observations:
        owner = home.get(observation.subject.device, "")
        if owner:
            found[owner] += _shown(observation)
    return found


def _shown(observation: Observation) -> Iterator[Mark]:
    fact, place = observation.fact, observation.subject.service or "its own"
    if isinstance(fact, CertificateChain) and fact.certificates and not fact.is_unproved:
        yield Mark(by="certificate", value=fact.certificates[0].sha256, where=f"the certificate of {place}")
        yield Mark(by="key", value=fact.certificates[0].spki_sha256, where=f"the key of {place}")
    elif isinstance(fact, SshServer):
        for key in fact.host_keys.known or ():
            if key.spki:
                yield Mark(by="key", value=spki_digest(key.spki), where=f"the host key of {place}")
    elif isinstance(fact, TlsUse):
        for session in fact.sessions:
            if session.client_certificate and session.role == "client" and session.ending != "refused-by-server":
                own, whom = session.client_certificate, session.peer.label
                yield Mark(by="certificate", value=own.sha256, where=f"the certificate that it shows {whom}")
                yield Mark(by="key", value=own.spki_sha256, where=f"the key that it shows {whom}")


def _marks_of_images(observations: Iterable[Observation]) -> Mapping[str, list[Mark]]:
    found: dict[str, list[Mark]] = defaultdict(list)
    for observation in observations:
        if observation.subject.image:
            found[observation.subject.image] += _held(observation)
    return found


def _held(observation: Observation) -> Iterator[Mark]:
    fact = observation.fact
    if isinstance(fact, PrivateKeys):
        for key in fact.keys:
            # A key that everybody has says nothing of whose image this is.
            if key.public_sha256 and not key.known_leaked and not key.in_documentation:
                yield Mark(by="key", value=key.public_sha256, where=key.path)
    elif isinstance(fact, CertificateChain) and fact.certificates:
        where = f"the certificate of {observation.subject.path}"
        yield Mark(by="certificate", value=fact.certificates[0].sha256, where=where)
    elif isinstance(fact, BootEnvironments):
        for environment in fact.environments:
            for name, value in environment.variables.items():
                if _ADDRESS.fullmatch(name) and environment.source == "stored" and is_lasting_mac(value):
                    yield Mark(by="mac", value=plain_mac(value), where=f"{name} of {environment.path}")


def _versions(image: Image, observations: Iterable[Observation]) -> Iterator[Mark]:
    for observation in observations:
        fact = observation.fact
        if observation.subject.image == image.id and isinstance(fact, OperatingSystem):
            # Not the system's own name: half of all devices are called after the one they are built on.
            words = re.split(r"[^a-z0-9]+", f"{fact.variant} {image.name}".lower())
            product = " ".join(word for word in words if len(word) > _SHORTEST and word != fact.id)
            for version in {fact.version, fact.build} - {""}:
                if len(version) >= _SHORTEST and any(c.isdigit() for c in version):
                    value = f"{product}\n{version.strip().lower()}"
                    yield Mark(by="version", value=value, where=f"version {version} of {fact.name or fact.id}")
