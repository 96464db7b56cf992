"""A stapled OCSP response is valid, and comes where the certificate demands it.

## What it looks at
The OCSP response that a TLS server sends along with its certificate: whether it can be read, is about this very
certificate, is signed by its issuer or a responder that the issuer appointed, is fresh at the date of the run, and says
that the certificate is good. And whether one comes at all where the certificate says that one must (the TLS feature
extension, "must-staple"). A server that staples nothing, with a certificate that demands nothing, is not concerned.

## Why it matters
A client that believes in staples refuses a server with a bad one, and rightly: an old response is how one keeps a
revoked certificate alive. With must-staple and no staple strict clients do not connect at all, and the others learn to
do without.

## How to fix
A staple that says revoked wants another certificate (see `revocation-status`); one that is old or of somebody else
another staple, in nginx `ssl_stapling on; ssl_stapling_verify on;` with `ssl_trusted_certificate` holding the issuer,
a `resolver`, and a way out to the responder. Where a job of yours writes the response, `ssl_stapling_file` has to be
renewed before its next update (`openssl ocsp … -respout`). Apache: `SSLUseStapling on` with `SSLStaplingCache`. See
that the clock of the device is right. mosquitto and most servers of small devices cannot staple: issue certificates
without must-staple for them.

## References
- RFC 6066 section 8 and RFC 8446 section 4.4.2.1 (the staple)
- RFC 6960 section 3.2 (which response may be believed)
- RFC 7633 (must-staple)
"""

from iotscan.sdk import (
    ANY_CERTIFICATE,
    AsOf,
    CertificateChain,
    Reason,
    Returned,
    RevocationAnswer,
    RevocationStatus,
    Target,
    ask_tls,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

HOLD = "certificateHold"


@check(
    id="ocsp-stapling",
    aliases=("CRT-010",),
    title="A stapled OCSP response is valid, and there where it must be",
    element="keys",
    variants={
        "invalid": ("medium", "The stapled OCSP response is none that a client may believe"),
        "expired": ("medium", "The stapled OCSP response has expired"),
        "revoked": ("info", "The server staples that its own certificate was revoked, as another check grades"),
        "missing": ("medium", "The certificate demands a staple, and the server sends none"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.1.11"),
        clause("RFC 7633", "2015", "4.2.3.1"),
        clause("RFC 9325", "2022", "7.5"),
    ),
    tags=("certificates", "key-rotation", "network", "tls"),
    since="0.1",
    effort="low",
)
def ocsp_stapling(chain: CertificateChain, status: RevocationStatus, as_of: AsOf, target: Target) -> Returned:
    """The staple is judged as a strict client does; that there is none counts where one is demanded."""
    leaf = chain.leaf
    every = [a for a in status.answers if a.source == "staple"]
    # A response may speak of several certificates; a client asks the staple about the server's own.
    staples = [a for a in every if a.position == 0]
    if not chain.ocsp_stapled.value and not every:
        if not leaf.must_staple:
            return skip("the server staples nothing, and its certificate does not demand it")
        return bad(
            "missing",
            "the certificate demands a stapled OCSP response, and the server sends none",
            observed="must-staple in the certificate, no staple in the handshake",
            expected="a fresh OCSP response with every handshake, or a certificate that does not demand it",
            reproduce=ask_tls(target, "-status", *ANY_CERTIFICATE, show="OCSP response", opening=chain.opening),
            shows="no response sent",
        )
    if not staples:
        said = "it says nothing of the server's certificate that was kept" if every else "was not kept"
        return unknown(f"a staple came, and {said}")
    opened = next((a for a in staples if a.is_open), None)
    if opened is not None:
        return unknown(f"the staple could not be judged: {opened.problem}", reason=Reason.UNREADABLE)
    return judged(staples, chain, as_of, target)


def judged(staples: list[RevocationAnswer], chain: CertificateChain, as_of: AsOf, target: Target) -> Returned:
    """What a staple comes to that could be read and verified, or could not through its own fault."""
    proof = next((a for a in staples if a.status == "good" and not a.refusal_at(as_of)), None)
    withdrawn = next((a for a in staples if a.status == "revoked"), None)
    if proof is not None and withdrawn is None:
        until = f", until {proof.next_update:%Y-%m-%d}" if proof.next_update else ""
        return good(f"the stapled OCSP response of {proof.signer} is valid{until}")
    staple = withdrawn or staples[0]
    refusal = staple.refusal_at(as_of)
    variant, why = "invalid", refusal or "it says that the responder does not know the certificate"
    show, shows = "OCSP response:|OCSP Response Status", "OCSP "
    if withdrawn is not None and is_final(withdrawn, as_of):
        variant, why = "revoked", "it says that the certificate was revoked"
        show, shows = "Cert Status", "Cert Status: revoked"
    elif staple.status and staple.next_update is not None and as_of > staple.next_update:
        variant, end = "expired", staple.next_update
        # As openssl prints it, but for the name of the month, which Python would translate.
        show, shows = "Next Update", f"{end.day:2d} {end:%H:%M:%S} {end.year} GMT"
    return bad(
        variant,
        f"the stapled OCSP response is not to be believed: {why}"
        if variant != "revoked"
        else "the server itself staples that its certificate was revoked (graded by revocation-status)",
        observed=f"{why}{f'; signed by {staple.signer}' if staple.signer else ''}",
        expected=f"a response about this certificate, by its issuer, that holds on {as_of:%Y-%m-%d} and says good",
        reproduce=ask_tls(target, "-status", *ANY_CERTIFICATE, show=show, opening=chain.opening),
        shows=shows,
    )


def is_final(answer: RevocationAnswer, as_of: AsOf) -> bool:
    """Whether a revocation holds, as `revocation-status` sees it: who was only put on hold may be free by now."""
    if answer.problem or answer.is_ahead_of(as_of):
        return False
    return answer.reason != HOLD or not answer.refusal_at(as_of)
