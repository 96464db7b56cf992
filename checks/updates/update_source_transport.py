"""The image fetches its updates over TLS.

## What it looks at
The addresses from which the update clients of an image fetch (the poll of RAUC, suricatta and the downloader of
SWUpdate, Mender, hawkBit's clients, aktualizr): whether each is encrypted, and whether what comes from there has to be
signed. Package feeds and home-made scripts have checks of their own, and so has what a server offers.

## Why it matters
On plain HTTP anybody on the path may replace what is fetched. Where no signature is demanded, that is their code on the
device. With one they can still hold updates back, replay an older one that is signed, take the token by which the
device shows the server who it is, and read which firmware it runs.

## How to fix
An `https://` address in the configuration: `url =` of suricatta in `swupdate.cfg`, `ServerURL` in `mender.conf`,
`source=` in `[polling]` of RAUC's `system.conf`, `ssl = true` for rauc-hawkbit-updater; and the authority that signed
the server's certificate in the image. TLS does not replace the signature.

## References
- ETSI EN 303 645 V3.1.3 provision 5.3-10
- OWASP ISVS 3.4.12 (git edfda29b)
"""

from iotscan.sdk import (
    Returned,
    Subject,
    Target,
    UpdateSource,
    UpdateSystem,
    UpdateSystems,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
)

FEEDS = ("opkg", "apk", "apt", "dnf", "ostree")
REMOTE = ("http:", "https:", "ftp:", "ftps:", "tftp:", "coap:", "coaps:", "mqtt:", "mqtts:", "ws:", "wss:")


@check(
    id="update-source-transport",
    title="The image fetches its updates over TLS",
    element="updates",
    variants={
        "unsigned": ("critical", "Updates are fetched over plain HTTP, and nobody has to have signed them"),
        "cleartext": ("medium", "Updates are fetched over plain HTTP"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("OWASP ISVS", "edfda29b", "3.4.12"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("cleartext", "image", "root-filesystem", "updates"),
    since="0.1",
    effort="low",
)
def update_source_transport(found: UpdateSystems, target: Target) -> Returned:
    """Judge each address that an update client fetches from."""
    sources = [
        (system, source)
        for system in found.systems
        if system.system not in FEEDS
        for source in system.sources
        if source.url.lower().startswith(REMOTE)
    ]
    if not sources:
        return skip("no update client names the address of a server")
    judged = [judge(system, source, target.subject.image) for system, source in sources]
    names = ", ".join(sorted({system.name for system, _ in sources}))
    return [v for v in judged if v] or good(
        f"{len(sources)} addresses of {names}, all encrypted", observed=", ".join(s.url for _, s in sources[:3])
    )


def judge(system: UpdateSystem, source: UpdateSource, image: str) -> Verdict | None:
    """The finding on one address, None for one that is encrypted."""
    if source.encrypted:
        return None
    place = Subject(image=image, path=source.path, line=source.line)
    is_unsigned = source.verifies.known is False
    said = "no signature is demanded" if is_unsigned else "a signature is demanded"
    if not source.verifies.is_answered:
        said = "whether a signature is demanded is not known"
    return bad(
        "unsigned" if is_unsigned else "cleartext",
        f"{system.name} fetches updates over an address that is not encrypted",
        observed=f"{place}: {source.url}; {said}",
        expected="an https:// address",
        about=place,
        part=f"{system.name} {source.url}",
    )
