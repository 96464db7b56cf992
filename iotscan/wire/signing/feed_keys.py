"""The keys by which a device verifies its feeds, from the files that it keeps them in.

``/etc/opkg/keys/*`` (usign; the name of a file is the number of its key), ``/etc/apk/keys/*`` (PEM; a signature names
the file), keyrings of apt (``trusted.gpg``, ``trusted.gpg.d``, ``Signed-By``), of opkg and of OSTree
(``*.trustedkeys.gpg``), and OSTree's ``trusted.ed25519`` (ostree-sign-ed25519.c: one key in base64 on a line).
"""

import base64
import binascii
import posixpath
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519

from iotscan.model.facts.signing import TrustedKey, TrustUse
from iotscan.model.text import safe_text
from iotscan.wire.signing.openpgp.keyring import RingKey, read_keyring
from iotscan.wire.signing.public_keys import NoPublicKey, describe_key, read_key_file
from iotscan.wire.signing.signify import claims_signify, read_signify_key

_MOST_LINES: Final = 500
_LARGEST: Final = 64 * 1024


def usign_keys(data: bytes, path: str, use: TrustUse = "opkg") -> tuple[TrustedKey, ...]:
    """The key of one file of ``/etc/opkg/keys``, or what is wrong with it."""
    try:
        read = read_signify_key(data)
    except NoPublicKey as error:
        return (TrustedKey(use=use, path=safe_text(path), problem=str(error)),)
    name = posixpath.basename(path)
    if len(name) == 16 and name.lower() != read.number:
        # usign opens the file whose name is the number in the signature.
        problem = f"its name is not the number of its key, {read.number}"
        return (TrustedKey(use=use, path=safe_text(path), name=read.number, problem=problem),)
    return (TrustedKey(use=use, path=safe_text(path), name=read.number, key=read.key),)


def apk_keys(data: bytes, path: str) -> tuple[TrustedKey, ...]:
    """The key of one file of ``/etc/apk/keys``, or what is wrong with it."""
    name = safe_text(posixpath.basename(path), 120)
    try:
        keys = read_key_file(data).keys
        if len(keys) != 1:
            raise NoPublicKey("it holds not one public key")
    except NoPublicKey as error:
        return (TrustedKey(use="apk", path=safe_text(path), name=name, problem=str(error)),)
    return (TrustedKey(use="apk", path=safe_text(path), name=name, key=keys[0]),)


def openpgp_keys(data: bytes, path: str, use: TrustUse) -> tuple[TrustedKey, ...]:
    """The keys of a keyring that may sign, with what is wrong with those that may not any more."""
    try:
        return tuple(_of_ring(key, path, use) for key in read_keyring(data))
    except NoPublicKey as error:
        return (TrustedKey(use=use, path=safe_text(path), problem=str(error)),)


def _of_ring(key: RingKey, path: str, use: TrustUse) -> TrustedKey:
    problem = safe_text(f"{key.user or key.fingerprint}: {key.problem}", 200) if key.problem else ""
    return TrustedKey(
        use=use,
        path=safe_text(path),
        name=key.fingerprint,
        key=None if problem else key.key,
        problem=problem,
        expires=key.expires,
    )


def opkg_keys(data: bytes, path: str) -> tuple[TrustedKey, ...]:
    """Those of a file that opkg trusts, of whichever kind it is."""
    return usign_keys(data, path) if claims_signify(data) else openpgp_keys(data, path, "opkg")


def ostree_keys(data: bytes, path: str) -> tuple[TrustedKey, ...]:
    """Those of a file that OSTree trusts: a keyring, or lines with an Ed25519 key each."""
    if not path.endswith(".ed25519"):
        return openpgp_keys(data, path, "ostree")
    if len(data) > _LARGEST:
        return (TrustedKey(use="ostree", path=safe_text(path), problem="it is larger than a file of keys"),)
    found = []
    for number, line in enumerate(data.split(b"\n")[:_MOST_LINES], 1):
        if line.strip():
            found.append(_ostree_key(line.strip(), path, number))
    return tuple(found)


def _ostree_key(line: bytes, path: str, number: int) -> TrustedKey:
    try:
        raw = base64.b64decode(line, validate=True)
        key = describe_key(ed25519.Ed25519PublicKey.from_public_bytes(raw))
    except (binascii.Error, ValueError):
        return TrustedKey(use="ostree", path=safe_text(path), line=number, problem="it is no Ed25519 key")
    return TrustedKey(use="ostree", path=safe_text(path), line=number, key=key)
