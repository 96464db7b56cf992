"""LwM2M clients of an image reach their servers over DTLS or TLS.

## What it looks at
The command lines by which units and start-up scripts of the image start the LwM2M clients of Leshan, Wakaama and Anjay:
whether the server has a `coap://` address or no security. How a vendor's own client is set up is not seen. Clients that
bootstrap first are the question of `lwm2m-bootstrap`.

## Why it matters
An LwM2M server reads and writes whatever a device has, installs firmware and resets it. In the clear, anybody on the
way to it is that server.

## How to fix
Give the server as `coaps://`, with a key or certificate of each device's own. Anjay's demo: `--security-mode psk` or
`cert` with `-u coaps://…`. Wakaama: build `lwm2mclient_tinydtls`, with `-i` and `-s`. Leshan: `-u` with `-i` and `-p`.

## References
- OMA LwM2M 1.2, Transport Bindings section 5 (security modes, `coaps://`)
- ETSI EN 303 645 V3.1.3 provision 5.5-1
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

_CLEAR = ("coap:", "coap+tcp:")
_SECURED = ("coaps:", "coaps+tcp:")


@check(
    id="lwm2m-transport",
    title="LwM2M clients of an image reach their servers over DTLS or TLS",
    element="communication",
    variants={"unsecured": ("high", "A client reports to its server without DTLS")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("coap", "cleartext", "configuration", "image"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def lwm2m_transport(found: Lwm2mClients, target: Target) -> Returned:
    """Judge each client that is told its server."""
    told = [c for c in found.clients if not c.bootstraps]
    if not told:
        return skip("no LwM2M client is started that is told its server")
    return [judge(c, Subject(image=target.subject.image, path=c.path, line=c.line)) for c in told]


def judge(client: Lwm2mClient, place: Subject) -> Verdict:
    """The verdict on one client."""
    where = f"{place}: {client.program} {client.server}".strip()
    if client.security == "none" or client.server.startswith(_CLEAR):
        summary = "a client reports to its server without DTLS"
        expected = "coaps:// with a key or certificate of each device's own"
        return bad("unsecured", summary, observed=where, expected=expected, about=place, part=client.program)
    if client.security in ("psk", "certificate") or client.server.startswith(_SECURED):
        return good("a client reports to its server over DTLS", observed=where, about=place)
    return unknown("how a client secures its messages is not on its command line", about=place, part=client.program)
