"""LwM2M clients bootstrap over a secured channel with a secret of their own.

## What it looks at
The command lines by which units and start-up scripts of the image start the LwM2M clients of Leshan, Wakaama and Anjay:
whether they bootstrap, over `coap://` or with a key or certificate, and whether that key stands in the image. How a
vendor's own client is set up is not seen.

## Why it matters
The bootstrap server tells a device whom to trust from then on. Whoever can pose as it, because there is no DTLS or
because its key is in every image, takes over each device that starts anew.

## How to fix
Bootstrap over `coaps://` with a certificate or key that was put into each device where it was made, outside the image
(factory bootstrap, EST over coaps), and let the bootstrap server replace it at once.

## References
- OMA LwM2M Core 1.2 sections 5.2.4 (bootstrap security) and 5.2.8; OWASP ISVS 2.4.1 (git edfda29b)
- ETSI EN 303 645 V3.1.3 provision 5.4-4
"""

from iotscan.sdk import (
    Lwm2mClient,
    Lwm2mClients,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)


@check(
    id="lwm2m-bootstrap",
    aliases=("KEY-012",),
    title="LwM2M clients bootstrap over a secured channel with a secret of their own",
    element="keys",
    variants={
        "unsecured": ("high", "A client bootstraps without DTLS"),
        "shared": ("high", "A client bootstraps with a key that stands in the image"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("coap", "credentials", "image"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def lwm2m_bootstrap(found: Lwm2mClients, target: Target) -> Returned:
    """Judge each client that bootstraps."""
    booting = [c for c in found.clients if c.bootstraps]
    if not booting:
        return skip("no LwM2M client that bootstraps is started")
    return [judge(c, Subject(image=target.subject.image, path=c.path, line=c.line)) for c in booting]


def judge(client: Lwm2mClient, place: Subject) -> Verdict:
    """The verdict on one client."""
    where = f"{place}: {client.program} {client.server}".strip()
    expected = "coaps:// with a key or certificate of each device's own"
    if client.security == "none" or client.server.startswith(("coap:", "coap+tcp:")):
        summary = "a client bootstraps without DTLS"
        return bad("unsecured", summary, observed=where, expected=expected, about=place, part=client.program)
    if client.security == "psk":
        summary = "a client bootstraps with a key that stands in the image"
        return bad("shared", summary, observed=where, expected=expected, about=place, part=client.program)
    if client.security == "certificate":
        return good("a client bootstraps with a certificate", observed=where, about=place)
    return unknown("how a client secures its bootstrap is not on its command line", about=place, part=client.program)
