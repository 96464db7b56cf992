"""What is said of a signed artefact: unsigned, signed by somebody, or verified with a key that the device trusts.

The verdicts are kept apart: a signature that is there proves nothing, one that holds with a certificate that came
with it proves no origin, and an encrypted artefact cannot be judged.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from iotscan.model.facts.signing import ArtefactSignature, Payload, SignedArtefact, SigningCertificate, TrustedKey
from iotscan.wire.signing.chain import trace
from iotscan.wire.signing.public_keys import common_name
from iotscan.wire.signing.verifying import holds, is_of_kind

State = Literal["unsigned", "present", "verified", "wrong-signer", "expired", "broken", "encrypted", "unknown"]
_USES: Final[dict[str, frozenset[str]]] = {
    "opkg-feed": frozenset({"opkg"}),
    "apk-feed": frozenset({"apk"}),
    "apt-feed": frozenset({"apt"}),
    "openwrt-sysupgrade": frozenset({"sysupgrade", "opkg"}),
}
"""Where the name of a format is not that of what its keys are for. OpenWrt's images and feeds share theirs."""
_NAMES_KEYS: Final = frozenset({"opkg-feed", "apk-feed", "apt-feed", "ostree", "openwrt-sysupgrade"})
"""Formats whose signatures say by which key they are to be verified: a device looks at no other."""


_BARE: Final = frozenset({"fit", "mcuboot", "avb"})
"""Formats whose verifiers have the key alone: the dates of a certificate that it stands in are not theirs."""


class ArtefactVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of an artefact, and on which ground.

    ``present`` is signed, and no key that the device trusts was there to try. ``wrong-signer`` was tried with every
    such key in vain. ``broken`` must be refused whatever the key. ``by`` is the trusted key that proves it.
    """

    state: State
    why: str
    by: TrustedKey | None = None
    signers: tuple[str, ...] = ()


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    state: Literal["verified", "wrong-signer", "expired", "present"]
    why: str
    by: TrustedKey | None = None


def judge_artefact(artefact: SignedArtefact, keys: Iterable[TrustedKey], as_of: datetime) -> ArtefactVerdict:
    """Judge one artefact by the keys that the device trusts. Those that are for something else do not count."""
    signers = tuple(_named(s) for s in artefact.signatures)
    if artefact.damage:
        return ArtefactVerdict(state="broken", why=artefact.damage, signers=signers)
    changed = [p.name for p in artefact.payloads if p.matches.known is False]
    if changed:
        why = f"{changed[0]} is not what its digest says"
        return ArtefactVerdict(state="broken", why=why, signers=signers)
    if artefact.protection != "signed":
        return _unsigned(artefact, signers)
    if any(s.fits.known is False for s in artefact.signatures):
        return ArtefactVerdict(state="broken", why="a signature does not hold with its own key", signers=signers)
    uncovered = [p.name for p in artefact.payloads if not p.is_covered]
    if uncovered:
        why = f"{uncovered[0]} is covered by no signed digest"
        return ArtefactVerdict(state="broken", why=why, signers=signers)
    trusted = [k for k in keys if k.public is not None and _is_for(k, artefact)]
    if not trusted:
        why = "signed; no trusted key was found to verify it with"
        return ArtefactVerdict(state="present", why=why, signers=signers)
    short = _short_of_threshold(artefact, trusted)
    trusted = [k for k in trusted if _file(k) not in short]
    if not trusted:
        return ArtefactVerdict(state="wrong-signer", why=next(iter(short.values())), signers=signers)
    best = _best([_try(s, artefact, _named_by(s, artefact, trusted), as_of) for s in artefact.signatures])
    open_ends = artefact.problem or next((f"{p.name} was not read" for p in artefact.payloads if not _is_read(p)), "")
    if best.state == "verified" and open_ends:
        return ArtefactVerdict(state="present", why=f"the signature holds; {open_ends}", by=best.by, signers=signers)
    if best.state == "verified" and artefact.expires is not None and as_of >= artefact.expires:
        why = f"its metadata expired on {artefact.expires:%Y-%m-%d}"
        return ArtefactVerdict(state="expired", why=why, by=best.by, signers=signers)
    return ArtefactVerdict(state=best.state, why=best.why, by=best.by, signers=signers)


def _short_of_threshold(
    artefact: SignedArtefact, trusted: Sequence[TrustedKey]
) -> dict[tuple[str, tuple[str, ...]], str]:
    """The files of keys of which some have signed it and too few, with what is to be said of each."""
    found: dict[tuple[str, tuple[str, ...]], str] = {}
    for file, threshold in {_file(k): k.threshold for k in trusted if k.threshold > 1}.items():
        tried = [_with_key(s, k) for k in trusted if _file(k) == file for s in artefact.signatures]
        held = {t.by.public.sha256 for t in tried if t is not None and t.by is not None and t.by.public is not None}
        if 0 < len(held) < threshold:
            found[file] = f"{len(held)} of the keys of {file[0]} have signed it, {threshold} have to"
    return found


def _file(key: TrustedKey) -> tuple[str, tuple[str, ...]]:
    return key.path, key.within


def _is_read(payload: Payload) -> bool:
    return payload.matches.known is True or payload.is_encrypted


def _unsigned(artefact: SignedArtefact, signers: tuple[str, ...]) -> ArtefactVerdict:
    if artefact.protection == "encrypted":
        why = "encrypted: whether it is signed shows only with its key"
        return ArtefactVerdict(state="encrypted", why=why, signers=signers)
    if artefact.protection == "unknown" or artefact.problem:
        return ArtefactVerdict(state="unknown", why=artefact.problem or "not read far enough to tell", signers=signers)
    return ArtefactVerdict(state="unsigned", why="it bears no signature", signers=signers)


def _is_for(key: TrustedKey, artefact: SignedArtefact) -> bool:
    if not key.can_prove(artefact):
        return False
    if key.use != "given":
        return key.use in _USES.get(artefact.format, frozenset({artefact.format}))
    # What the user gave is for what the user gave; of what else an image holds it is one of those that may be meant.
    return not artefact.path or any(_may_have_made(key, s) for s in artefact.signatures)


def _may_have_made(key: TrustedKey, signature: ArtefactSignature) -> bool:
    if key.certificate is not None and signature.certificate is not None:
        return True
    return key.public is not None and is_of_kind(signature, key.public)


def _named_by(
    signature: ArtefactSignature, artefact: SignedArtefact, trusted: Sequence[TrustedKey]
) -> list[TrustedKey]:
    """Without those that the format calls by another name than the signature does; a short name is the end of a long.

    What the user gave has names of the user's.
    """
    hint = signature.key_hint
    if artefact.format not in _NAMES_KEYS or not hint:
        return list(trusted)
    return [k for k in trusted if k.use == "given" or not k.name or k.name.endswith(hint) or hint.endswith(k.name)]


def _named(signature: ArtefactSignature) -> str:
    if signature.certificate is not None:
        return signature.certificate.subject
    if signature.key is not None:
        return f"key {signature.key.sha256[:16]}"
    return f"key {signature.key_hint}" if signature.key_hint else "a key that it does not name"


def _try(
    signature: ArtefactSignature, artefact: SignedArtefact, trusted: Sequence[TrustedKey], as_of: datetime
) -> _Tried:
    tried = [t for key in trusted if (t := _with_key(signature, key)) is not None]
    proved = [_in_time(t, artefact, as_of) for t in tried if t.state == "verified"]
    if proved:
        # The same key may lie in two files, of which one says that it is valid for longer.
        return _best(proved)
    if signature.scheme == "other" and not tried:
        return _Tried(state="present", why=signature.fits.detail or "its algorithm is not one that we try")
    if signature.certificate is None:
        why = f"none of the {len(trusted)} trusted keys has made it"
        if not trusted:
            why = f"no trusted key is called {signature.key_hint}, as it names its own"
        return tried[0] if tried else _Tried(state="wrong-signer", why=why)
    if signature.fits.known is not True:
        return _Tried(state="present", why=signature.fits.detail or "the signature could not be tried")
    return _by_chain(signature, signature.certificate, trusted, as_of)


def _with_key(signature: ArtefactSignature, key: TrustedKey) -> _Tried | None:
    """Whether one trusted key has made it itself; None where it has not, for certain."""
    public = key.public
    assert public is not None
    if key.certificate is not None and signature.certificate is not None:
        # The signer has a certificate of its own: the chain says more.
        return None
    if public.sha256 in signature.holds_with:
        return _Tried(state="verified", why=f"verified with {key.path}", by=key)
    if public.sha256 in signature.fails_with or not is_of_kind(signature, public):
        return None
    held = holds(signature, public)
    if held is None:
        return _Tried(state="present", why=f"it could not be tried with {key.path}")
    return _Tried(state="verified", why=f"verified with {key.path}", by=key) if held else None


def _in_time(proved: _Tried, artefact: SignedArtefact, as_of: datetime) -> _Tried:
    by = proved.by
    dated = by.certificate if by is not None and artefact.format not in _BARE else None
    if dated is not None and as_of > dated.not_after:
        why = f"{dated.subject} expired on {dated.not_after:%Y-%m-%d}"
        return _Tried(state="expired", why=why, by=by)
    if by is not None and by.expires is not None and as_of > by.expires:
        return _Tried(state="expired", why=f"the key of {by.path} expired on {by.expires:%Y-%m-%d}", by=by)
    return proved


def _by_chain(
    signature: ArtefactSignature, signer: SigningCertificate, trusted: Sequence[TrustedKey], as_of: datetime
) -> _Tried:
    anchors = {
        (k.certificate.sha256, k.purposes, k.ends_chains, k.by_signing_time): k for k in trusted if k.certificate
    }
    if not anchors:
        return _Tried(state="wrong-signer", why=f"{signer.subject} is none of the trusted keys")
    # Each keyring by its own rules: what one of them lets pass, another does not.
    keyrings: dict[tuple[frozenset[str], bool, bool], list[TrustedKey]] = {}
    for key in anchors.values():
        rules = frozenset(key.purposes), key.ends_chains, key.by_signing_time
        keyrings.setdefault(rules, []).append(key)
    return _best([_by_keyring(signature, signer, anchors.values(), ring, as_of) for ring in keyrings.values()])


def _by_keyring(
    signature: ArtefactSignature,
    signer: SigningCertificate,
    known: Iterable[TrustedKey],
    ring: Sequence[TrustedKey],
    as_of: datetime,
) -> _Tried:
    """By one keyring, whose keys all have the same rules; those ``known`` besides may lie on the way to it."""
    anchors = {k.certificate.sha256: k for k in ring if k.certificate is not None}
    pool = (*signature.intermediates, *(k.certificate for k in known if k.certificate is not None))
    found = trace(
        signer,
        pool,
        [k.certificate for k in ring if k.certificate is not None],
        (signature.claimed_time or as_of) if ring[0].by_signing_time else as_of,
        purposes=frozenset(ring[0].purposes),
        stops_early=ring[0].ends_chains,
    )
    if found.is_trusted:
        by = anchors[found.path[-1].sha256]
        if by.signer and by.signer != common_name(signer):
            why = f"{signer.subject} is not {by.signer}, whom the device asks for"
            return _Tried(state="wrong-signer", why=why)
        return _Tried(state="verified", why=f"{signer.subject} leads to {by.path}", by=by)
    states: dict[str | None, Literal["expired", "present"]] = {
        "expired": "expired",
        "not-yet-valid": "expired",
        "unclear": "present",
    }
    return _Tried(state=states.get(found.why, "wrong-signer"), why=found.detail)


def _best(tried: Sequence[_Tried]) -> _Tried:
    order = ("verified", "expired", "present", "wrong-signer")
    return min(tried, key=lambda t: order.index(t.state))
