"""Keys that the user trusts updates with (``--trust``): certificates and public keys in files, read before anything."""

import os
import select
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_der_private_key

from iotscan.model.errors import BadInput
from iotscan.model.facts.signing import TrustedKey
from iotscan.model.text import safe_text
from iotscan.wire.signing.feed_keys import openpgp_keys, usign_keys
from iotscan.wire.signing.public_keys import NoPublicKey, read_key_file
from iotscan.wire.signing.signify import claims_signify

LIMIT = 1 << 20
"""Bytes of one file: a keyring takes a few thousand."""
PATIENCE = 5.0
"""Seconds between two pieces of what is no file, but comes from another program."""
_KEY_PACKETS = (b"\x98", b"\x99", b"\xc6")
"""How a binary keyring begins: a packet with a public key (RFC 9580 section 4.2)."""
_FORMS = "a certificate or a public key (PEM or DER), an OpenPGP keyring, a key of signify, usign or minisign"


def read_trusted_keys(files: Iterable[Path]) -> tuple[TrustedKey, ...]:
    """The keys of each file, by its path as given. Raises BadInput for one without a key."""
    return tuple(key for file in files for key in _read(file))


def _read(path: Path) -> Iterable[TrustedKey]:
    shown = safe_text(str(path), 200)
    try:
        data = b"".join(_pieces(path))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise BadInput(f"--trust {shown} cannot be read: {why}") from error
    if len(data) > LIMIT:
        raise BadInput(f"--trust {shown} is larger than {LIMIT >> 20} MiB: no file of keys is")
    if b"PRIVATE KEY" in data or _is_private(data):
        how = "openssl pkey -pubout, gpg --export"
        raise BadInput(f"--trust {shown} holds a private key: give the public half ({how})")
    if claims_signify(data) or b"PGP PUBLIC KEY" in data[:4096] or data[:1] in _KEY_PACKETS:
        yield from _of_feeds(data, shown)
        return
    try:
        found = read_key_file(data)
    except NoPublicKey as error:
        raise BadInput(f"--trust {shown}: {error}: give {_FORMS}") from error
    yield from (TrustedKey(use="given", path=shown, certificate=c, ends_chains=True) for c in found.certificates)
    yield from (TrustedKey(use="given", path=shown, key=k) for k in found.keys)


def _pieces(path: Path) -> Iterator[bytes]:
    """A file, one byte more than may be; what another program gives (``--trust <(…)``) as long as it goes on."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        is_file, left = stat.S_ISREG(os.fstat(file).st_mode), LIMIT + 1
        while left:
            if not is_file and not select.select([file], [], [], PATIENCE)[0]:
                raise TimeoutError(0, f"nothing came for {PATIENCE:g} s")
            piece = os.read(file, left)
            if not piece:
                return
            yield piece
            left -= len(piece)
    finally:
        os.close(file)


def _is_private(data: bytes) -> bool:
    """True for a private key in DER, which says so nowhere."""
    if data[:1] != b"\x30":
        return False
    try:
        load_der_private_key(data, None)
    except TypeError:
        # It is encrypted.
        return True
    except Exception:
        return False
    return True


def _of_feeds(data: bytes, shown: str) -> Iterable[TrustedKey]:
    """Keys of signify and minisign, and keyrings of OpenPGP."""
    keys = usign_keys(data, shown, "given") if claims_signify(data) else openpgp_keys(data, shown, "given")
    if all(key.public is None for key in keys):
        raise BadInput(f"--trust {shown}: {keys[0].problem if keys else 'it holds no key'}: give {_FORMS}")
    return keys
