"""Certificates are signed with a hash that holds.

## What it looks at
The hash under the signature of every certificate that a TLS server sends. A root that is sent along is left out:
a client trusts it for being in its store, and its signature of itself is never looked at. In an image: those that its
services are configured with.

## Why it matters
Two certificates with the same MD5 can be made on a laptop, and with the same SHA-1 for some ten thousand euros:
the CA signs the harmless one, and the signature fits the other (MD5 forged a working CA in 2008; SHA-1 fell in 2017
and with a chosen prefix in 2020). Current TLS libraries refuse such chains, so that a device with one is kept alive
by clients that do not check.

## How to fix
Have it signed again with SHA-256: `openssl x509 -req -sha256 …`, `default_md = sha256` in the CA's `openssl.cnf`,
`-sha256` for `openssl req -x509`. The key may stay if it is long enough. When an intermediate is the culprit,
fetch its current version from the CA and replace it in the bundle that `ssl_certificate` (nginx), `certfile`
(mosquitto) or `ssl.pemfile` (lighttpd) names.

## References
- RFC 9325 section 4.5 (SHA-1 and MD5 must not be used)
- RFC 9155 (deprecating MD5 and SHA-1 signatures in TLS 1.2)
"""

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    Returned,
    Target,
    bad,
    check,
    clause,
    good,
    show_certificate,
    unknown,
)

WEAK = ("md2", "md4", "md5", "sha1")
WITHOUT_HASH = ("Ed25519", "Ed448", "id-ml-dsa-44", "id-ml-dsa-65", "id-ml-dsa-87")
"""Schemes that have no hash beside them (RFC 8410, RFC 9881)."""


@check(
    id="certificate-signature-hash",
    aliases=("CRT-004",),
    title="Certificates are signed with SHA-2 or better",
    element="communication",
    variants={"weak": ("high", "A certificate is signed with MD5 or SHA-1")},
    clauses=(
        clause("RFC 9325", "2022", "4.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def certificate_signature_hash(chain: CertificateChain, target: Target) -> Returned:
    """Judge the server's own certificate always, those above it unless they signed themselves."""
    for position, certificate in chain.placed:
        hash_name = certificate.signature_hash.lower().replace("-", "")
        if hash_name not in WEAK or (position > 0 and certificate.is_root):
            continue
        whose = "the server's certificate" if position == 0 else f"the intermediate {certificate.subject}"
        shown = show_certificate(target, position, "-text", opening=chain.opening)
        return bad(
            "weak",
            f"{whose} is signed with {hash_name.upper()}",
            observed=certificate.signature_hash,
            expected="sha256 or better",
            reproduce=f"{shown} | grep -i 'Signature Algorithm:.*{hash_name}'",
            shows="Signature Algorithm: ",
        )
    for position, certificate in chain.placed:
        if not is_known(certificate) and (position == 0 or not certificate.is_root):
            name = certificate.extensions.signature_algorithm if certificate.extensions else ""
            return unknown(
                f"nothing is known of the algorithm that {certificate.subject} is signed with: {name or '?'}"
            )
    chain.require_all()
    leaf = chain.certificates[0]
    return good(f"the server's certificate is signed with {leaf.signature_hash or leaf.key_type}")


def is_known(certificate: Certificate) -> bool:
    """Whether the hash is known, or that there is none. An older run does not name the algorithm."""
    if certificate.signature_hash:
        return True
    if certificate.extensions is None:
        return not certificate.defects
    return certificate.extensions.signature_algorithm in WITHOUT_HASH
