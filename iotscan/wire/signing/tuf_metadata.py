"""One file of TUF metadata: its canonical form, the keys and thresholds in it, and whether enough keys have signed it.

Sources: TUF specification 1.0.33 sections 4.2 to 4.6 (file formats), the OLPC canonical JSON that it names. The
reference library would be three packages more for everybody; tests compare every verdict with it.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from iotscan.model.facts.signing import ArtefactSignature, PublicKey, Scheme
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.jsons import count_of, list_of, object_of, read_object, text_of, texts_of
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.values import NO_KEY, coded
from iotscan.wire.signing.verifying import holds

_SIGNATURES: Final = 64
_KEYS: Final = 500
_DEPTH: Final = 32
_LARGEST_VERSION: Final = (1 << 63) - 1
_SCHEMES: Final[dict[str, tuple[Scheme, str]]] = {
    "ed25519": ("ed25519", ""),
    "rsassa-pss-sha256": ("rsa-pss", "sha256"),
    "rsassa-pss-sha384": ("rsa-pss", "sha384"),
    "rsassa-pss-sha512": ("rsa-pss", "sha512"),
    "rsa-pkcs1v15-sha256": ("rsa-pkcs1v15", "sha256"),
    "rsa-pkcs1v15-sha384": ("rsa-pkcs1v15", "sha384"),
    "rsa-pkcs1v15-sha512": ("rsa-pkcs1v15", "sha512"),
    "ecdsa-sha2-nistp256": ("ecdsa", "sha256"),
    "ecdsa-sha2-nistp384": ("ecdsa", "sha384"),
    "ecdsa-sha2-nistp521": ("ecdsa", "sha512"),
}


class TufKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and the scheme that it signs with."""

    public: PublicKey
    scheme: Scheme
    digest: str


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """Which keys sign for a role, and how many of them have to."""

    key_ids: tuple[str, ...]
    threshold: int


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """A file of metadata. ``message`` is the canonical form of ``signed``, which signatures are over."""

    kind: str
    version: int
    expires: datetime
    signed: dict[str, Any]
    message: bytes
    signatures: tuple[tuple[str, bytes], ...]


def read_metadata(data: bytes, name: str) -> Metadata:
    """Read a file. Raises Malformed."""
    whole = read_object(data, name)
    signed = object_of(whole, "signed")
    version = count_of(signed, "version")
    if not version or version > _LARGEST_VERSION:
        raise Malformed(f"{name} has no version that is one")
    given = list_of(whole, "signatures")
    if len(given) > _SIGNATURES:
        raise Malformed(f"{name} has more than {_SIGNATURES} signatures")
    signatures = [(text_of(one, "keyid"), _hex(text_of(one, "sig"))) for one in given if isinstance(one, dict)]
    if len({key_id for key_id, _ in signatures}) != len(given):
        raise Malformed(f"{name} has two signatures of one key")
    return Metadata(
        kind=text_of(signed, "_type").lower(),
        version=version,
        expires=_moment(text_of(signed, "expires"), name),
        signed=signed,
        message=canonical(signed),
        signatures=tuple(signatures),
    )


def canonical(value: Any, depth: int = _DEPTH) -> bytes:
    """The canonical form. Raises Malformed for numbers with a fraction, and for what is nested too deep."""
    if depth == 0:
        raise Malformed("metadata are nested too deep")
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, int):
        return str(value).encode()
    if isinstance(value, str):
        return b'"' + value.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogatepass") + b'"'
    if isinstance(value, list):
        return b"[" + b",".join(canonical(v, depth - 1) for v in value) + b"]"
    if isinstance(value, dict):
        pairs = (canonical(k, depth - 1) + b":" + canonical(v, depth - 1) for k, v in sorted(value.items()))
        return b"{" + b",".join(pairs) + b"}"
    raise Malformed("metadata hold a number with a fraction")


def keys_of(values: Mapping[str, Any]) -> dict[str, TufKey]:
    """The keys of a root or of delegations; those that cannot be read, or sign in an unknown way, are left out."""
    given = object_of(values, "keys")
    if len(given) > _KEYS:
        raise Malformed(f"metadata hold more than {_KEYS} keys")
    found = {}
    for key_id, value in given.items():
        scheme = _SCHEMES.get(text_of(value, "scheme")) if isinstance(value, dict) else None
        public = _public(text_of(object_of(value, "keyval"), "public")) if scheme else None
        if scheme is not None and public is not None:
            found[key_id] = TufKey(public=public, scheme=scheme[0], digest=scheme[1])
    return found


def role_of(value: Any, name: str) -> Role:
    """Who signs for a role. Raises Malformed."""
    threshold = count_of(value, "threshold") if isinstance(value, dict) else None
    if not threshold:
        raise Malformed(f"nobody says how many keys sign {name}")
    return Role(key_ids=tuple(dict.fromkeys(texts_of(value, "keyids")))[:_KEYS], threshold=threshold)


def signatures_of(metadata: Metadata, role: Role, keys: Mapping[str, TufKey]) -> list[ArtefactSignature]:
    """The signatures by keys of a role, as facts, whether they hold or not."""
    return [
        _signature(metadata, value, keys[key_id], key_id)
        for key_id, value in metadata.signatures
        if key_id in role.key_ids and key_id in keys
    ]


def lacks(metadata: Metadata, role: Role, keys: Mapping[str, TufKey]) -> str:
    """How the threshold of a role is missed (``1 of 2``); empty where it is met. One key counts once."""
    holding = set()
    for signature in signatures_of(metadata, role, keys):
        assert signature.key is not None
        if holds(signature, signature.key):
            holding.add(signature.key.sha256)
    return "" if len(holding) >= role.threshold else f"{len(holding)} of {role.threshold}"


def matches(data: bytes, meta: Mapping[str, Any]) -> bool:
    """Whether bytes have the length and hashes that other metadata say; unstated ones do not count."""
    length, hashes = count_of(meta, "length"), object_of(meta, "hashes")
    if length is not None and length != len(data):
        return False
    return all(
        name in ("sha256", "sha384", "sha512") and hashlib.new(name, data).hexdigest() == value
        for name, value in hashes.items()
    )


def _signature(metadata: Metadata, value: bytes, key: TufKey, key_id: str) -> ArtefactSignature:
    over = hashlib.new(key.digest, metadata.message).digest() if key.digest else metadata.message
    return ArtefactSignature(
        scheme=key.scheme,
        digest=key.digest,
        value=coded(value),
        over=coded(over),
        key=key.public,
        key_hint=key_id[:64] if key_id.isalnum() else "",
        fits=NO_KEY,
    )


def _public(text: str) -> PublicKey | None:
    if len(text) > 8192:
        return None
    try:
        if text.startswith("-----BEGIN"):
            return describe_key(load_pem_public_key(text.encode()))
        return describe_key(ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)))
    except Exception:
        # A key that nobody can read signs nothing.
        return None


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) <= 4096 else b""
    except ValueError:
        return b""


def _moment(text: str, name: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed(f"{name} does not say when it expires") from error
