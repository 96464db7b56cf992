"""TLS and DTLS up to 1.2 are used with the extensions that repair them.

## What it looks at
What a TLS or DTLS server answers, up to version 1.2, to offers in our hello: the secure renegotiation indication
(RFC 5746), the extended master secret (RFC 7627), and two that must not be taken up: compression, and the truncated
HMAC. Where it accepts several versions up to 1.2, also whether it notices a client that was talked into the older one
(the signal of RFC 7507). Version 1.3 has no renegotiation, no compression and no HMAC to truncate, and always binds its
secrets to the handshake: there is nothing to ask then. In an image: what the
library of a service does by itself, where its version is known.

## Why it matters
Without the renegotiation indication an attacker can put requests of his own before those of a victim
(CVE-2009-3555). Compression before encryption lets the length of a message tell its secret parts (CRIME,
CVE-2012-4929). Without the extended master secret two connections can be made to share their keys (Triple
Handshake), which defeats client certificates and channel binding. A truncated HMAC leaves 80 bits against forgery, and
with some suites a way to read plain text. Without the fallback signal, whoever drops two packets makes an old client
come back with an older version, though both ends have a newer one.

## How to fix
Current OpenSSL, mbed TLS, wolfSSL and GnuTLS do all of it right by themselves: update the library first. Then
look for what switches it off: `MBEDTLS_SSL_RENEGOTIATION` and `MBEDTLS_SSL_EXTENDED_MASTER_SECRET` in mbed TLS
(define both, or leave renegotiation out altogether, which still signals it), `HAVE_SECURE_RENEGOTIATION` or
`HAVE_SERVER_RENEGOTIATION_INFO` and `HAVE_EXTENDED_MASTER` in wolfSSL. Against compression set
`SSL_OP_NO_COMPRESSION` where the server is your own, and remove `compression` from stunnel's configuration. Against
the truncated HMAC leave `MBEDTLS_SSL_TRUNCATED_HMAC` (mbed TLS 2) and `HAVE_TRUNCATED_HMAC` (wolfSSL) undefined. The
fallback signal is of no more use once only TLS 1.2 and 1.3 are left: see `tls-versions`.

## References
- RFC 9325 section 3.5 (renegotiation), section 3.3 (compression) and section 4.6 (truncated HMAC)
- RFC 5746, RFC 7627, RFC 7507
- RFC 7925 (the same for constrained devices)
"""

from iotscan.sdk import (
    ANY_AGE,
    ANY_CIPHER,
    ANY_KEY,
    Returned,
    Suite,
    Target,
    TlsEndpoint,
    Verdict,
    ask_hello,
    ask_tls,
    bad,
    check,
    clause,
    good,
    say_hello,
    say_truncated_hmac,
    version_flag,
)

NEWEST = ("TLSv1.3", "DTLSv1.3")


@check(
    id="tls-protocol-extensions",
    aliases=("TLS-017",),
    title="Renegotiation is secure, secrets are bound to the handshake, and nothing is compressed",
    element="communication",
    variants={
        "no-secure-renegotiation": ("medium", "Secure renegotiation is not signalled"),
        "compression": ("medium", "TLS compression is used"),
        "truncated-hmac": ("medium", "The truncated HMAC is used"),
        "no-extended-master-secret": ("low", "The extended master secret is not used"),
        "no-fallback-signal": ("low", "A client that was talked into an older version is not warned"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.5"),
        clause("RFC 9325", "2022", "4.6"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def tls_protocol_extensions(tls: TlsEndpoint, target: Target) -> Returned:
    """Each shortcoming is a verdict of its own; a server of version 1.3 alone has none of them."""
    old = [v for v in tls.accepted_versions if v not in (*NEWEST, "SSLv2", "SSLv3")]
    judged = (
        (tls.secure_renegotiation, False, _renegotiation),
        (tls.compression, True, _compression),
        (tls.truncated_hmac, True, _truncated_hmac),
        (tls.extended_master_secret, False, _master_secret),
        *([(tls.fallback_scsv, False, _fallback)] if len(old) > 1 else []),
    )
    found = [say(tls, target) for answer, is_wrong, say in judged if answer.is_answered and answer.value is is_wrong]
    if found:
        return found
    if tls.accepted_versions[0] in NEWEST and all(a.is_answered for a in tls.versions.values()):
        return good("only version 1.3 is accepted, which has none of these weaknesses")
    for answer, _, say in judged:
        if answer.was_asked or say not in (_truncated_hmac, _fallback):
            answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    note = "" if tls.truncated_hmac.was_asked else "; the truncated HMAC was not asked"
    return good(
        f"renegotiation is secure, the extended master secret is used, and nothing is compressed{note}",
        observed="heartbeat is answered (RFC 6520)" if tls.heartbeat.is_answered and tls.heartbeat.value else "",
    )


def _compression(tls: TlsEndpoint, target: Target) -> Verdict:
    proof = _newest_old(tls)
    lines = [say_hello(target, s.version, s.code, compression=True, opening=tls.opening) for s in proof]
    return bad(
        "compression",
        "DEFLATE is selected when it is offered",
        observed="compression DEFLATE",
        expected="no compression",
        reproduce="".join(lines),
        shows="compression 01" if any(lines) else "",
    )


def _renegotiation(tls: TlsEndpoint, target: Target) -> Verdict:
    return bad(
        "no-secure-renegotiation",
        "the secure renegotiation indication is not answered",
        observed="no renegotiation_info in the ServerHello",
        expected="renegotiation_info (RFC 5746)",
        reproduce=_ask_end(tls, target, "Secure Renegotiation"),
        shows="Secure Renegotiation IS NOT supported",
    )


def _master_secret(tls: TlsEndpoint, target: Target) -> Verdict:
    return bad(
        "no-extended-master-secret",
        "the extended master secret is not answered",
        observed="no extended_master_secret in the ServerHello",
        expected="extended_master_secret (RFC 7627)",
        reproduce=_ask_end(tls, target, "Extended master secret"),
        shows="Extended master secret: no",
    )


def _truncated_hmac(tls: TlsEndpoint, target: Target) -> Verdict:
    proof = [] if tls.is_dtls else _newest_old(tls)
    lines = [say_truncated_hmac(target, s.version, s.code, opening=tls.opening) for s in proof]
    return bad(
        "truncated-hmac",
        "the truncated HMAC is taken up when it is offered",
        observed="truncated_hmac in the ServerHello",
        expected="no truncated_hmac (RFC 6066 section 7)",
        reproduce="".join(lines),
        shows="truncated_hmac" if any(lines) else "",
    )


def _fallback(tls: TlsEndpoint, target: Target) -> Verdict:
    old = [v for v in tls.accepted_versions if v not in (*NEWEST, "SSLv2", "SSLv3")]
    options = (version_flag(old[-2]), "-fallback_scsv", *_key(tls), *ANY_CIPHER)
    reproduce, shows = ask_hello(target, *options, opening=tls.opening)
    return bad(
        "no-fallback-signal",
        "a hello that says it is a second try in an older version is taken like any other",
        observed=f"{old[-2]} with TLS_FALLBACK_SCSV is accepted beside {old[-1]}",
        expected="the alert inappropriate_fallback (RFC 7507), or TLS 1.2 and newer only",
        reproduce=reproduce,
        shows=shows,
    )


def _ask_end(tls: TlsEndpoint, target: Target, what: str) -> str:
    options = ("-no_tls1_3", *_key(tls), *ANY_AGE, "-msg")
    return ask_tls(target, *options, show=f"ServerHello$|{what}", opening=tls.opening)


def _key(tls: TlsEndpoint) -> tuple[str, ...]:
    return ANY_KEY if tls.suites and all("PSK" in s.name for s in tls.suites) else ()


def _newest_old(tls: TlsEndpoint) -> list[Suite]:
    return [s for s in tls.suites if s.version not in ("SSLv2", "SSLv3", *NEWEST)][-1:]
