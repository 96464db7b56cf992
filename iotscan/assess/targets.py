"""Whom an entry of the waiver file is about: one answer for waivers and attestations."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address

from iotscan.data.waiver_file import IMAGE_KEYS, Target
from iotscan.model.device import Device, Image
from iotscan.model.identity import UNIQUE_CLAIMS, provisional_ids
from iotscan.model.subject import Subject

Owner = Device | Image
_SELF_CHOSEN = ("name", "model")
"""What a device calls itself, as any other may."""
_DEVICE_ID = re.compile(r"dev-[0-9a-f]{8}")


def owners_of(target: Target, devices: Iterable[Device], images: Iterable[Image]) -> tuple[Owner, ...]:
    """The devices and images that a target names, whichever place of them it goes on to name."""
    if is_about_images(target):
        return tuple(i for i in images if target.image in ("", i.name, i.id))
    known = tuple(devices)
    meant = _called(target.asset, known) if target.asset else known
    return tuple(d for d in meant if not target.ip or _plain(target.ip) in {_plain(a) for a in d.addresses})


def is_about_images(target: Target) -> bool:
    """True when a target names an image or a place in one."""
    return any(getattr(target, name) for name in IMAGE_KEYS)


def is_device_id(asset: str) -> bool:
    """True for an id of ours, made of an address (:func:`iotscan.model.device.provisional_id`) and as weak as that."""
    return bool(_DEVICE_ID.fullmatch(_name(asset)))


def is_within(target: Target, subject: Subject) -> bool:
    """True when a place of a named device or image is one that the target means."""
    if target.ip and subject.address and _plain(subject.address) != _plain(target.ip):
        return False
    if target.service and subject.service != target.service:
        return False
    return not target.path or fits_path(target.path, subject.path)


def fits_path(pattern: str, path: str) -> bool:
    """True when a path inside an image fits a glob: ``*`` and ``?`` stay inside one folder, ``**`` is any folders."""
    return bool(path) and _fits(pattern.strip("/").split("/"), path.strip("/").split("/"))


def _fits(pattern: Sequence[str], path: Sequence[str]) -> bool:
    # open[i]: the names so far fit the first i words of the pattern. No way back, so no blow-up.
    open_at = {0} | {i + 1 for i, _ in enumerate(pattern) if all(w == "**" for w in pattern[: i + 1])}
    for name in path:
        reached = {i for i in open_at if i < len(pattern) and pattern[i] == "**"}
        reached |= {i + 1 for i in open_at if i < len(pattern) and pattern[i] != "**" and fnmatchcase(name, pattern[i])}
        open_at = _past_any(reached, pattern)
    return len(pattern) in open_at


def _past_any(reached: set[int], pattern: Sequence[str]) -> set[int]:
    """``**`` fits no folder at all, too: whoever stands before one stands behind it as well."""
    for index in range(len(pattern)):
        if index in reached and pattern[index] == "**":
            reached.add(index + 1)
    return reached


def _called(word: str, devices: Sequence[Device]) -> tuple[Device, ...]:
    """The devices that ``word`` names by the strongest of what names them.

    Where one has it as its id, its MAC address or its serial number, others that merely call themselves so are not
    meant; nor is anybody meant whose name is written like an id or a MAC address.
    """
    name = _name(word)
    for names in (_ids, _macs, _serials, _names):
        found = tuple(d for d in devices if name in names(d))
        if found:
            return found if names is not _names or not _is_unlike_a_name(name) else ()
    return ()


def _ids(device: Device) -> set[str]:
    return {_name(word) for word in (device.id, *provisional_ids(device))}


def _macs(device: Device) -> set[str]:
    return {_name(device.mac)} if device.mac else set()


def _serials(device: Device) -> set[str]:
    return {_name(c.value) for c in device.claims if c.what in UNIQUE_CLAIMS}


def _names(device: Device) -> set[str]:
    return {_name(c.value) for c in device.claims if c.what in _SELF_CHOSEN}


def _is_unlike_a_name(name: str) -> bool:
    return is_device_id(name) or _is_mac(name.split(":"))


def _name(word: str) -> str:
    """A name as it compares: whatever its case, a MAC with ``-``, a UUID with its prefix."""
    plain = word.strip().lower().removeprefix("uuid:")
    octets = plain.replace("-", ":").split(":")
    return ":".join(octets) if _is_mac(octets) else plain


def _is_mac(octets: Sequence[str]) -> bool:
    return len(octets) == 6 and all(len(o) == 2 and set(o) <= set("0123456789abcdef") for o in octets)


def _plain(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address
