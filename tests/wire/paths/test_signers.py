"""Which certificates of a chain signed its leaf: by their signatures, wherever they stand, whoever sent them along."""

import pytest

from iotscan.wire.paths.certified import certified
from iotscan.wire.paths.signers import signers
from tests.pki_lab.pki import Pki


def places(*ders: bytes) -> list[int]:
    return signers([certified(der) for der in ders])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("good", [0, 1]),
        ("root-sent", [0, 1, 2]),
        ("wrong-order", [0, 1, 2]),
        ("unrelated", [0, 1]),
        ("twin-signed", [0]),  # the authority that is sent has the name of the one that signed, and another key
        ("missing-intermediate", [0]),
        ("self-signed", [0]),
        ("long-chain", list(range(9))),
    ],
)
def test_what_was_only_sent_along_signed_nothing(pki: Pki, name: str, expected: list[int]) -> None:
    assert places(*pki.leaf(name).ders) == expected


def test_no_authority_signs(pki: Pki) -> None:
    """Behind its own leaf a server may send what somebody else signed."""
    assert places(pki.leaf("self-signed").der, *pki.leaf("good").ders) == [0]
    assert places() == [0]
