"""No authority of the chain was withdrawn by the browsers.

## What it looks at
The authorities of the chain that a TLS server sends, or a configuration names: each by its fingerprint, and who signed
the last of them by name and key, in a dated list of those that Mozilla or Chrome stopped trusting for cause. Some were
withdrawn wholly; of others only what they issue after a day is refused. Chrome counts by the oldest timestamp of the
public logs, which is close to the first day of validity that counts here. Where another root of Mozilla's vouches for
the certificate as well, nothing is wrong with it. The list ages: once it is older than the profile allows
(`max_list_days`), that nothing was found is no pass.

## Why it matters
These were withdrawn because they issued what they must not have, or would not say how that happened. Browsers refuse
the certificate, and whoever taught a client to accept it trusts an authority that others had good reason not to.
Devices keep such certificates for years, and old trust stores the roots.

## How to fix
Get a certificate of another authority: ACME (`certbot`, `lego`, `acme.sh`) with the DNS-01 challenge for names that are
not reachable from outside, or one of your own CA. Update the trust stores of the clients
(`ca-certificates`), so that none of them accepts the old one.

## References
- Mozilla NSS, certdata.txt (CKA_NSS_SERVER_DISTRUST_AFTER); Mozilla Root Store Policy 3.0, section 7.3
- Chrome Root Program Policy, section 7; "Sustaining Digital Certificate Security" (2024-06-27 and 2025-05-30)
"""

from datetime import date

from iotscan.sdk import (
    AsOf,
    CertificateChain,
    Distrust,
    Policy,
    Returned,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    parameter,
    show_certificate,
    skip,
    unknown,
)

NOTHING = "no known authority of the chain was withdrawn"


@check(
    id="certificate-distrust",
    title="No authority of the chain was withdrawn for cause",
    element="communication",
    variants={
        "withdrawn": ("medium", "The certificate comes from an authority that browsers stopped trusting"),
        "issued-after": ("medium", "It was issued after the day from which its authority is no longer trusted"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "max_list_days": parameter("integer", "An older list gives no pass any more", default=550, unit="days"),
    },
    tags=("certificates", "network", "tls", "trust"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def certificate_distrust(chain: CertificateChain, as_of: AsOf, policy: Policy, target: Target) -> Returned:
    """Judge each authority of the list by the day on which the certificate was issued."""
    leaf = chain.leaf
    if not chain.distrust_dated:
        return unknown("the iotscan of this run looked up no authorities")
    findings = [finding for d in chain.distrusts if (finding := judged(d, chain, target))]
    if findings and "Mozilla" in chain.trusted_by:
        # A root that is in the list vouches for nothing that it may not issue any more.
        return good(f"{chain.distrusts[0].subject} was withdrawn, and another root of Mozilla's vouches for it")
    if findings:
        return findings
    if leaf.is_self_issued:
        return skip("signed by itself: no authority has to do with it")
    listed = f"the list of {chain.distrust_dated}"
    if chain.distrusts:
        last = chain.distrusts[0]
        return good(
            f"issued before {last.by} stopped trusting what {last.subject} issues after {last.after} ({listed})"
        )
    chain.require_all()
    age = (as_of.date() - date.fromisoformat(chain.distrust_dated)).days
    if age > policy.integer("max_list_days"):
        return unknown(f"{NOTHING} by {listed}, which is {age} days old")
    return good(f"{NOTHING} by {listed}")


def judged(found: Distrust, chain: CertificateChain, target: Target) -> Verdict | None:
    """The finding about one authority; None where the certificate is older than what is refused."""
    issued = chain.leaf.not_before.date()
    if found.after and issued <= date.fromisoformat(found.after):
        return None
    how = {"key": "by name and key", "name": "by its name"}.get(found.told_by, "it is sent")
    when = f"what it issued after {found.after}" if found.after else "everything it issued"
    return bad(
        "issued-after" if found.after else "withdrawn",
        f"{found.by} stopped trusting its authority: {found.subject}",
        observed=f"issued on {issued}; {found.subject} ({how})",
        expected=f"another authority: {found.by} refuses {when} (since {found.year}; list of {chain.distrust_dated})",
        reproduce=show_certificate(target, 0, "-issuer", "-startdate", "-nameopt", "RFC2253", opening=chain.opening),
        shows="issuer=",
        part=found.subject,
    )
