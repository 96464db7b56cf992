"""Where something is, in words: one answer for every section of a report."""

from collections import Counter
from ipaddress import ip_address

from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.report.words import clean

Order = tuple[int, int, str]


def address_order(address: str) -> Order:
    """A sort key that puts IPv4 before IPv6, each by number, and what is no address last."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return (9, 0, address)
    return (parsed.version, int(parsed), address)


class Places:
    """The names of a run's devices and images. Made from a run, never changed."""

    def __init__(self, run: Run) -> None:
        self._devices = {d.id: d for d in run.devices}
        self._labels = {d.id: clean(d.label, 40) for d in run.devices}
        self._labels |= {i.id: clean(i.name or i.source, 60) for i in run.images}
        self._several = {label for label, count in Counter(self._labels.values()).items() if count > 1}

    def label(self, owner: str) -> str:
        """What a person calls a device or an image."""
        return self._labels.get(owner) or clean(owner, 40)

    def told_apart(self, owner: str) -> str:
        """The same where no address stands beside it: of two that are called alike each with its own."""
        label, device = self.label(owner), self._devices.get(owner)
        return clean(f"{label} ({device.address})") if device and label in self._several else label

    def where(self, subject: Subject) -> str:
        """The exact place: ``192.0.2.21 tcp/23``, ``etc/shadow:3``."""
        if subject.image:
            line = f":{subject.line}" if subject.line else ""
            return clean(f"{subject.path}{line}" if subject.path else "whole image")
        device = self._devices.get(subject.device)
        address = subject.address or (device.address if device else "")
        return clean(f"{address} {subject.service}".strip() or "the network")

    def place(self, subject: Subject) -> str:
        """The place for a sentence: ``cam-front tcp/23``, ``gateway:etc/shadow:3``."""
        label = self.told_apart(subject.owner) if subject.owner else self.where(subject)
        if subject.image:
            return f"{label}:{self.where(subject)}" if subject.path else label
        return clean(f"{label} {subject.service}".strip())

    def spot(self, subject: Subject) -> str:
        """The place where its owner is already named: ``tcp/23``, ``etc/shadow:3``, empty for all of a device."""
        return self.where(subject) if subject.image else clean(subject.service)

    def order(self, subject: Subject) -> tuple[object, ...]:
        """A sort key: by address, then transport and port, then image, path and line."""
        service = (subject.transport, _port(subject))
        return (*address_order(subject.address), *service, subject.image, subject.path, subject.line)


def _port(subject: Subject) -> int:
    try:
        return subject.port
    except ValueError:
        return 0
