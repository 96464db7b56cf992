"""Every public key of a run in one place: which are known, which can be computed, which lie in an image. Pure."""

import base64
import binascii
import functools
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from iotscan.data.known_keys import known_keys
from iotscan.model.answer import Unanswered
from iotscan.model.facts import CertificateChain, PrivateKeys, SshServer
from iotscan.model.known_key import KnownKey
from iotscan.model.observation import Observation
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason
from iotscan.wire.keys.rsa import RsaKey, rsa_numbers, rsa_weakness
from iotscan.wire.keys.shared_primes import LIMIT, PLAIN_LIMIT, is_fast, partners


class Keyring:
    """Need: what is known of any public key of the run, and where else it is. Made once for each body of evidence.

    ``spki`` is the base64 of a SubjectPublicKeyInfo as facts hold it, ``digest`` its SHA-256 in hex.
    """

    def __init__(self, observations: Iterable[Observation], known: Iterable[KnownKey]) -> None:
        self._observations = tuple(o for o in observations if isinstance(o.fact, _KINDS))
        self._known = {digest: f"{k.product or k.id} ({k.told_by})" for k in known for digest in k.digests}

    def published(self, digest: str) -> str:
        """Whose key it is and who says so; empty for one that no list has. The user's list goes first."""
        return self._known.get(digest) or _shipped().get(digest, "")

    def weakness(self, spki: str) -> str:
        """Why anybody can compute the private half; empty where no known way works, and for other kinds than RSA."""
        numbers = _numbers(spki)
        return rsa_weakness(numbers) if numbers else ""

    def sharing(self, spki: str) -> tuple[Subject, ...]:
        """Where the keys are that have a prime in common with this one, sorted.

        Raises Unanswered where the run holds more keys than can be compared.
        """
        numbers = _numbers(spki)
        found = self._partners.get(numbers.modulus, ()) if numbers else ()
        return tuple(sorted({place for n in found for place in self._moduli[n]}))

    def lies_at(self, digest: str) -> tuple[Subject, ...]:
        """The files of images in which its private half lies."""
        return tuple(sorted(self._in_images.get(digest, ())))

    def served_at(self, digest: str) -> tuple[Subject, ...]:
        """The services that prove to have it."""
        return tuple(sorted(self._served.get(digest, ())))

    @cached_property
    def _keys(self) -> tuple[tuple[Subject, str, str], ...]:
        """Place, digest and bytes of each key that a server proved to have."""
        return tuple(
            (observation.subject, digest, spki)
            for observation in self._observations
            if not observation.subject.image
            for digest, spki in _keys_of(observation)
        )

    @cached_property
    def _served(self) -> Mapping[str, set[Subject]]:
        found: dict[str, set[Subject]] = defaultdict(set)
        for place, digest, _ in self._keys:
            found[digest].add(place)
        return found

    @cached_property
    def _in_images(self) -> Mapping[str, set[Subject]]:
        found: dict[str, set[Subject]] = defaultdict(set)
        for observation in self._observations:
            if isinstance(observation.fact, PrivateKeys):
                for key in observation.fact.keys:
                    if key.public_sha256:
                        place = Subject(image=observation.subject.image, path=key.path, line=key.line)
                        found[key.public_sha256].add(place)
        return found

    @cached_property
    def _moduli(self) -> Mapping[int, set[Subject]]:
        found: dict[int, set[Subject]] = defaultdict(set)
        for place, _, spki in self._keys:
            if numbers := _numbers(spki):
                found[numbers.modulus].add(place)
        return found

    @cached_property
    def _partners(self) -> Mapping[int, tuple[int, ...]]:
        # What a small prime divides is factored by itself, and would share that prime with every other such key.
        moduli = [n for n in self._moduli if not rsa_weakness(RsaKey(n, 65537)).startswith("a small prime")]
        try:
            return partners(moduli)
        except OverflowError as error:
            reason = Reason.NOT_OBSERVABLE if is_fast else Reason.MISSING_TOOL
            most = f"{LIMIT:,}" if is_fast else f"{PLAIN_LIMIT:,} without gmpy2 (pip install 'iotscan[keys]')"
            raise Unanswered(reason, f"{len(moduli):,} RSA keys are more than are compared: {most}") from error


_KINDS = (CertificateChain, SshServer, PrivateKeys)


def spki_digest(spki: str) -> str:
    """The SHA-256 of a key, hex; empty for none."""
    return hashlib.sha256(_decoded(spki)).hexdigest() if spki else ""


def _keys_of(observation: Observation) -> list[tuple[str, str]]:
    fact = observation.fact
    if isinstance(fact, CertificateChain) and fact.certificates and not fact.is_unproved:
        return [(fact.certificates[0].spki_sha256, fact.certificates[0].spki)]
    if isinstance(fact, SshServer):
        return [(spki_digest(key.spki), key.spki) for key in fact.host_keys.known or () if key.spki]
    return []


def _decoded(spki: str) -> bytes:
    try:
        return base64.b64decode(spki, validate=True)
    except binascii.Error:
        return b""


@functools.lru_cache(maxsize=100_000)
def _numbers(spki: str) -> RsaKey | None:
    return rsa_numbers(_decoded(spki)) if spki else None


@functools.cache
def _shipped() -> Mapping[str, str]:
    """Digest -> whose key it is, of the list that comes with iotscan."""
    return {digest: f"{record.product} ({record.id})" for digest, record in known_keys().items()}
