"""Web interfaces of the gateway ask who is there.

## What it looks at
The interfaces that an image starts and that others on the network can reach: Node-RED's editor (`adminAuth`), the
frontend of zigbee2mqtt (`auth_token`), Home Assistant (`auth_providers`), and whether they speak TLS themselves. What
the program does where the image says nothing counts as said. Nothing is run, a proxy in front of them is not followed.

## Why it matters
Node-RED's editor is there to run programs: without a login everybody on the network runs his own on the gateway, as the
user it runs as. The frontend of zigbee2mqtt lets devices join and switches them. Both are open by default and found by
anyone who looks for their ports. A password sent without TLS is read by whoever shares the network.

## How to fix
Node-RED: `node-red admin hash-pw` on the device and `adminAuth` in `settings.js` with it, `https` beside it, or
`uiHost: "127.0.0.1"` behind a proxy that asks. zigbee2mqtt: `auth_token`, `ssl_cert` and `ssl_key` below `frontend`, or
`host: 127.0.0.1`. Home Assistant: no `trusted_networks` provider, `ssl_certificate` and `ssl_key` below `http`. Set
passwords at the first start, each device's own.

## References
- Node-RED documentation, "Securing Node-RED"; zigbee2mqtt documentation, "Frontend"; Home Assistant, "Authentication"
- ETSI EN 303 645 V3.1.3 provision 5.5-5
- OWASP IoT Top 10 2018, I3 (insecure ecosystem interfaces)
"""

from iotscan.sdk import (
    AdminInterface,
    AdminInterfaces,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
)


@check(
    id="admin-authentication",
    title="Web interfaces for administration ask for a login",
    element="cloud",
    variants={
        "runs-code": ("critical", "An interface lets everybody run programs on the gateway"),
        "none": ("high", "An interface asks for no login"),
        "address": ("medium", "An interface lets some addresses in without a login"),
        "cleartext": ("medium", "An interface takes passwords without TLS"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("IEC 62443-4-2", "2019", "CR 1.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("configuration", "credentials", "exposure", "image", "web"),
    since="0.1",
    effort="low",
)
def admin_authentication(found: AdminInterfaces, target: Target) -> Returned:
    """Judge each interface that others can reach."""
    reached = [i for i in found.interfaces if i.faces_network]
    if not reached:
        return skip(f"none of {len(found.interfaces)} interfaces is reached from the network")
    verdicts = [judge(i, Subject(image=target.subject.image, path=i.path, line=i.line)) for i in reached]
    named = [verdict for verdict in verdicts if verdict is not None]
    if named:
        return named
    for interface in reached:
        interface.tls.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good(f"each of {len(reached)} interfaces asks for a login over TLS")


def judge(interface: AdminInterface, place: Subject) -> Verdict | None:
    """The finding about one, None where there is none."""
    name = f"{interface.product} on port {interface.port}"
    default = ", which is its default" if interface.is_default else ""
    if interface.authentication == "none":
        return bad(
            "runs-code" if interface.runs_code else "none",
            f"{name} asks for no login{default}",
            observed=f"{place}: no authentication configured{default}",
            expected="a login, and TLS or a proxy that has it",
            about=place,
        )
    if interface.authentication == "address":
        said, seen = f"{name} lets some addresses in without a login", f"{place}: addresses that need no login"
        return bad("address", said, observed=seen, expected="a login for everybody", about=place)
    if interface.tls.known is False:
        said, seen = f"{name} takes passwords without TLS", f"{place}: a login, no certificate configured"
        return bad("cleartext", said, observed=seen, expected="TLS, or a proxy on the device that has it", about=place)
    return None
