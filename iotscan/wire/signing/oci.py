"""Images of an OCI layout and the signatures beside them, as cosign puts them there.

Sources: OCI image-spec v1.1 (layout, descriptors), cosign ``specs/SIGNATURE_SPEC.md`` (tag ``sha256-….sig``,
annotations), containers/image ``docs/containers-signature.5.md`` (simple signing). Notation and sigstore bundles are
named, not tried. An image is what its digest says down to the last layer; a signature names that digest.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Protection, SignedArtefact, SigningCertificate
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.jsons import LARGEST, count_of, list_of, object_of, read_object, text_of
from iotscan.wire.signing.public_keys import NoPublicKey, read_key_file
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.values import decoded, scheme_by_value, signature_over, with_fits
from iotscan.wire.signing.windows import Memory

Files = Callable[[str], Source | None]
_ENTRIES: Final = 500
"""Descriptors of one layout, of one image with those in it."""
_PARTS: Final = 5_000
"""Of all images of a layout."""
_MANIFESTS: Final = 16 << 20
"""Bytes of all manifests of a layout."""
_SIMPLE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
_SIGNATURE: Final = "dev.cosignproject.cosign/signature"
_CERTIFICATE, _CHAIN = "dev.sigstore.cosign/certificate", "dev.sigstore.cosign/chain"
_KINDS: Final = ("cosign container image signature", "atomic container signature")
_NAME: Final = "org.opencontainers.image.ref.name"
_OTHERS: Final = {
    "application/vnd.cncf.notary.signature": "a Notation signature, which is not tried",
    "application/vnd.dev.sigstore.bundle": "a sigstore bundle, which is not tried",
}
_LENGTHS: Final = {"sha256": 64, "sha512": 128}
_MISSING: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "it is not in the layout")


class _Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    size: int | None
    name: str
    kind: str
    artefact: str


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """The signatures of one image, and what else was met while they were looked for."""

    signatures: tuple[ArtefactSignature, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    damage: str = ""


def read_oci(files: Files, path: str = "") -> tuple[SignedArtefact, ...]:
    """The images of a layout, each with its signatures; none where it is no layout.

    ``files`` gives bytes by name (``index.json``, ``blobs/sha256/…``). Never raises but what the sources raise.
    """
    marker = files("oci-layout")
    if marker is None or marker.size > 1024 or b"imageLayoutVersion" not in marker.read_at(0, 1024):
        return ()
    try:
        return tuple(_Layout(files).artefacts(path))
    except Malformed as error:
        return (_refused(path, damage=str(error)),)
    except NotRead as error:
        return (_refused(path, problem=str(error)),)


def _refused(path: str, *, damage: str = "", problem: str = "") -> SignedArtefact:
    damage, problem = safe_text(damage, 300), safe_text(problem, 300)
    return SignedArtefact(path=path, format="oci", protection="unknown", damage=damage, problem=problem)


class _Layout:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._parts_left = _PARTS
        self._bytes_left = _MANIFESTS
        self._known: dict[str, dict[str, Any]] = {}
        index = files("index.json")
        if index is None:
            raise Malformed("it has no index.json")
        self._entries = [_descriptor(one) for one in _listed(_json(index, "index.json"), "manifests")]

    def artefacts(self, path: str) -> Iterator[SignedArtefact]:
        for entry in self._entries:
            if _is_image(entry) and not (entry.artefact and self._is_about_another(entry)):
                yield self._artefact(path, entry)

    def _is_about_another(self, entry: _Descriptor) -> bool:
        """A signature names the image that it is for. What cannot be read is judged as an image."""
        try:
            return bool(object_of(self._manifest(entry, "a manifest"), "subject"))
        except (Malformed, NotRead):
            return False

    def _manifest(self, descriptor: _Descriptor, what: str) -> dict[str, Any]:
        """A manifest; each is read once. Raises Malformed and NotRead."""
        if descriptor.digest not in self._known:
            self._known[descriptor.digest] = read_object(self._read(descriptor, what), what)
        return self._known[descriptor.digest]

    def _artefact(self, path: str, entry: _Descriptor) -> SignedArtefact:
        payloads: list[Payload] = []
        found = _Found()
        damage = problem = ""
        try:
            found = self._signatures(entry)
            payloads = list(self._parts(entry, is_signed=bool(found.signatures)))
        except Malformed as error:
            damage = str(error)
        except NotRead as error:
            problem = str(error)
        protection: Protection = "signed" if found.signatures else "none"
        if not found.signatures and (damage or problem or found.problem):
            protection = "unknown"
        return SignedArtefact(
            path=path,
            format="oci",
            variant="cosign" if found.signatures else "",
            version=safe_text(entry.name or entry.digest, 200),
            protection=protection,
            signatures=found.signatures,
            payloads=tuple(payloads),
            damage=safe_text(damage or found.damage, 300),
            problem=safe_text(problem or found.problem, 300),
            notes=found.notes,
        )

    def _blob(self, descriptor: _Descriptor) -> Source | None:
        algorithm, _, value = descriptor.digest.partition(":")
        return self._files(f"blobs/{algorithm}/{value}")

    def _read(self, descriptor: _Descriptor, what: str) -> bytes:
        """All of a small blob that is what its descriptor says. Raises Malformed and NotRead."""
        blob = self._blob(descriptor)
        if blob is None:
            raise Malformed(f"{what} is not in the layout")
        if blob.size > LARGEST:
            raise Malformed(f"{what} is larger than {LARGEST >> 20} MiB")
        self._bytes_left -= blob.size
        if self._bytes_left < 0:
            raise NotRead(f"its manifests are longer than {_MANIFESTS >> 20} MiB together")
        if not _matches(blob, descriptor):
            raise Malformed(f"{what} is not what its digest says")
        return exactly(blob, 0, blob.size)

    def _parts(self, top: _Descriptor, *, is_signed: bool) -> Iterator[Payload]:
        """The manifest, and all that it leads to: other manifests of an index, configuration, layers."""
        waiting, met = [top], {top.digest}
        while waiting:
            here = waiting.pop(0)
            self._parts_left -= 1
            if self._parts_left < 0:
                raise NotRead(f"its images have more than {_PARTS:,} parts together")
            blob = self._blob(here)
            payload = _payload(here, blob, is_signed=is_signed)
            yield payload
            if payload.matches.known is not True or not _is_manifest(here):
                continue
            manifest = self._manifest(here, "a manifest")
            config = manifest.get("config")
            inside = [*_listed(manifest, "manifests"), *([config] if config else []), *_listed(manifest, "layers")]
            for one in map(_descriptor, inside):
                if one.digest not in met:
                    met.add(one.digest)
                    waiting.append(one)
            if len(met) > _ENTRIES:
                raise NotRead(f"an image of more than {_ENTRIES} parts")

    def _signatures(self, image: _Descriptor) -> _Found:
        """By the tag that cosign gives them, or by the subject that a manifest names."""
        tag = f"{image.digest.replace(':', '-')}.sig"
        found = _Found()
        for entry in self._entries:
            if entry is image or not _is_manifest(entry):
                continue
            is_tagged = entry.name == tag or entry.name.endswith(f":{tag}")
            if not is_tagged and not entry.artefact:
                continue
            manifest = self._manifest(entry, "a signature")
            if is_tagged:
                found = _joined(found, self._cosign(manifest, image))
            elif text_of(object_of(manifest, "subject"), "digest") == image.digest:
                named = text_of(manifest, "artifactType") or entry.artefact
                why = next((text for kind, text in _OTHERS.items() if named.startswith(kind)), "")
                found = _joined(found, _Found(problem=why))
        return found

    def _cosign(self, manifest: Mapping[str, Any], image: _Descriptor) -> _Found:
        found = _Found()
        for layer in _listed(manifest, "layers"):
            descriptor = _descriptor(layer)
            value = decoded(text_of(object_of(layer, "annotations"), _SIGNATURE))
            if descriptor.kind != _SIMPLE or not value:
                continue
            payload = self._read(descriptor, "what is signed")
            if not _names(read_object(payload, "what is signed"), image.digest):
                found = _joined(found, _Found(notes=("a signature of another image beside it",)))
                continue
            found = _joined(found, _one(payload, value, object_of(layer, "annotations")))
        if not found.signatures:
            found = _joined(found, _Found(damage="the signature beside it is of another image, or is none"))
        return found


def _one(payload: bytes, value: bytes, annotations: Mapping[str, Any]) -> _Found:
    signature = signature_over(Memory(payload), value, scheme_by_value(value))
    certificates = _certificates(text_of(annotations, _CERTIFICATE))
    if not certificates:
        return _Found(signatures=(signature,))
    certificate = certificates[0]
    signature = replace(
        with_fits(signature, certificate.key),
        certificate=certificate,
        intermediates=_certificates(text_of(annotations, _CHAIN))[:8],
    )
    days = (certificate.not_after - certificate.not_before).days
    notes = ("a certificate for one signature: when it was made, only a transparency log says",) if days < 1 else ()
    return _Found(signatures=(signature,), notes=notes)


def _certificates(text: str) -> tuple[SigningCertificate, ...]:
    try:
        return read_key_file(text.encode()).certificates if text else ()
    except NoPublicKey as error:
        raise Malformed("the certificate beside a signature is damaged") from error


def _joined(one: _Found, other: _Found) -> _Found:
    return _Found(
        signatures=(one.signatures + other.signatures)[:16],
        notes=tuple(dict.fromkeys(one.notes + other.notes)),
        problem=one.problem or other.problem,
        damage=one.damage or other.damage,
    )


def _names(signed: Mapping[str, Any], digest: str) -> bool:
    critical = object_of(signed, "critical")
    is_known = text_of(critical, "type") in _KINDS
    return is_known and text_of(object_of(critical, "image"), "docker-manifest-digest") == digest


def _is_image(entry: _Descriptor) -> bool:
    """What has no tag of cosign's for a signature, attestation or list of parts of another image."""
    tag = entry.name.rpartition(":")[2] if "/" in entry.name else entry.name
    is_beside = tag.startswith("sha256-") and tag.endswith((".sig", ".att", ".sbom"))
    return _is_manifest(entry) and not is_beside


def _is_manifest(descriptor: _Descriptor) -> bool:
    kinds = ("image.manifest.v1", "image.index.v1", "distribution.manifest.v2", "distribution.manifest.list.v2")
    return any(kind in descriptor.kind for kind in kinds)


def _payload(descriptor: _Descriptor, blob: Source | None, *, is_signed: bool) -> Payload:
    algorithm, _, value = descriptor.digest.partition(":")
    kind = next((k for k in ("index", "manifest", "config", "layer") if k in descriptor.kind), "part")
    return Payload(
        name=f"{kind} {value[:12]}",
        size=blob.size if blob is not None else min(descriptor.size or 0, (1 << 63) - 1),
        digest=algorithm,
        is_covered=is_signed,
        matches=_MISSING if blob is None else Answer[bool].of(_matches(blob, descriptor)),
    )


def _matches(blob: Source, descriptor: _Descriptor) -> bool:
    algorithm, _, value = descriptor.digest.partition(":")
    return descriptor.size in (None, blob.size) and digest_of(blob, algorithm).hex() == value


def _descriptor(value: Any) -> _Descriptor:
    """A descriptor with a digest that can be tried. Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("a descriptor in it makes no sense")
    digest = text_of(value, "digest")
    algorithm, _, number = digest.partition(":")
    if _LENGTHS.get(algorithm) != len(number) or number.strip("0123456789abcdef"):
        raise Malformed("a descriptor in it has no digest that is one")
    return _Descriptor(
        digest=digest,
        size=count_of(value, "size"),
        name=text_of(object_of(value, "annotations"), _NAME),
        kind=text_of(value, "mediaType"),
        artefact=text_of(value, "artifactType"),
    )


def _listed(values: Mapping[str, Any], key: str) -> list[Any]:
    found = list_of(values, key)
    if len(found) > _ENTRIES:
        raise NotRead(f"a list of more than {_ENTRIES} descriptors")
    return [one for one in found if isinstance(one, dict)]


def _json(source: Source, name: str) -> dict[str, Any]:
    if source.size > LARGEST:
        raise Malformed(f"{name} is larger than {LARGEST >> 20} MiB")
    return read_object(exactly(source, 0, source.size), name)
