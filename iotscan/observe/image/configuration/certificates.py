"""The certificates that a configuration names, read from the tree: what can be said of them without a handshake."""

from collections.abc import Iterable, Iterator

import msgspec

from iotscan.data.distrusted import DATED, distrusts
from iotscan.model.answer import Answer
from iotscan.model.facts import Certificate, CertificateChain, MalformedCertificate, RevocationStatus
from iotscan.model.vocabulary import Reason
from iotscan.observe.heard import Configured
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.observe.revocation import judge_by_files
from iotscan.wire.certificates import blocks_of, read_damaged, read_damaged_bundle, sorted_out
from iotscan.wire.revocation.ocsp import Unreadable as UnreadableAnswer

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
    """A chain for each file that is there, leaf first. Raises Unreadable where one is no file of certificates."""
    for one in named:
        # A file that a start makes is no certificate of the image.
        found = [_read(tree, file) for file in (one.file, *one.more)] if _read(tree, one.file) else []
        if found:
            certificates, malformed = sorted_out(_placed([c for read in found for c in read][:_MOST]))
            fact = CertificateChain(
                certificates=certificates,
                malformed=malformed,
                distrusts=distrusts(certificates),
                distrust_dated=DATED.isoformat(),
                trusted=_NOT_JUDGED,
                ocsp_stapled=_NOT_STAPLED,
                engine="file",
            )
            yield Configured(fact=fact, path=one.path, line=one.line, service=service)
            status = _revocation(tree, [der for file in (one.file, *one.more) for der in _ders(tree, file)], fact)
            yield Configured(fact=status, path=one.path, line=one.line, service=service)


def _revocation(tree: Tree, ders: list[bytes], chain: CertificateChain) -> RevocationStatus:
    """What the files that the user gave say of a chain: nothing is asked for an image."""
    named = [c for _, c in chain.placed if not c.is_root]
    try:
        answers = judge_by_files(ders[:_MOST], tree.revocation, ()) if tree.revocation else ()
    except (OSError, UnreadableAnswer) as error:
        raise Unreadable(f"a file on revocation that was given cannot be read any more ({error})") from error
    return RevocationStatus(
        answers=answers,
        unfetched=tuple(dict.fromkeys(url for c in named for url in (*c.ocsp_urls, *c.crl_urls))),
        unfetched_because="nothing is fetched for an image",
    )


def _placed(found: list[Certificate | MalformedCertificate]) -> Iterator[Certificate | MalformedCertificate]:
    """The same, each that could not be read with its place in the chain instead of that in its file."""
    for place, one in enumerate(found):
        yield msgspec.structs.replace(one, position=place) if isinstance(one, MalformedCertificate) else one


def key_types(tree: Tree, named: Iterable[Named]) -> frozenset[str]:
    """The kinds of key of these certificates; empty where one of them is not in the image, or cannot be read."""
    leaves = [_read(tree, one.file)[:1] for one in named]
    types = [leaf[0].key_type for leaf in leaves if leaf and isinstance(leaf[0], Certificate)]
    return frozenset(types) if len(types) == len(leaves) else frozenset()


def _ders(tree: Tree, path: str) -> tuple[bytes, ...]:
    """The certificates of a file that :func:`_read` reads, as DER."""
    found = tree.find(path) if path.startswith("/") else None
    data = tree.read(path, _LIMIT) if found is not None and found.kind == "file" else b""
    return blocks_of(data) if b"-----BEGIN" in data else (data,) if data[:1] == b"\x30" else ()


def _read(tree: Tree, path: str) -> tuple[Certificate | MalformedCertificate, ...]:
    """What can be read of the certificates of a file, PEM or DER; none where it is not there. Raises Unreadable."""
    found = tree.find(path) if path.startswith("/") else None
    if found is None or found.kind != "file" or not found.size:
        return ()
    data = tree.read(path, _LIMIT)
    if b"-----BEGIN" in data:
        return read_damaged_bundle(data)
    return (read_damaged(data),) if data[:1] == b"\x30" else ()
