"""A current version of TLS or DTLS is spoken.

## What it looks at
Whether a TLS server accepts TLS 1.2 or TLS 1.3 (a DTLS server DTLS 1.2 or 1.3), each asked with a hello of its own,
and which it selects when one hello offers the newest beside older ones. Which old versions it accepts beside them
is another question: `tls-versions`.

## Why it matters
A server that knows neither forces every client down to a protocol that RFC 8996 retired, and current
browsers, phones and cloud services refuse to talk to it at all. Version 1.2 alone is good enough; 1.3 is
better, because it has no weak suite left to choose and hides the certificate. A server that has TLS 1.3 and selects
an older version gives that away: no client of its own is protected by it.

## How to fix
Update the TLS library first: OpenSSL has TLS 1.2 since 1.0.1 (2012) and TLS 1.3 since 1.1.1 (2018), mbed TLS
has TLS 1.3 since 3.6. Then allow them: `ssl_protocols TLSv1.2 TLSv1.3;` in nginx,
`ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")` in lighttpd, no `tls_version tlsv1` or
`tlsv1.1` in mosquitto, `sslVersionMin = TLSv1.2` in stunnel. DTLS 1.2 is in OpenSSL since 1.0.2 and in every mbed TLS,
DTLS 1.3 in wolfSSL (`WOLFSSL_DTLS13`). On a device whose stack cannot be updated, put a TLS proxy (stunnel, nginx) in
front of it. A server that prefers older versions mostly does so by a setting of its own (a fixed version for one
client): remove it.

## References
- RFC 9325 section 3.1.1 (TLS 1.2 must, TLS 1.3 should be supported and then be preferred)
- RFC 9325 section 3.1.2 (DTLS 1.2 must, DTLS 1.3 should be supported)
- RFC 8996 (deprecating TLS 1.0 and TLS 1.1)
"""

from iotscan.sdk import (
    ANY_KEY,
    Returned,
    Target,
    TlsEndpoint,
    Verdict,
    ask_tls,
    bad,
    check,
    clause,
    good,
    say_hello,
)

SUITES_13 = (0x1301, 0x1302, 0x1303)


@check(
    id="tls-modern-versions",
    aliases=("TLS-003",),
    title="A current version of TLS or DTLS is accepted and preferred",
    element="communication",
    variants={
        "neither": ("high", "Neither version 1.2 nor version 1.3 is accepted"),
        "not-preferred": ("medium", "Version 1.3 is accepted, and an older one is selected where both are offered"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.1.1"),
        clause("RFC 9325", "2022", "3.1.2"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="medium",
)
def tls_modern_versions(tls: TlsEndpoint, target: Target) -> Returned:
    """Good with either; bad when both were refused by a server that accepts something older, or 1.3 is passed over."""
    accepted = tls.accepted_versions
    stem = "DTLS" if tls.is_dtls else "TLS"
    newer, newest = f"{stem}v1.2", f"{stem}v1.3"
    if newest in accepted:
        if tls.prefers_newest.is_answered and not tls.prefers_newest.value:
            return _not_preferred(tls, target, newest)
        if len(accepted) > 1 and tls.prefers_newest.was_asked:
            tls.prefers_newest.value  # noqa: B018  # reading an unanswered question makes the result not assessed
        return good(f"{stem} 1.3 is accepted", observed=", ".join(accepted))
    if newer in accepted:
        note = "not accepted" if newest in tls.versions and tls.versions[newest].is_answered else "not known"
        return good(f"{stem} 1.2 is accepted; {stem} 1.3 is {note}", observed=", ".join(accepted))
    for version in (newer, newest):
        tls.versions[version].value  # noqa: B018  # unanswered, it may be accepted after all
    return bad(
        "neither",
        f"{accepted[-1]} is the newest version that is accepted",
        observed=", ".join(accepted),
        expected=f"{newest}, at least {newer}",
        # Offered both, the server refuses or answers in an older version, which -min_protocol refuses.
        reproduce=ask_tls(
            target,
            "-min_protocol",
            "TLSv1.2",
            *(ANY_KEY if any("PSK" in s.name for s in tls.suites) else ()),
            "-cipher",
            "ALL:@SECLEVEL=0",
            show="Cipher is|protocol version",
            opening=tls.opening,
        ),
        shows="Cipher is (NONE)",
    )


def _not_preferred(tls: TlsEndpoint, target: Target, newest: str) -> Verdict:
    older = [s for s in tls.suites if s.version not in ("SSLv2", newest)][-1:]
    reproduce = "".join(say_hello(target, (newest, s.version), *SUITES_13, s.code, opening=tls.opening) for s in older)
    return bad(
        "not-preferred",
        f"{newest} is accepted, but an older version is selected where both are offered",
        observed=", ".join(tls.accepted_versions),
        expected=f"{newest} wherever a client offers it",
        reproduce=reproduce,
        shows="".join(f"suite {s.code:04x}" for s in older) if reproduce else "",
    )
