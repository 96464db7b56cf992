"""Authenticated encryption is available.

## What it looks at
Whether a TLS server accepts at least one suite with authenticated encryption (AEAD): AES-GCM, AES-CCM or
ChaCha20-Poly1305. Every TLS 1.3 suite is one.

## Why it matters
The older suites encrypt with CBC and add the checksum before encryption. That order made a decade of attacks
possible (Lucky 13, POODLE on TLS, GOLDENDOODLE): small differences in how a device handles bad padding reveal
the plain text byte by byte, and small TLS stacks seldom get the countermeasures right. A server without any
AEAD suite gives careful clients no way out.

## How to fix
Accept TLS 1.3, or TLS 1.2 with AEAD suites: `ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;` in nginx, the same
string after `ciphers` in mosquitto. On microcontrollers enable `MBEDTLS_GCM_C` or `MBEDTLS_CCM_C` in mbed TLS,
`HAVE_AESGCM` or `HAVE_AESCCM` in wolfSSL: AES-CCM needs only the AES encryption that many radio chips have
in hardware.

## References
- RFC 9325 section 4.2 (recommended cipher suites)
- RFC 7925 (TLS and DTLS profile for the IoT: AES-128-CCM-8)
"""

from iotscan.sdk import ANY_KEY, Returned, Target, TlsEndpoint, ask_tls, bad, check, clause, good


@check(
    id="tls-authenticated-encryption",
    aliases=("TLS-010",),
    title="A suite with authenticated encryption is accepted",
    element="communication",
    variants={"none": ("medium", "No suite with authenticated encryption is accepted")},
    clauses=(
        clause("RFC 9325", "2022", "4.2"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def tls_authenticated_encryption(tls: TlsEndpoint, target: Target) -> Returned:
    """Bad when the whole group was refused; TLS 1.3 proves it without asking."""
    versions = tls.accepted_versions
    if "TLSv1.3" in versions or tls.aead.value:
        return good("authenticated encryption is accepted")
    return bad(
        "none",
        "no suite with authenticated encryption is accepted",
        observed=", ".join(dict.fromkeys(s.name for s in tls.selected)) or ", ".join(versions),
        expected="AES-GCM, AES-CCM or ChaCha20-Poly1305 suites",
        reproduce=ask_tls(target, *ANY_KEY, "-cipher", "AESGCM:AESCCM:CHACHA20:ARIAGCM:@SECLEVEL=0", show="Cipher is"),
        shows="Cipher is (NONE)",
    )
