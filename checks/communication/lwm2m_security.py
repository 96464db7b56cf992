"""LwM2M is spoken over DTLS, TLS or OSCORE only.

## What it looks at
Whether a list of resources (`/.well-known/core`) that a CoAP server gives away in the clear has LwM2M in it: the
resource type `oma.lwm2m`, or the bootstrap interface `/bs` beside the registration interface `/rd`. Nobody is
registered, and nothing is bootstrapped. How the clients in an image are set up is the question of `lwm2m-transport`
and `lwm2m-bootstrap`.

## Why it matters
With LwM2M a server reads and writes whatever a device has, installs firmware and resets it. In the clear (security mode
3, NoSec) anybody on the way is that server, and whoever registers under a device's name is that device.

## How to fix
Speak LwM2M over DTLS, TLS or OSCORE (LwM2M 1.1, object 21) only, and close the port in the clear. Leshan:
`LeshanServerBuilder` with a secured endpoint only (`--disable-coap` hides the other). Anjay, Wakaama, Zephyr:
`coaps://` in resource 0 of the security object, and mode 0 (pre-shared key) or 2 (certificate) in resource 2. Zephyr:
`CONFIG_LWM2M_DTLS_SUPPORT=y`.

## References
- OMA LwM2M 1.2, Transport Bindings sections 5 and 6.2 (security modes); Core section 6.2.1 (resource type `oma.lwm2m`)
- RFC 7252 section 9
"""

from iotscan.sdk import CoapResources, Returned, Target, bad, check, clause, get_coap, good, skip, unknown


@check(
    id="lwm2m-security",
    aliases=("COA-002",),
    title="LwM2M is spoken over DTLS, TLS or OSCORE only",
    element="communication",
    variants={"unsecured": ("high", "LwM2M is spoken in the clear")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("RFC 7252", "2014", "9"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("coap", "cleartext", "network"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def lwm2m_security(found: CoapResources, target: Target) -> Returned:
    """Only what a server lists tells that it speaks LwM2M."""
    ours = [r for r in found.resources if any(t == "oma.lwm2m" or t.startswith("oma.lwm2m.") for t in r.types)]
    roots = {r.path: r for r in found.resources}
    if not ours and {"/bs", "/rd"} <= set(roots):
        ours = [roots["/bs"], roots["/rd"]]
    if not ours:
        whole = found.code == "2.05" and found.resources and not found.is_cut
        return skip("no resource of LwM2M is listed") if whole else unknown(f"it lists no resources ({found.code})")
    paths = ", ".join(r.path for r in ours[:4])
    if found.is_secured or all(r.is_protected for r in ours):
        return good("LwM2M is secured", observed=paths)
    return bad(
        "unsecured",
        f"LwM2M is spoken in the clear ({paths})",
        observed=f"/.well-known/core lists {paths}",
        expected="LwM2M over DTLS, TLS or OSCORE",
        reproduce=get_coap(target, "/.well-known/core"),
        shows="CoAP 2.05 Content",
    )
