"""What is known when questions are asked: devices, images, and all that was or was not learnt of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from datetime import datetime
from functools import cached_property
from typing import TypeVar

import msgspec

from iotscan.assess.apart import Apart
from iotscan.assess.keyring import Keyring
from iotscan.model.device import Device, Image
from iotscan.model.earlier import EarlierCertificate
from iotscan.model.facts import RunsImage, TrustedKey, TrustedKeys, UpdateArtefacts, kind_of
from iotscan.model.identity import provisional_ids
from iotscan.model.identity_rule import IdentityRule
from iotscan.model.known_key import KnownKey
from iotscan.model.observation import Attempt, Observation
from iotscan.model.sighting import KeySighting, Memory
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Vantage

Owner = Device | Image
Stated = TypeVar("Stated", Observation, Attempt)


class Evidence:
    """Observations and attempts, found by kind of fact and owner. Made once, never changed.

    Everything is sorted here, so that the order in which a scan ended does not show. What is said of a
    provisional device id is said of the device it was merged into; what is said of nobody is never found.
    """

    def __init__(
        self,
        devices: Iterable[Device],
        images: Iterable[Image],
        observations: Iterable[Observation],
        attempts: Iterable[Attempt],
        as_of: datetime,
        trusted: Iterable[TrustedKey] = (),
        earlier: Iterable[EarlierCertificate] = (),
        *,
        memory: Memory | None = None,
        known_keys: Iterable[KnownKey] = (),
        rules: Iterable[IdentityRule] = (),
    ) -> None:
        self.as_of = as_of
        self._trusted = tuple(trusted)
        self._earlier = tuple(earlier)
        self._memory = memory or Memory(runs=0)
        self._known_keys = tuple(known_keys)
        self._rules = tuple(rules)
        self.devices = tuple(sorted(devices, key=lambda d: d.id))
        self.images = tuple(sorted(images, key=lambda i: i.id))
        self._home = {old: d.id for d in self.devices for old in provisional_ids(d)}
        self._observations: dict[tuple[str, str], list[Observation]] = defaultdict(list)
        self._heard: dict[str, list[Observation]] = defaultdict(list)
        seen = {o.id: self._at_home(o) for o in observations}
        for observation in sorted(seen.values(), key=lambda o: (place_order(o.subject), o.id)):
            owner = observation.subject.owner
            self._observations[kind_of(observation.fact), owner].append(observation)
            self._heard[owner].append(observation)
        self._attempts: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        tried = (self._at_home(a) for a in attempts)
        for attempt in sorted(tried, key=lambda a: (place_order(a.subject), msgspec.json.encode(a))):
            self._attempts[attempt.need, attempt.subject.owner].append(attempt)

    def with_more(self, observations: Iterable[Observation]) -> "Evidence":
        """All of this, and more that was concluded from it."""
        more = tuple(observations)
        if not more:
            return self
        other = copy(self)
        other._observations, other._heard = defaultdict(list, self._observations), defaultdict(list, self._heard)
        for observation in map(other._at_home, more):
            key, owner = (kind_of(observation.fact), observation.subject.owner), observation.subject.owner
            other._observations[key] = [*other._observations[key], observation]
            other._heard[owner] = [*other._heard[owner], observation]
        return other

    def image_of(self, owner: str) -> Image | None:
        """The image of the run that a device is known to run."""
        for observation in self.observed(kind_of(RunsImage), owner):
            if isinstance(observation.fact, RunsImage) and observation.fact.is_this_build:
                wanted = observation.fact.image
                return next((image for image in self.images if image.id == wanted), None)
        return None

    def trusted_by(self, subject: Subject) -> tuple[TrustedKey, ...]:
        """The keys that the user gave, and those of the image that the subject lies in; for a device of all images.

        What a device offers is judged by the keys of installed systems: one that an image holds inside an update
        artefact may have come from the very server. So is an image that is an update itself: the devices that take it
        run other images of the run. The path of each says in which image it lies.
        """
        if not subject.image:
            return (*self._trusted, *(key for keys in self._installed.values() for key in keys))
        own = self._keys_of(subject.image)
        others = self._installed.items() if self._is_update(subject.image) else ()
        return (*self._trusted, *own, *(key for image, keys in others if image != subject.image for key in keys))

    def earlier_at(self, subject: Subject) -> tuple[EarlierCertificate, ...]:
        """What the run of ``--first-seen`` saw at a service."""
        place = (subject.device, subject.address, subject.service)
        return tuple(e for e in self._earlier if (e.device, e.address, e.service) == place)

    @property
    def earlier_runs(self) -> int:
        """In how many earlier runs the history saw devices of this one."""
        return self._memory.runs

    def remembered_at(self, subject: Subject) -> tuple[KeySighting, ...]:
        """What the history knows of the keys of a service, at whatever address the device had."""
        return self._remembered.get((subject.device, subject.service), ())

    @cached_property
    def _remembered(self) -> Mapping[tuple[str, str], tuple[KeySighting, ...]]:
        found: dict[tuple[str, str], tuple[KeySighting, ...]] = {}
        for key in self._memory.keys:
            place = (self._home.get(key.device, key.device), key.service)
            found[place] = (*found.get(place, ()), key)
        return found

    @cached_property
    def keyring(self) -> Keyring:
        """Every public key of the run."""
        return Keyring(self.observations, self._known_keys)

    @cached_property
    def apart(self) -> Apart:
        """Which devices are known to be two."""
        return Apart(self.devices, self.observations, self._rules)

    @cached_property
    def _installed(self) -> dict[str, tuple[TrustedKey, ...]]:
        """The keys of each image that lie in no update artefact."""
        return {
            image.id: tuple(
                msgspec.structs.replace(key, path=f"{key.path} of image {image.name or image.id}")
                for key in self._keys_of(image.id)
                if not key.within
            )
            for image in self.images
        }

    def _is_update(self, image: str) -> bool:
        """True for an image that is an update artefact as a whole."""
        facts = (observation.fact for observation in self.observed(kind_of(UpdateArtefacts), image))
        return any(not a.path for fact in facts if isinstance(fact, UpdateArtefacts) for a in fact.artefacts)

    def _keys_of(self, image: str) -> Iterator[TrustedKey]:
        for observation in self.observed(kind_of(TrustedKeys), image):
            if isinstance(observation.fact, TrustedKeys):
                yield from observation.fact.keys

    @property
    def owners(self) -> tuple[Owner, ...]:
        """Devices, then images."""
        return (*self.devices, *self.images)

    def owner(self, identifier: str) -> Owner | None:
        """The device or image with an id; None for what is about nobody."""
        return self._owners.get(identifier)

    @cached_property
    def _owners(self) -> Mapping[str, Owner]:
        return {owner.id: owner for owner in self.owners}

    @property
    def observations(self) -> Iterator[Observation]:
        """Every observation about a device or image of this run."""
        return (o for owner in self.owners for o in self.heard(owner.id))

    def observed(self, kind: str, owner: str) -> tuple[Observation, ...]:
        """All observations of a kind of fact about a device or image, in the order of their places."""
        return tuple(self._observations.get((kind, owner), ()))

    def tried(self, kind: str, owner: str) -> tuple[Attempt, ...]:
        """All attempts to learn a kind of fact about a device or image, in the order of their places."""
        return tuple(self._attempts.get((kind, owner), ()))

    def heard(self, owner: str) -> tuple[Observation, ...]:
        """Every observation about a device or image, of whatever kind."""
        return tuple(self._heard.get(owner, ()))

    def _at_home(self, stated: Stated) -> Stated:
        home = self._home.get(stated.subject.device, "")
        if not home:
            return stated
        return msgspec.structs.replace(stated, subject=msgspec.structs.replace(stated.subject, device=home))


def whole(owner: Owner) -> Subject:
    """The subject that stands for all of a device or image."""
    if isinstance(owner, Image):
        return Subject(image=owner.id)
    return Subject(device=owner.id, address=owner.address)


def place_of(subject: Subject) -> Subject:
    """What two facts must share to be about the same thing: a device's service, or a line of an image."""
    return subject if subject.image else msgspec.structs.replace(subject, path="", line=0)


def place_order(subject: Subject) -> tuple[str, str, str, str, int, str, int]:
    """Sort key: devices first, by owner, then address, then port as a number, then path and line."""
    s = subject
    return (s.image, s.device, s.address, s.transport, s.port, s.path, s.line)


def vantage_of(observations: Iterable[Observation]) -> Vantage:
    """The strongest vantage among observations: seen on the wire, else in use, else configured, else attested."""
    found = {o.vantage for o in observations}
    return next((v for v in Vantage if v in found), Vantage.CONFIGURED)
