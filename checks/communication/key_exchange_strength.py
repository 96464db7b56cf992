"""Session keys are agreed on in groups that are large enough.

## What it looks at
The groups in which a TLS or DTLS server does its ephemeral key exchange: the size of the smallest Diffie-Hellman prime
it was seen to use, whether it accepts an elliptic curve below 224 bit, and whether it knows a hybrid post-quantum
group, which is noted and no more. In an image: the curves and the prime that a service is configured with.

## Why it matters
The group is what an eavesdropper has to break. A prime of 512 bits falls in minutes (Logjam), one of 768 has fallen in
public, one of 1024 is within reach of states, and many devices share the same prime, so that one effort opens all
of them. A curve of 160 bits has the strength of such a prime. Nobody sees the weakness from the suite's name:
TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 is worth what its prime is worth.

## How to fix
Prefer curves and drop DHE: `ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;` and `ssl_ecdh_curve X25519:prime256v1;` in nginx,
`ciphers ECDHE+AESGCM:ECDHE+CHACHA20` in mosquitto and stunnel (there `curves = X25519:P-256`). Where DHE must stay,
give it a prime of at least 2048 bits, best one of RFC 7919: `ssl_dhparam` in nginx, `dhparamfile` in mosquitto,
`wolfSSL_CTX_SetMinDhKey_Sz(ctx, 2048)` in wolfSSL. In mbed TLS give `mbedtls_ssl_conf_groups` (before 3.1
`mbedtls_ssl_conf_curves`) secp256r1 and x25519 only, and leave `MBEDTLS_ECP_DP_SECP192R1_ENABLED` and
`MBEDTLS_ECP_DP_SECP192K1_ENABLED` undefined; in Zephyr that is `CONFIG_MBEDTLS_ECP_DP_SECP192R1_ENABLED=n`.

## References
- RFC 9325 section 4.5 (2048 bits for Diffie-Hellman, curves of 224 bits at least)
- RFC 7919 (named Diffie-Hellman groups), RFC 8422 (elliptic curves)
- CVE-2015-4000 (Logjam)
- draft-ietf-uta-tls13-iot-profile (P-256 must, X25519 should be supported)
"""

from iotscan.sdk import (
    ANY_AGE,
    ANY_KEY,
    Policy,
    Returned,
    Target,
    TlsEndpoint,
    Verdict,
    ask_hello,
    ask_tls,
    bad,
    check,
    clause,
    good,
    parameter,
    skip,
)

BREAKABLE = 1024
WEAK_CURVES = "sect163k1:sect163r1:sect163r2:sect193r1:sect193r2:secp160k1:secp160r1:secp160r2:secp192k1:secp192r1"
PROFILE_CURVES = ("secp256r1", "x25519")
HYBRID = "; a hybrid post-quantum group is accepted, too"


@check(
    id="key-exchange-strength",
    aliases=("TLS-015",),
    title="Ephemeral keys are agreed on in groups of at least 2048 bits, or curves of 224",
    element="communication",
    variants={
        "breakable-prime": ("critical", "Diffie-Hellman is done with a prime below 1024 bits"),
        "short-prime": ("high", "Diffie-Hellman is done with a prime that is too short"),
        "weak-curve": ("high", "An elliptic curve below 224 bits is accepted"),
    },
    clauses=(
        clause("RFC 9325", "2022", "4.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "prime_bits": parameter(
            "integer", "The shortest Diffie-Hellman prime that is accepted", default=2048, unit="bits"
        ),
    },
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def key_exchange_strength(tls: TlsEndpoint, policy: Policy, target: Target) -> Returned:
    """Bad news counts even where the other question got no answer; good needs both."""
    found = []
    shortest = policy.integer("prime_bits")
    if tls.dh_bits.is_answered and 0 < tls.dh_bits.value < shortest:
        found.append(_short_prime(tls, target, tls.dh_bits.value, shortest))
    if tls.weak_groups.is_answered and tls.weak_groups.value:
        found.append(_weak_curve(tls, target))
    if found:
        return found
    if tls.forward_secrecy.is_answered and not tls.forward_secrecy.value:
        return skip("no ephemeral key exchange is accepted: see forward-secrecy")
    bits = tls.dh_bits.value
    tls.weak_groups.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    primes = (
        f"the smallest Diffie-Hellman prime has {bits} bits" if bits else "Diffie-Hellman in prime fields is refused"
    )
    return good(f"curves below 224 bits are refused; {primes}{_notes(tls, policy)}", observed=_groups(tls))


def _short_prime(tls: TlsEndpoint, target: Target, bits: int, shortest: int) -> Verdict:
    ciphers = (*ANY_AGE[:1], "-cipher", "kDHE:kDHEPSK:aNULL:!kECDHE:@SECLEVEL=0")
    return bad(
        "breakable-prime" if bits < BREAKABLE else "short-prime",
        f"Diffie-Hellman is done with a prime of {bits} bits",
        observed=f"{bits} bits",
        expected=f"at least {shortest} bits, or elliptic curves",
        reproduce=ask_tls(target, "-no_tls1_3", *_key(tls), *ciphers, show="Temp Key", opening=tls.opening),
        shows=f"Temp Key: DH, {bits} bits",
    )


def _weak_curve(tls: TlsEndpoint, target: Target) -> Verdict:
    seen = [e for e in tls.exchanges if e.group in WEAK_CURVES.split(":")]
    curves = ":".join(dict.fromkeys(e.group for e in seen)) or WEAK_CURVES
    options = ("-no_tls1_3", *_key(tls), "-groups", curves, "-cipher", "kECDHE:kECDHEPSK:@SECLEVEL=0")
    reproduce, shows = ask_hello(target, *options, opening=tls.opening)
    return bad(
        "weak-curve",
        "an elliptic curve below 224 bits is accepted",
        observed=", ".join(dict.fromkeys(f"{e.group} ({e.bits} bits)" for e in seen)) or "a curve below 224 bits",
        expected="secp256r1, x25519 or larger",
        reproduce=reproduce,
        shows=shows,
    )


def _key(tls: TlsEndpoint) -> tuple[str, ...]:
    return ANY_KEY if any("PSK" in s.name for s in tls.suites) else ()


def _notes(tls: TlsEndpoint, policy: Policy) -> str:
    hybrid = HYBRID if tls.hybrid_groups.is_answered and tls.hybrid_groups.value else ""
    if policy.kind != "constrained" or any(e.group in PROFILE_CURVES for e in tls.exchanges):
        return hybrid
    return f"; neither of the curves of the IoT profile, P-256 and X25519, was seen{hybrid}"


def _groups(tls: TlsEndpoint) -> str:
    return ", ".join(dict.fromkeys(e.group if e.group != "dh" else f"dh {e.bits}" for e in sorted(tls.exchanges)))
