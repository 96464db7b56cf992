"""The keys that the devices of a run show, with what the run remembers of each."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

import msgspec

from iotscan.model.facts import CertificateChain, SshServer
from iotscan.model.identity import provisional_ids
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.model.sighting import KeySighting

State = Literal["new", "same", "renewed", "replaced", "another"]


class Aged(msgspec.Struct, frozen=True, kw_only=True):
    """A key at a service. ``state`` is what became of it since the run that last saw the service.

    ``replaced``: the same device showed another key, and none of its kind is left; ``another``: so did whoever had its
    address, and nothing shows who that was; ``renewed``: the same key in another certificate; ``new``: nothing is known
    of the service before. ``before_seen`` is when the key before was last seen.
    """

    device: str
    service: str
    opening: str
    kind: str
    algorithm: str
    sha256: str
    certificate: str = ""
    not_before: str = ""
    not_after: str = ""
    first_seen: str
    runs: int
    state: State = "new"
    before_seen: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything was seen at the service before."""
        return self.state != "new"

    @property
    def is_kept(self) -> bool:
        """Whether an earlier run saw the same key there."""
        return self.state in ("same", "renewed")


def aged(run: Run) -> tuple[Aged, ...]:
    """Every key at every service, the one that has been there longest first."""
    known: dict[tuple[str, str, str, str], list[KeySighting]] = defaultdict(list)
    for sighting in run.memory.keys if run.memory else ():
        known[sighting.device, sighting.service, sighting.opening, sighting.kind].append(sighting)
    here: dict[tuple[str, str, str, str], dict[str, Aged]] = defaultdict(dict)
    for key in _shown(run):
        here[key.device, key.service, key.opening, key.kind].setdefault(key.sha256, key)
    found = (
        _with_memory(key, known.get(place, []), frozenset(held))
        for place, held in here.items()
        for key in held.values()
    )
    return tuple(sorted(found, key=lambda k: (k.first_seen, k.device, k.service, k.opening, k.kind, k.sha256)))


def _with_memory(key: Aged, known: list[KeySighting], here: frozenset[str]) -> Aged:
    same = next((k for k in known if k.key == key.sha256), None)
    if same is not None:
        is_renewed = bool(same.certificate and key.certificate) and same.certificate != key.certificate
        return msgspec.structs.replace(
            key, first_seen=same.first_seen, runs=same.runs + 1, state="renewed" if is_renewed else "same"
        )
    # A host key of each algorithm may be replaced alone; a further one beside those that stay replaces none.
    alike = [k for k in known if key.kind != "ssh" or k.algorithm == key.algorithm]
    if not alike or (key.kind != "ssh" and any(k.key in here for k in alike)):
        return key
    last = max(alike, key=lambda k: k.last_seen)
    state: State = "another" if last.told_by == "address" else "replaced"
    return msgspec.structs.replace(key, state=state, before_seen=last.last_seen)


def _shown(run: Run) -> Iterator[Aged]:
    home = {old: device.id for device in run.devices for old in provisional_ids(device)}
    devices = {device.id for device in run.devices}
    for observation in run.observations:
        device = home.get(observation.subject.device, observation.subject.device)
        if device in devices:
            yield from _keys_in(run, observation, device)


def _keys_in(run: Run, observation: Observation, device: str) -> Iterator[Aged]:
    fact, service = observation.fact, observation.subject.service
    if isinstance(fact, SshServer):
        for key in fact.host_keys.known or ():
            yield Aged(
                device=device,
                service=service,
                opening="",
                kind="ssh",
                algorithm=key.algorithm,
                sha256=key.sha256,
                first_seen=run.started,
                runs=1,
            )
    elif isinstance(fact, CertificateChain) and fact.certificates and not fact.is_unproved:
        leaf = fact.certificates[0]
        yield Aged(
            device=device,
            service=service,
            opening=fact.opening,
            kind="tls",
            algorithm=leaf.key_type,
            sha256=leaf.spki_sha256,
            certificate=leaf.sha256,
            not_before=leaf.not_before.isoformat(),
            not_after=leaf.not_after.isoformat(),
            first_seen=run.started,
            runs=1,
        )
