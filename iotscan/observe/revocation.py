"""CRLs and OCSP responses that the user gave, and the certificates that may have signed them: files, read once.

A list of fifty megabytes takes a second of work, so on the network :mod:`.network.workers.revocation_worker` holds it.
"""

import warnings
from collections.abc import Iterable, Sequence
from functools import cache

from cryptography import x509

from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.observe.given_file import GivenFile, read_given
from iotscan.wire.revocation.files import lists_in, responses_in
from iotscan.wire.revocation.judging import judge
from iotscan.wire.revocation.lists import CAP, RevocationList
from iotscan.wire.revocation.ocsp import OcspResponse

PEM_CAP = CAP * 4 // 3 + CAP // 32
"""Bytes of a file: PEM takes a third more, and its line ends."""


def read_file(path: str) -> bytes:
    """What a file holds, cut just beyond :data:`PEM_CAP`. Raises OSError."""
    return read_given(path, PEM_CAP + 1)


@cache
def lists_of(file: GivenFile) -> tuple[RevocationList, ...]:
    """The CRLs of a file. Raises OSError and :class:`~iotscan.wire.revocation.ocsp.Unreadable`."""
    return lists_in(read_file(file.path), where=file.name)


@cache
def responses_of(file: GivenFile) -> tuple[OcspResponse, ...]:
    """The OCSP responses of a file. Raises OSError and :class:`~iotscan.wire.revocation.ocsp.Unreadable`."""
    return responses_in(read_file(file.path), where=file.name)


@cache
def authorities_of(path: str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file, a trust store or one with a CRL and its issuer; none where it cannot be read."""
    try:
        # Old roots have odd serial numbers, and the library warns of each.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = read_file(path)
            return tuple(x509.load_pem_x509_certificates(data)) if b"-----BEGIN CERT" in data else ()
    except (OSError, ValueError):
        return ()


def judge_by_files(
    chain: Sequence[bytes],
    files: Sequence[GivenFile],
    stores: Iterable[str],
    *,
    staple: bytes = b"",
    fetched: Sequence[OcspResponse | RevocationList] = (),
) -> tuple[RevocationAnswer, ...]:
    """What the files, a staple and what was fetched say of a chain. Raises OSError and ``Unreadable``.

    ``stores`` are the paths of trust stores: certificates of issuers that a server need not send. A certificate beside
    a list in one PEM file counts as such, too.
    """
    return judge(
        chain,
        staple=staple,
        responses=[
            *(r for file in files if file.kind == "ocsp" for r in responses_of(file)),
            *(f for f in fetched if isinstance(f, OcspResponse)),
        ],
        lists=[
            *(one for file in files if file.kind == "crl" for one in lists_of(file)),
            *(f for f in fetched if isinstance(f, RevocationList)),
        ],
        authorities=[c for path in (*stores, *(file.path for file in files)) for c in authorities_of(path)],
    )
