"""Feeds of opkg: ``Packages``, a signature over it, and the packages (.ipk) that it names.

OpenWrt's opkg fetches Packages.gz and Packages.sig and verifies the unpacked index with usign; Yocto's takes OpenPGP,
``Packages.asc`` or ``Packages.sig`` (opkg, libopkg/opkg_cmd.c; Yocto, package_manager and sign_package_feed.bbclass).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from iotscan.model.facts.signing import ArtefactSignature, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed import (
    MOST_PACKAGES,
    Files,
    Listed,
    Reading,
    digest_text,
    load,
    load_index,
    size_of,
    stanzas,
)
from iotscan.wire.signing.openpgp.signatures import LARGEST_SIGNATURE, claims_openpgp, read_detached
from iotscan.wire.signing.signify import claims_signify, read_message
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.windows import Memory

_FIELDS: Final = frozenset({"package", "version", "filename", "size", "sha256sum", "md5sum"})
_SIGNATURES: Final = ("Packages.sig", "Packages.asc")


class _Signed(msgspec.Struct, kw_only=True):
    signatures: tuple[ArtefactSignature, ...] = ()
    variant: str = ""
    damage: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


def read_opkg_feed(files: Files, path: str = "", keys: Sequence[PublicKey] = ()) -> SignedArtefact | None:
    """The feed whose files ``files`` gives; None where it has no index.

    ``keys`` are tried at once, as an index is longer than what a fact keeps of a message.
    """
    plain, packed = files("Packages"), files("Packages.gz")
    if plain is None and packed is None:
        return None
    signed, reading, damage, problem = _Signed(), Reading(files), "", ""
    try:
        unpacked = None if packed is None else load_index(packed, "Packages.gz")
        index = load(plain) if plain is not None else unpacked
        assert index is not None
        if unpacked is not None and unpacked != index:
            damage = "Packages.gz holds another index than Packages"
        signed = _signed(files, index, keys)
        for listed in _packages(index):
            reading.compare(listed)
    except NotRead as error:
        problem = str(error)
    except Malformed as error:
        damage = damage or str(error) or "its index is damaged"
    is_open = signed.problem or problem
    return SignedArtefact(
        path=safe_text(path),
        format="opkg-feed",
        variant=signed.variant,
        protection="signed" if signed.signatures else "unknown" if is_open or signed.damage or damage else "none",
        signatures=signed.signatures,
        payloads=reading.under(signed.signatures),
        damage=signed.damage or damage,
        problem=is_open or reading.problem,
        notes=(*signed.notes, *reading.notes),
    )


def _signed(files: Files, index: bytes, keys: Sequence[PublicKey]) -> _Signed:
    found = next(((name, source) for name in _SIGNATURES if (source := files(name)) is not None), None)
    if found is None:
        return _Signed()
    name, source = found
    data = load(source, LARGEST_SIGNATURE)
    if claims_signify(data):
        read = read_message(data, Memory(index), keys)
        signatures = (read.signature,) if read.signature is not None else ()
        return _Signed(signatures=signatures, variant="usign", damage=read.damage, problem=read.problem)
    if not claims_openpgp(data):
        return _Signed(damage=f"{name} is no signature")
    result = read_detached(data, Memory(index))
    return _Signed(
        signatures=result.signatures,
        variant="openpgp",
        damage=result.damage,
        problem=result.problem,
        notes=result.notes,
    )


def _packages(index: bytes) -> Iterator[Listed]:
    for number, fields in enumerate(stanzas(index, _FIELDS)):
        if number >= MOST_PACKAGES:
            raise NotRead(f"its index has more than {MOST_PACKAGES} packages")
        if "package" not in fields:
            continue
        name = (fields.get("filename") or [""])[0]
        if not name:
            raise Malformed(f"its index has no file for {safe_text(fields['package'][0], 80)}")
        algorithm = next((a for a in ("sha256", "md5") if f"{a}sum" in fields), "")
        yield Listed(
            name=name,
            size=size_of(fields["size"][0]) if "size" in fields else None,
            digest=algorithm,
            value=digest_text(fields[f"{algorithm}sum"][0], algorithm) if algorithm else "",
        )
