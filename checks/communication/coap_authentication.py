"""A CoAP server shows its resources only to somebody it knows.

## What it looks at
What a CoAP server answers to GET requests of somebody who has no key, no certificate and no token: for the list of its
resources (`/.well-known/core`), and for one of those, which calls itself a sensor or whose name is about nothing that
acts. Over UDP in the clear, and inside TLS where it serves CoAP over TCP. Nothing is written, observed or registered,
and what was read is not kept. A refusal (4.01, 4.03), or a list whose resources all want OSCORE, passes.

## Why it matters
CoAP has no login of its own: who may do what is decided by DTLS, by OSCORE or by nobody. Whoever is on the same link
then reads what a sensor measures and when somebody is at home, and where GET is free, PUT and POST often are, too.

## How to fix
Where the library knows who asks, let each resource ask it: OSCORE for the resource (RFC 8613; in libcoap
`COAP_RESOURCE_FLAGS_OSCORE_ONLY`, in aiocoap an `OscoreSiteWrapper` with credentials), or DTLS with a key of each
device's own and no endpoint in the clear. Behind TLS, ask for a client certificate. What stays open for discovery is
the list alone, with the attribute `osc` on its links.

## References
- RFC 7252 section 11.1 and 9 (securing CoAP); RFC 8613 section 9 (discovery of resources that want OSCORE)
- RFC 6690 section 6 (a list of resources may tell too much)
- OWASP IoT Top 10 2018 I3 (insecure ecosystem interfaces)
"""

from iotscan.sdk import CoapResources, Returned, Target, bad, check, clause, get_coap, get_coap_tls, good, unknown

_CONTENT = "2.05"
_REFUSALS = ("4.01", "4.03")
_CORE = "/.well-known/core"


@check(
    id="coap-authentication",
    aliases=("COA-001",),
    title="A CoAP server shows its resources only to somebody it knows",
    element="communication",
    variants={
        "open": ("high", "Anybody can read resources of a CoAP server"),
        "listed": ("low", "Anybody can list the resources of a CoAP server"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("RFC 7252", "2014", "9"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("IEC 62443-4-2", "2019", "CR 1.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("coap", "exposure", "network"),
    since="0.1",
    effort="medium",
)
def coap_authentication(found: CoapResources, target: Target) -> Returned:
    """What was read is proof; what was refused, where something was, is proof of the other."""
    where = "behind TLS" if found.is_secured else "in the clear"
    expected = "4.01 without credentials, or OSCORE for every resource"
    said = observed(found)
    ask = get_coap_tls if found.is_secured else get_coap
    if found.read == _CONTENT:
        summary = f"anybody reads {found.asked} of a CoAP server {where}"
        line = ask(target, found.asked)
        return bad("open", summary, observed=said, expected=expected, reproduce=line, shows="CoAP 2.05 Content")
    if found.read in _REFUSALS or found.code in _REFUSALS:
        return good("it refuses who has no credentials", observed=said)
    if found.resources and all(r.is_protected for r in found.resources) and not found.is_cut:
        return good("every resource that it lists wants OSCORE", observed=said)
    if found.code == _CONTENT and found.resources:
        summary = f"anybody lists the resources of a CoAP server {where}"
        line = ask(target, _CORE)
        return bad("listed", summary, observed=said, expected=expected, reproduce=line, shows="CoAP 2.05 Content")
    return unknown(f"it lists no resources ({found.code}), so none was asked for")


def observed(found: CoapResources) -> str:
    """What was asked and answered."""
    shown = [r.path for r in found.resources[:5]]
    more = " …" if len(found.resources) > len(shown) or found.is_cut else ""
    listed = f"{_CORE}: {found.code}" + (f" ({', '.join(shown)}{more})" if shown else "")
    read = f"; {found.asked}: {found.read}" if found.read else ""
    return listed + read + (f" ({found.hint})" if found.hint else "")
