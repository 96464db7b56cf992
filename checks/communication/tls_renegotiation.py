"""Clients cannot begin a new handshake in an old connection.

## What it looks at
Whether a TLS server up to TLS 1.2 takes part when the client begins a second handshake in a connection that is
already encrypted. One renegotiation is tried, in a connection that ends then. TLS 1.3 has none.

## Why it matters
A handshake costs a server many times what it costs a client, and on a small device a second of its time: one
connection that renegotiates without end keeps it busy, and no limit on connections helps. Browsers never
renegotiate; devices need not, and the TLS profile for devices forbids it.

## How to fix
OpenSSL `SSL_OP_NO_RENEGOTIATION` (from 3.0 on client renegotiation is off unless `SSL_OP_ALLOW_CLIENT_RENEGOTIATION`
is set: remove that), mbed TLS without `MBEDTLS_SSL_RENEGOTIATION`, wolfSSL without
`--enable-secure-renegotiation`, stunnel `renegotiation = no`. nginx and Apache refuse it since 2009: update.

## References
- RFC 7925 section 17 (renegotiation is not used), RFC 9325 section 3.5
- CVE-2011-1473
"""

from iotscan.sdk import Returned, TlsHandshake, bad, check, clause, good


@check(
    id="tls-renegotiation",
    aliases=("TLS-017-R",),
    title="A renegotiation that the client begins is refused",
    element="communication",
    variants={"client-initiated": ("low", "Clients may renegotiate as often as they like")},
    clauses=(
        clause("RFC 7925", "2016", "17"),
        clause("IEC 62443-4-2", "2019", "CR 7.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
    ),
    tags=("network", "tls"),
    since="0.1",
    effort="low",
)
def tls_renegotiation(handshake: TlsHandshake) -> Returned:
    """One attempt in a finished handshake settles it."""
    if not handshake.client_renegotiation.value:
        return good("a renegotiation that the client begins is refused")
    return bad(
        "client-initiated",
        "a renegotiation that the client begins is taken up",
        observed="a second handshake in the same connection was finished",
        expected="an alert no_renegotiation, or the end of the connection",
    )
