"""A DTLS server asks for a cookie before it answers at length.

## What it looks at
The first answer of a DTLS server to a ClientHello that brings no cookie: a HelloVerifyRequest (DTLS 1.2) or a
HelloRetryRequest with a cookie (DTLS 1.3), which are short and leave nothing behind, or a ServerHello at once. No
cookie is brought back for this question, and no handshake goes on.

## Why it matters
The sender of a datagram can be forged. A server that answers a hello with its whole flight sends several times the
bytes it got to whoever the hello names: devices in their thousands become a flood for a third party. And each forged
hello makes it keep a handshake in its memory and compute a signature; a small device has room for few, and serves
nobody while they wait.

## How to fix
Mbed TLS: `mbedtls_ssl_conf_dtls_cookies` with `mbedtls_ssl_cookie_write` and `mbedtls_ssl_cookie_check` (never NULL,
and not built without MBEDTLS_SSL_DTLS_HELLO_VERIFY). OpenSSL: SSL_OP_COOKIE_EXCHANGE or `DTLSv1_listen`. wolfSSL:
leave HelloVerifyRequest as it is in DTLS 1.2, and call `wolfSSL_send_hrr_cookie` for DTLS 1.3. GnuTLS:
`gnutls_dtls_cookie_send` and `gnutls_dtls_cookie_verify`. Californium: leave DTLS_USE_HELLO_VERIFY_REQUEST on.

## References
- RFC 6347 section 4.2.1 (denial-of-service countermeasures of DTLS 1.2)
- RFC 9147 section 5.1 (those of DTLS 1.3)
"""

from iotscan.sdk import DtlsServer, Returned, Target, ask_for_cookie, bad, check, clause, good


@check(
    id="dtls-cookie",
    aliases=("DTL-003",),
    title="DTLS asks for a cookie before it answers at length",
    element="communication",
    variants={"no-cookie": ("low", "A DTLS server answers a forged sender in full, and keeps state for it")},
    clauses=(
        clause("RFC 6347", "2012", "4.2.1"),
        clause("RFC 9147", "2022", "5.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(i)"),
    ),
    tags=("coap", "network", "tls"),
    since="0.1",
    effort="low",
)
def dtls_cookie(dtls: DtlsServer, target: Target) -> Returned:
    """One ServerHello before any cookie is enough; a refusal before it settles nothing."""
    if dtls.asks_cookie.value:
        return good("the server asks for a cookie first", observed=dtls.how)
    return bad(
        "no-cookie",
        "the server answers a DTLS hello at length before it asks for a cookie",
        observed=f"{dtls.how} at once, in all {dtls.amplification:.1f} times the bytes of the hello",
        expected="HelloVerifyRequest, or HelloRetryRequest with a cookie",
        reproduce=ask_for_cookie(target),
        shows="ServerHello before any cookie",
    )
