"""Updates that the device offers are signed.

## What it looks at
The update manifests and firmware images under a web server, read up to a cap, and whether each carries a
signature: inside its format (RAUC, SWUpdate, Mender, FIT, MCUboot …) or in a file beside it. Only its
*presence* is seen. Without the maker's key no signature is verified, and none is called valid.

## Why it matters
An update is code that runs with every right. Without a signature whoever sits on the path, owns the update
server or can write to its storage decides what the device runs. A checksum does not help: it is replaced too.

## How to fix
Sign the artefact and let the device refuse everything else: `rauc bundle --cert … --key …` with `[keyring]` in
`system.conf`; `sw-description.sig` with a SWUpdate built with `CONFIG_SIGNED_IMAGES`; `mender-artifact write -k`
with `ArtifactVerifyKey`; `mkimage -k keys -r` for FIT. Sign the manifest too (its digests then cover the image),
with an offline key in a token or HSM and a second one prepared for rotation.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-7 and 5.3-10
- RFC 9019 (a firmware update architecture for IoT) and RFC 9124 (its manifest)
- EN 18031-1:2024 SUM-2
"""

from iotscan.sdk import Artefact, Returned, Target, UpdateServer, bad, check, clause, command, good, skip, unknown


def describe(artefact: Artefact) -> str:
    """One artefact as the report names it."""
    return f"{artefact.role} {artefact.path} ({artefact.format}): signature {artefact.signature}"


@check(
    id="update-signature",
    aliases=("OTA-003",),
    title="Updates that the device offers are signed",
    element="updates",
    variants={
        "unsigned": ("critical", "Firmware is offered without any signature"),
        "partly-signed": ("high", "A manifest or an image of what is offered for update is unsigned"),
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
def update_signature(server: UpdateServer, target: Target) -> Returned:
    """Fail on artefacts without a signature; one that could not be judged leaves the question open."""
    if not server.artefacts and server.paths_unread:
        return unknown(f"{server.paths_unread} addresses gave no answer that tells what is offered there")
    if not server.artefacts:
        return skip(f"no manifest and no firmware image under {server.paths_asked} addresses")
    looked_at = f"{len(server.artefacts)} manifests and images, looked at by structure; no signature was verified"
    unsigned = [a for a in server.artefacts if a.signature == "none"]
    if unsigned:
        worst = next((a for a in unsigned if a.role == "image"), unsigned[0])
        # A manifest alone proves less: the image it names was not seen and may carry a signature of its own.
        nothing_is_signed = len(unsigned) == len(server.artefacts) and worst.role == "image"
        url = target.url("https" if server.tls else "http", worst.path)
        return bad(
            "unsigned" if nothing_is_signed else "partly-signed",
            f"{len(unsigned)} without any signature, of {looked_at}",
            observed="; ".join(describe(a) for a in server.artefacts),
            expected="a signature on the image, and on the manifest that names it",
            reproduce=command("curl", "-g", "-k", "-m", "5", "-s", "-o", "/dev/null", "-w", "%{http_code}", url),
            shows="200",
        )
    if server.paths_unread or any(a.signature == "unknown" for a in server.artefacts):
        return unknown(f"whether all are signed could not be told: {looked_at}")
    return good(f"each carries a signature: {looked_at}", observed="; ".join(describe(a) for a in server.artefacts))
