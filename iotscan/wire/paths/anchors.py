"""A store of roots, found by the name they sign under: what a chain ends at is looked up, not searched."""

import warnings
from collections import defaultdict
from collections.abc import Iterable

from cryptography import x509

from iotscan.wire.paths.certified import Certified, certified, encoded


class Anchors:
    """The certificates of a trust store. Made once, never changed."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._named: dict[x509.Name, list[bytes]] = defaultdict(list)
        for certificate in certificates:
            self._named[certificate.subject].append(encoded(certificate))
        self._held = frozenset(der for found in self._named.values() for der in found)

    def __contains__(self, one: Certified) -> bool:
        return one.der in self._held

    def named(self, subject: x509.Name) -> tuple[Certified, ...]:
        """Those of this name."""
        return tuple(certified(der) for der in self._named.get(subject, ()))


def read_anchors(pem: bytes) -> Anchors:
    """The store in a PEM file. Raises ValueError."""
    # Old roots have odd serial numbers, and the library warns of each.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Anchors(x509.load_pem_x509_certificates(pem))
