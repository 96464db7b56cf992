"""The certificates that a configuration names, read from the tree: what can be said of them without a handshake."""

from collections.abc import Iterable, Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import Certificate, CertificateChain
from iotscan.model.vocabulary import Reason
from iotscan.observe.heard import Configured
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.certificates import UnreadableCertificate, read_bundle, read_certificate

_LIMIT = 256 * 1024
_MOST = 20
_NOT_JUDGED: Answer[bool] = Answer.missing(
    Reason.NOT_OBSERVABLE, "a certificate of an image is not tried against roots"
)
_NOT_STAPLED: Answer[bool] = Answer.missing(Reason.NOT_OBSERVABLE, "nothing was asked over the network")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate file and the line that names it; ``more`` are files with the certificates above it."""

    file: str
    path: str
    line: int
    more: tuple[str, ...] = ()


def chains(tree: Tree, named: Iterable[Named], service: str) -> Iterator[Configured]:
    """A chain for each file that is there, leaf first. Raises Unreadable where one is no certificate."""
    for one in named:
        found = tuple(c for file in (one.file, *one.more) for c in certificates_in(tree, file))
        # A file that a start makes is no certificate of the image.
        if found and certificates_in(tree, one.file):
            fact = CertificateChain(
                certificates=found[:_MOST], trusted=_NOT_JUDGED, ocsp_stapled=_NOT_STAPLED, engine="file"
            )
            yield Configured(fact=fact, path=one.path, line=one.line, service=service)


def key_types(tree: Tree, named: Iterable[Named]) -> frozenset[str]:
    """The kinds of key of these certificates; empty where one of them is not in the image."""
    leaves = [certificates_in(tree, one.file)[:1] for one in named]
    return frozenset(c.key_type for leaf in leaves for c in leaf) if leaves and all(leaves) else frozenset()


def certificates_in(tree: Tree, path: str) -> tuple[Certificate, ...]:
    """The certificates of a file, PEM or DER, none where it is not there. Raises Unreadable."""
    found = tree.find(path) if path.startswith("/") else None
    if found is None or found.kind != "file" or not found.size:
        return ()
    data = tree.read(path, _LIMIT)
    try:
        if b"-----BEGIN CERTIFICATE-----" in data or b"-----BEGIN X509 CERTIFICATE-----" in data:
            return read_bundle(data)
        if data[:1] == b"\x30":
            return (read_certificate(data),)
    except UnreadableCertificate as error:
        raise Unreadable(f"{tree.show(path)}: {error}") from error
    return ()
