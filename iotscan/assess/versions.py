"""Whether an image is of the version that a device names. Pure.

Only what can be compared is: two numbers of one kind. That a device names its application and the image its system, or
one counts builds and the other releases, contradicts nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from iotscan.model.device import Device
from iotscan.model.facts import OperatingSystem, Packages
from iotscan.model.observation import Observation
from iotscan.model.text import safe_text

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_OF_BUILD = 6
"""Digits of a number without dots that counts builds: ``20261127``."""
_REVISION = re.compile(r"^\d+:|[-+~].*$")
"""What distributions put around the version of the maker: epoch, revision."""


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions of one thing: where and what in the image, where and what on the device."""

    path: str
    in_image: str
    place: str
    on_device: str

    @property
    def said(self) -> str:
        """For a sentence: ``the device names 2.1.0, the image is Acme 2.0.0``."""
        return f"the device names {self.on_device}, the image is {self.in_image}"


def system_apart(device: Device, image: str, observations: Iterable[Observation]) -> Apart | None:
    """The firmware version that a device names, where no system in the image (its id) has it, and one has another."""
    found = None
    systems = [o.fact for o in observations if o.subject.image == image and isinstance(o.fact, OperatingSystem)]
    for claim in (c for c in device.claims if c.what == "firmware"):
        for system in systems:
            said = _version_of(system, claim.value)
            named = [n for n in _NUMBERS.findall(claim.value) if said and _is_of_one_kind(said, n)]
            if said and (_is_in(said, claim.value) or any(_agree(said, n) for n in named)):
                return None
            if named and found is None:
                found = Apart(
                    path=system.path,
                    in_image=f"{system.name or system.id} {'' if said in system.name else said}".strip(),
                    place=claim.how,
                    on_device=safe_text(claim.value, 80),
                )
    return found


def programs_apart(device: Device, image: str, observations: Iterable[Observation]) -> Iterator[Apart]:
    """Programs that answer on a device in another version than the packages of the image have them."""
    lists = [o.fact for o in observations if o.subject.image == image and isinstance(o.fact, Packages)]
    packages = [p for listed in lists for p in listed.packages]
    for program in (s for s in device.identity.software if s.version and s.service and not s.by):
        name = program.product.lower()
        same = [p for p in packages if name in (p.name, p.source) or p.name == f"{name}-server"]
        numbers = re.findall(r"\d+", program.version)
        if same and not any(_begins(numbers, re.findall(r"\d+", _upstream(p.version))) for p in same):
            yield Apart(
                path=same[0].database,
                in_image=f"{same[0].name} {same[0].version}",
                place=program.service,
                on_device=safe_text(program.title, 80),
            )


def _version_of(system: OperatingSystem, firmware: str) -> str:
    """The version in the image that can be compared: that of the system only where the device speaks of the system."""
    word = (system.name or system.id).partition(" ")[0].lower()
    return system.version if word and word in firmware.lower() else system.build


def _is_of_one_kind(one: str, other: str) -> bool:
    """Releases are numbers with dots, as the other is; builds long numbers without any."""
    if "." not in one and "." not in other:
        return len(one) < _OF_BUILD or len(other) >= _OF_BUILD
    return "." in one and "." in other


def _is_in(version: str, text: str) -> bool:
    """Whether a text holds a version, and not only a longer number that looks like it."""
    return bool(re.search(rf"(?<![\d.]){re.escape(version)}(?!\d)", text, re.IGNORECASE))


def _agree(one: str, other: str) -> bool:
    return _begins(re.findall(r"\d+", one), re.findall(r"\d+", other))


def _begins(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the shorter of the two is how the longer one begins: 4.0 is no other release than 4.0.3."""
    shorter = min(len(one), len(other))
    return not shorter or [n.lstrip("0") for n in one[:shorter]] == [n.lstrip("0") for n in other[:shorter]]


def _upstream(version: str) -> str:
    while (cut := _REVISION.sub("", version)) != version:
        version = cut
    return version
