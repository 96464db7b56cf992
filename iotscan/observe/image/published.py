"""Keys of facts whose private half everybody can download."""

import functools
from collections.abc import Mapping

import msgspec

from iotscan.data.known_keys import known_keys
from iotscan.model.facts import ArtefactSignature, PublicKey, SignedArtefact, SigningCertificate, TrustedKey


def mark_trusted(key: TrustedKey) -> TrustedKey:
    """The key, with the record that has its private half, where there is one."""
    return msgspec.structs.replace(
        key, key=_key(key.key) if key.key else None, certificate=_certificate(key.certificate)
    )


def mark_artefact(artefact: SignedArtefact) -> SignedArtefact:
    """The artefact, with the keys of its signers marked alike."""
    return msgspec.structs.replace(artefact, signatures=tuple(_signature(s) for s in artefact.signatures))


def _signature(signature: ArtefactSignature) -> ArtefactSignature:
    return msgspec.structs.replace(
        signature,
        key=_key(signature.key) if signature.key else None,
        certificate=_certificate(signature.certificate),
        intermediates=tuple(c for i in signature.intermediates if (c := _certificate(i)) is not None),
    )


def _certificate(certificate: SigningCertificate | None) -> SigningCertificate | None:
    return certificate and msgspec.structs.replace(certificate, key=_key(certificate.key))


def _key(key: PublicKey) -> PublicKey:
    record = _records().get(key.sha256, "")
    return msgspec.structs.replace(key, known_leaked=record) if record else key


@functools.cache
def _records() -> Mapping[str, str]:
    return {digest: record.id for digest, record in known_keys().items()}
