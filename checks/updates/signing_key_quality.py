"""Keys that updates are signed with are strong and nobody else's.

## What it looks at
The keys by which the image verifies updates, packages and programs, and those that have signed the updates in it: their
kind and size, the digest that was signed, whether everybody can download the private half (keys of examples, demos and
test suites), whether the private half stands in the image itself, whether the signer's certificate has the purpose that
the updater asks for, and whether two updates of one product are signed with different keys.

## Why it matters
Whoever has the private half signs updates for the whole fleet. Example keys of MCUboot, RAUC, AVB and the like are
published with it; a short RSA key can be factored, and two updates with one SHA-1 digest can be made. A signing key
that was left in the image is everybody's who buys one device.

## How to fix
Make a key of your own (`openssl ecparam -genkey -name prime256v1`, RSA of 3072 bits, Ed25519) in a token or HSM, never
in the build tree, and sign with SHA-256 or better. Ship the public half or the authority only; when a private half was
shipped, replace the key on all devices with an update that the old one signs. Give the signer's certificate
`extendedKeyUsage=codeSigning` and set `check-purpose=codesign` in RAUC's `[keyring]`.

## References
- NIST SP 800-131A Rev. 2 (RSA below 2048 bits and SHA-1 are disallowed for signatures)
- ETSI EN 303 645 V3.1.3 provision 5.3-7 (best practice cryptography for updates)
- RAUC documentation, reference, keyring section
"""

from datetime import datetime

from iotscan.sdk import (
    ArtefactSignature,
    AsOf,
    Each,
    KeyFile,
    PrivateKeys,
    PublicKey,
    Returned,
    SignedArtefact,
    Subject,
    Target,
    Trust,
    TrustedKey,
    TrustedKeys,
    UpdateArtefacts,
    Verdict,
    bad,
    check,
    clause,
    good,
    judge_artefact,
    skip,
    unknown,
)

SMALLEST = {"rsa": 2048, "ec": 224, "dsa": 2048}
WEAK = ("md5", "sha1")
OWN_KEY = "a key of your own, whose private half nobody else has"


@check(
    id="signing-key-quality",
    aliases=("OTA-030",),
    title="Keys that updates are signed with are strong and nobody else's",
    element="updates",
    variants={
        "published": ("critical", "Everybody can download the private half of a key that updates are verified with"),
        "private-half": ("critical", "The private half of a key that updates are verified with stands in the image"),
        "short-key": ("high", "A key that updates are verified with is too short"),
        "weak-digest": ("high", "An update is signed over a digest that can be forged"),
        "purpose": ("medium", "The signer's certificate has not the purpose that the updater asks for"),
        "signer-change": ("low", "Updates of one product are signed with different keys"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-7"),
        clause("OWASP ISVS", "edfda29b", "3.4.3"),
        clause("EN 18031-1", "2024", "SUM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("crypto", "image", "updates"),
    since="0.1",
    effort="high",
)
def signing_key_quality(
    trusted: TrustedKeys,
    updates: Each[UpdateArtefacts],
    private: Each[PrivateKeys],
    trust: Trust,
    target: Target,
    as_of: AsOf,
) -> Returned:
    """Judge each key where it stands; keys that could not be read, and signers whose keys nobody knows, stay open."""
    artefacts = [a for seen in updates for a in seen.fact.artefacts]
    private_halves = {k.public_sha256: k for seen in private for k in seen.fact.keys if k.public_sha256}
    findings = [v for key in trusted.keys for v in judge_key(key, private_halves, target)]
    findings += [v for artefact in artefacts for v in judge_signers(artefact, trusted, private_halves, target)]
    findings += judge_changes(artefacts, trust, target, as_of)
    findings += [v for artefact in artefacts for v in judge_given(artefact, trust, private_halves, target, as_of)]
    findings += not_read(trusted, target)
    if findings:
        return findings
    count = len(trusted.keys) + sum(len(a.signatures) for a in artefacts)
    return good(f"{count} keys and signatures, none of them weak or published") if count else skip("it knows no key")


def judge_key(key: TrustedKey, private: dict[str, KeyFile], target: Target) -> list[Verdict]:
    """What is wrong with one trusted key."""
    place = Subject(image=target.subject.image, path=key.path, line=key.line)
    part = " ".join(filter(None, (key.use, key.name)))
    return [] if key.public is None else weaknesses(key.public, private, place, part, f"trusted for {key.use}")


def judge_signers(
    artefact: SignedArtefact, trusted: TrustedKeys, private: dict[str, KeyFile], target: Target
) -> list[Verdict]:
    """What is wrong with the signers of one artefact, and with how they signed."""
    place = Subject(image=target.subject.image, path=artefact.path)
    known = {k.public.sha256 for k in trusted.keys if k.public is not None}
    found: list[Verdict] = []
    for signature in artefact.signatures:
        part = f"{artefact.format} {signer_of(signature)}"
        key = key_of(signature)
        if key is not None and key.sha256 not in known:
            found += weaknesses(key, private, place, part, f"has signed {artefact.format}")
        if signature.digest in WEAK:
            found.append(
                bad(
                    "weak-digest",
                    f"it is signed over {signature.digest.upper()}",
                    observed=f"{where(place)}{signature.scheme} over {signature.digest}, by {signer_of(signature)}",
                    expected="SHA-256 or better",
                    about=place,
                    part=part,
                )
            )
        found += lacks_purpose(signature, artefact, trusted, place, part)
    return found


def judge_given(
    artefact: SignedArtefact, trust: Trust, private: dict[str, KeyFile], target: Target, as_of: datetime
) -> list[Verdict]:
    """A signer whose key did not come with the artefact is one of those that were given, or nobody knows it."""
    if not artefact.signatures or keys_of(artefact):
        return []
    place = Subject(image=target.subject.image, path=artefact.path)
    by = judge_artefact(artefact, trust.keys, as_of).by
    if by is None or by.public is None:
        summary = f"the key that has signed {artefact.format} is not known: give it with --trust"
        return [unknown(summary, about=place, part=artefact.format)]
    if by.use != "given":
        # Judged where it stands.
        return []
    return weaknesses(by.public, private, place, artefact.format, f"has signed {artefact.format}")


def where(place: Subject) -> str:
    """The path that an observation begins with; nothing for the file that was given."""
    return f"{place}: " if place.path else ""


def lacks_purpose(
    signature: ArtefactSignature, artefact: SignedArtefact, trusted: TrustedKeys, place: Subject, part: str
) -> list[Verdict]:
    """An updater that asks for a purpose takes no signer without it."""
    asked = {p for k in trusted.keys if k.use == artefact.format and k.can_prove(artefact) for p in k.purposes}
    signer = signature.certificate
    if signer is None or asked != {"codeSigning"} or "codeSigning" in signer.purposes:
        return []
    stated = ", ".join(signer.purposes) or "no purpose"
    return [
        bad(
            "purpose",
            f"{signer.subject} is not for code signing, which the updater asks for",
            observed=f"{where(place)}{signer.subject} states {stated}",
            expected="extendedKeyUsage=codeSigning",
            about=place,
            part=part,
        )
    ]


def weaknesses(key: PublicKey, private: dict[str, KeyFile], place: Subject, part: str, role: str) -> list[Verdict]:
    """What is wrong with a key, wherever it stands."""
    shown = f"{where(place)}{key.type} of {key.bits} bits, SHA-256 {key.sha256[:16]}…, {role}"
    found: list[Verdict] = []
    if key.known_leaked:
        observed = f"{shown}, published as {key.known_leaked}"
        found.append(
            bad(
                "published",
                "its private half is published",
                observed=observed,
                expected=OWN_KEY,
                about=place,
                part=part,
            )
        )
    if half := private.get(key.sha256):
        observed = f"{shown}; its private half is {half.path}"
        found.append(
            bad(
                "private-half",
                "its private half is in the image",
                observed=observed,
                expected=OWN_KEY,
                about=place,
                part=part,
            )
        )
    if key.bits < SMALLEST.get(key.type, 0):
        expected = f"{key.type} of at least {SMALLEST[key.type]} bits"
        summary = f"{key.type} of {key.bits} bits is too short"
        found.append(bad("short-key", summary, observed=shown, expected=expected, about=place, part=part))
    return found


def judge_changes(artefacts: list[SignedArtefact], trust: Trust, target: Target, as_of: datetime) -> list[Verdict]:
    """Artefacts of one format, for the same devices, whose signers share no key and lead to no common authority."""
    first: dict[tuple[str, tuple[str, ...]], SignedArtefact] = {}
    found: list[Verdict] = []
    for artefact in artefacts:
        keys = traced(artefact, trust, as_of)
        if not artefact.compatible or not keys:
            continue
        other = first.setdefault((artefact.format, tuple(sorted(artefact.compatible))), artefact)
        if keys & traced(other, trust, as_of):
            continue
        place = Subject(image=target.subject.image, path=artefact.path)
        found.append(
            bad(
                "signer-change",
                f"it is signed with another key than {other.path or 'the image itself'}",
                observed=f"{where(place)}both for {', '.join(artefact.compatible[:3])}",
                expected="one signer or authority, or a change that both have signed",
                about=place,
                part=artefact.format,
            )
        )
    return found


def traced(artefact: SignedArtefact, trust: Trust, as_of: datetime) -> frozenset[str]:
    """Digests of the keys that have signed it, and of the one that vouches for them."""
    by = judge_artefact(artefact, trust.keys, as_of).by
    return keys_of(artefact) | (
        frozenset({by.public.sha256}) if by is not None and by.public is not None else frozenset()
    )


def not_read(trusted: TrustedKeys, target: Target) -> list[Verdict]:
    """Files of keys that nobody can say anything of; in others stand keys that may not sign any more."""
    read = {key.path for key in trusted.keys if key.public is not None}
    unread = {key.path: key for key in trusted.keys if key.path not in read}
    return [
        unknown(
            f"a key trusted for {key.use} was not read: {key.problem}",
            about=Subject(image=target.subject.image, path=path, line=key.line),
            part=key.use,
        )
        for path, key in sorted(unread.items())
    ]


def keys_of(artefact: SignedArtefact) -> frozenset[str]:
    """Digests of the keys that have signed it, as far as they stand in it."""
    return frozenset(key.sha256 for s in artefact.signatures if (key := key_of(s)) is not None)


def key_of(signature: ArtefactSignature) -> PublicKey | None:
    """The key of a signature, where it came with it."""
    return signature.certificate.key if signature.certificate is not None else signature.key


def signer_of(signature: ArtefactSignature) -> str:
    """The signer, as it is called."""
    return signature.certificate.subject if signature.certificate is not None else signature.key_hint or "a key"
