"""Android Verified Boot: vbmeta images by themselves, and at the end of partitions.

Source: AVB 2.0 ``libavb/avb_vbmeta_image.h`` and ``avb_footer.h``; the signature is over the header and the auxiliary
block.
"""

import hashlib
from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from iotscan.model.answer import Answer
from iotscan.model.facts import Vbmeta, VerifiedBootMetadata
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import android

_PARTITIONS = 64
_EXPONENT = 65537
_LARGEST_KEY = 8192


def read(chain: Chain) -> VerifiedBootMetadata | None:
    """Every vbmeta image, None without any. Raises Unreadable."""
    found = tuple(_describe(path, meta, data) for path, meta, data in images(chain))
    return VerifiedBootMetadata(vbmeta=found) if found else None


def images(chain: Chain) -> Iterator[tuple[str, android.Vbmeta, bytes]]:
    """Path, content and bytes of each vbmeta image. Raises Unreadable."""
    seen: set[str] = set()
    for place in chain.site.places:
        blob = place.blob
        if blob is None or place.problem or blob.size < android.FOOTER:
            continue
        data = _whole(blob, 0) if place.format == "vbmeta" else _at_end(blob)
        if data is None:
            continue
        shown = place.shown or place.format
        key = hashlib.sha256(data).hexdigest()
        if key in seen:
            # The reader may name the same bytes as a part of the partition.
            continue
        seen.add(key)
        try:
            yield shown, android.read_vbmeta(data), data
        except android.BadHeader as error:
            raise Unreadable(f"{shown}: {error}") from error


def _whole(blob: Blob, at: int) -> bytes | None:
    try:
        size = android.vbmeta_size(blob.read_at(at, android.VBMETA_HEADER))
    except android.BadHeader:
        return None
    return blob.read_at(at, size)


def _at_end(blob: Blob) -> bytes | None:
    footer = android.read_footer(blob.read_at(blob.size - android.FOOTER, android.FOOTER))
    return _whole(blob, footer.vbmeta_offset) if footer is not None else None


def _describe(path: str, meta: android.Vbmeta, data: bytes) -> Vbmeta:
    chains = [d for d in meta.descriptors if d.kind == "chain"][:_PARTITIONS]
    verified = [d for d in meta.descriptors if d.kind in ("hash", "hashtree", "chain")][:_PARTITIONS]
    return Vbmeta(
        path=path,
        algorithm=safe_text(meta.algorithm_name, 40),
        hashtree_disabled=bool(meta.flags & android.HASHTREE_DISABLED),
        verification_disabled=bool(meta.flags & android.VERIFICATION_DISABLED),
        rollback_index=meta.rollback_index,
        public_key_sha256=hashlib.sha256(meta.key).hexdigest() if meta.key else "",
        signature_holds=_holds(meta, data),
        partitions=tuple(dict.fromkeys(safe_text(d.partition, 40) for d in verified)),
        chained_keys=tuple(hashlib.sha256(d.key).hexdigest() for d in chains),
    )


def _holds(meta: android.Vbmeta, data: bytes) -> Answer[bool]:
    name = meta.algorithm_name
    if name == "NONE":
        return Answer.of(False)
    bits = int.from_bytes(meta.key[:4], "big")
    if "RSA" not in name or bits > _LARGEST_KEY or len(meta.key) < 8 + bits // 8:
        return Answer.missing(Reason.NOT_OBSERVABLE, f"signatures with {safe_text(name, 40)} are not tried here")
    modulus = int.from_bytes(meta.key[8 : 8 + bits // 8], "big")
    block = int.from_bytes(data[12:20], "big")
    message = data[: android.VBMETA_HEADER] + data[android.VBMETA_HEADER + block : meta.size]
    algorithm = hashes.SHA512() if name.startswith("SHA512") else hashes.SHA256()
    try:
        key = rsa.RSAPublicNumbers(_EXPONENT, modulus).public_key()
        key.verify(meta.signature, message, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError):
        return Answer.of(False)
    return Answer.of(True)
