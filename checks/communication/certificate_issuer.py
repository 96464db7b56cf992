"""The certificate comes from the expected signer.

## What it looks at
Who issued the certificate of a TLS server, against the signers that a profile expects: the issuer's name as the
certificate writes it (`CN=ACME Device CA,O=ACME`), or a key as `sha256:` and the hex digest of its
SubjectPublicKeyInfo: of the server itself, or of any authority that was sent and from which signatures lead to it.
`expected_signers` holds for all; `signers_by_name` for what fits its name, by a glob over what a device calls itself,
its address (`192.0.2.7`), its service (`tcp/8883`) or both, and then instead of the others. Without expected signers
there is no question.

A name alone is what the certificate says: whether its signature holds is the question of `certificate-trust`. A
certificate that is signed by itself can write any name, so there only the key counts; and a key that is only sent
along counts nowhere, for anybody can send the certificate of any authority.

## Why it matters
A device of yours that shows a certificate of somebody else was not enrolled by you, or fell back to the one it was
made with: the same on every device, with a key that everybody can download. A change of the signer from one
firmware to the next is what a swapped certificate looks like, too.

## How to fix
Enrol the device again with your CA: `step ca certificate`, EST `simpleenroll`, or the vendor's upload page, then
restart the service. Where the new signer is the right one, write its name or key into the profile
(`openssl x509 -noout -pubkey | openssl pkey -pubin -outform der | sha256sum`).

## References
- RFC 5280 section 4.1.2.4 (issuer)
- RFC 7469 section 2.4 (digest of the SubjectPublicKeyInfo)
"""

from iotscan.sdk import (
    CertificateChain,
    Policy,
    Reason,
    Returned,
    Target,
    bad,
    check,
    clause,
    good,
    parameter,
    show_certificate,
    skip,
    unknown,
)

PIN = "sha256:"


@check(
    id="certificate-issuer",
    title="The certificate comes from an expected signer",
    element="communication",
    variants={"unexpected": ("medium", "The certificate comes from a signer that is not expected")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    parameters={
        "expected_signers": parameter("texts", "Names of issuers, or sha256:HEX of a key in the chain"),
        "signers_by_name": parameter("texts by name", "The same for what fits a name, an address or a service"),
    },
    tags=("certificates", "network", "tls"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def certificate_issuer(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """Compare the leaf's issuer, and the keys that signed it, with what is expected here."""
    by_name = policy.texts_by_name("signers_by_name")
    own = [word for glob, words in by_name.items() if target.is_at(glob) for word in words]
    expected = own or policy.texts("expected_signers")
    if not expected:
        return skip("the policy expects no particular signer")
    pins = {word.removeprefix(PIN).lower() for word in expected if word.startswith(PIN)}
    names = {_folded(word) for word in expected if not word.startswith(PIN)}
    leaf = chain.leaf
    if chain.is_unproved:
        return unknown(chain.trusted.detail, reason=Reason.UNREADABLE)
    if _folded(leaf.issuer) in names and not leaf.is_self_issued:
        return good(f"issued by {leaf.issuer}, as expected")
    if leaf.spki_sha256 in pins:
        return good("the server's key is one that is expected")
    pinned = {place: certificate for place, certificate in chain.placed if certificate.spki_sha256 in pins}
    # Signatures are asked for only where they matter: where an expected key was sent at all.
    signed_by = [certificate for place, certificate in pinned.items() if place in chain.signers.value]
    if signed_by:
        return good(f"signed by the expected key of {signed_by[0].subject}")
    sent = f"; {next(iter(pinned.values())).subject} was sent, and did not sign it" if pinned else ""
    return bad(
        "unexpected",
        "the certificate comes from a signer that is not expected",
        observed=f"issued by {leaf.issuer}{sent}",
        expected=f"one of {', '.join(expected)}",
        reproduce=show_certificate(target, 0, "-issuer", "-nameopt", "RFC2253", opening=chain.opening),
        shows="issuer=",
    )


def _folded(name: str) -> str:
    """A distinguished name without the spaces that programs put after commas, in one case."""
    return ",".join(part.strip() for part in name.lower().split(","))
