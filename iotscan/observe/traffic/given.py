"""What the user gave to judge by what is seen in traffic."""

import msgspec

from iotscan.observe.given_file import GivenFile


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Files, by their paths; none of them is read before something is to be judged by it."""

    trust_stores: tuple[tuple[str, str], ...] = ()
    """``--trust-store``: the name that a report uses, and the path of a PEM file."""
    revocation: tuple[GivenFile, ...] = ()
    """``--crl`` and ``--ocsp-response``."""


NOTHING = Given()
