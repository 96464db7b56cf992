"""What names a device, an image or a place in them from run to run: the ground under every fingerprint.

A device is known by the strongest mark that it alone bears in its run; an image by its name without
version, tag and build. Reasons and limits: ``docs/decisions/0011-what-a-finding-is-known-by.md``.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from iotscan.model.contradiction import Shown
from iotscan.model.device import Device, Image
from iotscan.model.facts import CertificateChain, SshServer
from iotscan.model.identity import Key, is_lasting_mac, provisional_ids, unique_claims
from iotscan.model.observation import Observation
from iotscan.model.result import Result
from iotscan.model.subject import Subject

PROVED = ("mac", "serial", "uuid", "ssh", "tls")
"""Kinds of mark that show a device to be the same one; an address shows only where it is."""
RENEWED = timedelta(days=398)
"""A certificate that lives no longer is renewed by a machine, often with a new key (CA/Browser Forum limit of 2020)."""

Marks = Mapping[str, tuple[Key, ...]]
"""Device id -> its marks, strongest first."""


def borne(devices: Iterable[Device], observations: Iterable[Observation]) -> Marks:
    """Every mark of every device: MAC, serial, UUID, SSH host keys, TLS keys, addresses; strongest first."""
    devices = tuple(devices)
    home = {old: d.id for d in devices for old in provisional_ids(d)}
    shown: dict[str, list[tuple[int, str, Key]]] = defaultdict(list)
    for observation in observations:
        owner = observation.subject.device
        if owner:
            shown[home.get(owner, owner)] += _keys_in(observation)
    return {d.id: tuple(dict.fromkeys((*_own(d), *_by_strength(shown[d.id]), *_where(d)))) for d in devices}


def keys_shown(observations: Iterable[Observation]) -> Shown:
    """The keys that services show, by the id of the device that the observations are about."""
    shown: dict[str, list[tuple[int, str, Key]]] = defaultdict(list)
    for observation in observations:
        shown[observation.subject.device] += _keys_in(observation)
    return {owner: tuple(keys) for owner, keys in shown.items() if keys}


def telling(marks: Marks) -> Marks:
    """Only the marks that one device alone bears: a key that two clones share names neither."""
    bearers = Counter(mark for held in marks.values() for mark in held)
    return {owner: tuple(m for m in held if bearers[m] == 1) for owner, held in marks.items()}


def identities(
    devices: Iterable[Device], images: Iterable[Image], observations: Iterable[Observation]
) -> dict[str, str]:
    """Device or image id -> the text that stands for it in fingerprints. No two share one."""
    known = telling(borne(devices, observations))
    named = {owner: " ".join(marks[0]) if marks else f"id {owner}" for owner, marks in known.items()}
    images = tuple(images)
    names = Counter(i.name for i in images)
    sources = Counter(i.source for i in images)
    for image in images:
        by_source = f"source {image.source}" if sources[image.source] == 1 else f"id {image.id}"
        named[image.id] = f"image {image.name}" if image.name and names[image.name] == 1 else by_source
    return named


def _own(device: Device) -> Iterator[Key]:
    # Where another answers for the same address, what was seen there may be of either.
    if device.role == "backend" and device.claimed("name"):
        # Its address is whatever its name leads to today.
        yield "name", device.claimed("name").lower()
    if is_lasting_mac(device.mac) and (device.is_rival or not device.rivals):
        yield "mac", device.mac.lower().replace("-", ":")
    yield from sorted(unique_claims(device))


def _where(device: Device) -> Iterable[Key]:
    return () if device.is_rival else (("address", address) for address in device.addresses)


def _keys_in(observation: Observation) -> Iterator[tuple[int, str, Key]]:
    """(port, what sorts keys of one port, mark) of the keys that one fact shows."""
    fact, port = observation.fact, observation.subject.port
    if isinstance(fact, SshServer):
        for key in fact.host_keys.known or ():
            yield port, key.algorithm, ("ssh", key.sha256)
    elif isinstance(fact, CertificateChain) and fact.certificates:
        leaf = fact.certificates[0]
        if leaf.not_after - leaf.not_before > RENEWED:
            yield port, leaf.key_type, ("tls", leaf.spki_sha256)


def _by_strength(keys: Iterable[tuple[int, str, Key]]) -> Iterator[Key]:
    return (mark for _, _, mark in sorted(keys, key=lambda k: (PROVED.index(k[2][0]), k)))


def lasting_place(subject: Subject) -> str:
    """Service and path without what moves: address, line, and versions in the path."""
    return f"{subject.service} {lasting_path(subject.path)}".strip()


_VERSION_FOLDER = re.compile(r"v?\d+(\.\d+)+([-+~][\w.+~-]*)?")
_VERSIONED_FOLDER = re.compile(r"([a-z][a-z+-]*)\d+\.\d+(\.\d+)*")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_LIBRARY = re.compile(r"(\.so)(\.\d+)+$")


def lasting_path(path: str) -> str:
    """A path whose version folders are ``*`` and whose shared libraries have lost their number.

    ``/lib/modules/6.1.22-yocto/x.ko`` is ``/lib/modules/*/x.ko``, ``/usr/lib/python3.11/k.pem`` is
    ``/usr/lib/python*/k.pem``, ``libssl.so.1.1.1`` is ``libssl.so``. Anything else stays as it is.
    """
    *folders, name = path.split("/")
    return "/".join((*map(_lasting_folder, folders), _LIBRARY.sub(r"\1", name)))


def _lasting_folder(folder: str) -> str:
    if _ADDRESS.fullmatch(folder):
        return folder
    if _VERSION_FOLDER.fullmatch(folder):
        return "*"
    return _VERSIONED_FOLDER.sub(r"\1*", folder) if _VERSIONED_FOLDER.fullmatch(folder) else folder


def lasting_part(result: Result) -> str:
    """What of its place a finding is about: the check's word for it, else, in a file, what was seen there.

    A file holds many things and a running number would go over to the next of them; a service is one thing.
    """
    return lasting_path(result.part) or (content(result) if result.is_finding and result.subject.path else "")


def content(result: Result) -> str:
    """What was seen, without the address and the line where it was seen."""
    subject = result.subject
    said = result.observed or result.summary
    if subject.path:
        said = re.sub(re.escape(subject.path) + r":\d+", subject.path, said)
    if subject.address:
        said = re.sub(rf"(?<![\w.:]){re.escape(subject.address)}(?!\w|\.\d)", "it", said)
    return said
