"""The certificate is vouched for by a known CA.

## What it looks at
Whether the chain that a TLS server sends leads to a root certificate of the system, of Mozilla, or of a trust store
that you give with `--trust-store FILE`: the roots of your own CA, or the certificates of single devices. The name in
it is not compared: on a local network most devices are reached by address. Mozilla's roots are asked by the rules of
the web; the others as OpenSSL would, because certificates for devices keep few of those rules.

## Why it matters
Encryption without knowing to whom is half a protection: anyone on the path can present a certificate of his own,
and people who are used to clicking the warning away will do so that day, too. On a local network this is medium,
because the attacker must be inside; for a server on the internet it would be critical.

## How to fix
Best is a CA of your own whose root is on the clients: `step ca init`, or a small openssl CA, and a certificate
per device (`ssl_certificate` in nginx, `certfile` in mosquitto with `cafile` on the clients); then scan with
`--trust-store` and that root. With a public domain,
ACME with the DNS-01 challenge gives publicly trusted names to devices that are not reachable from outside. An
intermediate that is missing goes behind the server's certificate into the same file. Where the client is your
own app, it may pin the device's key instead: then accept the risk with a waiver that says so.

## References
- RFC 5280 section 6 (path validation)
- RFC 8555 section 8.4 (DNS challenge)
"""

from iotscan.sdk import ANY_CERTIFICATE, CertificateChain, Returned, Target, ask_tls, bad, check, clause, good


@check(
    id="certificate-trust",
    aliases=("CRT-005",),
    title="The certificate leads to a trusted root",
    element="communication",
    variants={
        "self-signed": ("medium", "The certificate is signed by itself"),
        "untrusted": ("medium", "The certificate leads to no trusted root"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "network", "tls"),
    since="0.1",
    effort="medium",
)
def certificate_trust(chain: CertificateChain, target: Target) -> Returned:
    """Read what validation said; where it could not be done, neither is trust denied."""
    if chain.trusted.value:
        by = f" by {', '.join(chain.trusted_by)}" if chain.trusted_by else ""
        private = ", a trust store that you gave" if chain.privately_trusted.known else ""
        return good(f"trusted{by}{private}; issued by {chain.leaf.issuer}")
    is_self_signed = chain.leaf.is_self_issued
    why = f": {chain.trust_detail}" if chain.trust_detail else ""
    return bad(
        "self-signed" if is_self_signed else "untrusted",
        "the certificate is signed by itself" if is_self_signed else f"the certificate is not trusted{why}",
        observed=f"issued by {chain.leaf.issuer}",
        expected="a chain to a root of the system, of Mozilla, or of a trust store that you give",
        reproduce=ask_tls(target, *ANY_CERTIFICATE, show="Verify return code: [1-9]", opening=chain.opening),
        shows="Verify return code: ",
    )
