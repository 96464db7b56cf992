"""The device talks to servers beyond its network encrypted only.

## What it looks at
Captured traffic: every conversation that the device began with a server beyond its network, and whether what it said
was encrypted. What a network runs by (DNS, NTP, DHCP) is left to `name-and-time-integrity`; lists of revoked
certificates, which are signed, and looks for the Internet are told apart. Updates fetched in clear are
`update-download-transport`'s to judge. It passes only where all of enough conversations were encrypted.

## Why it matters
What leaves the house in clear crosses networks that nobody here knows. Whoever is on the way reads what the device
measures and how it logs in, and answers in the server's place.

## How to fix
Let the device speak TLS or DTLS with each of these servers (`https://`, `mqtts://` at port 8883, `coaps://` or `wss://`
in its settings), and verify the server's certificate. Close the port in the clear on the server, so that no older
device falls back to it. Change every password and token that crossed in clear.

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-7; OWASP ISVS 4.1.1 (git edfda29b)
- RFC 8252, RFC 6750 section 5.3 (tokens over TLS only); RFC 6960 appendix A (OCSP over HTTP)
"""

from collections.abc import Sequence

from iotscan.sdk import (
    ENOUGH,
    Exposures,
    HttpExchange,
    Policy,
    ProtocolUse,
    Returned,
    Talk,
    TrafficProfile,
    UpdateUse,
    Use,
    Verdict,
    bad,
    by_peer,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    list_some,
    outbound,
    peer_name,
    peer_part,
    secrets_among,
    seen_in,
    too_little_seen,
    unknown,
)

PUBLIC = ("application/ocsp-response", "application/pkix-crl", "application/pkix-cert", "application/x-pkcs7-crl")
LOOKS = ("/generate_204", "/gen_204", "/hotspot-detect.html", "/ncsi.txt", "/connecttest.txt", "/success.txt")
"""By which operating systems find out whether there is an Internet."""


@check(
    id="backend-encryption",
    aliases=("CLD-002",),
    title="The device talks to servers beyond its network encrypted only",
    element="cloud",
    variants={
        "secrets": ("critical", "A secret crosses to a server beyond the network in clear"),
        "cleartext": ("high", "The device talks to a server beyond its network in clear"),
        "public": ("info", "Only signed lists, and looks for the Internet, are fetched in clear"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP ISVS", "edfda29b", "4.1.1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EN 18031-1", "2024", "SCM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "traffic"),
    since="0.1",
    confidence="certain",
    effort="medium",
    parameters=ENOUGH,
)
def backend_encryption(
    profile: TrafficProfile, spoken: ProtocolUse, exposed: Exposures, updates: UpdateUse, policy: Policy
) -> Returned:
    """Judge each server by itself; speak well only of what was seen, and enough of it."""
    talks = outbound(profile)
    # What has to do with updates has a check of its own, which looks at signatures, too.
    fetched = {(peer_part(c), c.path) for c in updates.contacts if c.is_for_device}
    clear = by_peer(talk for talk in talks if talk.protection == "cleartext")
    web = by_peer(e for e in spoken.http if e.is_outbound)
    lost = by_peer(e for e in secrets_among(exposed.exposures) if e.is_outbound)
    told = {peer_part(e) for e in exposed.exposures if e.is_outbound}
    found = [_secret(uses[0], [e.what for e in uses]) for uses in lost.values()]
    for part, uses in clear.items():
        if part not in lost:
            said = [] if part in told else [e for e in web.get(part, ()) if (part, e.path) not in fetched]
            is_fetched = part not in told and any(where == part for where, _ in fetched)
            found += _judge(uses, said, is_fetched=is_fetched)
    unread = [talk for talk in talks if talk.protection == "unknown"]
    if found:
        return found
    if not talks:
        return unknown("it was not seen to talk to any server beyond its network")
    if unread:
        return unknown(f"what it says to {list_some(map(peer_name, unread), 5)} was not recognised: it may be in clear")
    little = too_little_seen(profile, talks, policy)
    if little:
        return unknown(f"too little was seen to speak well of it: {little}")
    besides = ", but for updates, which update-download-transport judges" if clear else ""
    return good(f"all of {seen_in(profile, talks)} with servers beyond its network are encrypted{besides}")


def _judge(talks: Sequence[Talk], web: Sequence[HttpExchange], *, is_fetched: bool) -> list[Verdict]:
    """What one server is told in clear, but for updates; ``is_fetched`` where updates were seen to come from it."""
    is_web = all(talk.protocol == "http" for talk in talks)
    if is_web and not web and is_fetched:
        return []
    if is_web and web and all(_is_public(each) for each in web):
        paths = list_some((f"{e.host}{e.path}" for e in web), 5)
        return [_finding("public", talks[0], "fetches what is public anyway from", f"http: {paths}")]
    protocols = list_some(talk.protocol for talk in talks)
    size = sum(talk.bytes_sent + talk.bytes_received for talk in talks)
    count = sum(talk.count for talk in talks)
    told = f"{protocols}: {counted(count, 'conversation')}, {counted(size, 'byte')}"
    return [_finding("cleartext", talks[0], f"speaks {protocols} in clear with", told)]


def _secret(use: Use, what: Sequence[str]) -> Verdict:
    return _finding("secrets", use, "shows a secret to everybody on the way to", list_some(what, 5))


def _finding(variant: str, use: Use, does: str, observed: str) -> Verdict:
    return bad(
        variant,
        f"it {does} {peer_name(use)}",
        observed=f"{use.transport}/{use.port} {observed}",
        expected="TLS, DTLS or OSCORE on every way out of the network",
        reproduce=filter_traffic(use),
        part=peer_part(use),
    )


def _is_public(each: HttpExchange) -> bool:
    return each.content_type.partition(";")[0].strip() in PUBLIC or (
        each.method in ("GET", "HEAD") and each.path.lower() in LOOKS
    )
