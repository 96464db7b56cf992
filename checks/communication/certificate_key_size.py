"""Certificate keys are long enough.

## What it looks at
Type and size of the public key in every certificate that a TLS server sends: RSA and DSA from 2048 bits and
elliptic curves from 224 bits up are accepted, and Ed25519 and Ed448. In an image: those that its services
are configured with. Under the `constrained` policy RSA below 3072 bits and curves below 256 are weak as well: the
profile of TLS 1.3 for IoT wants 128 bits of strength, and no RSA in devices.

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
- RFC 7925 section 20 and draft-ietf-uta-tls13-iot-profile (112 bits of strength, and 128 with TLS 1.3)
- NIST SP 800-57 part 1 (comparable strengths); RFC 5480 section 2.1.1 (curves are named, not spelled out)
"""

from iotscan.sdk import (
    Certificate,
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

RSA_OF_128_BITS, EC_OF_128_BITS = 3072, 256
"""Bits: NIST SP 800-57 part 1, table 2."""


@check(
    id="certificate-key-size",
    aliases=("CRT-003",),
    title="Certificate keys have at least the strength of RSA 2048",
    element="communication",
    variants={
        "short": ("high", "A certificate key is too short"),
        "below-128-bits": ("low", "A certificate key of a constrained device has less than 128 bits of strength"),
    },
    clauses=(
        clause("RFC 9325", "2022", "4.5"),
        clause("RFC 7925", "2016", "20"),
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
    asked = [("short", lengths)]
    if policy.kind == "constrained":
        longer = max(rsa, RSA_OF_128_BITS)
        asked.append(("below-128-bits", lengths | {"rsa": longer, "dsa": longer, "ec": max(curve, EC_OF_128_BITS)}))
    for variant, shortest in asked:
        for position, certificate in chain.placed:
            if 0 < certificate.key_bits < shortest.get(certificate.key_type, 0):
                whose = "the server's certificate" if position == 0 else certificate.subject
                bits = certificate.key_bits
                text = show_certificate(target, position, "-text", opening=chain.opening, chain=chain)
                return bad(
                    variant,
                    f"{whose} has a key of {bits} bits",
                    observed=described(certificate),
                    expected=f"at least {shortest[certificate.key_type]} bits",
                    reproduce=f"{text} | grep Public-Key",
                    shows=f"Public-Key: ({bits} bit)",
                )
    for _, certificate in chain.placed:
        if not is_judged(certificate, lengths):
            return unknown(
                f"the key of {certificate.subject} is of a kind that is not judged: {described(certificate)}"
            )
    chain.require_all()
    return good(f"the server's key is {described(chain.certificates[0])}")


def described(certificate: Certificate) -> str:
    """``rsa 2048``, ``ec 192 (secp192r1)``."""
    curve = certificate.extensions.curve if certificate.extensions else ""
    size = f" {certificate.key_bits}" if certificate.key_bits else ""
    return f"{certificate.key_type}{size}{f' ({curve})' if curve else ''}"


def is_judged(certificate: Certificate, lengths: dict[str, int]) -> bool:
    """False for a kind of key that is not known, a key without a length, and a curve that is known to nobody."""
    if certificate.key_type not in lengths or not certificate.key_bits:
        return False
    if certificate.key_type != "ec":
        return True
    curve = certificate.extensions.curve if certificate.extensions else ""
    return certificate.is_whole and curve != "explicit" and not curve[:1].isdigit()
