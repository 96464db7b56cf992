"""TLS up to 1.2 is used with the extensions that repair it.

## What it looks at
What a TLS server answers, up to TLS 1.2, to three offers in our hello: the secure renegotiation indication
(RFC 5746), the extended master secret (RFC 7627), and compression, which must not be taken up. TLS 1.3 has no
renegotiation and no compression and always binds its secrets to the handshake: there is nothing to ask then.

## Why it matters
Without the renegotiation indication an attacker can put requests of his own before those of a victim
(CVE-2009-3555). Compression before encryption lets the length of a message tell its secret parts (CRIME,
CVE-2012-4929). Without the extended master secret two connections can be made to share their keys (Triple
Handshake), which defeats client certificates and channel binding.

## How to fix
Current OpenSSL, mbed TLS, wolfSSL and GnuTLS do all three right by themselves: update the library first. Then
look for what switches it off: `MBEDTLS_SSL_RENEGOTIATION` and `MBEDTLS_SSL_EXTENDED_MASTER_SECRET` in mbed TLS
(define both, or leave renegotiation out altogether, which still signals it), `HAVE_SECURE_RENEGOTIATION` or
`HAVE_SERVER_RENEGOTIATION_INFO` and `HAVE_EXTENDED_MASTER` in wolfSSL. Against compression set
`SSL_OP_NO_COMPRESSION` where the server is your own, and remove `compression` from stunnel's configuration.

## References
- RFC 9325 section 3.5 (renegotiation) and section 3.3 (compression)
- RFC 5746, RFC 7627
"""

from iotscan.sdk import ANY_CIPHER, Returned, Target, TlsEndpoint, ask_tls, bad, check, clause, good, say_hello

# Without -legacy_server_connect OpenSSL 3 hangs up on such a server before it says what is missing.
UP_TO_12 = ("-no_tls1_3", "-legacy_server_connect", *ANY_CIPHER)


@check(
    id="tls-protocol-extensions",
    aliases=("TLS-017",),
    title="Renegotiation is secure, secrets are bound to the handshake, and nothing is compressed",
    element="communication",
    variants={
        "no-secure-renegotiation": ("medium", "Secure renegotiation is not signalled"),
        "compression": ("medium", "TLS compression is used"),
        "no-extended-master-secret": ("low", "The extended master secret is not used"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def tls_protocol_extensions(tls: TlsEndpoint, target: Target) -> Returned:
    """Each shortcoming is a verdict of its own; a server of TLS 1.3 alone has none of them."""
    found = []
    if tls.compression.is_answered and tls.compression.value:
        proof = [s for s in sorted(tls.selected) if s.version not in ("SSLv3", "TLSv1.3")][-1:]
        found.append(
            bad(
                "compression",
                "DEFLATE is selected when it is offered",
                observed="compression DEFLATE",
                expected="no compression",
                reproduce="".join(say_hello(target, s.version, s.code, compression=True) for s in proof),
                shows="compression 01" if proof else "",
            )
        )
    if tls.secure_renegotiation.is_answered and not tls.secure_renegotiation.value:
        found.append(
            bad(
                "no-secure-renegotiation",
                "the secure renegotiation indication is not answered",
                observed="no renegotiation_info in the ServerHello",
                expected="renegotiation_info (RFC 5746)",
                reproduce=ask_tls(target, *UP_TO_12, "-msg", show="ServerHello$|Secure Renegotiation"),
                shows="Secure Renegotiation IS NOT supported",
            )
        )
    if tls.extended_master_secret.is_answered and not tls.extended_master_secret.value:
        found.append(
            bad(
                "no-extended-master-secret",
                "the extended master secret is not answered",
                observed="no extended_master_secret in the ServerHello",
                expected="extended_master_secret (RFC 7627)",
                reproduce=ask_tls(target, *UP_TO_12, "-msg", show="ServerHello$|Extended master secret"),
                shows="Extended master secret: no",
            )
        )
    if found:
        return found
    if tls.accepted_versions == ("TLSv1.3",) and all(a.is_answered for a in tls.versions.values()):
        return good("only TLS 1.3 is accepted, which has none of these weaknesses")
    for answer in (tls.secure_renegotiation, tls.extended_master_secret, tls.compression):
        answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good("renegotiation is secure, the extended master secret is used, and nothing is compressed")
