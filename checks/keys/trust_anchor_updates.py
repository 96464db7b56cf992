"""The trusted roots of the image can be replaced in the field.

## What it looks at
Whether what brings the list of trusted roots can change it on a device: the image has an update mechanism (the list
then comes with the next version), or a package of a configured feed holds it, or a client that fetches trust anchors
(EST, CMP, SCEP) is run.

## Why it matters
Roots expire and are withdrawn. A device whose list stands still trusts those that nobody else does, and one day can
reach no server at all: then its own update server, too.

## How to fix
Ship the list in the part of the image that updates replace, or as a package (`ca-certificates`, `ca-bundle`) of a feed
that devices follow. For authorities of your own use `/cacerts` of EST (RFC 7030 section 4.1) or a CMP client.

## References
- draft-ietf-uta-tls13-iot-profile, trust anchor update; RFC 7030 section 4.1
- ETSI EN 303 645 V3.1.3 provision 5.3-1
"""

from iotscan.sdk import Presence, Returned, RotationTools, TrustStore, Updaters, bad, check, clause, good, skip, unknown

PACKAGES_ONLY = ("apk", "apt", "dnf", "opkg")
"""They replace what a package owns, and nothing else."""
FETCHES_ROOTS = ("EST client", "SCEP client", "OpenSSL CMP", "strongSwan pki", "Azure IoT certificate service")


@check(
    id="trust-anchor-updates",
    aliases=("KEY-009",),
    title="Trusted roots can be replaced in the field",
    element="keys",
    variants={"fixed": ("medium", "Nothing in the image can replace its trusted roots")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-1"),
        clause("OWASP ISVS", "edfda29b", "2.4.4"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(c)"),
    ),
    tags=("certificates", "image", "key-rotation"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def trust_anchor_updates(store: TrustStore, updates: Presence[Updaters], tools: Presence[RotationTools]) -> Returned:
    """Look for any way by which another list gets onto the device."""
    if not store.anchors and not store.unread:
        return skip("the trust store is empty")
    brought = store.package or "no package"
    configured = updates.fact.updaters if updates.fact is not None else ()
    fetching = [t for t in (tools.fact.tools if tools.fact else ()) if t.name in FETCHES_ROOTS and t.scheduled]
    bringing = [u for u in configured if u.system != "other" and (store.package or u.system not in PACKAGES_ONLY)]
    if bringing:
        systems = ", ".join(dict.fromkeys(u.system for u in bringing))
        return good(f"the trusted roots ({brought}) come with updates: {systems}")
    if fetching:
        return good(f"{fetching[0].name} fetches trust anchors, run by {fetching[0].scheduled}")
    if configured:
        names = ", ".join(dict.fromkeys(u.path if u.system == "other" else u.system for u in configured))
        return unknown(f"no package owns the trusted roots, or how the image is updated was not read: {names}")
    where = ", ".join(store.bundles[:3]) or store.unread[0]
    return bad(
        "fixed",
        "nothing in the image can replace its trusted roots",
        observed=f"{len(store.anchors)} roots in {where}, brought by {brought}, no update mechanism configured",
        expected="an update mechanism, or a client of EST, CMP or SCEP that is run",
    )
