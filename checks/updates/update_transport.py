"""Updates are offered over TLS.

## What it looks at
Whether the update manifests and firmware images that a web server offers are served over plain HTTP, and
whether they carry a signature (seen by structure, not verified). And from where a manifest sends devices for what it
names: another server is named here, and never contacted.

## Why it matters
On plain HTTP anybody on the path may replace what is fetched. Without a signature that is their code on the
device. With one they can still hold updates back, offer an older signed version with known flaws, and read
which firmware every device runs. A manifest over TLS that sends its readers to plain HTTP, or to the server of
somebody else, is worth what that is worth: the images come from there.

## How to fix
Serve manifests and images over https only and let the client check the certificate: `listen 443 ssl` and
`return 301 https://$host$request_uri;` in nginx, an `https://` address in the device's update configuration
(`url =` for SWUpdate, `ServerURL` for Mender), the vendor's CA in its trust store. TLS does not replace the signature.
Let manifests name images by a path of their own server, or by an `https://` address of a server that is yours as well,
and pin each with its SHA-256 in a signed manifest.

## References
- ETSI EN 303 645 V3.1.3 provision 5.3-10
- OWASP ISVS 3.4.12 (git edfda29b)
"""

from iotscan.sdk import Returned, Target, UpdateServer, bad, check, clause, command, good, skip, unknown


@check(
    id="update-transport",
    aliases=("OTA-002",),
    title="Updates are offered over TLS",
    element="updates",
    variants={
        "unsigned": ("critical", "Updates without a signature are offered over plain HTTP"),
        "cleartext": ("medium", "Updates are offered over plain HTTP"),
        "payload-cleartext": ("medium", "A manifest over TLS names images that are fetched over plain HTTP"),
        "other-host": ("low", "A manifest names images on another server"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("OWASP ISVS", "edfda29b", "3.4.12"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("cleartext", "network", "updates"),
    since="0.1",
    effort="medium",
)
def update_transport(server: UpdateServer, target: Target) -> Returned:
    """Fail on artefacts over plain HTTP, the worse where none of them carries a signature."""
    if not server.artefacts and server.paths_unread:
        return unknown(f"{server.paths_unread} addresses gave no answer that tells what is offered there")
    if not server.artefacts:
        return skip(f"no manifest and no firmware image under {server.paths_asked} addresses")
    paths = ", ".join(a.path for a in server.artefacts)
    if server.tls:
        return sends_on(server, target) or good(
            f"{len(server.artefacts)} manifests and images are offered over TLS", observed=paths
        )
    # A mix proves the milder case only: a signed manifest may pin its image, a signed image needs no manifest.
    is_unsigned = all(a.signature == "none" for a in server.artefacts)
    signatures = ", ".join(sorted({a.signature for a in server.artefacts}))
    url = target.url("http", server.artefacts[0].path)
    return bad(
        "unsigned" if is_unsigned else "cleartext",
        f"{len(server.artefacts)} manifests and images are offered over plain HTTP",
        observed=f"{paths}; signatures: {signatures}"
        + (f"; names {', '.join(others(server))}" if others(server) else ""),
        expected="manifests and images over https only",
        reproduce=command("curl", "-g", "-m", "5", "-s", "-o", "/dev/null", "-w", "%{http_code}", url),
        shows="200",
    )


def others(server: UpdateServer) -> tuple[str, ...]:
    """The other servers that manifests name, each once."""
    return tuple(dict.fromkeys(origin for artefact in server.artefacts for origin in artefact.elsewhere))


def sends_on(server: UpdateServer, target: Target) -> Returned | None:
    """The finding on manifests over TLS that send their readers elsewhere; None where there are none."""
    named = others(server)
    if not named:
        return None
    clear = [origin for origin in named if not origin.startswith("https://")]
    manifest = next(a for a in server.artefacts if a.elsewhere)
    url = target.url("https", manifest.path)
    return bad(
        "payload-cleartext" if clear else "other-host",
        f"{manifest.path} sends devices to {', '.join(clear or named)} for what it names",
        observed=f"named, not contacted: {', '.join(named)}",
        expected="images on the same server, or over https on one that is yours",
        reproduce=command("curl", "-g", "-k", "-m", "5", "-s", url) + " | grep -o '[a-z]*://[^/\"]*'",
        shows=(clear or named)[0],
    )
