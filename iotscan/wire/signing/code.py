"""Signatures of programs and kernel modules, as something that can be tried with a key.

IMA keeps one in the attribute ``security.ima`` of each file (``signature_v2_hdr`` of security/integrity/integrity.h),
over the digest of the file. A module has a CMS message behind it (:mod:`iotscan.wire.module_signature`) that brings no
certificate. Both name their key: IMA by the last four bytes of the SHA-1 of the public key (``calc_keyid_v2`` of
ima-evm-utils), modules by the serial number of its certificate, or by its key identifier.
"""

import base64
import hashlib
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iotscan.model.answer import Answer
from iotscan.model.facts.code_signing import CodeSignature
from iotscan.model.facts.signing import ArtefactSignature, Scheme, TrustedKey
from iotscan.wire.ber import Malformed
from iotscan.wire.file_attributes import ima_of, ima_signature_of
from iotscan.wire.module_signature import parts_of
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.signing.cms import of_bytes
from iotscan.wire.signing.cms_signer import NO_CERTIFICATE, read_signer
from iotscan.wire.signing.public_keys import load_key
from iotscan.wire.signing.verifying import HASHES, holds

_CUT: Final = "it is no signature"
_CHANGED: Final = "the file is not what its signature says"
_ECDSA_START: Final = b"\x30"
_RSA_LENGTHS: Final = (128, 256, 384, 512, 1024)
"""Bytes of a signature by an RSA key of a usual length: as one begins with any byte, its length is asked first."""


def read_ima(path: str, attribute: bytes, content: bytes | None) -> CodeSignature | None:
    """The signature in a ``security.ima``, None where it holds a hash. ``content`` is None for a file that is not read.

    Those of fs-verity (version 3) are over more than the content, and are named only.
    """
    mark = ima_of(attribute)
    if mark is None or not mark.is_signature:
        return None
    blank = CodeSignature(path=path, kind="program", digest=mark.digest, key_hint=mark.key)
    found = ima_signature_of(attribute)
    if found is None:
        is_newer = attribute[1] != 2 or attribute[0] != 3
        return _with(blank, problem="a signature over fs-verity's digest") if is_newer else _with(blank, damage=_CUT)
    if found.digest not in HASHES:
        return _with(blank, problem=f"its digest is one that we do not try: {found.digest}")
    if content is None:
        return _with(blank, problem="the file is larger than what is read of one")
    is_ecdsa = found.value[:1] == _ECDSA_START and len(found.value) not in _RSA_LENGTHS
    over = hashlib.new(found.digest, content, usedforsecurity=False).digest()
    scheme: Scheme = "ecdsa" if is_ecdsa else "rsa-pkcs1v15"
    return _with(blank, scheme=scheme, value=_coded(found.value), over=_coded(over))


def read_module(path: str, module: bytes) -> CodeSignature | None:
    """The signature behind a module that is not packed; None without one."""
    blank = CodeSignature(path=path, kind="module")
    try:
        parts = parts_of(module)
        if parts is None:
            return None
        length, message = parts
        signed = read_signed_data(message)
        if len(signed.signers) != 1:
            return _with(blank, problem=f"it has {len(signed.signers)} signers")
        signer = signed.signers[0]
        content = of_bytes(module[:length])
        found = read_signer(signed, signer, (), content, None)
        is_changed = bool(signer.attributes) and content(signer.digest) != signer.message_digest
    except (Malformed, ValueError):
        return _with(blank, damage=_CUT)
    flaw = found.flaw if found.flaw != NO_CERTIFICATE else ""
    if signed.version not in (1, 3) or signed.left or not signed.is_detached:
        flaw = _CUT
    signature = found.signature
    return _with(
        blank,
        scheme=signature.scheme,
        digest=signature.digest,
        value=signature.value,
        over=signature.over,
        key_hint=signature.key_hint,
        issuer=_short_digest(signer.issuer) if signer.issuer else "",
        damage=_CHANGED if is_changed else flaw,
        problem="" if signature.over and signature.scheme != "other" else "its algorithm is not one that we try",
    )


def code_holds(signature: CodeSignature, key: TrustedKey) -> bool | None:
    """Whether the signature of a file holds with a key; None where that cannot be tried."""
    public = key.public
    if public is None:
        return None
    untried = ArtefactSignature(
        scheme=signature.scheme, digest=signature.digest, value=signature.value, over=signature.over, fits=Answer()
    )
    return holds(untried, public)


def is_named(signature: CodeSignature, key: TrustedKey) -> bool:
    """Whether the signature names this key."""
    hint = signature.key_hint
    if signature.kind == "program":
        return hint in _ima_names(key)
    certificate = _loaded(key)
    if certificate is None:
        return False
    if not signature.issuer:
        return bool(hint) and hint == _identifier_of(key).hex()
    number = certificate.serial_number
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big").hex()
    return (hint, signature.issuer) == (serial, _short_digest(certificate.issuer.public_bytes()))


def _ima_names(key: TrustedKey) -> tuple[str, ...]:
    loaded = load_key(key.public) if key.public is not None else None
    if loaded is None:
        return ()
    # What SHA-1 is taken of depends on the kind of key: PKCS #1 for RSA, the point for elliptic curves.
    try:
        kept = loaded.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    except ValueError:
        kept = loaded.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    names = [hashlib.sha1(kept, usedforsecurity=False).digest()[-4:]]
    identifier = _identifier_of(key)
    return tuple(name[-4:].hex() for name in (*names, *([identifier] if identifier else [])))


def _identifier_of(key: TrustedKey) -> bytes:
    certificate = _loaded(key)
    try:
        if certificate is None:
            return b""
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return b""


def _loaded(key: TrustedKey) -> x509.Certificate | None:
    if key.certificate is None:
        return None
    try:
        return x509.load_der_x509_certificate(base64.b64decode(key.certificate.der))
    except ValueError:
        # The bytes of a run file of somebody else.
        return None


def _with(blank: CodeSignature, **more: str) -> CodeSignature:
    return msgspec.structs.replace(blank, **more)


def _short_digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()
