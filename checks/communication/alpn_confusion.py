"""An application protocol that does not exist is not accepted.

## What it looks at
What a TLS server does with a hello that offers one application protocol (ALPN), and one that does not exist: it may
refuse the connection, pass over the offer as servers without ALPN do, or say that it speaks that protocol.

## Why it matters
The name in ALPN ties a connection to what is spoken in it. A server that takes up any name can be handed bytes that
were meant for another service with the same certificate (ALPACA: a browser's request delivered to an FTP or mail
server). Refusing is best. Passing over is what every server does that has never heard of ALPN, which are most devices:
it takes up no name, leaves the decision to the client, and is no finding here.

## How to fix
Give the server the list of what it speaks, and let the library choose from it: `mbedtls_ssl_conf_alpn_protocols` in
mbed TLS, `wolfSSL_UseALPN` in wolfSSL. With OpenSSL set a callback by `SSL_CTX_set_alpn_select_cb` that calls
`SSL_select_next_proto` and returns `SSL_TLSEXT_ERR_ALERT_FATAL` where nothing fits: what that function put out must
not be used then, as it is the client's own first name. nginx and lighttpd do this right.

## References
- RFC 7301 section 3.2 (nothing in common: the alert no_application_protocol)
- RFC 9325 section 3.8 (application-layer protocol negotiation)
"""

from iotscan.sdk import ANY_CIPHER, Returned, Target, TlsEndpoint, ask_tls, bad, check, clause, good

NONSENSE = "iotscan-no-such-protocol"


@check(
    id="alpn-confusion",
    aliases=("TLS-020",),
    title="An application protocol that does not exist is not accepted",
    element="communication",
    variants={"accepted": ("low", "An application protocol that does not exist is accepted")},
    clauses=(
        clause("RFC 9325", "2022", "3.8"),
        clause("RFC 7301", "2014", "3.2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("network", "tls"),
    since="0.1",
    effort="low",
)
def alpn_confusion(tls: TlsEndpoint, target: Target) -> Returned:
    """Taking the name up is bad; passing it over is what servers without ALPN do."""
    match tls.unknown_alpn.value:
        case "refused":
            return good("an application protocol that does not exist is refused")
        case "ignored":
            return good("an application protocol that does not exist is passed over, as servers without ALPN do")
    return bad(
        "accepted",
        "an application protocol that does not exist is accepted",
        observed="a name that nobody speaks, taken up",
        expected="the alert no_application_protocol",
        reproduce=ask_tls(target, "-alpn", NONSENSE, *ANY_CIPHER, show="^ALPN protocol", opening=tls.opening),
        shows=f"ALPN protocol: {NONSENSE}",
    )
