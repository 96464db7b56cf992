"""Certificates are renewed well before they end.

## What it looks at
How much of its life a server's certificate has left: with less than a third of it, and fewer than the policy's days, a
renewal is due. After one run that is provisional, as the renewal may come tomorrow; where an earlier run of the history
saw the same certificate when it was due already, or it has ended, it is firm: nobody renewed it.

## Why it matters
What renews at the last moment fails at the last moment, and then users learn to click warnings away. The last third of
a life is there for the second and third attempt. A device that nobody renews is one whose keys nobody can change.

## How to fix
Run the client from a timer that fires each day and renews when a third of the life is left (certbot and `step ca renew
--daemon` do by default; `lego renew --days`, `acme.sh --cron`), and watch the end of each certificate from outside. For
certificates of a few days use half of the life.

## References
- RFC 8739 section 2.1 (short-term certificates), RFC 9773 (when an authority wants a renewal)
- ETSI EN 303 645 V3.1.3 provision 5.5-8 (secure management of critical security parameters)
"""

from datetime import timedelta

from iotscan.sdk import (
    AsOf,
    CertificateChain,
    Confidence,
    Policy,
    Reason,
    Remembered,
    Returned,
    Target,
    bad,
    check,
    clause,
    counted,
    good,
    parameter,
    show_certificate,
    skip,
    unknown,
)


@check(
    id="certificate-renewal",
    aliases=("KEY-007",),
    title="Certificates are renewed in time",
    element="keys",
    variants={
        "late": ("medium", "The certificate was not renewed in time"),
        "due": ("low", "The certificate's renewal is due (provisional)"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    parameters={
        "within_days": parameter("integer", "With more days left no renewal is due", default=90, unit="days"),
    },
    tags=("certificates", "key-rotation", "network", "tls"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def certificate_renewal(
    chain: CertificateChain, remembered: Remembered, as_of: AsOf, policy: Policy, target: Target
) -> Returned:
    """Judge what is left of a life, and whether an earlier run saw it as short already."""
    if target.subject.image:
        return skip("an image is not renewed in the field: only a device shows whether its certificate is")
    leaf = chain.leaf
    if chain.is_unproved:
        return unknown(chain.trusted.detail, reason=Reason.UNREADABLE)
    life, left = leaf.not_after - leaf.not_before, leaf.not_after - as_of
    if life <= timedelta() or as_of < leaf.not_before:
        return unknown("its dates are those of a clock that was not right")
    window = min(life / 3, timedelta(days=policy.integer("within_days")))
    if left >= window:
        return good(f"its certificate has {counted(left.days, 'day')} left of {life.days}")
    seen = remembered.of("tls", leaf.spki_sha256, chain.opening)
    begin = leaf.not_after - window
    # Two looks within the hour are one look: the renewal may come tomorrow.
    patience = min(timedelta(days=1), window / 3)
    was_due = seen and seen.certificate == leaf.sha256 and seen.until > begin and seen.until <= as_of - patience
    ended = left <= timedelta()
    if ended:
        how = f"it ended on {leaf.not_after:%Y-%m-%d}"
    elif seen and was_due:
        how = f"seen since {seen.first_seen[:10]} over {seen.runs + 1} runs, due on {seen.last_seen[:10]}"
    else:
        how = "provisional, after one run in which it was due"
    return bad(
        "late" if ended or was_due else "due",
        f"the certificate has {counted(max(left.days, 0), 'day')} left of {life.days} and is the old one: {how}",
        observed=f"notAfter {leaf.not_after:%Y-%m-%d}, of {counted(life.days, 'day')}",
        expected=f"a renewal with more than {counted(window.days, 'day')} left",
        reproduce=show_certificate(target, 0, "-enddate", "-dateopt", "iso_8601", opening=chain.opening),
        shows=f"notAfter={leaf.not_after:%Y-%m-%d %H:%M:%SZ}",
        confidence=None if ended or was_due else Confidence.TENTATIVE,
    )
