"""LwM2M is spoken over DTLS, TLS or OSCORE, as captured traffic shows.

## What it looks at
Captured traffic: LwM2M clients that register, update their registration or take their leave, and how that was secured:
not at all (security mode 3, NoSec), by OSCORE, or by DTLS or TLS, with a pre-shared key, a raw public key or a
certificate as far as the handshake shows it. What a CoAP server lists is `lwm2m-security`'s question, how clients in an
image are set up `lwm2m-transport`'s.

## Why it matters
With LwM2M a server reads and writes whatever a device has, installs firmware and resets it. In the clear anybody on the
way is that server, and whoever registers under a device's name is that device.

## How to fix
Register over DTLS or TLS with a key or certificate of the device (`coaps://` in resource 0 of the security object, mode
0 for a pre-shared key or 2 for a certificate in resource 2).
Zephyr: `CONFIG_LWM2M_DTLS_SUPPORT=y`. Close the server's port in the clear (5683).

## References
- OMA LwM2M 1.2, Transport Bindings sections 5 and 6.2 (security modes); Core section 6.2 (registration)
- RFC 7252 section 9
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

MAY_HIDE = ("coap", "dtls", "unknown")
"""What may be LwM2M where nobody saw it begin."""


@check(
    id="lwm2m-registration",
    title="LwM2M is spoken over DTLS, TLS or OSCORE, as captured traffic shows",
    element="communication",
    variants={"unsecured": ("high", "LwM2M is spoken in the clear")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("RFC 7252", "2014", "9"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "coap", "traffic"),
    since="0.1",
    confidence="certain",
    effort="medium",
    parameters=ENOUGH,
)
def lwm2m_registration(spoken: ProtocolUse, profile: TrafficProfile, policy: Policy) -> Returned:
    """Judge each server that it registers with; who was seen long enough without is not asked."""
    contacts = [c for c in spoken.lwm2m if c.interface != "bootstrap"]
    clear = by_peer(c for c in contacts if c.security == "none").values()
    found = [_finding(uses) for uses in clear if any(map(_is_plain, uses))]
    if found:
        return found
    if clear:
        whom = list_some(peer_name(uses[0]) for uses in clear)
        return unknown(f"what it updates in the clear at {whom} may be an entry of a resource directory (RFC 9176)")
    if contacts:
        seen = list_some(f"{peer_name(c)}: {c.security}" for c in contacts)
        return good("each LwM2M server is spoken to over a secured channel", observed=seen)
    hidden = [talk for talk in profile.talks if talk.protocol in MAY_HIDE]
    if spoken.is_cut_off or hidden or too_little_seen(profile, profile.talks, policy):
        return unknown("no registration with an LwM2M server was seen")
    return skip("no LwM2M was spoken, nor what may hide it")


def _is_plain(contact: Lwm2mContact) -> bool:
    """Whether it is LwM2M for sure: a resource directory knows no version and no binding."""
    return contact.interface == "register" or bool(contact.binding)


def _finding(uses: list[Lwm2mContact]) -> Verdict:
    first = uses[0]
    does = "registers in the clear with" if first.role == "client" else "takes a registration in the clear from"
    name = next((c.endpoint for c in uses if c.endpoint), "")
    told = list_some(c.interface for c in uses)
    return bad(
        "unsecured",
        f"it {does} {peer_name(first)}",
        observed=f"{told} over {first.transport}/{first.port}{f', endpoint {name}' if name else ''}",
        expected="LwM2M over DTLS, TLS or OSCORE",
        reproduce=filter_traffic(first),
        part=peer_part(first),
    )
