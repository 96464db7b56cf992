"""Requests that anybody can repeat are not taken.

## What it looks at
How much early data (0-RTT) a TLS 1.3 server allows in the session tickets that it hands out: `max_early_data_size`
of the first ticket after a finished handshake. No early data is sent.

## Why it matters
Early data arrives before the handshake is done and can be recorded and sent again: the server takes it once more.
A repeated `open` is an open door. TLS 1.3 forbids early data unless the application protocol says what may be in it;
HTTP does (RFC 8470), MQTT and CoAP do not. Early data has no forward secrecy either: whoever learns the ticket
key reads it.

## How to fix
Switch it off: nginx `ssl_early_data off;`, HAProxy without `allow-0rtt`, OpenSSL
`SSL_CTX_set_max_early_data(ctx, 0)`, mbed TLS `mbedtls_ssl_conf_early_data(conf, MBEDTLS_SSL_EARLY_DATA_DISABLED)`,
wolfSSL `wolfSSL_CTX_set_max_early_data(ctx, 0)`. Where a web server keeps it for speed, hand the header `Early-Data`
on and answer 425 to whatever changes something.

## References
- RFC 8446 section 8 and appendix E.5 (replay), RFC 8470 (HTTP)
- RFC 9325 section 3.10
- draft-ietf-uta-tls13-iot-profile (no early data for CoAP and MQTT)
"""

from iotscan.sdk import OpenService, Returned, Target, TlsHandshake, ask_tls, bad, check, clause, good


@check(
    id="tls-early-data",
    aliases=("TLS-018",),
    title="No early data is taken that could be sent again",
    element="communication",
    variants={
        "accepted": ("medium", "Early data is allowed where nothing says what may be in it"),
        "http": ("low", "Early data is allowed for HTTP"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.10"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("network", "tls"),
    since="0.1",
    effort="low",
)
def tls_early_data(handshake: TlsHandshake, service: OpenService, target: Target) -> Returned:
    """The ticket says it; a server of older versions has none to say it in."""
    allowed = handshake.early_data.value
    if not allowed:
        is_13 = handshake.version == "TLSv1.3"
        return good("no early data is allowed" if is_13 else f"{handshake.version} has no early data")
    is_http = service.protocol == "https"
    return bad(
        "http" if is_http else "accepted",
        f"early data of {allowed} bytes is allowed{' in HTTP' if is_http else ''}",
        observed=f"max_early_data_size {allowed}",
        expected="no early data",
        reproduce=ask_tls(target, "-tls1_3", "-ign_eof", show="Max Early Data: [1-9]", opening=handshake.opening),
        shows=f"Max Early Data: {allowed}",
    )
