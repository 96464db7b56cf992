"""All that is known of a chain's revocation, put together: staple, OCSP responses and CRLs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from cryptography import x509

from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.wire.revocation.lists import Lists, RevocationList
from iotscan.wire.revocation.ocsp import OcspResponse, Source, Unreadable
from iotscan.wire.revocation.path import is_issued, path_of, read

MOST = 200
"""Answers on one chain that are kept."""
NOBODY = "the issuer of the certificate is not known: nobody can tell who may sign for it"


def judge(
    chain: Sequence[bytes],
    *,
    staple: bytes = b"",
    responses: Iterable[OcspResponse] = (),
    lists: Iterable[RevocationList] = (),
    authorities: Iterable[x509.Certificate] = (),
) -> tuple[RevocationAnswer, ...]:
    """What everything says of the certificates of a chain (DER, leaf first). Never raises.

    ``authorities`` are certificates of issuers that a server need not send, such as those of a trust store. Where no
    issuer is known nothing is an answer: nobody can tell then who may give one.
    """
    path = path_of(chain, authorities)
    every = list(responses)
    found: list[RevocationAnswer] = []
    if staple:
        try:
            every.insert(0, OcspResponse(staple, source="staple", where="handshake", is_asked=True))
        except Unreadable as error:
            found.append(RevocationAnswer(position=0, source="staple", where="handshake", problem=str(error)))
    for response in every:
        found += response.answer(path)
    given = tuple(lists)
    if not path and chain:
        found += _nobody_known(chain[0], every, given)
    together = Lists(given)
    for held in path:
        found += together.answer(held)
    # One staple may say the same three hundred times, signed by nobody: that crowds no list out.
    told = list(dict.fromkeys(found))
    if len(told) > MOST:
        told.sort(key=lambda answer: answer.status != "revoked")
    return tuple(told[:MOST])


def _nobody_known(
    der: bytes, responses: Iterable[OcspResponse], lists: Iterable[RevocationList]
) -> Iterator[RevocationAnswer]:
    """What is about a leaf whose issuer is not known, by its serial number or the issuer's name."""
    leaf = read(der)
    for response in responses:
        if response.source == "staple" or (leaf is not None and response.names(leaf.serial_number)):
            yield _open(response.source, response.where)
    if leaf is not None and not is_issued(leaf, leaf):
        yield from (_open("crl", one.where) for one in lists if one.issuer == leaf.issuer)


def _open(source: Source | Literal["crl"], where: str) -> RevocationAnswer:
    return RevocationAnswer(position=0, source=source, where=where, problem=NOBODY, is_open=True)
