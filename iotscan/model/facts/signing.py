"""Signed artefacts: what is signed, by whom, and all that somebody else needs to verify it again.

Public halves, digests and signatures are no secrets: they stand in facts in full, so that the verdict can be a check,
also where the artefact came from the network and the key from an image.
"""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

Scheme = Literal["rsa-pkcs1v15", "rsa-pss", "ecdsa", "ed25519", "ed25519ph", "hmac", "other"]
"""``ed25519ph`` signs a BLAKE2b or SHA-512 digest as a message (minisign, RFC 8032 section 5.1); ``hmac`` is no
signature: whoever can verify it can make it."""
Protection = Literal["none", "signed", "encrypted", "unknown"]
ArtefactFormat = Literal[
    "rauc",
    "swupdate",
    "mender",
    "mcuboot",
    "suit",
    "fit",
    "avb",
    "tuf",
    "opkg-feed",
    "apk-feed",
    "apt-feed",
    "ostree",
    "oci",
    "openwrt-sysupgrade",
    "other",
]
TrustUse = Literal[
    "rauc", "swupdate", "mender", "mcuboot", "suit", "fit", "avb", "tuf", "opkg", "apk", "apt", "ostree", "oci",
    "sysupgrade", "module", "ima", "given",
]  # fmt: skip
"""What a key is trusted for; ``given`` is one that the user named with ``--trust``, which counts for everything."""


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key. ``spki`` is its SubjectPublicKeyInfo (RFC 5280 section 4.1), DER in base64."""

    type: Literal["rsa", "ec", "ed25519", "ed448", "dsa", "other"]
    bits: int
    spki: str
    sha256: str
    """Of the SubjectPublicKeyInfo, hex."""
    known_leaked: str = ""
    """The record of published keys that has its private half (``mcuboot-rsa-2048``); empty for any other."""


class SigningCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of a signer, of somebody who vouches for one, or of a keyring. ``der`` is base64."""

    subject: str
    issuer: str
    sha256: str
    """Of the DER, hex."""
    not_before: datetime
    not_after: datetime
    signature_hash: str
    """``sha256`` …; empty for schemes without a separate hash."""
    key: PublicKey
    is_ca: bool
    is_self_issued: bool
    purposes: tuple[str, ...] = ()
    """Of the extended key usage: ``codeSigning``, ``emailProtection``, else the dotted identifier."""
    der: str = ""


class ArtefactSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature, with what it is over.

    ``value`` and ``over`` are base64. ``over`` is the digest of the signed bytes, or for schemes that sign the message
    itself (``ed25519``) the message where it is short; empty where it was too long to keep. ``fits`` says whether it
    holds with ``certificate`` or ``key`` of the artefact itself, which proves no origin; False is a damaged artefact.
    """

    scheme: Scheme
    digest: str = ""
    """``sha256`` …; empty where the scheme has none."""
    value: str
    over: str = ""
    certificate: SigningCertificate | None = None
    intermediates: tuple[SigningCertificate, ...] = ()
    key: PublicKey | None = None
    """A key that stands in the artefact without a certificate."""
    key_hint: str = ""
    """How the format names the key: an identifier, a fingerprint; safe text."""
    fits: Answer[bool]
    claimed_time: datetime | None = None
    """When it was made, by the signer's word."""
    stamped_time: datetime | None = None
    """When it was made, by a time stamp (RFC 3161) that verifies; by whom it was stamped is in ``stamped_by``."""
    stamped_by: str = ""
    holds_with: tuple[str, ...] = ()
    """SHA-256 of trusted keys of the same image with which it was tried and holds: the only proof where the message
    is too long to keep."""
    fails_with: tuple[str, ...] = ()
    """SHA-256 of trusted keys with which it was tried and does not hold."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What an artefact installs, and whether the signed part says what it has to be.

    ``is_covered`` is False where no signed digest names it: whoever hands over the artefact chooses its bytes.
    ``matches`` says whether the bytes are those of the digest; unanswered where they were not read.
    """

    name: str
    size: int = 0
    digest: str = ""
    """The algorithm: ``sha256`` …"""
    is_covered: bool
    matches: Answer[bool]
    is_encrypted: bool = False


class SignedArtefact(msgspec.Struct, frozen=True, kw_only=True):
    """An update artefact, read to its end unless ``problem`` says otherwise.

    ``protection``: ``none`` is read whole and bears no signature; ``signed`` bears at least one; ``encrypted`` hides
    whether it does; ``unknown`` could not be told, and ``problem`` says why.
    """

    path: str
    format: ArtefactFormat
    variant: str = ""
    """``plain``, ``verity``, ``crypt``, ``v3`` …"""
    version: str = ""
    """As the artefact says, safe text."""
    compatible: tuple[str, ...] = ()
    """Which devices it says it is for."""
    protection: Protection
    signatures: tuple[ArtefactSignature, ...] = ()
    payloads: tuple[Payload, ...] = ()
    damage: str = ""
    """How it is cut short or contradicts itself: an updater must refuse it."""
    problem: str = ""
    """Why some of it was not read (a limit, a library, a feature): such a one is never called verified."""
    rollback_counter: Answer[int] = Answer[int]()
    """A number that a device compares, so that an older one is refused (MCUboot, AVB, SUIT, FIT)."""
    expires: datetime | None = None
    """When its metadata say that it is not to be taken any more (TUF, Valid-Until of apt)."""
    notes: tuple[str, ...] = ()
    """What else stands in it and weakens it, one sentence each: ``a plain bundle``, ``threshold 1``."""
    within: tuple[str, ...] = ()
    """Paths of the update artefacts of the same image that it lies in itself."""


class UpdateArtefacts(Fact, frozen=True, kw_only=True, tag="update-artefacts"):
    """The update artefacts in an image, or the one that the image is: at least one."""

    per: ClassVar[Ownership] = "image"

    artefacts: tuple[SignedArtefact, ...]


class TrustedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key by which a device verifies something, and where it lies.

    Exactly one of ``certificate``, ``key`` and ``problem`` counts. A ``certificate`` vouches for others when it is an
    authority, else for itself.
    """

    use: TrustUse
    path: str
    line: int = 0
    name: str = ""
    """What the format calls it: a key identifier, a user name; safe text."""
    certificate: SigningCertificate | None = None
    key: PublicKey | None = None
    purposes: tuple[str, ...] = ()
    """Extended key usages of which a signer that it vouches for needs one, where it is restricted at all.

    Code signing alone has to be stated.
    """
    ends_chains: bool = False
    """A certificate that is not self-issued is enough for the updater, too (OpenSSL's partial chains)."""
    problem: str = ""
    """Why it could not be read."""
    expires: datetime | None = None
    """Until when its owner says that it may be used (OpenPGP), which a ``key`` cannot say itself."""
    within: tuple[str, ...] = ()
    """Paths of the update artefacts that it came in; empty text is the image itself."""
    by_signing_time: bool = False
    """Validity is judged by when an artefact says that it was signed (RAUC's use-bundle-signing-time)."""
    signer: str = ""
    """The common name that a signer must have for whom it vouches; empty for any (SWUpdate's forced-signer-name)."""
    threshold: int = 1
    """How many keys of its file have to have signed (TUF)."""

    @property
    def public(self) -> PublicKey | None:
        """The key, whichever way it is kept."""
        return self.certificate.key if self.certificate is not None else self.key

    def can_prove(self, artefact: SignedArtefact) -> bool:
        """Whether it says anything of an artefact. Whoever made an update chose the keys in it.

        So those prove nothing of that update, nor of another that lies beside it: no device has installed them yet.
        Of what lies in the same update, they are the keys of the system that it lies in.
        """
        return not any(a == artefact.path or (a and a not in artefact.within) for a in self.within)


class TrustedKeys(Fact, frozen=True, kw_only=True, tag="trusted-keys"):
    """The keys by which a root file system and its bootloaders verify updates and programs; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    keys: tuple[TrustedKey, ...]
