"""Updates are signed by whom the device trusts.

## What it looks at
Update artefacts: the file that was given, those inside an image, and feeds and repositories in its folders (RAUC,
SWUpdate, Mender, MCUboot, SUIT, FIT, AVB, TUF, opkg, apk, apt, rpm, OSTree, OCI images with cosign's signatures,
OpenWrt's sysupgrade, firmware with a signature beside it). Each signature is verified by its format's own rules, each
payload compared with its signed digest, and the signer traced to the keys that the image trusts for this format, or
those given with `--trust`. A signature that nobody could verify is never called good; keys inside the artefact itself
prove nothing of it.

## Why it matters
An update is code that runs with every right. If it bears no signature, the wrong one, or leaves out one of its
payloads, whoever sits on the path or owns the update server decides what the device runs.

## How to fix
Sign in the release pipeline with a key in a token or HSM (`rauc bundle --cert … --key pkcs11:…`, `openssl cms
-sign` for `sw-description.sig`, `mender-artifact write -k`), and put only its public half or authority in the image.
Then verify what was made with that key: `iotscan image update.raucb --trust ca.pem`. SWUpdate: give every image and
script a `sha256`. Publish a new artefact before certificates or metadata expire.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-7, 5.3-9 and 5.3-10
- RFC 9019 (a firmware update architecture for IoT) and RFC 9124 (its manifest)
- RAUC documentation, security; SWUpdate documentation, signed images; Mender documentation, sign and verify
"""

from iotscan.sdk import (
    AsOf,
    Reason,
    Returned,
    SignedArtefact,
    Subject,
    Target,
    Trust,
    UpdateArtefacts,
    Verdict,
    bad,
    check,
    clause,
    good,
    judge_artefact,
    unknown,
)

GIVE_KEY = "give the maker's key or certificate with --trust"
VARIANTS = {"unsigned": "unsigned", "wrong-signer": "wrong-signer", "broken": "broken", "expired": "expired"}


@check(
    id="update-artefact-signature",
    aliases=("OTA-004", "OTA-008", "OTA-009"),
    title="Updates are signed by whom the device trusts",
    element="updates",
    variants={
        "unsigned": ("critical", "An update bears no signature"),
        "wrong-signer": ("critical", "An update is signed by somebody whom the device does not trust"),
        "broken": ("critical", "An update is damaged, or was changed after it was signed"),
        "uncovered": ("critical", "An update installs something that its signature does not cover"),
        "expired": ("high", "The signer or the metadata of an update have expired"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-7"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-9"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("OWASP ISVS", "edfda29b", "3.4.3"),
        clause("EN 18031-1", "2024", "SUM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="high",
)
def update_artefact_signature(found: UpdateArtefacts, trust: Trust, target: Target, as_of: AsOf) -> Returned:
    """Judge each artefact by itself; what could not be verified stays open."""
    return [
        judge(artefact, trust, Subject(image=target.subject.image, path=artefact.path), as_of)
        for artefact in found.artefacts
    ]


def judge(artefact: SignedArtefact, trust: Trust, place: Subject, as_of: AsOf) -> Verdict:
    """The result of one artefact."""
    verdict = judge_artefact(artefact, trust.keys, as_of)
    name = describe(artefact)
    part = artefact.format if artefact.format != "oci" else f"oci {artefact.version}".strip()
    signers = f", signed by {'; '.join(verdict.signers[:3])}" if verdict.signers else ""
    notes = "".join(f"; {note}" for note in artefact.notes[:5])
    shown = f"{artefact.path}{': ' if artefact.path else ''}{name}{signers}{notes}"
    if verdict.state == "verified":
        return good(f"{name}: {verdict.why}", observed=shown, about=place, part=part)
    if verdict.state == "unsigned" and artefact.format == "oci":
        why = "no signature lies in the layout; those of cosign mostly stay in the registry"
        return unknown(f"{name}: {why}", reason=Reason.NOT_OBSERVABLE, about=place, part=part)
    variant = VARIANTS.get(verdict.state, "")
    if verdict.state == "broken" and _is_only_uncovered(artefact):
        variant = "uncovered"
    if not variant:
        needs_key = verdict.state == "present" and verdict.by is None
        why = f"{verdict.why}: {GIVE_KEY}" if needs_key else verdict.why
        return unknown(f"{name}: {why}", reason=Reason.NOT_OBSERVABLE, about=place, part=part)
    return bad(
        variant,
        f"{name}: {verdict.why}",
        observed=shown,
        expected="a signature that holds, by a key that the device trusts, over all that is installed",
        about=place,
        part=part,
    )


def _is_only_uncovered(artefact: SignedArtefact) -> bool:
    """True where nothing was changed, and a payload is covered by nothing."""
    is_changed = any(p.matches.known is False for p in artefact.payloads)
    is_changed = is_changed or any(s.fits.known is False for s in artefact.signatures)
    return not artefact.damage and not is_changed and any(not p.is_covered for p in artefact.payloads)


def describe(artefact: SignedArtefact) -> str:
    """What it is, in a few words."""
    return " ".join(filter(None, (artefact.format, artefact.variant, artefact.version)))
