"""Where something is, as a path that other people's tools take for a file of the repository.

Code scanning and code quality know files and lines, not devices. A device gets a path that is not there:
``iotscan/cam-front-3fa9c2d1/tcp-23``. It is a relative URI by RFC 3986 without scheme, colon, space or
address, so that nothing refuses it, and it names the device by its lasting identity, so that an alert stays
the same alert when the device gets another address. A place in an image is ``gateway/etc/shadow``.
"""

import hashlib
import re
from collections import Counter
from urllib.parse import quote

from iotscan.model.device import Device
from iotscan.model.lasting import identities, lasting_path
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.report.words import clean

ROOT = "iotscan"
"""The first segment of every path that is no file of an image."""
NETWORK = "network"
"""The segment of what is about all devices together."""
_SLUG = 32
"""Characters of a name that a segment keeps."""
_HASH = 8
_NO_SLUG = re.compile(r"[^a-z0-9]+")


def slug(text: str, default: str = "unnamed") -> str:
    """``text`` as lower-case words of ``[a-z0-9]`` joined by ``-``; ``default`` where nothing is left."""
    return _NO_SLUG.sub("-", text.lower())[:_SLUG].strip("-") or default


class Uris:
    """The paths of a run's devices and images. Made from a run, never changed."""

    def __init__(self, run: Run) -> None:
        known = identities(run.devices, run.images, run.observations)
        made = {d.id: _device_segment(d, known[d.id]) for d in run.devices}
        made |= {i.id: slug(i.name or "image") for i in run.images}
        shared = {segment for segment, count in Counter(made.values()).items() if count > 1 or segment == ROOT}
        # Ids are unique in a run, so that two owners never share a segment, whatever they call themselves.
        self._segments = {o: f"{s}-{_digest(o)}" if s in shared else s for o, s in made.items()}

    def asset(self, subject: Subject) -> str:
        """The segment that names the device or image a subject is about: ``cam-front-3fa9c2d1``."""
        owner = subject.owner
        if not owner:
            return NETWORK
        return self._segments.get(owner) or f"{slug(owner)}-{_digest(owner)}"

    def uri(self, subject: Subject) -> str:
        """The path of a place: ``iotscan/cam-front-3fa9c2d1/tcp-23``, ``gateway/etc/shadow``, never empty."""
        asset = self.asset(subject)
        if subject.image:
            # Without versions, as in the fingerprint: the next kernel is no reason for a new alert.
            parts = [_segment(part) for part in lasting_path(clean(subject.path, 1000)).split("/") if part]
            return "/".join((asset, *parts)) if parts else f"{ROOT}/{asset}"
        return f"{ROOT}/{asset}/{slug(subject.service, 'device')}"


def _device_segment(device: Device, identity: str) -> str:
    """Name and identity. An address is no name: it may be another device's tomorrow."""
    name = device.claimed("name") or device.claimed("model")
    return f"{slug(name, 'device')}-{_digest(identity)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:_HASH]


def _segment(part: str) -> str:
    """One step of a path, percent-encoded; dots that mean another folder are none here."""
    return "_" * len(part) if part in (".", "..") else quote(part.replace("*", "_"), safe="")
