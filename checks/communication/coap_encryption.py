"""CoAP runs over DTLS.

## What it looks at
Whether a CoAP server answers in the clear (port 5683), and whether the device has one behind DTLS (port 5684). The
question is a ping, an empty message that a CoAP server answers with a Reset, and a GET of its list of resources.
What it lets anybody read is the question of `coap-authentication`. Of a back end (`--backend`) any answer
in the clear is high, DTLS beside it or not: the devices of many people send theirs across the internet.

## Why it matters
CoAP in the clear has no user and no secret: who is on the way reads what the device measures, and whoever reaches the
port may try to switch it. A server that takes such requests takes them in the name of any device. With LwM2M on top
that is a new firmware or a new server to report to. A port in the clear beside DTLS is often there for discovery only;
what it serves beyond that, nobody has to ask for over DTLS.

## How to fix
libcoap: start with `-k` or `-c` and bind the clear port to loopback, or in code create the endpoint with
COAP_PROTO_DTLS alone. Zephyr: `CONFIG_LWM2M_DTLS_SUPPORT=y` and `coaps://` in the security object. Californium: drop
the `CoapEndpoint` without connector. Leshan: `LeshanServerBuilder` without an unsecured endpoint. Where the clear port
stays for discovery, serve `/.well-known/core` there and no more, or protect what it serves by OSCORE (RFC 8613).

## References
- RFC 7252 section 9 (securing CoAP: NoSec disables DTLS)
- RFC 7925 (TLS and DTLS profiles for the Internet of Things)
- OMA LwM2M 1.2, Transport Bindings (security of CoAP)
"""

from iotscan.sdk import (
    CoapServer,
    DtlsServer,
    Each,
    Policy,
    Presence,
    Returned,
    Target,
    bad,
    check,
    clause,
    get_coap,
    good,
    ping_coap,
    skip,
)


@check(
    id="coap-encryption",
    aliases=("DTL-002", "CLD-007"),
    title="CoAP is served over DTLS only",
    element="communication",
    variants={
        "cleartext": ("medium", "A CoAP server answers in the clear, and the device has none behind DTLS"),
        "beside-dtls": ("low", "A CoAP server answers in the clear beside one behind DTLS"),
        "server-cleartext": ("high", "The CoAP server of a back end answers in the clear"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("RFC 7252", "2014", "9"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "coap", "network"),
    since="0.1",
    effort="medium",
)
def coap_encryption(coap: Presence[CoapServer], dtls: Each[DtlsServer], policy: Policy, target: Target) -> Returned:
    """A Reset in the clear is enough; DTLS beside it makes it less grave, not good."""
    has_dtls = bool(dtls.seen)
    if coap.fact is None:
        return good("CoAP is served over DTLS only") if has_dtls else skip("no CoAP server here")
    is_pinged = coap.fact.how == "reset"
    return bad(
        "server-cleartext" if policy.kind == "server" else "beside-dtls" if has_dtls else "cleartext",
        "a CoAP server answers in the clear" + (", beside one behind DTLS" if has_dtls else ""),
        observed=f"{coap.fact.how} in answer to a {'ping' if is_pinged else 'GET of its list'}",
        expected="CoAP over DTLS (port 5684) and no answer in the clear",
        reproduce=ping_coap(target) if is_pinged else get_coap(target, "/.well-known/core"),
        shows="CoAP Reset" if is_pinged else "CoAP answer" if coap.fact.how != "2.05" else "CoAP 2.05 Content",
    )
