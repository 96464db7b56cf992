"""Tokens in traffic are signed with a key nobody guesses, and expire soon.

## What it looks at
Tokens that could be read in captured traffic, as far as they are JWTs or came with the answer that issued them: the
algorithm, whether they expire and when, and, for those that a shared key signs, whether a short list of guessable keys
has it. The keys are tried here, offline; nothing is sent. Refresh tokens are meant to live long, and are not asked how
long. Of one that names no beginning only the rest of its life is known, which accuses it and never clears it. Tokens
inside encrypted traffic cannot be seen, and opaque ones say nothing. Tokens in images are `embedded-token-lifetime`'s
to judge.

## Why it matters
A stolen token works until it expires: one that never does is a password that nobody can change. One that nothing signs,
or that a guessable key signs, can be written by anybody, for any device.

## How to fix
Issue tokens that live for minutes to hours and renew them (a refresh token, client credentials, mutual TLS). Sign
them with ES256, EdDSA or RS256; for HS256 take a random key of at least 32 bytes (`openssl rand -base64 32`). Let the
server take the algorithms that it expects and no other.

## References
- RFC 8725 sections 2.1, 3.1, 3.2 and 3.5; RFC 7518 section 3.2; RFC 9700 section 2.2
- ETSI EN 303 645 V3.1.3 provision 5.5-1
"""

from iotscan.sdk import (
    Exposures,
    Policy,
    Returned,
    TokenUse,
    Verdict,
    bad,
    check,
    clause,
    counted,
    good,
    list_some,
    parameter,
    peer_name,
    token_faults,
    token_name,
    token_part,
    unknown,
)


@check(
    id="token-lifetime",
    aliases=("CLD-011",),
    title="Tokens in traffic are signed with a key nobody guesses, and expire soon",
    element="cloud",
    variants={
        "guessable": ("critical", "A guessable key signs a token"),
        "unsigned": ("high", "Nothing signs a token"),
        "endless": ("medium", "A token never expires"),
        "long": ("medium", "A token lives longer than the policy allows"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EN 18031-1", "2024", "CCK-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "traffic", "web"),
    since="0.1",
    confidence="certain",
    effort="medium",
    parameters={"hours": parameter("integer", "The longest life of a token", default=24, unit="hours")},
)
def token_lifetime(exposed: Exposures, policy: Policy) -> Returned:
    """Judge each token once, wherever it was seen."""
    # The answer that issued an opaque token tells how long it lives, and the request that shows it does not.
    uses = sorted(exposed.tokens, key=lambda use: use.token.lifetime.is_answered)
    tokens = {use.token.digest or str(n): use for n, use in enumerate(uses)}
    found = {v.part: v for use in tokens.values() for v in _judge(use, policy.integer("hours"))}
    if found:
        return list(found.values())
    read = [use for use in tokens.values() if _is_read(use)]
    if not tokens:
        return unknown("no token could be read: those in encrypted traffic are seen by nobody")
    if len(read) < len(tokens) or exposed.is_cut_off:
        return unknown(f"{len(tokens) - len(read)} of {len(tokens)} tokens do not say how long they are good")
    hours = policy.integer("hours")
    seen, longest = counted(len(read), "token"), counted(hours, "hour")
    keyed = any(use.token.format == "jwt" for use in read)
    key = ", and no key is one that anybody would try first" if keyed else ""
    return good(
        f"of {seen} seen, none lives longer than {longest}{key}",
        observed=list_some((token_name(use.token) for use in read), 5),
    )


def _is_read(use: TokenUse) -> bool:
    is_told = use.token.lifetime.is_answered and not use.token.is_life_open
    return is_told or "refresh" in use.scheme


def _judge(use: TokenUse, hours: int) -> list[Verdict]:
    lasting = ("endless", "long") if "refresh" in use.scheme else ()
    return [
        bad(
            variant,
            f"a token that it {'shows to' if use.role == 'client' else 'is shown by'} {peer_name(use)}: {words}",
            observed=f"{use.scheme or 'token'} in {use.place}, {token_name(use.token)}",
            expected=f"a token that a key nobody guesses signs, good for at most {counted(hours, 'hour')}",
            part=f"{variant} {token_part(use.token)}",
        )
        for variant, words in token_faults(use.token, hours)
        if variant not in lasting
    ]
