"""The certificates that an earlier run saw at the services of this one: trust on first use. Pure.

A device is the same where a mark that it alone bears says so (:mod:`.linking`). Where nothing does, and nothing speaks
against it, what was at the same address is told as that: an equal key proves itself, a changed one accuses nobody.
"""

from collections.abc import Iterator

from iotscan.assess.linking import link
from iotscan.model.device import Device
from iotscan.model.earlier import EarlierCertificate
from iotscan.model.facts import Certificate, CertificateChain
from iotscan.model.identity import is_lasting_mac, provisional_ids
from iotscan.model.observation import Observation
from iotscan.model.run import Run


def remember(run: Run, earlier: Run) -> tuple[EarlierCertificate, ...]:
    """What ``earlier`` saw at each service of ``run`` that shows a certificate, in the order of places."""
    memory = _Memory(run, earlier)
    found = (
        memory.of(o, o.fact) for o in run.observations if isinstance(o.fact, CertificateChain) and o.fact.certificates
    )
    return tuple(sorted((e for e in found if e), key=lambda e: (e.device, e.address, e.service, e.opening)))


class _Memory:
    """An earlier run, by who is who."""

    def __init__(self, run: Run, earlier: Run) -> None:
        self._earlier = earlier
        self._links = link(earlier, run)
        self._home = {old: d.id for d in run.devices for old in provisional_ids(d)}
        self._before = {old: d for d in earlier.devices for old in (*provisional_ids(d), d.id)}
        self._now = {d.id: d for d in run.devices}
        self._chains = tuple(_chains(earlier))

    def of(self, seen: Observation, chain: CertificateChain) -> EarlierCertificate | None:
        """What was seen at the same service; the nearest in kind where a device shows several."""
        subject = seen.subject
        device = self._home.get(subject.device, subject.device)
        alike = list(self._alike(seen, chain, device)) if device in self._now else []
        if not alike:
            return None
        leaf = _leaf(chain)
        told_by, before, fact = min(
            alike,
            key=lambda a: (
                a[0] == "address",
                a[2].certificates[0].spki_sha256 != leaf.spki_sha256,
                a[2].certificates[0].sha256,
            ),
        )
        old = _leaf(fact)
        first = self._first(before, fact)
        return EarlierCertificate(
            device=device,
            address=subject.address,
            service=subject.service,
            opening=chain.opening,
            told_by=told_by,
            run=self._earlier.id,
            seen=before.at or self._earlier.started,
            sha256=old.sha256,
            spki_sha256=old.spki_sha256,
            subject=old.subject,
            issuer=old.issuer,
            is_self_issued=old.is_self_issued,
            since_run=first.since_run if first else self._earlier.id,
            since=first.since if first else before.at or self._earlier.started,
        )

    def _alike(
        self, seen: Observation, chain: CertificateChain, device: str
    ) -> Iterator[tuple[str, Observation, CertificateChain]]:
        subject, now = seen.subject, self._now[device]
        for before, fact in self._chains:
            if (before.subject.service, fact.opening) != (subject.service, chain.opening):
                continue
            old = self._before.get(before.subject.device)
            linked = self._links.get(old.id) if old else None
            if linked and linked.to == device:
                yield linked.by, before, fact
            elif old and not linked and before.subject.address == subject.address and not _are_two(old, now):
                yield "address", before, fact

    def _first(self, before: Observation, fact: CertificateChain) -> EarlierCertificate | None:
        """What the earlier run knew itself of the key that it saw."""
        place = (before.subject.address, before.subject.service, fact.opening, _leaf(fact).spki_sha256)
        known = ((e, (e.address, e.service, e.opening, e.spki_sha256)) for e in self._earlier.earlier)
        return next((e for e, where in known if where == place), None)


def _are_two(old: Device, new: Device) -> bool:
    """True where the hardware addresses say that another machine has the address now."""
    macs = [d.mac.lower() for d in (old, new) if d.mac and is_lasting_mac(d.mac)]
    return len(macs) == 2 and macs[0] != macs[1]


def _chains(run: Run) -> Iterator[tuple[Observation, CertificateChain]]:
    """Where a certificate of a server's own could be read; one whose key it lacked is none."""
    chains = ((o, o.fact) for o in run.observations if isinstance(o.fact, CertificateChain))
    return ((o, fact) for o, fact in chains if fact.certificates and not fact.is_unproved)


def _leaf(chain: CertificateChain) -> Certificate:
    return chain.certificates[0]
