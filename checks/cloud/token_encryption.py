"""Tokens cross the network encrypted only.

## What it looks at
Captured traffic: tokens in headers (`Authorization: Bearer`), queries (`access_token=`), bodies, passwords of MQTT and
answers of token endpoints, wherever they could be read: then anybody on the way could read them. It passes only where
enough conversations were seen, in both directions, and nothing of them was left unread.

## Why it matters
Who has a bearer token is its owner, for as long as it is good. A token that crosses in clear opens the device, or the
account in the cloud, to everybody who heard it once. One that is bound to a key (DPoP, mutual TLS) cannot be used by
others, but tells them whose it is and what it opens.

## How to fix
Ask for tokens and show them over TLS only, and refuse them on the server where they come in clear, with an error and
not with a redirect: it comes too late. Never put a token into a URL. Withdraw those that crossed in clear.

## References
- RFC 6750 sections 2.3 and 5.3; RFC 9700 section 4.3; RFC 9449 section 11
- ETSI EN 303 645 V3.1.3 provision 5.5-7
"""

from collections.abc import Sequence

from iotscan.sdk import (
    ENOUGH,
    Exposures,
    Policy,
    Returned,
    TokenUse,
    TrafficProfile,
    Verdict,
    bad,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    half_heard,
    list_some,
    peer_name,
    peer_part,
    seen_in,
    token_name,
    too_little_seen,
    unknown,
)


@check(
    id="token-encryption",
    aliases=("CLD-010",),
    title="Tokens cross the network encrypted only",
    element="cloud",
    variants={
        "bearer": ("critical", "A bearer token crosses the network in clear"),
        "bound": ("medium", "A token that is bound to a key crosses the network in clear"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EN 18031-1", "2024", "SCM-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "credentials", "traffic", "web"),
    since="0.1",
    confidence="certain",
    effort="medium",
    parameters=ENOUGH,
)
def token_encryption(exposed: Exposures, profile: TrafficProfile, policy: Policy) -> Returned:
    """One finding a peer; silence speaks well only of what was read, or could be read by nobody."""
    groups: dict[tuple[str, bool], list[TokenUse]] = {}
    for use in exposed.tokens:
        groups.setdefault((peer_part(use), _is_bound(use)), []).append(use)
    if groups:
        return [_judge(uses) for uses in groups.values()]
    talks = [talk for talk in profile.talks if talk.bytes_sent or talk.bytes_received]
    if exposed.is_cut_off:
        return unknown("more was said in clear than is listed")
    unread = [talk for talk in talks if talk.protection == "unknown"]
    if unread:
        return unknown(f"what it says to {list_some(map(peer_name, unread), 5)} was not recognised")
    if half := half_heard(talks):
        return unknown(f"what it says in clear to {list_some(map(peer_name, half), 5)} was heard in part only")
    little = too_little_seen(profile, talks, policy)
    return unknown(f"no token was seen in clear, but {little}") if little else _none(profile, talks)


def _none(profile: TrafficProfile, talks: Sequence[object]) -> Verdict:
    return good(f"no token crosses in clear in {seen_in(profile, profile.talks)}", observed=counted(len(talks), "peer"))


def _is_bound(use: TokenUse) -> bool:
    return use.token.is_bound or use.scheme.lower() == "dpop"


def _judge(uses: Sequence[TokenUse]) -> Verdict:
    first = uses[0]
    is_bound = _is_bound(first)
    does = "is sent" if first.role == "server" else "sends"
    answered = " as it was issued" if any(u.is_issued for u in uses) else ""
    places = list_some((f"{u.scheme or 'token'} in {u.place}: {token_name(u.token)}" for u in uses), 5)
    return bad(
        "bound" if is_bound else "bearer",
        f"it {does} a token in clear{answered}: {'from' if first.role == 'server' else 'to'} {peer_name(first)}",
        observed=f"{first.transport}/{first.port} {places}",
        expected="tokens over TLS or DTLS only",
        reproduce=filter_traffic(first),
        part=f"{peer_part(first)}{' bound' if is_bound else ''}",
    )
