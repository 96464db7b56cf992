"""Session tickets do not live for weeks.

## What it looks at
How long a TLS server says its session tickets live: the lifetime hint up to TLS 1.2, `ticket_lifetime` in TLS 1.3,
after a finished handshake. It is the server's own word; how often it changes the key of its tickets shows only over
days.

## Why it matters
A ticket holds the secrets of a session, encrypted under one key of the server. While that key lives, whoever gets it
out of the device's memory or flash reads every recorded session that had a ticket: forward secrecy is only as good
as the key is short-lived. TLS 1.3 forbids more than seven days.

## How to fix
Hours are enough: nginx `ssl_session_timeout 4h;`, Apache `SSLSessionCacheTimeout 14400`, OpenSSL
`SSL_CTX_set_timeout(ctx, 14400)`, mbed TLS the lifetime in `mbedtls_ssl_ticket_setup`, GnuTLS
`gnutls_db_set_cache_expiration`. Change the ticket key at least daily, or leave tickets out
(`ssl_session_tickets off;`): a device with few clients needs none.

## References
- RFC 8446 section 4.6.1 (at most 604800 seconds), RFC 5077 section 3.3
- RFC 9325 section 7.4 (forward secrecy and tickets)
"""

from iotscan.sdk import (
    Policy,
    Returned,
    Target,
    TlsHandshake,
    ask_tls,
    bad,
    check,
    clause,
    good,
    parameter,
    skip,
    unknown,
)


@check(
    id="session-ticket-lifetime",
    aliases=("TLS-009",),
    title="Session tickets live for a week at most",
    element="communication",
    variants={"long": ("low", "Session tickets live too long")},
    clauses=(
        clause("RFC 9325", "2022", "7.4"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "max_seconds": parameter("integer", "The longest life that is accepted", default=604800, unit="seconds"),
    },
    tags=("crypto", "key-rotation", "network", "tls"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def session_ticket_lifetime(handshake: TlsHandshake, policy: Policy, target: Target) -> Returned:
    """Judge the longest life that was heard; a server that hands out no tickets has nothing to judge."""
    if not handshake.tickets.value:
        return skip("the server hands out no session tickets")
    if not handshake.ticket_lifetime.is_answered:
        return unknown("the session ticket does not say how long it lives")
    seconds, longest = handshake.ticket_lifetime.value, policy.integer("max_seconds")
    if seconds <= longest:
        return good(f"session tickets live {seconds} seconds")
    flag = () if handshake.version == "TLSv1.3" else ("-no_tls1_3",)
    return bad(
        "long",
        f"session tickets live {seconds // 86400} days",
        observed=f"{seconds} seconds",
        expected=f"at most {longest} seconds",
        reproduce=ask_tls(target, *flag, "-ign_eof", show="ticket lifetime hint", opening=handshake.opening),
        shows="TLS session ticket lifetime hint: ",
    )
