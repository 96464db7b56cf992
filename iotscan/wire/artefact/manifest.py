"""Update manifests: what images they name, and whether they carry a signature (JSON, TUF, JWS, clear-signed)."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iotscan.model.facts.update import Signature
from iotscan.wire.artefact.sample import NOT_VERIFIED

IMAGE_SUFFIXES: Final = (
    *(".bin", ".img", ".swu", ".raucb", ".mender", ".fw", ".trx", ".itb", ".uf2", ".ipk", ".hex", ".ota", ".fit"),
    *(".squashfs", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".zip", ".gz", ".xz", ".zst", ".suit", ".apk", ".elf", ".pkg"),
)
_REFERENCES: Final = frozenset(
    (
        *("url", "uri", "file", "path", "filename", "file_name", "image", "firmware", "download", "link"),
        *("href", "artifact", "artefact", "bin", "binary", "package", "source", "location", "payload"),
    )
)
_REFERENCE_ENDINGS = ("_url", "_uri", "_file", "_path", "_image", "_link", "url")
_SIGNATURES: Final = frozenset(
    (*("signature", "signatures", "sig", "jws", "cms", "pkcs7", "minisig", "minisign", "gpg"),)
)
_SIGNATURE_ENDINGS = ("_signature", "_sig", "_signatures")
_SIGNATURE_VALUES = ("sig", "signature", "value", "jws", "data")
_DIGESTS: Final = frozenset(
    (*("sha1", "sha256", "sha512", "sha384", "md5", "hash", "digest", "checksum", "crc", "crc32", "hashes"),)
)
_VERSIONS: Final = frozenset(
    (*("version", "latest", "firmware_version", "fw_version", "build", "release", "latest_version"),)
)
_COMPACT = re.compile(r"[A-Za-z0-9_-]{8,}\.([A-Za-z0-9_-]*)\.[A-Za-z0-9_-]{40,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{64,}={0,2}")
_CLEAR = b"-----BEGIN PGP SIGNED MESSAGE-----"
_DEPTH, _NODES, _IMAGES = 8, 5000, 16
_SHORTEST = 48
"""Bytes below which a value is a checksum or a MAC, and no signature of any key in use."""


class ImageReference(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """An image that a manifest names: its raw address, a signature beside it, the address of one."""

    url: str
    has_signature: bool = False
    signature_url: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """An update manifest by its structure."""

    format: str
    signature: Signature
    detail: str
    images: tuple[ImageReference, ...] = ()


class _Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What the fields of one object that are named like signatures hold."""

    is_signed: bool = False
    is_unclear: bool = False
    url: str = ""


def read_manifest(body: bytes) -> Manifest | None:
    """The manifest in ``body``; None when it is none (a web app's manifest, an API's answer, HTML). Never raises.

    A checksum is not a signature. A signature that stands with one image in a list is the image's.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(_CLEAR):
        inner, _, rest = text.partition(b"\n\n")[2].partition(b"-----BEGIN PGP SIGNATURE-----")
        document = _decode(inner or text.partition(b"\r\n\r\n")[2].partition(b"-----BEGIN PGP")[0])
        return _wrapped("pgp-clearsigned", document, bool(rest) or b"BEGIN PGP SIGNATURE" in text)
    if text[:1] not in (b"{", b"["):
        return _read_compact(text)
    document = _decode(text)
    if isinstance(document, dict) and isinstance(document.get("payload"), str):
        inner = _decode(_unpad(document["payload"]))
        if isinstance(inner, dict):
            return _wrapped("jws", inner, _mark(document).is_signed)
    return _read_document(document)


def _read_compact(text: bytes) -> Manifest | None:
    if not text.startswith(b"eyJ") or not _COMPACT.fullmatch(text.decode("latin-1")):
        return None
    header, payload, _ = text.split(b".")
    said = _decode(_unpad(header.decode()))
    is_signed = isinstance(said, dict) and str(said.get("alg", "none")).lower() != "none"
    return _wrapped("jws", _decode(_unpad(payload.decode())), is_signed)


def _wrapped(format: str, document: Any, is_signed: bool) -> Manifest | None:
    inner = _read_document(document)
    if inner is None:
        return None
    if not is_signed:
        return msgspec.structs.replace(inner, format=format)
    return Manifest(
        format=format,
        signature="embedded",
        detail=f"the manifest is wrapped in a signature; {NOT_VERIFIED}",
        images=inner.images,
    )


def _read_document(document: Any) -> Manifest | None:
    if not isinstance(document, dict | list):
        return None
    objects = list(_objects(document))
    images = tuple(dict.fromkeys(r for o, depth in objects for r in _images(o, depth)))[:_IMAGES]
    if not images and not any(_describes_release(o) for o, _ in objects):
        return None
    is_tuf = isinstance(document, dict) and isinstance(document.get("signed"), dict)
    # In a list of images a signature belongs to its image; anywhere else to the whole manifest.
    marks = [_mark(o) for o, depth in objects if depth == 0 or not any(_own_images(o))]
    signature, detail = _judge(marks)
    return Manifest(format="tuf" if is_tuf else "json", signature=signature, detail=detail, images=images)


def _judge(marks: list[_Mark]) -> tuple[Signature, str]:
    if any(m.is_signed for m in marks):
        return "embedded", f"the manifest carries a signature field; {NOT_VERIFIED}"
    if any(m.is_unclear for m in marks):
        return "unknown", "a field is named like a signature but holds none that we know"
    return "none", "no signature field; a checksum is no signature"


def _objects(document: Any) -> Iterator[tuple[dict[str, Any], int]]:
    """Every JSON object with its depth, outermost first, bounded."""
    queue: list[tuple[Any, int]] = [(document, 0)]
    for at in range(_NODES):
        if at >= len(queue):
            return
        value, depth = queue[at]
        if isinstance(value, dict):
            yield value, depth
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if depth < _DEPTH:
            queue.extend((v, depth + 1) for v in list(inner)[:_NODES] if isinstance(v, dict | list))


def _own_images(given: dict[str, Any]) -> Iterator[str]:
    """Addresses of images among the fields of one object."""
    is_release = _describes_release(given)
    for key, value in given.items():
        name = _plain(key)
        if name in _SIGNATURES or name.endswith(_SIGNATURE_ENDINGS) or "sig" in name.split("_"):
            continue
        if isinstance(value, str) and (name in _REFERENCES or name.endswith(_REFERENCE_ENDINGS)):
            if _is_image(value) or (is_release and "://" in value):
                yield value
        elif isinstance(value, dict) and _is_image(key) and _names(value) & (_DIGESTS | {"length", "size"}):
            yield key


def _images(given: dict[str, Any], depth: int) -> Iterator[ImageReference]:
    mark = _mark(given)
    for url in _own_images(given):
        yield ImageReference(url=url, has_signature=mark.is_signed, signature_url=mark.url)


def _is_image(text: str) -> bool:
    return len(text) <= 2048 and text.partition("?")[0].lower().endswith(IMAGE_SUFFIXES)


def _describes_release(given: dict[str, Any]) -> bool:
    names = _names(given)
    return bool(names & _VERSIONS) and bool(names & _DIGESTS)


def _names(given: dict[str, Any]) -> set[str]:
    return {_plain(key) for key in given}


def _plain(key: str) -> str:
    """``firmwareUrl`` and ``firmware-url`` as ``firmware_url``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key[:80]).lower().replace("-", "_")


def _mark(given: dict[str, Any]) -> _Mark:
    is_signed, is_unclear, url = False, False, ""
    for key, value in given.items():
        name = _plain(key)
        if name.endswith(("_url", "_uri", "_file", "_path")) and ("signature" in name or "sig" in name.split("_")):
            url = value if isinstance(value, str) else url
        elif name not in _SIGNATURES and not name.endswith(_SIGNATURE_ENDINGS):
            continue
        elif _is_signature(value):
            is_signed = True
        elif isinstance(value, str) and _is_address(value):
            url = value
        elif value and str(value).lower() not in ("none", "false", "null", "unsigned"):
            is_unclear = True
    return _Mark(is_signed=is_signed, is_unclear=is_unclear, url=url)


def _is_address(value: str) -> bool:
    return len(value) <= 2048 and (
        "/" in value or value.lower().endswith((".sig", ".asc", ".minisig", ".p7s", ".sign"))
    )


def _is_signature(value: Any) -> bool:
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("-----BEGIN ") or _COMPACT.fullmatch(text[:16384]):
            return True
        return bool(_BASE64.fullmatch("".join(text[:16384].split()))) and len(_bytes_of(text)) >= _SHORTEST
    if isinstance(value, list):
        return any(_is_signature(v) for v in value[:64] if isinstance(v, str | dict))
    if isinstance(value, dict):
        return any(_is_signature(v) for k, v in value.items() if _plain(k) in _SIGNATURE_VALUES and isinstance(v, str))
    return False


def _bytes_of(text: str) -> bytes:
    """What a hex or base64 text stands for."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return _unpad("".join(text.split()).replace("+", "-").replace("/", "_"))


def _unpad(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return b""


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
