"""Encryption and authentication are joined in the right order.

## What it looks at
Whether a TLS or DTLS server accepts at least one suite with authenticated encryption (AEAD): AES-GCM, AES-CCM or
ChaCha20-Poly1305; every suite of version 1.3 is one. And whether it accepts suites with CBC beside them: then whether
it answers encrypt-then-MAC, the extension that puts their two steps in the right order.
In an image: the list of ciphers of its services.

## Why it matters
The older suites encrypt with CBC and add the checksum before encryption. That order made a decade of attacks
possible (Lucky 13, POODLE on TLS, GOLDENDOODLE): small differences in how a device handles bad padding reveal
the plain text byte by byte, and small TLS stacks seldom get the countermeasures right. A server without any
AEAD suite gives careful clients no way out. One that accepts CBC beside it is a risk to old clients only.

## How to fix
Accept TLS 1.3, or TLS 1.2 with AEAD suites alone: `ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;` in nginx, the same
string after `ciphers` in mosquitto and stunnel. On microcontrollers enable `MBEDTLS_GCM_C` or `MBEDTLS_CCM_C` in mbed
TLS, `HAVE_AESGCM` or `HAVE_AESCCM` in wolfSSL: AES-CCM needs only the AES encryption that many radio chips have
in hardware. Where CBC must stay, turn encrypt-then-MAC on: `MBEDTLS_SSL_ENCRYPT_THEN_MAC` in mbed TLS,
`HAVE_ENCRYPT_THEN_MAC` in wolfSSL; OpenSSL 1.1.0 and later and GnuTLS do it unasked. Without CBC: `WOLFSSL_AEAD_ONLY`
in wolfSSL, the priority `-AES-128-CBC:-AES-256-CBC` in GnuTLS.

## References
- RFC 9325 section 4.2 (recommended cipher suites; CBC only with encrypt-then-MAC)
- RFC 7366 (encrypt-then-MAC)
- RFC 7925 (TLS and DTLS profile for the IoT: AES-128-CCM-8)
"""

from iotscan.sdk import ANY_KEY, Returned, Target, TlsEndpoint, Verdict, ask_lacking, ask_tls, bad, check, clause, good

WITHOUT_AEAD = "ALL:!AESGCM:!AESCCM:!AESCCM8:!CHACHA20:!ARIAGCM:@SECLEVEL=0"


@check(
    id="tls-authenticated-encryption",
    aliases=("TLS-010",),
    title="Encryption is authenticated: AEAD suites are accepted, and CBC only with encrypt-then-MAC",
    element="communication",
    variants={
        "none": ("medium", "No suite with authenticated encryption is accepted"),
        "mac-then-encrypt": ("low", "CBC suites are accepted, and encrypt-then-MAC is not answered"),
    },
    clauses=(
        clause("RFC 9325", "2022", "4.2"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def tls_authenticated_encryption(tls: TlsEndpoint, target: Target) -> Returned:
    """Bad when the whole AEAD group was refused, milder where CBC is accepted beside it in the old order."""
    versions = tls.accepted_versions
    has_newest = versions[-1].endswith("TLSv1.3")
    if has_newest and len(versions) == 1 and all(a.is_answered for a in tls.versions.values()):
        return good("only version 1.3 is accepted, where every suite is authenticated encryption")
    if not has_newest and not tls.aead.value:
        return _none(tls, target)
    if not tls.cbc.was_asked:
        return good("authenticated encryption is accepted; whether CBC is, too, was not asked")
    if not tls.cbc.value:
        return good("authenticated encryption is accepted, and CBC is not")
    if not tls.encrypt_then_mac.value:
        return _old_order(tls, target)
    return good("authenticated encryption is accepted, and CBC with encrypt-then-MAC")


def _none(tls: TlsEndpoint, target: Target) -> Verdict:
    return bad(
        "none",
        "no suite with authenticated encryption is accepted",
        observed=_names(tls) or ", ".join(tls.accepted_versions),
        expected="AES-GCM, AES-CCM or ChaCha20-Poly1305 suites",
        reproduce=ask_tls(
            target,
            *ANY_KEY,
            "-cipher",
            "AESGCM:AESCCM:CHACHA20:ARIAGCM:@SECLEVEL=0",
            show="Cipher is",
            opening=tls.opening,
        ),
        shows="Cipher is (NONE)",
    )


def _old_order(tls: TlsEndpoint, target: Target) -> Verdict:
    key = ANY_KEY if any("PSK" in s.name for s in tls.suites) else ()
    options = ("-no_tls1_3", *key, "-cipher", WITHOUT_AEAD)
    reproduce, shows = ask_lacking(target, "encrypt-then-mac", *options, opening=tls.opening)
    return bad(
        "mac-then-encrypt",
        "CBC suites are accepted without encrypt-then-MAC",
        observed=_names(tls, "_CBC_") or "CBC suites",
        expected="AES-GCM, AES-CCM or ChaCha20-Poly1305 suites only, or encrypt_then_mac (RFC 7366)",
        reproduce=reproduce,
        shows=shows,
    )


def _names(tls: TlsEndpoint, piece: str = "") -> str:
    return ", ".join(dict.fromkeys(s.name for s in tls.suites if piece in s.name))
