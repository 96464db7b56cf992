"""A current TLS version is spoken.

## What it looks at
Whether a TLS server accepts TLS 1.2 or TLS 1.3, each asked with a ClientHello of its own. Which old
versions it accepts beside them is another question: `tls-versions`.

## Why it matters
A server that knows neither forces every client down to a protocol that RFC 8996 retired, and current
browsers, phones and cloud services refuse to talk to it at all. TLS 1.2 alone is good enough; TLS 1.3 is
better, because it has no weak suite left to choose and hides the certificate.

## How to fix
Update the TLS library first: OpenSSL has TLS 1.2 since 1.0.1 (2012) and TLS 1.3 since 1.1.1 (2018), mbed TLS
has TLS 1.3 since 3.6. Then allow them: `ssl_protocols TLSv1.2 TLSv1.3;` in nginx,
`ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")` in lighttpd, no `tls_version tlsv1` or
`tlsv1.1` in mosquitto, `sslVersionMin = TLSv1.2` in stunnel. On a device whose stack cannot be updated, put
a TLS proxy (stunnel, nginx) in front of it.

## References
- RFC 9325 section 3.1.1 (TLS 1.2 must, TLS 1.3 should be supported)
- RFC 8996 (deprecating TLS 1.0 and TLS 1.1)
"""

from iotscan.sdk import Returned, Target, TlsEndpoint, ask_tls, bad, check, clause, good


@check(
    id="tls-modern-versions",
    aliases=("TLS-003",),
    title="TLS 1.2 or TLS 1.3 is accepted",
    element="communication",
    variants={"neither": ("high", "Neither TLS 1.2 nor TLS 1.3 is accepted")},
    clauses=(
        clause("RFC 9325", "2022", "3.1.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "tls"),
    since="0.1",
    effort="medium",
)
def tls_modern_versions(tls: TlsEndpoint, target: Target) -> Returned:
    """Good with either; bad only when both were refused by a server that accepts something older."""
    accepted = tls.accepted_versions
    if "TLSv1.3" in accepted:
        return good("TLS 1.3 is accepted", observed=", ".join(accepted))
    if "TLSv1.2" in accepted:
        note = "not accepted" if tls.versions["TLSv1.3"].is_answered else "not known"
        return good(f"TLS 1.2 is accepted; TLS 1.3 is {note}", observed=", ".join(accepted))
    for version in ("TLSv1.2", "TLSv1.3"):
        tls.versions[version].value  # noqa: B018  # unanswered, it may be accepted after all
    return bad(
        "neither",
        f"{accepted[-1]} is the newest version that is accepted",
        observed=", ".join(accepted),
        expected="TLSv1.3, at least TLSv1.2",
        # Offered both, the server refuses or answers in an older version, which -min_protocol refuses.
        reproduce=ask_tls(
            target, "-min_protocol", "TLSv1.2", "-cipher", "ALL:@SECLEVEL=0", show="Cipher is|protocol version"
        ),
        shows="Cipher is (NONE)",
    )
