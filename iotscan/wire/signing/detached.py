"""Firmware with a signature in a file beside it: CMS, or a bare value of RSA, ECDSA or Ed25519.

Sources: RFC 5652 section 5.2 (a message without its content), openssl-dgst(1), openssl-pkeyutl(1). Further forms
(signify, OpenPGP) have readers of their own: they are given, and asked first.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.signing.cms import LARGEST, Hashed, Signatures, is_indefinite, kind_of, read_signatures
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.values import decoded, scheme_by_value, signature_over, tried
from iotscan.wire.signing.verifying import holds

Form = Callable[[str, Source, bytes | None, Sequence[PublicKey]], SignedArtefact | None]
"""A reader of another form: path, what is signed, the signature, keys to try. None where it is not of that form."""
_DIGESTS: Final = ("sha256", "sha512", "sha384", "sha1")
"""What RSA and ECDSA may be over, the likeliest first: a bare value does not say."""
_LARGEST_VALUE: Final = 4096
_ARMOUR: Final = (b"-----BEGIN CMS-----", b"-----BEGIN PKCS7-----")


def read_detached(
    source: Source, signature: bytes, path: str = "", keys: Sequence[PublicKey] = (), forms: Sequence[Form] = ()
) -> SignedArtefact | None:
    """What is signed with its signature; None where that is of no form that is known here.

    ``keys`` tell which digest a bare value is over; without any, it is taken to be SHA-256. Never raises but what the
    source raises.
    """
    for form in forms:
        found = form(path, source, signature, keys)
        if found is not None:
            return found
    der = _der(signature)
    if kind_of(der[:20]) == "signed" or (
        is_indefinite(der[:20]) and b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in der[:40]
    ):
        return _cms(source, der, path)
    value = _value(signature)
    if value is None:
        return None
    return _artefact(source, path, "bare", (_bare(source, value, keys),))


def _cms(source: Source, der: bytes, path: str) -> SignedArtefact:
    if is_indefinite(der):
        return _artefact(source, path, "cms", (), problem="a CMS message of indefinite length is not read here")
    if len(der) > LARGEST:
        return _artefact(source, path, "cms", (), problem=f"a CMS message of more than {LARGEST >> 10:,} KiB")
    try:
        message = read_signed_data(der)
        content = Hashed(source)
        found = read_signatures(message, content, content.short)
    except Malformed as error:
        return _artefact(source, path, "cms", (), damage=f"the signature: {str(error) or 'it is damaged'}")
    if not message.is_detached:
        found = Signatures(flaw="the signature is over what is in it, not over the file beside it")
    return _artefact(source, path, "cms", found.signatures, damage=found.flaw, notes=found.notes)


def _bare(source: Source, value: bytes, keys: Sequence[PublicKey]) -> ArtefactSignature:
    scheme = scheme_by_value(value)
    if scheme in ("ed25519", "other"):
        return tried(signature_over(source, value, scheme, ""), source, keys)
    first = signature_over(source, value, scheme, _DIGESTS[0])
    if not keys:
        return first
    for digest in _DIGESTS:
        one = first if digest == first.digest else signature_over(source, value, scheme, digest)
        for two in (one, replace(one, scheme="rsa-pss")) if scheme == "rsa-pkcs1v15" else (one,):
            if any(holds(two, key) for key in keys):
                return two
    return first


def _der(signature: bytes) -> bytes:
    text = signature.lstrip()
    if not text.startswith(_ARMOUR):
        return signature
    body = text.partition(b"\n")[2].partition(b"-----END")[0]
    return decoded(body, 2 * LARGEST) or b""


def _value(signature: bytes) -> bytes | None:
    """A bare value: its bytes, or their base64 or hexadecimal digits. None for what no scheme makes."""
    if len(signature) > _LARGEST_VALUE:
        return None
    text = signature.strip()
    # Digits first: those of a short modulus are as many as the bytes of a long one.
    for value in (_from_hex(text), decoded(text), signature):
        if value and scheme_by_value(value) != "other":
            return value
    return None


def _from_hex(text: bytes) -> bytes | None:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None


def _artefact(
    source: Source,
    path: str,
    variant: str,
    signatures: tuple[ArtefactSignature, ...],
    *,
    damage: str = "",
    problem: str = "",
    notes: tuple[str, ...] = (),
) -> SignedArtefact:
    payload = Payload(name=safe_text(path, 200), size=source.size, is_covered=True, matches=Answer[bool].of(True))
    return SignedArtefact(
        path=path,
        format="other",
        variant=variant,
        protection="signed" if signatures else "unknown",
        signatures=signatures,
        payloads=(payload,) if signatures else (),
        damage=safe_text(damage, 300),
        problem=safe_text(problem, 300),
        notes=notes,
    )
