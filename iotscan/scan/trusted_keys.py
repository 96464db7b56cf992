"""Keys that the user trusts updates with (``--trust``): certificates and public keys in files, read before anything."""

from collections.abc import Iterable
from pathlib import Path

from iotscan.model.errors import BadInput
from iotscan.model.facts.signing import TrustedKey
from iotscan.model.text import safe_text
from iotscan.wire.signing.feed_keys import openpgp_keys, usign_keys
from iotscan.wire.signing.public_keys import NoPublicKey, read_key_file
from iotscan.wire.signing.signify import claims_signify

LIMIT = 1 << 20
"""Bytes of one file: a keyring takes a few thousand."""
_KEY_PACKETS = (b"\x98", b"\x99", b"\xc6")
"""How a binary keyring begins: a packet with a public key (RFC 9580 section 4.2)."""


def read_trusted_keys(files: Iterable[Path]) -> tuple[TrustedKey, ...]:
    """The keys of each file, by its path as given. Raises BadInput for one without a key."""
    return tuple(key for file in files for key in _read(file))


def _read(path: Path) -> Iterable[TrustedKey]:
    shown = safe_text(str(path), 200)
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise BadInput(f"--trust {shown} cannot be read: {why}") from error
    if len(data) > LIMIT:
        raise BadInput(f"--trust {shown} is larger than {LIMIT >> 20} MiB: no file of keys is")
    if b"PRIVATE KEY" in data:
        raise BadInput(f"--trust {shown} holds a private key: give the public half (openssl pkey -pubout)")
    if claims_signify(data) or b"PGP PUBLIC KEY" in data[:4096] or data[:1] in _KEY_PACKETS:
        yield from _of_feeds(data, shown)
        return
    try:
        found = read_key_file(data)
    except NoPublicKey as error:
        raise BadInput(f"--trust {shown}: {error}: give a certificate or a public key, PEM or DER") from error
    yield from (TrustedKey(use="given", path=shown, certificate=c, ends_chains=True) for c in found.certificates)
    yield from (TrustedKey(use="given", path=shown, key=k) for k in found.keys)


def _of_feeds(data: bytes, shown: str) -> Iterable[TrustedKey]:
    """Keys of signify and minisign, and keyrings of OpenPGP."""
    keys = usign_keys(data, shown, "given") if claims_signify(data) else openpgp_keys(data, shown, "given")
    if all(key.public is None for key in keys):
        raise BadInput(f"--trust {shown}: {keys[0].problem if keys else 'it holds no key'}")
    return keys
