"""All that is known of a chain's revocation, put together: staple, OCSP responses and CRLs."""

from collections.abc import Iterable, Sequence

from cryptography import x509

from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.wire.revocation.lists import Lists, RevocationList
from iotscan.wire.revocation.ocsp import OcspResponse, Unreadable
from iotscan.wire.revocation.path import path_of

MOST = 200
"""Answers on one chain that are kept."""


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
        if not path:
            problem = "the issuer of the certificate is not known: nobody can tell who may sign for it"
            found.append(
                RevocationAnswer(position=0, source="staple", where="handshake", problem=problem, is_open=True)
            )
    for response in every:
        found += response.answer(path)
    given = Lists(tuple(lists))
    for held in path:
        found += given.answer(held)
    # One staple may say the same three hundred times, signed by nobody: that crowds no list out.
    told = list(dict.fromkeys(found))
    if len(told) > MOST:
        told.sort(key=lambda answer: answer.status != "revoked")
    return tuple(told[:MOST])
