"""Every record carries an authentication tag of full length.

## What it looks at
Whether a TLS or DTLS server accepts suites with AES-CCM-8, which cut the tag that protects a record against forgery
from 128 to 64 bits, and whether it accepts suites with the full tag (CCM, GCM, ChaCha20-Poly1305) as well. In an image:
the list of ciphers of its services.

## Why it matters
The eight bytes save airtime, which is why RFC 7925 has constrained devices speak TLS_PSK_WITH_AES_128_CCM_8 and
TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8. Over TCP one wrong record ends the connection. Over UDP it does not: a forger may
try as often as the device can listen, and a tag of 64 bits gives a guess far too good a chance. Therefore DTLS 1.3
forbids it without further safeguards against forgery, and the IoT profile of TLS 1.3 keeps it only for devices that are
out there already. A gateway has no reason to save eight bytes.

## How to fix
Accept suites with the full tag and put them first; on a gateway drop CCM-8: `-AES-128-CCM-8:-AES-256-CCM-8` in a GnuTLS
priority, `!AESCCM8` in an OpenSSL cipher list (mosquitto, stunnel, nginx; its default list has none). In mbed TLS
name the suites in `mbedtls_ssl_conf_ciphersuites` (`MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM` in place of `…_CCM_8`),
in wolfSSL in `wolfSSL_CTX_set_cipher_list` (`ECDHE-ECDSA-AES128-CCM` in place of `…-CCM8`), in Zephyr with the socket
option `TLS_CIPHERSUITE_LIST`. libcoap takes what its TLS library offers.

## References
- RFC 7925 (TLS and DTLS 1.2 profile for the IoT)
- RFC 9147 section 4.5.3 (DTLS 1.3: AES-128-CCM-8 must not be used without safeguards against forgery)
- RFC 6655 (AES-CCM in TLS), draft-ietf-uta-tls13-iot-profile (kept for compatibility only)
"""

from iotscan.sdk import (
    Policy,
    Returned,
    Suite,
    Target,
    TlsEndpoint,
    ask_hello,
    ask_suites,
    bad,
    check,
    clause,
    good,
    say_hello,
)


@check(
    id="short-authentication-tags",
    aliases=("TLS-013",),
    title="Records are not protected by an authentication tag of 64 bits",
    element="communication",
    variants={
        "dtls-1.3": ("high", "DTLS 1.3 is accepted with an authentication tag of 64 bits"),
        "gateway": ("medium", "A gateway or server accepts an authentication tag of 64 bits"),
        "only": ("low", "A constrained device accepts no authentication tag longer than 64 bits"),
    },
    clauses=(
        clause("RFC 9147", "2022", "4.5.3"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def short_authentication_tags(tls: TlsEndpoint, policy: Policy, target: Target) -> Returned:
    """DTLS 1.3 beats the policy's own word; a constrained device passes with CCM-8 beside full tags."""
    if not tls.short_tag.value:
        return good("no suite with a tag of 64 bits is accepted")
    short = [s for s in tls.suites if "_CCM_8" in s.name]
    names = ", ".join(dict.fromkeys(s.name for s in short)) or "a suite with AES-CCM-8"
    forged = [s for s in short if s.version == "DTLSv1.3"]
    if not forged and policy.kind == "constrained" and tls.longer_tag.value:
        return good("a tag of 64 bits is accepted beside full ones, as RFC 7925 has it", observed=names)
    variant = "dtls-1.3" if forged else "only" if policy.kind == "constrained" else "gateway"
    reproduce, shows = _proof(forged or short, tls, target)
    return bad(
        variant,
        "a tag of 64 bits is accepted, and no longer one" if variant == "only" else "a tag of 64 bits is accepted",
        observed=names,
        expected="suites with AES-CCM or AES-GCM and a tag of 128 bits",
        reproduce=reproduce,
        shows=shows,
    )


def _proof(short: list[Suite], tls: TlsEndpoint, target: Target) -> tuple[str, str]:
    """OpenSSL has no DTLS 1.3; of TLS 1.3 it offers the suite when it is named."""
    newest = short[-1] if short else None
    if newest is not None and newest.version == "DTLSv1.3":
        return say_hello(target, newest.version, newest.code), f"suite {newest.code:04x}"
    if newest is not None and newest.version == "TLSv1.3":
        return ask_hello(target, "-tls1_3", "-ciphersuites", newest.name, opening=tls.opening)
    return ask_suites(target, short, "AESCCM8", opening=tls.opening)
