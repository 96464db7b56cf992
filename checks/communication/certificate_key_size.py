"""Certificate keys are long enough.

## What it looks at
Type and size of the public key in every certificate that a TLS server sends: RSA and DSA from 2048 bits and
elliptic curves from 224 bits up are accepted, and Ed25519 and Ed448. In an image: those that its services
are configured with.

## Why it matters
An RSA key of 1024 bits is within reach of a state or a large company, one of 512 bits falls in hours on rented
machines. Whoever factors it is the device from then on, and where suites without forward secrecy are in use also
reads everything that was recorded. A short key in a CA certificate does the same for every device below it.

## How to fix
Make a new key, not only a new certificate: `openssl ecparam -genkey -name prime256v1` (fast on small devices) or
`openssl genrsa 2048`, 3072 for what has to last beyond 2030. OpenWrt: `option key_type ec` and `option ec_curve
P-256` in the `cert` section of `/etc/config/uhttpd`, then delete `/etc/uhttpd.key` and restart. Where a chip
can hold no longer key than RSA 1024, use P-256 in it.

## References
- RFC 9325 section 4.5 (RSA at least 2048 bits, curves at least 224 bits)
- NIST SP 800-57 part 1 (comparable strengths)
"""

from iotscan.sdk import (
    CertificateChain,
    Policy,
    Returned,
    Target,
    bad,
    check,
    clause,
    good,
    parameter,
    show_certificate,
    unknown,
)


@check(
    id="certificate-key-size",
    aliases=("CRT-003",),
    title="Certificate keys have at least the strength of RSA 2048",
    element="communication",
    variants={"short": ("high", "A certificate key is too short")},
    clauses=(
        clause("RFC 9325", "2022", "4.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "rsa_bits": parameter("integer", "The shortest RSA or DSA key that is accepted", default=2048, unit="bits"),
        "ec_bits": parameter("integer", "The shortest elliptic curve that is accepted", default=224, unit="bits"),
    },
    tags=("certificates", "configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def certificate_key_size(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """Judge every certificate that was sent; a kind of key that we do not know leaves it open."""
    rsa, curve = policy.integer("rsa_bits"), policy.integer("ec_bits")
    lengths = {"rsa": rsa, "dsa": rsa, "ec": curve, "ed25519": 0, "ed448": 0}
    for position, certificate in enumerate(chain.certificates):
        bits, shortest = certificate.key_bits, lengths.get(certificate.key_type, 0)
        if 0 < bits < shortest:
            whose = "the server's certificate" if position == 0 else certificate.subject
            return bad(
                "short",
                f"{whose} has a key of {bits} bits",
                observed=f"{certificate.key_type} {bits}",
                expected=f"at least {shortest} bits",
                reproduce=f"{show_certificate(target, position, '-text', opening=chain.opening)} | grep Public-Key",
                shows=f"Public-Key: ({bits} bit)",
            )
    for certificate in chain.certificates:
        if certificate.key_type not in lengths or (lengths[certificate.key_type] and not certificate.key_bits):
            return unknown(f"the key of {certificate.subject} is of a kind that is not judged: {certificate.key_type}")
    return good(f"the server's key is {chain.leaf.key_type} {chain.leaf.key_bits}".removesuffix(" 0"))
