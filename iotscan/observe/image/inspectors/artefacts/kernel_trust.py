"""The certificates that stand in a kernel: by them it verifies modules (``system_certificate_list``, certs/ of Linux).

The list has no mark of its own. So every certificate that stands as such in a kernel that is not packed is taken for
one of it; those of the wireless regulations (net/wireless/certs) are among them, and sign no modules.
"""

import re
from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import TrustedKey
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.wire.certificates import UnreadableCertificate
from iotscan.wire.signing.public_keys import describe_certificate

_KERNEL_LIMIT: Final = 128 << 20
_CHUNK: Final = 8 << 20
_LONGEST: Final = 16 << 10
"""Bytes of a certificate."""
_MOST: Final = 50
_TRIES: Final = 500
_VERSION_3: Final = rb"\xa0\x03\x02\x01\x02\x02"
_START: Final = re.compile(
    rb"\x30(?:\x82([\x01-\x3f].)|\x81([\x80-\xff]))\x30(?:\x82[\x01-\x3f].|\x81[\x80-\xff])" + _VERSION_3, re.DOTALL
)
"""RFC 5280 section 4.1: the certificate, what is signed of it, version 3, then the serial number."""


def built_in(chain: Chain) -> Iterator[TrustedKey]:
    """The certificates of each kernel. Raises Unreadable."""
    for place, blob in chain.places("kernel"):
        for der in _certificates(blob):
            try:
                certificate = describe_certificate(der)
            except UnreadableCertificate:
                continue
            path = place.shown or place.format
            yield TrustedKey(use="module", path=path, certificate=certificate, ends_chains=True)


def _certificates(blob: Blob) -> Iterator[bytes]:
    found: dict[bytes, None] = {}
    tries = 0
    size = min(blob.size, _KERNEL_LIMIT)
    for offset in range(0, size, _CHUNK):
        data = blob.read_at(offset, min(_CHUNK + _LONGEST, size - offset))
        for start in _START.finditer(data, 0, _CHUNK + 16):
            tries += 1
            if tries > _TRIES or len(found) >= _MOST:
                break
            length = int.from_bytes(start[1], "big") + 4 if start[1] else start[2][0] + 3
            found[data[start.start() : start.start() + length]] = None
    yield from found
