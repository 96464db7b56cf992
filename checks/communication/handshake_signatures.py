"""The key exchange is signed with a hash that nobody can collide.

## What it looks at
With which hash a TLS or DTLS server signs its key exchange in version 1.2: whether it chooses SHA-1 or MD5 although the
hello puts SHA-2 first, and whether it signs with them where the hello offers nothing else. Version 1.3 allows neither.
The signatures inside certificates are another question: `certificate-signature-hash`.

## Why it matters
The signature proves that the key exchange comes from the holder of the certificate. Collisions of MD5 take seconds and
those of SHA-1 are for sale; an attacker on the path who finds one in time puts himself in between (SLOTH, which did
so with MD5). A server that *chooses* such a hash gives it to every client. One that only accepts it where a client has
nothing better can be talked down by whoever changes the hello of a weak client.

## How to fix
Update the TLS library: OpenSSL 3 and mbed TLS 3 offer no SHA-1 here unless told to. In nginx since 1.19.4
`ssl_conf_command SignatureAlgorithms ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256;`, for OpenSSL programs in general
`SignatureAlgorithms` in `openssl.cnf`, and no `@SECLEVEL=0` in cipher lists (mosquitto, stunnel). In mbed TLS
`mbedtls_ssl_conf_sig_algs` (2.x: `mbedtls_ssl_conf_sig_hashes`), in wolfSSL `NO_OLD_TLS` and no
`WOLFSSL_ALLOW_TLS_SHA1`, in GnuTLS the priority `-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1`.

## References
- RFC 9155 section 4 (no MD5 and no SHA-1 in the ServerKeyExchange of TLS and DTLS 1.2)
- RFC 9325 section 4.5
- CVE-2015-7575 (SLOTH)
"""

from iotscan.sdk import (
    ANY_AGE,
    Returned,
    Target,
    TlsEndpoint,
    Verdict,
    ask_tls,
    bad,
    check,
    clause,
    good,
    skip,
)

WEAK = "RSA+SHA1:ECDSA+SHA1:DSA+SHA1"


@check(
    id="handshake-signatures",
    aliases=("TLS-016",),
    title="The key exchange is signed with SHA-2 or better",
    element="communication",
    variants={
        "chosen": ("medium", "SHA-1 or MD5 is chosen although better was offered"),
        "accepted": ("low", "SHA-1 or MD5 is used where nothing else is offered"),
    },
    clauses=(
        clause("RFC 9155", "2021", "4"),
        clause("RFC 9325", "2022", "4.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def handshake_signatures(tls: TlsEndpoint, target: Target) -> Returned:
    """Chosen beats accepted; where version 1.3 is all there is, neither can be."""
    chosen, accepted = tls.chooses_weak_signature, tls.weak_signature
    if chosen.is_answered and chosen.value:
        return _signed(tls, target, is_chosen=True)
    if accepted.is_answered and accepted.value:
        return _signed(tls, target, is_chosen=False)
    if tls.accepted_versions in (("TLSv1.3",), ("DTLSv1.3",)) and all(a.is_answered for a in tls.versions.values()):
        return good("only version 1.3 is accepted, which signs with neither SHA-1 nor MD5")
    signing = tls.versions["DTLSv1.2" if tls.is_dtls else "TLSv1.2"]
    if signing.is_answered and not signing.value:
        return skip("version 1.2 is not accepted, and older ones know nothing but SHA-1 and MD5: see tls-versions")
    if not accepted.is_answered and tls.forward_secrecy.is_answered and not tls.forward_secrecy.value:
        return skip("no key exchange that is signed is accepted: see forward-secrecy")
    for answer in (chosen, accepted):
        answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good("the key exchange is signed with neither SHA-1 nor MD5", observed=", ".join(tls.signatures))


def _signed(tls: TlsEndpoint, target: Target, *, is_chosen: bool) -> Verdict:
    options = ("-tls1_2", *ANY_AGE, *(() if is_chosen else ("-sigalgs", WEAK)))
    weak = [name for name in tls.signatures if name.endswith(("sha1", "md5"))]
    is_md5 = bool(weak) and all(name.endswith("md5") for name in weak)
    return bad(
        "chosen" if is_chosen else "accepted",
        "the key exchange is signed with SHA-1 or MD5, "
        + ("although better was offered" if is_chosen else "when nothing else is offered"),
        observed=", ".join(weak) or "SHA-1 or MD5",
        expected="a signature with SHA-256 or better, or none",
        # OpenSSL 3 does not take MD5 even when told to.
        reproduce="" if is_md5 else ask_tls(target, *options, show="signing digest", opening=tls.opening),
        shows="" if is_md5 else "Peer signing digest: SHA1",
    )
