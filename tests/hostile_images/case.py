"""A case: a hostile image, how it is built, and what must be said of it."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from iotscan.observe.image.budget import MIB, Limits

SMALL = Limits(
    unpacked=48 * MIB, ratio_from=MIB, entries=8_000, parts=400, file=64 * MIB, memory=64 * MIB, seconds=20.0
)  # fmt: skip
"""What the image of a case may cost, so that bombs go off small."""
BACKDOOR = "backdoor"
"""The account that cases hide: whoever sees the file that it stands in names it."""
PASSWD = f"root:x:0:0:root:/root:/bin/sh\n{BACKDOOR}:$1$ab$k2oQq2PvkNwqMrPhMh0Yh0:0:0::/:/bin/sh\n".encode()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
"""A private key that the sweep finds wherever it stands."""
FOUND_KEY = '"private-keys","keys":\\[\\{'
PLAIN = b"root:x:0:0:root:/root:/bin/sh\n"
"""An /etc/passwd without the account."""


class Yard(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case is built: ``place`` is the folder for it, ``canary`` a file of the host that no image holds."""

    place: Path
    canary: Path

    def write(self, name: str, data: bytes) -> Path:
        """A file with these bytes."""
        path = self.place / name
        path.write_bytes(data)
        return path


Build = Callable[[Yard], Path]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """``refused``, ``problem``, ``finds`` and ``never`` are regular expressions; at least one of the first three is
    given, as a case that nothing is said of would be an empty pass.
    """

    name: str
    build: Build
    refused: str = ""
    """It is no image that we read, in these words."""
    problem: str = ""
    """Something of it could not be read, in these words: then the run is incomplete."""
    finds: str = ""
    """What is hidden in it is found: this stands in what is observed."""
    never: str = ""
    """This stands in nothing that is said."""
    limits: Limits = SMALL
    is_whole: bool = False
    """Nothing of it may be a gap."""
