"""Updates that the device offers are signed.

## What it looks at
The update manifests, firmware images and feeds of packages under a web server, and whether each carries a signature:
inside its format (RAUC, SWUpdate, Mender, FIT, MCUboot, TUF …) or in a file beside it. What was fetched is verified
with the keys of the images that joined the scan (`iotscan scan --image RUN`) and those that were given with `--trust`.
Without such a key only the *presence* of a signature is seen, and none is called valid. Of a large image only pieces
are fetched (the signed end of a RAUC bundle, the signed description of a .swu): their signature is tried, their content
is not. Which device runs which image is not known: what is signed by none of these keys may be the update of another
product, whose key was not there to try.

## Why it matters
An update is code that runs with every right. Without a signature whoever sits on the path, owns the update
server or can write to its storage decides what the device runs. A checksum does not help: it is replaced too.

## How to fix
Sign the artefact and let the device refuse everything else: `rauc bundle --cert … --key …` with `[keyring]` in
`system.conf`; `sw-description.sig` with a SWUpdate built with `CONFIG_SIGNED_IMAGES`; `mender-artifact write -k`
with `ArtifactVerifyKey`; `mkimage -k keys -r` for FIT. Sign the manifest too (its digests then cover the image),
with an offline key in a token or HSM and a second one prepared for rotation. Where an artefact is signed by somebody
else, find out whose it is before anything else. Is it the update of another product, scan with that one's image or key,
too. If it is not, either the server or the key list of the devices is not yours.
Replace what is damaged or has expired; renew timestamps of TUF and `Valid-Until` of apt by a timer, not by hand.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-7 and 5.3-10
- RFC 9019 (a firmware update architecture for IoT) and RFC 9124 (its manifest)
- EN 18031-1:2024 SUM-2
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from iotscan.sdk import (
    Artefact,
    ArtefactVerdict,
    AsOf,
    Returned,
    Target,
    Trust,
    UpdateServer,
    bad,
    check,
    clause,
    command,
    good,
    judge_artefact,
    skip,
    unknown,
)

Judged = tuple[Artefact, ArtefactVerdict | None]


def describe(judged: Judged) -> str:
    """One artefact as the report names it."""
    artefact, verdict = judged
    said = f"{artefact.role} {artefact.path} ({artefact.format}): signature {artefact.signature}"
    if verdict is None or verdict.state in ("unsigned", "unknown"):
        return said
    signers = f" by {', '.join(verdict.signers[:3])}" if verdict.signers else ""
    return f"{said}, {verdict.state}{signers}: {verdict.why}"


def is_unsigned(judged: Judged) -> bool:
    """By structure, or because its reader found no signature where structure promised one."""
    artefact, verdict = judged
    says_none = verdict is not None and verdict.state == "unsigned"
    return artefact.signature == "none" or (says_none and artefact.signature == "embedded")


def looked_at(judged: Iterable[Judged]) -> str:
    """How far the artefacts were judged."""
    several = list(judged)
    states = [v.state for _, v in several if v is not None]
    verified, in_part = states.count("verified"), sum(v is not None and holds_in_part(v) for _, v in several)
    if not verified and not in_part:
        return f"{len(several)} manifests and images, looked at by structure; no signature was verified"
    pieces = f", {in_part} hold as far as they were fetched" if in_part else ""
    return f"{len(several)} manifests, images and feeds: {verified} verified{pieces}"


def holds_in_part(verdict: ArtefactVerdict) -> bool:
    """True where a trusted key has made the signature and the content was not read."""
    return verdict.state == "present" and verdict.by is not None


BAD = (
    ("broken", "damaged", "is damaged or changed: an updater must refuse it"),
    ("wrong-signer", "wrong-signer", "is signed by no key of the images of this run or of --trust"),
    ("expired", "expired", "is signed with what has expired"),
)


@check(
    id="update-signature",
    aliases=("OTA-003",),
    title="Updates that the device offers are signed",
    element="updates",
    variants={
        "unsigned": ("critical", "Firmware is offered without any signature"),
        "partly-signed": ("high", "A manifest or an image of what is offered for update is unsigned"),
        "damaged": ("high", "An update is offered that does not fit its own signature or digests"),
        "wrong-signer": ("high", "An update is offered that is signed by none of the keys that are trusted here"),
        "expired": ("medium", "An update is offered whose signer or metadata have expired"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-7"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("EN 18031-1", "2024", "SUM-2"),
        clause("OWASP IoT Top 10", "2018", "I4"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("network", "updates", "web"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def update_signature(server: UpdateServer, target: Target, trust: Trust, as_of: AsOf) -> Returned:
    """Fail on artefacts without a signature, or with a wrong one; one that could not be judged leaves it open."""
    if not server.artefacts and server.paths_unread:
        return unknown(f"{server.paths_unread} addresses gave no answer that tells what is offered there")
    if not server.artefacts:
        return skip(f"no manifest and no firmware image under {server.paths_asked} addresses")
    judged = [(a, judge(a, trust, as_of)) for a in server.artefacts]
    unsigned = [a for a, v in judged if is_unsigned((a, v))]
    if unsigned:
        worst = next((a for a in unsigned if a.role == "image"), unsigned[0])
        # A manifest alone proves less: the image it names was not seen and may carry a signature of its own.
        nothing_is_signed = len(unsigned) == len(server.artefacts) and worst.role != "manifest"
        return fails(
            "unsigned" if nothing_is_signed else "partly-signed",
            f"{len(unsigned)} without any signature, of {looked_at(judged)}",
            judged,
            address(server, target)(worst),
        )
    for state, variant, text in BAD:
        found = [(a, v) for a, v in judged if v is not None and v.state == state]
        if found:
            first, verdict = found[0]
            said = f"{first.role} {first.path} {text} ({verdict.why}){whose(first, state)}"
            return fails(variant, said, judged, address(server, target)(first))
    if server.paths_unread or any(a.signature == "unknown" and not is_proved(v) for a, v in judged):
        return unknown(f"whether all are signed could not be told: {looked_at(judged)}")
    return good(f"each carries a signature: {looked_at(judged)}", observed="; ".join(map(describe, judged)))


def whose(artefact: Artefact, state: str) -> str:
    """Whose an artefact may be whose signer is not known.

    Another product's, says the artefact for which devices it is, unless it is an image that updates from there.
    """
    if state != "wrong-signer":
        return ""
    if artefact.named_by:
        return f", though image {' and '.join(artefact.named_by[:3])} takes its updates from there"
    named = artefact.signed.compatible[:3] if artefact.signed is not None else ()
    says = f", which it says it is for ({', '.join(named)})" if named else ""
    return f": somebody else's, or the update of another product{says}"


def judge(artefact: Artefact, trust: Trust, as_of: datetime) -> ArtefactVerdict | None:
    """What keys say of it; None where its format is not read."""
    return judge_artefact(artefact.signed, trust.keys, as_of) if artefact.signed is not None else None


def is_proved(verdict: ArtefactVerdict | None) -> bool:
    """True where a signature was read, whatever structure alone could tell."""
    return verdict is not None and verdict.state in ("verified", "present")


def address(server: UpdateServer, target: Target) -> Callable[[Artefact], str]:
    """Where an artefact of the server is fetched."""
    return lambda artefact: target.url("https" if server.tls else "http", artefact.path)


def fails(variant: str, summary: str, judged: Iterable[Judged], url: str) -> Returned:
    """A finding that names every artefact, with the command that shows that one is offered."""
    return bad(
        variant,
        summary,
        observed="; ".join(map(describe, judged)),
        expected="a signature on the image, and on the manifest that names it, by a key that the devices trust",
        reproduce=command("curl", "-g", "-k", "-m", "5", "-s", "-o", "/dev/null", "-w", "%{http_code}", url),
        shows="200",
    )
