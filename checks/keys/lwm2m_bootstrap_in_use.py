"""LwM2M clients bootstrap over a secured channel, as captured traffic shows.

## What it looks at
Captured traffic: requests to an LwM2M bootstrap server (`/bs`), and how they were secured. Whether the key behind a
secured bootstrap is the device's own is not seen on the wire; `lwm2m-bootstrap` and `psk-identity` say more of that.

## Why it matters
The bootstrap server tells a device whom to trust from then on, and gives it the keys for it. In the clear everybody on
the way reads those keys, or poses as that server and takes the device over for good.

## How to fix
Bootstrap over DTLS or TLS (`coaps://`) with a certificate or key that was put into each device where it was made
(factory bootstrap), and let the bootstrap server replace it at once. Replace the keys that were handed out in clear.

## References
- OMA LwM2M Core 1.2 sections 5.2.4 (bootstrap security) and 6.1; OWASP ISVS 2.4.1 (git edfda29b)
- ETSI EN 303 645 V3.1.3 provision 5.4-4
"""

from iotscan.sdk import (
    ENOUGH,
    Lwm2mContact,
    Policy,
    ProtocolUse,
    Returned,
    TrafficProfile,
    Verdict,
    bad,
    by_peer,
    check,
    clause,
    filter_traffic,
    good,
    list_some,
    peer_name,
    peer_part,
    skip,
    too_little_seen,
    unknown,
)

MAY_HIDE = ("coap", "dtls", "lwm2m", "unknown")


@check(
    id="lwm2m-bootstrap-in-use",
    title="LwM2M clients bootstrap over a secured channel, as captured traffic shows",
    element="keys",
    variants={"unsecured": ("high", "A client bootstraps in the clear")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("coap", "credentials", "traffic"),
    since="0.1",
    confidence="certain",
    effort="high",
    parameters=ENOUGH,
)
def lwm2m_bootstrap_in_use(spoken: ProtocolUse, profile: TrafficProfile, policy: Policy) -> Returned:
    """Judge each bootstrap server; a device that was set up before shows none."""
    contacts = [c for c in spoken.lwm2m if c.interface == "bootstrap"]
    found = [_finding(uses) for uses in by_peer(c for c in contacts if c.security == "none").values()]
    if found:
        return found
    if contacts:
        seen = list_some(f"{peer_name(c)}: {c.security}" for c in contacts)
        return good("each bootstrap server is spoken to over a secured channel", observed=seen)
    hidden = spoken.lwm2m or [talk for talk in profile.talks if talk.protocol in MAY_HIDE]
    if spoken.is_cut_off or hidden or too_little_seen(profile, profile.talks, policy):
        return unknown("no bootstrap was seen: it comes once, when a device is new")
    return skip("no LwM2M was spoken, nor what may hide it")


def _finding(uses: list[Lwm2mContact]) -> Verdict:
    first = uses[0]
    does = "bootstraps in the clear from" if first.role == "client" else "lets others bootstrap in the clear:"
    name = next((c.endpoint for c in uses if c.endpoint), "")
    return bad(
        "unsecured",
        f"it {does} {peer_name(first)}",
        observed=f"bootstrap over {first.transport}/{first.port}{f', endpoint {name}' if name else ''}",
        expected="coaps:// with a key or certificate of each device's own",
        reproduce=filter_traffic(first),
        part=peer_part(first),
    )
