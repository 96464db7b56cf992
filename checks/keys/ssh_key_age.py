"""SSH host keys are renewed in time.

## What it looks at
For how long the history of this machine has seen each host key of a server. A host key has no date of its own, so that
one run says nothing, and several say only how old it is at least: over the policy's age that is a finding, below it
nothing is known until the key is seen to change.

## Why it matters
A host key that is never changed is as old as the device, or as the image that it came with, and whoever copied it once
can stand in for the device ever since. NIST puts a signature key's period at one to three years.

## How to fix
Make new host keys on the device (`rm /etc/ssh/ssh_host_*_key* && ssh-keygen -A`; delete Dropbear's and start it with
`-R`) and tell the users: OpenSSH clients learn announced keys by themselves (`UpdateHostKeys yes`), so add the new key
beside the old one first. Host certificates of an authority (`HostCertificate`) spare the users the change.

## References
- NIST SP 800-57 Part 1 Rev. 5, section 5.3.6 (cryptoperiods)
- ETSI EN 303 645 V3.1.3 provision 5.5-8 (secure management of critical security parameters)
"""

from datetime import datetime

from iotscan.sdk import (
    AsOf,
    HostKey,
    Policy,
    Reason,
    Remembered,
    Returned,
    SshServer,
    Target,
    Verdict,
    bad,
    check,
    clause,
    counted,
    good,
    hash_host_key,
    parameter,
    skip,
    unknown,
)


@check(
    id="ssh-key-age",
    aliases=("KEY-005-SSH",),
    title="SSH host keys are renewed in time",
    element="keys",
    variants={
        "over-three-years": ("medium", "The host key is far too old (three years)"),
        "over-two-years": ("low", "The host key is too old (two years)"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    parameters={
        "max_days": parameter("integer", "The oldest key that is accepted: the rotation age", default=730, unit="days"),
        "far_too_old_days": parameter("integer", "Older than this is worse", default=1095, unit="days"),
    },
    tags=("key-rotation", "network", "ssh"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def ssh_key_age(server: SshServer, remembered: Remembered, as_of: AsOf, policy: Policy, target: Target) -> Returned:
    """Judge each key by when it was first seen; a pass needs a key that was seen to change."""
    if target.subject.image:
        return skip("an image is not seen again: only a device shows for how long it has a key")
    keys = server.host_keys.known or ()
    if not keys:
        reason = server.host_keys.reason or Reason.NOT_OBSERVABLE
        return unknown("its host keys could not be read", reason=reason)
    if not any(k.kind == "ssh" for k in remembered.keys):
        return unknown(
            "a host key carries no date, and no earlier run saw one here: after one run its age is not known",
            reason=Reason.NEEDS_HISTORY,
        )
    verdicts = [_judge(key, remembered, as_of, policy, target) for key in keys]
    return [v for v in verdicts if v.kind == "bad"] or [v for v in verdicts if v.kind != "good"] or verdicts[0]


def days_between(start: datetime, end: datetime) -> int:
    """Whole days."""
    return (end - start).days


def _judge(key: HostKey, remembered: Remembered, as_of: AsOf, policy: Policy, target: Target) -> Verdict:
    known = remembered.of("ssh", key.sha256)
    before = remembered.before("ssh", key.sha256, algorithm=key.algorithm)
    if known is None:
        if not before:
            return unknown(f"no earlier run saw its {key.algorithm} key", reason=Reason.NEEDS_HISTORY)
        last = before[0].last_seen[:10]
        return good(f"its {key.algorithm} key is another than on {last}: it was changed since then")
    oldest, worse = policy.integer("max_days"), policy.integer("far_too_old_days")
    days = days_between(known.since, as_of)
    how = f"seen since {known.first_seen[:10]} over {known.runs + 1} runs"
    if days > oldest:
        return bad(
            "over-three-years" if days > worse else "over-two-years",
            f"its {key.algorithm} key is at least {counted(days, 'day')} old (a lower bound): {how}",
            observed=f"SHA-256 {key.sha256}",
            expected=f"a key of at most {oldest} days",
            reproduce=hash_host_key(target, key.algorithm),
            shows=key.sha256,
            part=key.algorithm,
        )
    if any(k.until < known.since for k in before):
        return good(f"its {key.algorithm} key was changed {counted(days, 'day')} ago or before: {how}")
    return unknown(f"how old its {key.algorithm} key is at most is not known: {how}", reason=Reason.NEEDS_HISTORY)
